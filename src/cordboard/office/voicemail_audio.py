"""Recordings cut to what is said in them, and cut from a moment on. Everything here blocks: call it in a thread."""

import sys
import wave
from array import array
from pathlib import Path

_BLOCK = 0.02
"""Seconds that are judged together."""
_LOUD = 500
"""The amplitude, of 32767, from which a block counts as voice: as in `recordings`."""
_AROUND = 0.25
"""Seconds that stay before and after the voice: the beginning of a word is softer than its middle."""


def trim(path: Path) -> float:
    """Cut the silence at both ends of a WAV file off, in place; returns the seconds that stay, 0.0 if all is silent.

    A silent file stays as it is. Raises OSError.
    """
    with wave.open(str(path), "rb") as file:
        rate, channels = file.getframerate(), file.getnchannels()
        samples = _read(file)
    block = max(1, round(rate * _BLOCK)) * channels
    loud = [
        start
        for start in range(0, len(samples), block)
        if max(piece := samples[start : start + block]) >= _LOUD or min(piece) <= -_LOUD
    ]
    if not loud:
        return 0.0
    around = round(rate * _AROUND) * channels
    kept = samples[max(0, loud[0] - around) : loud[-1] + block + around]
    if len(kept) < len(samples):
        beside = path.with_name(f".{path.name}.trimmed")
        _write(beside, kept, rate, channels)
        beside.replace(path)
    return len(kept) / channels / rate


def cut(path: Path, start: float, to: Path) -> float:
    """Write what is in a WAV file from `start` seconds on into another; returns its seconds. Raises OSError."""
    with wave.open(str(path), "rb") as file:
        rate, channels = file.getframerate(), file.getnchannels()
        file.setpos(min(file.getnframes(), max(0, round(start * rate))))
        samples = _read(file)
    _write(to, samples, rate, channels)
    return len(samples) / channels / rate


def seconds_in(path: Path) -> float:
    """How long a WAV file is; 0.0 if it cannot be read."""
    try:
        with wave.open(str(path), "rb") as file:
            return file.getnframes() / file.getframerate()
    except (OSError, wave.Error, EOFError):
        return 0.0


def _read(file: wave.Wave_read) -> "array[int]":
    samples = array("h", file.readframes(file.getnframes()))
    if sys.byteorder == "big":
        samples.byteswap()
    return samples


def _write(path: Path, samples: "array[int]", rate: int, channels: int) -> None:
    if sys.byteorder == "big":
        samples.byteswap()
    with path.open("wb") as raw, wave.open(raw, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())
