"""Sounds of the telephony room as sources of the media room."""

from collections.abc import Sequence

from cordboard.media.api import File, Pause, Source, ToneSpec
from cordboard.telephony import Clip, Silence, Sound, Tone


def sources(sounds: Sequence[Sound]) -> list[Source]:
    """What the worker must send. A clip without a file is left out: only a simulation makes such ones."""
    found: list[Source] = []
    for sound in sounds:
        match sound:
            case Clip(path=path):
                if path is not None:
                    found.append(File(path))
            case Silence(seconds):
                found.append(Pause(seconds))
            case Tone(frequencies, on, off):
                found.append(ToneSpec(frequencies, on, off))
    return found
