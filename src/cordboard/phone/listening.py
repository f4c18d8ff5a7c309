"""What was heard: tones by their frequency, and known prompts by comparing sounds. Nothing is guessed."""

import wave
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

RATE = 8000
Sound = NDArray[np.float64]

_HEADER = 44
"""Bytes before the first sample: a recording that has just begun may have none of them yet."""
_HEAD = RATE
"""Samples at the beginning of a prompt by which it is found: one second, or all of a shorter one."""
_BLOCK = RATE // 5
_ALIKE = 0.75
"""Correlation (at most 1) from which two stretches are the same: G.711 leaves 0.99, other speech gives below 0.3."""
_TONE = 500.0
"""Amplitude of a sine that counts as heard: 1.5 % of full scale."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A prompt that occurs in a recording."""

    text: str
    at: float
    """Seconds from the beginning of the recording."""
    seconds: float
    """How much of it was heard."""
    whole: bool
    """False if it was cut short."""

    def __str__(self) -> str:
        return f"“{self.text}”" + ("" if self.whole else f" (cut short after {self.seconds:.1f} s)")


def read_sound(path: Path) -> Sound:
    """The samples of a WAV file, mono, 16 bit, 8000 Hz; also one that is still being written."""
    if path.stat().st_size < _HEADER:
        return np.zeros(0)
    with wave.open(str(path), "rb") as file:
        if (file.getnchannels(), file.getsampwidth(), file.getframerate()) != (1, 2, RATE):
            raise ValueError(f"{path.name} is not mono, 16 bit, {RATE} Hz")
        data = file.readframes(file.getnframes())
    return np.frombuffer(data[: len(data) // 2 * 2], dtype="<i2").astype(np.float64)


def tone_at(sound: Sound, hz: float) -> float:
    """The amplitude of the sine of that frequency in the sound."""
    if not len(sound):
        return 0.0
    window = np.hanning(len(sound))
    turn = np.exp(-2j * np.pi * hz / RATE * np.arange(len(sound)))
    return float(2 * abs(np.dot(sound * window, turn)) / max(window.sum(), 1.0))


def hears_tone(path: Path, hz: float, *, last: float = 1.0) -> bool:
    """Whether the tone is in the last `last` seconds of a recording."""
    return tone_at(read_sound(path)[-round(last * RATE) :], hz) >= _TONE


def recognise(recording: Path, known: Mapping[str, Path]) -> list[Heard]:
    """Which of the `known` prompts (text to WAV) are in the recording, in the order in which they were heard.

    A prompt must match from its beginning; where it stops matching it was cut short. Of several that begin
    alike the one that matches longest was heard.
    """
    heard = read_sound(recording)
    candidates = []
    for text, path in known.items():
        prompt = _trimmed(read_sound(path))
        for start in _occurrences(heard, prompt[:_HEAD]):
            length = _match_length(heard[start:], prompt)
            whole = length >= len(prompt) - _BLOCK
            candidates.append(Heard(text, start / RATE, length / RATE, whole))
    candidates.sort(key=lambda one: one.seconds, reverse=True)
    chosen: list[Heard] = []
    for one in candidates:
        if not any(_overlap(one, other) for other in chosen):
            chosen.append(one)
    return sorted(chosen, key=lambda one: one.at)


def _overlap(one: Heard, other: Heard) -> bool:
    shared = min(one.at + one.seconds, other.at + other.seconds) - max(one.at, other.at)
    return shared > min(one.seconds, other.seconds) / 2


def _trimmed(prompt: Sound) -> Sound:
    """Without the silence before and after: silence is like any other silence."""
    loud = np.flatnonzero(np.abs(prompt) > 200)
    return prompt[loud[0] : loud[-1] + 1] if len(loud) else prompt[:0]


def _occurrences(heard: Sound, head: Sound) -> list[int]:
    """Where `head` begins, by the normalised cross-correlation."""
    if len(head) < _BLOCK or len(heard) < len(head):
        return []
    likeness = _correlation(heard, head)
    found: list[int] = []
    while True:
        best = int(np.argmax(likeness))
        if likeness[best] < _ALIKE:
            return sorted(found)
        found.append(best)
        likeness[max(0, best - len(head) // 2) : best + len(head) // 2] = 0.0


def _correlation(heard: Sound, head: Sound) -> Sound:
    size = 1 << (len(heard) + len(head)).bit_length()
    product: NDArray[Any] = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(head, size)), size)
    places = len(heard) - len(head) + 1
    energy = np.concatenate(([0.0], np.cumsum(heard * heard)))
    here = np.sqrt(np.maximum(energy[len(head) :] - energy[:places], 1.0))
    likeness: Sound = product[:places] / (here * np.linalg.norm(head))
    return likeness


def _match_length(heard: Sound, prompt: Sound) -> int:
    """For how many samples the two go on alike. Pauses within a prompt match by being as quiet."""
    length = 0
    while length < len(prompt):
        ours, theirs = prompt[length : length + _BLOCK], heard[length : length + _BLOCK]
        if len(theirs) < min(len(ours), _BLOCK // 2):
            break
        both = min(len(ours), len(theirs))
        ours, theirs = ours[:both], theirs[:both]
        norms = np.linalg.norm(ours) * np.linalg.norm(theirs)
        quiet = np.abs(ours).max() < 200
        if quiet and np.abs(theirs).max() > 1000:
            break
        if not quiet and (norms == 0 or float(np.dot(ours, theirs)) / norms < _ALIKE):
            break
        length += both
    return length
