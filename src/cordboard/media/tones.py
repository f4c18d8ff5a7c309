"""Tones from frequencies, computed from the number of each sample: the phase is exact however long they last."""

from collections.abc import Sequence

import numpy as np

from cordboard.media.g711 import SAMPLE_RATE

_PEAK = 10_000
"""Of 32767: about -11 dBm0 for one tone, as loud as the tones of an office exchange."""

PERIOD_SECONDS = 10
"""Frequencies in tenths of a hertz make whole cycles in this time, so a longer tone is this one again."""


def render(frequencies: Sequence[float], count: int, *, peak: int = _PEAK) -> bytes:
    """`count` linear samples of the frequencies (Hz) together, none louder than `peak`, from phase zero."""
    if not frequencies:
        return bytes(2 * count)
    turns = np.outer(np.asarray(frequencies, dtype=np.float64), np.arange(count) / SAMPLE_RATE)
    wave = np.sin(2 * np.pi * turns).sum(axis=0) * (peak / len(frequencies))
    samples: bytes = np.rint(wave).astype(np.int16).tobytes()
    return samples
