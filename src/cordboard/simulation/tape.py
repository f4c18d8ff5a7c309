"""Recordings of what nobody hears: the sounds of a call, written as audio when it is over.

Tones and clips with files are heard in them, everything else is silence.
"""

import asyncio
import math
import wave
from array import array
from functools import lru_cache
from pathlib import Path

from cordboard.simulation.phone import SimulatedPhone
from cordboard.simulation.sounds import linear_of
from cordboard.telephony import Clip, Sound, Tone

_RATE = 8000
_AMPLITUDE = 8000.0
_BLOCK = 2 * _RATE
"""A second of samples, in bytes: what tones are made of and mixed in, so that an hour of them costs little."""


class Tape:
    """Both directions of a talk, from now on until `finish`. The file is there, empty, from the beginning.

    Raises OSError if it cannot be written.
    """

    def __init__(self, path: Path, phone: SimulatedPhone, *, stereo: bool) -> None:
        self._path = path
        self._phone = phone
        self._stereo = stereo
        self._began = asyncio.get_running_loop().time()
        write(path, b"")

    def finish(self) -> float:
        """Complete the file; returns its seconds."""
        seconds = asyncio.get_running_loop().time() - self._began
        says = samples(self._phone.voice, 0.0, seconds)
        hears = self._heard(seconds)
        if self._stereo:
            both = array("h", bytes(2 * len(says)))
            both[0::2], both[1::2] = array("h", says), array("h", hears)
            write(self._path, both.tobytes(), channels=2)
        else:
            write(self._path, _mix(says, hears))
        return seconds

    def _heard(self, seconds: float) -> bytes:
        total = bytearray(2 * round(seconds * _RATE))
        for heard in self._phone.heard:
            end = self._began + seconds if heard.until is None else heard.until
            start = max(heard.at, self._began)
            if end > start:
                piece = samples(heard.sound, start - heard.at, end - start)
                at = 2 * round((start - self._began) * _RATE)
                piece = piece[: len(total) - at]
                total[at : at + len(piece)] = _mix(bytes(total[at : at + len(piece)]), piece)
        return bytes(total)


def samples(sound: Sound | None, offset: float, seconds: float) -> bytes:
    """So many seconds of a sound from `offset` seconds in, 16 bit, 8000 Hz; silence where there is nothing."""
    length = 2 * round(seconds * _RATE)
    match sound:
        case Tone(frequencies, on, off):
            return _tone(frequencies, round(on * _RATE), round(off * _RATE), round(offset * _RATE), length // 2)
        case Clip(Path() as path):
            start = 2 * round(offset * _RATE)
            return linear_of(path)[start : start + length].ljust(length, b"\0")
        case _:
            return bytes(length)


def write(path: Path, linear: bytes, *, channels: int = 1) -> None:
    """Write samples into a WAV file, in a folder that is made if need be. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as raw, wave.open(raw, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(_RATE)
        file.writeframes(linear)


def _tone(frequencies: tuple[float, ...], on: int, off: int, position: int, count: int) -> bytes:
    out: list[bytes] = []
    block = _second_of(frequencies)
    while count > 0 and on + off > 0:
        place = position % (on + off)
        if place < on:
            # Up to the end of the second, of the sounding part, or of what is wanted.
            within = place % _RATE
            step = min(count, on - place, _RATE - within)
            out.append(block[2 * within : 2 * (within + step)])
        else:
            step = min(count, on + off - place)
            out.append(bytes(2 * step))
        position += step
        count -= step
    return b"".join(out) + bytes(2 * count)


@lru_cache(maxsize=64)
def _second_of(frequencies: tuple[float, ...]) -> bytes:
    turn = 2 * math.pi / _RATE
    sums = (sum(_AMPLITUDE * math.sin(turn * hz * n) for hz in frequencies) for n in range(_RATE))
    return array("h", (_clipped(round(one)) for one in sums)).tobytes()


def _mix(a: bytes, b: bytes) -> bytes:
    """The sum of two voices of the same length."""
    return b"".join(_add(a[at : at + _BLOCK], b[at : at + _BLOCK]) for at in range(0, len(a), _BLOCK))


@lru_cache(maxsize=256)
def _add(a: bytes, b: bytes) -> bytes:
    if not any(a):
        return b
    if not any(b):
        return a
    return array("h", (_clipped(x + y) for x, y in zip(array("h", a), array("h", b), strict=True))).tobytes()


def _clipped(value: int) -> int:
    return max(-32768, min(32767, value))
