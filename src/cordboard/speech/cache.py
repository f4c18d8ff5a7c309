"""The audio cache: a WAV file for each text, and beside it what is said in it."""

import contextlib
import hashlib
import json
import os
import struct
import tempfile
import time
import wave
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cordboard.speech.shaping import RATE

RECENT = 3600.0
"""Seconds for which a sound that was asked for stays: a menu says its prompt again without asking."""
_NOTED = 600.0
"""How exactly the last use is known: not every use is worth a write."""
_DESCRIPTION = 512
"""Bytes that a description takes, about."""
_HEAD = struct.Struct("<4sI4s24x4sI")
"""What `wave` writes before the samples."""


def spoken(cache_dir: Path) -> Mapping[str, Path]:
    """Every text in the cache and its newest sound: by it another program can tell from the audio what was said."""
    sounds = sorted(cache_dir.glob("*.wav"), key=lambda sound: sound.stat().st_mtime_ns)
    return {json.loads(sound.with_suffix(".json").read_text(encoding="utf-8"))["text"]: sound for sound in sounds}


def path_of(cache_dir: Path, about: Mapping[str, str]) -> Path:
    """The file that holds the sound described by `about` (text, language, engine, voice, version)."""
    words = json.dumps(dict(about), sort_keys=True, ensure_ascii=False).encode()
    return cache_dir / f"{hashlib.sha256(words).hexdigest()[:32]}.wav"


def usable(path: Path) -> bool:
    """Whether the sound is there and whole. A file that lost its end, or its beginning, is made again."""
    try:
        with path.open("rb") as file:
            riff, size, kind, data, length = _HEAD.unpack(file.read(_HEAD.size))
            whole = os.fstat(file.fileno()).st_size
    except (OSError, struct.error):
        return False
    return (riff, kind, data, size, length) == (b"RIFF", b"WAVE", b"data", whole - 8, whole - _HEAD.size)


def used(path: Path) -> None:
    """Note that the sound was asked for. What was asked for the longest ago is the first to go."""
    with contextlib.suppress(OSError):
        if time.time() - path.stat().st_mtime > _NOTED:
            os.utime(path)


@dataclass(frozen=True, slots=True)
class Contents:
    """What a cache holds."""

    sounds: int
    size: int
    """Bytes, with the descriptions."""
    oldest: float | None
    """When the sound was asked for that was not asked for the longest, in seconds since 1970."""


def contents(cache_dir: Path) -> Contents:
    """Count it. Blocks."""
    found = _sounds(cache_dir)
    return Contents(len(found), sum(size for _, size, _ in found), min((at for at, *_ in found), default=None))


def shrink(cache_dir: Path, limit: int, *, keep: float = RECENT) -> int:
    """Delete the sounds that were not asked for the longest until `limit` bytes are left; how many went. Blocks.

    What was asked for within the last `keep` seconds stays, however large it all is: somebody may be hearing it.
    """
    found = sorted(_sounds(cache_dir))
    left, gone = sum(size for _, size, _ in found), 0
    before = time.time() - keep
    for at, size, path in found:
        if left <= limit or at > before:
            break
        with contextlib.suppress(OSError):
            # The sound first: what is left of a description without one is made over.
            path.unlink(missing_ok=True)
            path.with_suffix(".json").unlink(missing_ok=True)
            left -= size
            gone += 1
    return gone


def _sounds(cache_dir: Path) -> list[tuple[float, int, Path]]:
    """When each was asked for last, its bytes, its file."""
    found = []
    for path in cache_dir.glob("*.wav"):
        with contextlib.suppress(OSError):
            state = path.stat()
            found.append((state.st_mtime, state.st_size + _DESCRIPTION, path))
    return found


def store(path: Path, pcm: bytes, about: Mapping[str, str]) -> None:
    """Write the sound and its description; whoever reads meanwhile sees nothing or the whole. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    description = json.dumps(dict(about), ensure_ascii=False, indent=1).encode()
    # The description first: a sound that is there can always be explained.
    _replace(path.with_suffix(".json"), lambda file: file.write(description))
    write_wav(path, pcm)


def write_wav(path: Path, pcm: bytes) -> None:
    """Write 16-bit mono at 8000 Hz; whoever reads meanwhile sees the old file or the whole new one. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)

    def write(file: Any) -> None:
        with wave.open(file, "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(RATE)
            out.writeframes(pcm)

    _replace(path, write)


def _replace(path: Path, write: Callable[[Any], object]) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as file:
            write(file)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
