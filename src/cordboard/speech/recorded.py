"""Audio files of people: any format, rate and number of channels, into what a telephone plays. Blocks."""

import io
from pathlib import Path

import numpy as np
import soundfile
import soxr

from cordboard.speech import shaping
from cordboard.speech.api import PromptError
from cordboard.speech.engine import EngineError, RawSpeech

ENDINGS = (".wav", ".flac", ".ogg", ".opus", ".mp3")
"""The formats that are read."""
LONGEST = 30 * 60.0
"""Seconds. A music on hold may be long; an audio book is somebody's mistake."""
_BLOCK = 1 << 18
_CHANNELS = 8
_RATES = range(4000, 384_001)


def telephone_sound(audio: Path) -> bytes:
    """The file as 16-bit mono at 8000 Hz, in the exchange's loudness and without silence around. Raises PromptError."""
    try:
        with soundfile.SoundFile(str(audio)) as file:
            _check(audio.name, file)
            samples = _mono(file)
    except (soundfile.SoundFileError, OSError, RuntimeError) as fault:
        why = str(fault).rpartition(": ")[2].strip().rstrip(".") or "it is broken"
        raise PromptError(
            f"{audio.name} cannot be read as audio ({why}): save it as WAV, FLAC, OGG or MP3 and try again."
        ) from fault
    shaped = shaping.level(samples)
    if not shaped:
        raise PromptError(f"Nothing is heard in {audio.name}: record it again.")
    return shaped


def engine_sound(name: str, audio: bytes) -> RawSpeech:
    """What an engine answered, in any of the formats. Raises EngineError."""
    try:
        with soundfile.SoundFile(io.BytesIO(audio)) as file:
            if file.channels > _CHANNELS or file.samplerate not in _RATES:
                raise EngineError(f"{name} answered with {file.channels} channels at {file.samplerate} Hz")
            # A pipe's header promises more than comes: read what there is, within the bound.
            samples = file.read(int(LONGEST * file.samplerate), dtype="float32", always_2d=True).mean(axis=1)
            rate = file.samplerate
    except (soundfile.SoundFileError, RuntimeError, ValueError) as fault:
        raise EngineError(f"{name} answered with something else than WAV, FLAC, OGG or MP3") from fault
    whole = np.round(np.clip(np.nan_to_num(samples), -1, 1) * 32767).astype("<i2")
    return RawSpeech(whole.tobytes(), rate)


def length_of(audio: Path) -> float:
    """Seconds of an audio file; 0 for one that cannot be read."""
    try:
        return float(soundfile.info(str(audio)).duration)
    except (soundfile.SoundFileError, RuntimeError, OSError):
        return 0.0


def _check(name: str, file: soundfile.SoundFile) -> None:
    if file.channels > _CHANNELS or file.samplerate not in _RATES:
        raise PromptError(
            f"{name} has {file.channels} channels at {file.samplerate} Hz: save it with one channel at 8000 Hz or more."
        )
    if file.frames > LONGEST * file.samplerate:
        raise PromptError(f"{name} is longer than {LONGEST / 60:g} minutes: cut it.")


def _mono(file: soundfile.SoundFile) -> shaping.Samples:
    """The mean of the channels at 8000 Hz. Read in blocks: half an hour in stereo would take 700 MB at once."""
    stream = soxr.ResampleStream(file.samplerate, shaping.RATE, 1, dtype="float32")
    found, read = [], 0
    while (block := file.read(_BLOCK, dtype="float32", always_2d=True)).size:
        read += len(block)
        if read > LONGEST * file.samplerate:  # its header said less
            raise PromptError(f"It is longer than {LONGEST / 60:g} minutes: cut it.")
        # What is no number would spread over the whole file.
        found.append(stream.resample_chunk(np.nan_to_num(block.mean(axis=1, dtype=np.float32))))
    found.append(stream.resample_chunk(np.zeros(0, dtype=np.float32), last=True))
    samples = np.concatenate(found)
    # What most samples are is silence, whatever a cheap sound card makes of it.
    return np.asarray(samples - np.median(samples), dtype=np.float32) if samples.size else samples
