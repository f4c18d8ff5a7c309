"""How long things take to hear where nothing is heard."""

import wave
from functools import lru_cache
from pathlib import Path

from cordboard.telephony import Clip, Silence, Sound, Tone

CHARACTERS_A_SECOND = 14.0
"""How fast a clip without a file is spoken: what RHVoice takes for a Russian sentence, rounded."""


def seconds_of(sound: Sound) -> float:
    """How long `sound` takes, once: a file as long as it is, a text without one by CHARACTERS_A_SECOND."""
    match sound:
        case Clip(None, text):
            return len(text) / CHARACTERS_A_SECOND
        case Clip(Path() as path):
            return _seconds_in(path, path.stat().st_mtime_ns)
        case Silence(seconds):
            return seconds
        case Tone(_, on, off):
            return on + off
    raise TypeError(sound)


def linear_of(path: Path) -> bytes:
    """The samples of a WAV file."""
    return _samples_in(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=16)
def _samples_in(path: Path, _changed: int) -> bytes:
    with wave.open(str(path), "rb") as file:
        return file.readframes(file.getnframes())


@lru_cache(maxsize=1024)
def _seconds_in(path: Path, _changed: int) -> float:
    with wave.open(str(path), "rb") as file:
        return file.getnframes() / file.getframerate()
