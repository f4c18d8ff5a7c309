"""The border of this room: text in, sound out."""

from typing import Protocol

from cordboard.speech.numerals import spell
from cordboard.telephony import Clip, Wording

__all__ = ["Speech", "SpeechError", "spell"]


class Speech(Protocol):
    """Turns text into sounds that a leg can play."""

    async def say(self, text: Wording, language: str = "", voice: str = "", speed: float = 1.0) -> Clip:
        """Synthesise `text` (plain, any length), or take it from the cache.

        `language` is en, ru or uk; empty means the office's. Of a text in several languages that one is spoken,
        or the first if it is not among them. `voice` is a name (Anna), or several with commas between, of which the
        first one counts that speaks the language; if none does, the office's voice is heard. `speed` is a factor from
        0.5 to 2 beside the office's own. Raises SpeechError if no engine can speak it.
        """


class SpeechError(Exception):
    """The text could not be spoken; the message says why and what to do."""
