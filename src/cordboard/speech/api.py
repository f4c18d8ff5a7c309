"""The border of this room: text in, sound out."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from cordboard.speech.markup import inserted, read
from cordboard.speech.numerals import spell
from cordboard.telephony import Clip, Sound, Wording

__all__ = ["Prompt", "PromptError", "Prompts", "Speech", "SpeechError", "inserted", "marked", "spell"]


class Speech(Protocol):
    """Turns text into sounds that a leg can play."""

    async def say(self, text: Wording, language: str = "", voice: str = "", speed: float = 1.0) -> Clip:
        """Synthesise `text` (plain, any length), or take it from the cache.

        `language` is en, ru or uk; empty means the office's. Of a text in several languages that one is spoken,
        or the first if it is not among them. `voice` is a name (Anna), or several with commas between, of which the
        first one counts that speaks the language; if none does, the office's voice is heard. `speed` is a factor from
        0.5 to 2 beside the office's own. Raises SpeechError if no engine can speak it.
        """

    def say_in_turn(
        self, text: Wording, language: str = "", voice: str = "", speed: float = 1.0
    ) -> AsyncGenerator[Clip, None]:
        """The same, cut where one breathes: of a long text the first clip is there before the rest has been made.

        The rest is made while the first one is played. Play them one after the other, with a breath in between.
        """

    async def say_marked(self, markup: str, language: str = "", voice: str = "", speed: float = 1.0) -> Sequence[Sound]:
        """A text with a subset of SSML, as clips and the pauses between them. `marked` says what is read.

        Its own languages, voices and speeds count before those that are given. Raises SpeechError, also for markup
        that cannot be read.
        """


class SpeechError(Exception):
    """The text could not be spoken; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """A sound that the office has recorded itself, in one language or for all of them."""

    name: str
    """Letters, digits, `-` and `_`; folders before it, with `/` between."""
    language: str
    """en, ru or uk; empty: for everybody."""
    text: str
    """What is said in it, if somebody has written it down."""
    seconds: float
    """How long it is; 0 while there is only the text of it."""


class Prompts(Protocol):
    """The office's own sounds: a folder of files `welcome.uk.wav`, `welcome.wav`, and what they say, `welcome.uk.txt`.

    A name may be given with or without its ending (`welcome`, `welcome.wav`).
    """

    async def find(self, name: str, language: str = "") -> Clip:
        """The sound of that name in `language`, else the one for everybody, else that in the office's or any language.

        An audio file in another format than a leg plays is converted first, once. Raises PromptError if there is none,
        it cannot be read, or the name leads out of the folder.
        """

    def text(self, name: str, language: str = "") -> str:
        """What the prompt says, in that language or the next best; empty if nobody has written it down."""

    async def save(self, name: str, audio: Path, language: str = "", text: str = "") -> Prompt:
        """Make a prompt of an audio file in any format, in place of the one that has this name and language.

        Its silence at both ends is cut off, and it becomes as loud as all others. An empty `text` leaves the one that
        was written down before. Raises PromptError if the name or the file will not do.
        """

    async def all(self) -> Sequence[Prompt]:
        """Every prompt, by name and language; also one of which there is only the text."""

    async def remove(self, name: str, language: str = "") -> bool:
        """Delete the sound and the text of exactly that language; whether there was one."""


class PromptError(Exception):
    """A prompt that cannot be found, read or made; the message says why and what to do."""


def marked(markup: str) -> str:
    """The markup as it is, if it can be read: see `speech.markup`. Raises ValueError, which says what is wrong."""
    read(markup)
    return markup
