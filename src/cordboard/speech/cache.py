"""The audio cache: a WAV file for each text, and beside it what is said in it."""

import hashlib
import json
import os
import tempfile
import wave
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cordboard.speech.shaping import RATE


def spoken(cache_dir: Path) -> Mapping[str, Path]:
    """Every text in the cache and its newest sound: by it another program can tell from the audio what was said."""
    sounds = sorted(cache_dir.glob("*.wav"), key=lambda sound: sound.stat().st_mtime_ns)
    return {json.loads(sound.with_suffix(".json").read_text(encoding="utf-8"))["text"]: sound for sound in sounds}


def path_of(cache_dir: Path, about: Mapping[str, str]) -> Path:
    """The file that holds the sound described by `about` (text, language, engine, voice, version)."""
    words = json.dumps(dict(about), sort_keys=True, ensure_ascii=False).encode()
    return cache_dir / f"{hashlib.sha256(words).hexdigest()[:32]}.wav"


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
