"""From what an engine said to what a telephone plays: 8000 Hz, one loudness, no silence around. Blocks."""

import numpy as np
import soxr
from numpy.typing import NDArray

from cordboard.speech.engine import EngineError, RawSpeech

RATE = 8000
VERSION = "1"
"""Raise it when the figures below change: cached audio is made again."""

LOUDNESS = 10 ** (-20 / 20)
"""RMS of the spoken parts, of full scale: -20 dBFS, the level of a voice on a good line."""
PEAK = 10 ** (-1.5 / 20)
SILENT = 10 ** (-50 / 20)
"""A frame below this RMS, once the loudness is right, is silence."""
MARGIN = RATE * 60 // 1000
"""60 ms of silence stay before and after: a first sound that begins at once is swallowed by jitter buffers."""
FRAME = RATE // 100

Samples = NDArray[np.float32]


def shape(raw: RawSpeech) -> bytes:
    """16-bit mono at 8000 Hz. Raises EngineError if there is nothing to hear."""
    samples: Samples = np.frombuffer(raw.pcm, dtype="<i2").astype(np.float32) / np.float32(32768)
    if samples.size and raw.rate != RATE:
        samples = np.asarray(soxr.resample(samples, raw.rate, RATE), dtype=np.float32)
    shaped = level(samples)
    if not shaped:
        raise EngineError("the engine was silent")
    return shaped


def level(samples: Samples) -> bytes:
    """16-bit mono of samples at 8000 Hz (1 is full scale), as loud as all else and without the silence at both ends.

    Empty if there is nothing to hear. Nothing is clipped: what has higher peaks than a voice becomes less loud.
    """
    levels = _levels(samples)
    loud = levels[levels > levels.max(initial=0) / 10]
    if not loud.size or loud.max() < 1e-4:
        return b""
    gain = min(LOUDNESS / float(np.sqrt(np.mean(loud**2))), PEAK / float(np.abs(samples).max()))
    trimmed = _trim(samples, levels * np.float32(gain))
    return bytes(np.round(np.clip(trimmed * gain, -1, 1) * 32767).astype("<i2"))


def _levels(samples: Samples) -> Samples:
    """The RMS of each 10 ms."""
    whole = samples[: samples.size // FRAME * FRAME].reshape(-1, FRAME)
    return np.asarray(np.sqrt(np.mean(whole**2, axis=1)), dtype=np.float32)


def _trim(samples: Samples, levels: Samples) -> Samples:
    """Cut the silence at both ends to the margin, and add what is missing from it."""
    heard = np.flatnonzero(levels > SILENT)
    first, last = int(heard[0]) * FRAME, (int(heard[-1]) + 1) * FRAME
    body = samples[max(0, first - MARGIN) : last + MARGIN]
    before = max(0, MARGIN - first)
    after = max(0, last + MARGIN - samples.size)
    return np.pad(body, (before, after))
