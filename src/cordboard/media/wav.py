"""WAV files of the one format of the exchange: 16 bit, 8000 Hz, mono but for talks. Blocks: for the helper thread."""

import contextlib
import sys
import wave
from collections.abc import Iterator
from pathlib import Path
from struct import Struct
from typing import Self

from cordboard.media.api import AudioFileError
from cordboard.media.g711 import SAMPLE_RATE

_WANTED = (1, 2, SAMPLE_RATE)
_BLOCK = SAMPLE_RATE
_HEADER = Struct("<4sI4s4sIHHIIHH4sI")
_LARGEST = (0xFFFFFFFF - _HEADER.size) // 4 * 4

assert sys.byteorder == "little", "samples are written as they are in memory"


def read_samples(path: Path) -> Iterator[bytes]:
    """The linear samples of a file, a second at a time. Raises AudioFileError."""
    try:
        with wave.open(str(path), "rb") as file:
            found = (file.getnchannels(), file.getsampwidth(), file.getframerate())
            if found != _WANTED:
                channels, width, rate = found
                raise AudioFileError(
                    f"{path} has {channels} channel(s), {8 * width} bit, {rate} Hz: convert it to mono, 16 bit, 8000 Hz"
                )
            while block := file.readframes(_BLOCK):
                yield block
    except OSError as error:
        raise AudioFileError(f"{path} cannot be read: {error.strerror or error}") from error
    except (wave.Error, EOFError, ValueError) as error:
        raise AudioFileError(f"{path} is not a WAV file of linear samples: {error}") from error


class WavWriter:
    """Writes a file whose header is true once a second, so that it can be read even if the process is killed."""

    def __init__(self, path: Path, *, channels: int = 1) -> None:
        """Raises AudioFileError if the file cannot be made."""
        self._sample_bytes = 2 * channels
        self._size = 0
        self._stated = 0
        try:
            self._file = path.open("wb")
            try:
                self._state_size()
            except OSError:
                with contextlib.suppress(OSError):
                    self._file.close()
                raise
        except OSError as error:
            raise AudioFileError(f"{path} cannot be written: {error.strerror or error}") from error

    @property
    def seconds(self) -> float:
        """What was written so far."""
        return self._size / self._sample_bytes / SAMPLE_RATE

    def write(self, samples: bytes) -> None:
        """Append linear samples, those of the channels in turn. Raises OSError if the disk is full."""
        samples = samples[: _LARGEST - self._size]
        self._file.write(samples)
        self._size += len(samples)
        if self._size - self._stated >= self._sample_bytes * SAMPLE_RATE:
            self._state_size()

    def _state_size(self) -> None:
        width = self._sample_bytes
        header = _HEADER.pack(
            b"RIFF", self._size + _HEADER.size - 8, b"WAVE",
            b"fmt ", 16, 1, width // 2, SAMPLE_RATE, width * SAMPLE_RATE, width, 16,
            b"data", self._size,
        )  # fmt: skip
        self._file.seek(0)
        self._file.write(header)
        self._file.seek(0, 2)
        self._file.flush()
        self._stated = self._size

    def close(self) -> None:
        """Complete the header."""
        try:
            self._state_size()
        finally:
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
