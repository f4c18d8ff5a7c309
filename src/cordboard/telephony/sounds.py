"""What a leg can be made to hear."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Clip:
    """Recorded or synthesised audio in a file.

    `path` names a WAV file, mono, 16 bit, 8000 Hz; None only where no one listens (a simulation).
    `text` is what is said in it: traces, transcripts and the simulator show it.
    """

    path: Path | None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Silence:
    """A pause of `seconds`."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Tone:
    """Frequencies in Hz sounding together for `on` seconds, then `off` seconds of silence (ITU-T E.180)."""

    frequencies: tuple[float, ...]
    on: float
    off: float = 0.0


Sound = Clip | Silence | Tone

RINGBACK = Tone((425.0,), on=1.0, off=4.0)
"""What a caller hears while the other side rings, as ETSI countries have it."""


class PlayEnd(StrEnum):
    """How a playing ended. A leg that ends meanwhile raises nothing: the playing ends as STOPPED."""

    FINISHED = "finished"
    KEY = "key"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Played:
    """`key` is set only if `end` is KEY; the key stays in the leg's buffer and is collected from there."""

    end: PlayEnd
    key: str = ""
    seconds: float = 0.0
    """How much of the sounds was sent."""
