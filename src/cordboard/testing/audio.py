"""Tones to send and proof of what was heard: who plays 440 Hz is heard where 440 Hz arrives.

Samples are 16 bit, signed, 8000 a second, as WAV files and linear bytes hold them, in numpy arrays here.
"""

import wave
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 8000
Samples: TypeAlias = NDArray[np.int16]

_AUDIBLE = 500.0
"""Amplitude of a sine that counts as heard: 1.5 % of full scale."""


def tone(*frequencies: float, seconds: float, amplitude: float = 8000.0) -> Samples:
    """The frequencies (Hz) together, each with that amplitude."""
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    total = np.sum([np.sin(2 * np.pi * frequency * time) for frequency in frequencies], axis=0)
    samples: Samples = np.rint(amplitude * total).astype(np.int16)
    return samples


def silence(seconds: float) -> Samples:
    """Zeros."""
    return np.zeros(round(seconds * SAMPLE_RATE), dtype=np.int16)


def write_wav(path: Path, *parts: Samples) -> Path:
    """Write the parts one after the other, mono, 16 bit, 8000 Hz. Returns `path`."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes(b"".join(part.astype("<i2").tobytes() for part in parts))
    return path


def tone_wav(path: Path, *frequencies: float, seconds: float, amplitude: float = 8000.0) -> Path:
    """A file with a tone. Returns `path`."""
    return write_wav(path, tone(*frequencies, seconds=seconds, amplitude=amplitude))


def read_wav(path: Path) -> Samples:
    """The samples of a file. Asserts that it is mono, 16 bit, 8000 Hz."""
    with wave.open(str(path), "rb") as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, SAMPLE_RATE)
        return samples_of(file.readframes(file.getnframes()))


def read_stereo(path: Path) -> tuple[Samples, Samples]:
    """The samples of the left and the right channel of a file. Asserts that it has two, 16 bit, 8000 Hz."""
    with wave.open(str(path), "rb") as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (2, 2, SAMPLE_RATE)
        both = samples_of(file.readframes(file.getnframes()))
    return both[::2], both[1::2]


def samples_of(linear: bytes) -> Samples:
    """Linear bytes as samples."""
    return np.frombuffer(linear, dtype="<i2").astype(np.int16)


def level_at(samples: Samples, hz: float) -> float:
    """The amplitude (0 to 32767) of the sine of that frequency in `samples`; 0.0 if there are none."""
    if not len(samples):
        return 0.0
    window = np.hanning(len(samples) + 2)[1:-1]
    turn = np.exp(-2j * np.pi * hz / SAMPLE_RATE * np.arange(len(samples)))
    return float(2 * abs(np.dot(samples * window, turn)) / window.sum())


def strongest_frequency(samples: Samples) -> float:
    """The frequency (Hz) with the most energy, to half a hertz; 0.0 if all is silent."""
    if not np.any(samples):
        return 0.0
    size = max(2 * SAMPLE_RATE, len(samples))
    spectrum: NDArray[Any] = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), size))
    spectrum[: size * 20 // SAMPLE_RATE] = 0  # the offset of the A-law's smallest step is no tone
    return float(np.argmax(spectrum)) * SAMPLE_RATE / size


def hears(samples: Samples, hz: float, *, level: float = _AUDIBLE) -> bool:
    """Whether the tone is in `samples` with at least that amplitude."""
    return level_at(samples, hz) >= level


def has_tone(path: Path, hz: float, *, level: float = _AUDIBLE) -> bool:
    """Whether the tone is in a WAV file."""
    return hears(read_wav(path), hz, level=level)


def heard_among(samples: Samples, frequencies: Iterable[float]) -> set[float]:
    """Which of the tones are in `samples`: one tone a party, and the set says whom they hear."""
    return {hz for hz in frequencies if hears(samples, hz)}
