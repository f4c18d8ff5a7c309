"""A recording that is complete, in a smaller format: Ogg Opus or MP3. It blocks.

Not for the worker's process: whoever wants it calls it in a thread (libsndfile lets the interpreter go meanwhile).
"""

import contextlib
import os
from pathlib import Path
from typing import Final

import soundfile

from cordboard.media.api import AudioFileError

_FORMATS: Final = {
    ".ogg": ("OGG", "OPUS"),
    ".opus": ("OGG", "OPUS"),
    ".mp3": ("MP3", "MPEG_LAYER_III"),
}
_BLOCK: Final = 8000
"""Samples of a channel: a second. libsndfile keeps what one write gives on its stack when it codes."""


def convert(wav: Path, to: Path, *, stereo_to_mono: bool = False) -> None:
    """Write the sounds of `wav` into the file `to`, whose ending says the format: .ogg or .opus (Opus), or .mp3.

    With `stereo_to_mono` the two sides of a talk become one channel. `to` is there when it is complete and on the disk,
    or not at all; one that was there is replaced. `wav` stays in either case. An hour of a mono talk takes about
    ten seconds of a processor as MP3 and thirty as Opus. Raises AudioFileError.
    """
    form = _FORMATS.get(to.suffix.lower())
    if form is None:
        raise AudioFileError(f"{to.name}: a recording can become {', '.join(sorted(_FORMATS))}")
    part = to.with_name(f".{to.name}.part")
    try:
        with part.open("w+b") as file:
            _write(wav, file.fileno(), *form, stereo_to_mono=stereo_to_mono)
            file.flush()
            os.fsync(file.fileno())
        part.replace(to)
    except (soundfile.SoundFileError, OSError, RuntimeError) as fault:
        raise AudioFileError(f"{wav} cannot be converted to {to.name}: {fault}") from fault
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def _write(wav: Path, descriptor: int, form: str, subtype: str, *, stereo_to_mono: bool) -> None:
    with soundfile.SoundFile(str(wav)) as source:
        if source.format != "WAV":
            raise AudioFileError(f"{wav} is not a WAV file, but {source.format}")
        mixes = stereo_to_mono and source.channels > 1
        with soundfile.SoundFile(
            descriptor, "w", samplerate=source.samplerate, channels=1 if mixes else source.channels, format=form,
            subtype=subtype, closefd=False,
        ) as target:  # fmt: skip
            for block in source.blocks(_BLOCK, dtype="float32", always_2d=True):
                target.write(block.sum(axis=1).clip(-1.0, 1.0) if mixes else block)
