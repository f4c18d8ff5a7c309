"""What a speech engine is to this room."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class RawSpeech:
    """What an engine said: `pcm` is mono, 16 bit, little-endian, at `rate` samples a second."""

    pcm: bytes
    rate: int


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

    def voice(self, language: str) -> str:
        """The voice for `language` (en, ru, uk); empty if there is none."""

    async def speak(self, text: str, language: str) -> RawSpeech:
        """Speak a whole text. Raises EngineError."""

    async def close(self) -> None:
        """End whatever the engine runs; `speak` may not be called any more."""
