"""What a speech engine is to this room."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class RawSpeech:
    """What an engine said: `pcm` is mono, 16 bit, little-endian, at `rate` samples a second."""

    pcm: bytes
    rate: int


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice of an engine: its name, as people call it, and the language that it speaks (en, ru, uk)."""

    name: str
    language: str


class EngineError(Exception):
    """This engine could not speak this text; another one may."""


class Engine(Protocol):
    """A program that speaks. Texts are plain: whatever looks like markup or an option is read out as it stands."""

    @property
    def name(self) -> str:
        """A short name, for logs and the cache."""

    @property
    def version(self) -> str:
        """Changes when the same text would sound otherwise; cached audio of another version is not used."""

    def voices(self) -> Sequence[Voice]:
        """The voices that it has now; of each language the usual one comes first.

        Asked for before each text, so it must be cheap. Empty while the engine is not installed: it may come yet.
        """

    async def speak(self, text: str, voice: Voice, speed: float = 1.0) -> RawSpeech:
        """Speak a whole text; `speed` is 1 for the voice's own, 2 for twice as fast. Raises EngineError."""

    async def close(self) -> None:
        """End whatever the engine runs; `speak` may not be called any more."""
