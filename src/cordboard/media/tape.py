"""Recordings on their way to the disk. They block: for the helper thread, but for making them.

If the process is killed, what the header says of the file is true up to the last second that was stated: at most 2.4
seconds are lost, of which one is the patience with late packets, one goes by until the header is written again, and the
rest are batches of the loop.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from cordboard.media.api import AudioFileError
from cordboard.media.g711 import add
from cordboard.media.recorder import Packet, Recorder
from cordboard.media.wav import WavWriter


class Tape(Protocol):
    """What becomes a file: opened, written in batches, then finished.

    Every method raises AudioFileError if the disk refuses. Times are of the clock of the packets.
    """

    def open(self) -> None:
        """Make the file."""

    def write(self, now: float, heard: Sequence[Packet], sent: Sequence[Packet]) -> bool:
        """Write what came and went until `now`; says whether the recording is over by itself."""

    def finish(self, now: float, heard: Sequence[Packet], sent: Sequence[Packet]) -> float:
        """Write the last packets and complete the file; returns its seconds."""

    def abandon(self) -> None:
        """Close the file as it stands; nothing if it is closed."""


class _File:
    """A file that is to be made, with the errors of the disk in our words."""

    def __init__(self, path: Path, *, channels: int = 1) -> None:
        self._path = path
        self._channels = channels
        self._writer: WavWriter | None = None

    def open(self) -> None:
        """See Tape."""
        self._writer = WavWriter(self._path, channels=self._channels)

    def append(self, samples: bytes) -> None:
        """Write them."""
        if self._writer is not None:
            try:
                self._writer.write(samples)
            except OSError as error:
                raise self._refused(error) from error

    def close(self) -> float:
        """Complete the file, once; returns its seconds."""
        writer, self._writer = self._writer, None
        if writer is None:
            return 0.0
        try:
            writer.close()
        except OSError as error:
            raise self._refused(error) from error
        return writer.seconds

    def _refused(self, error: OSError) -> AudioFileError:
        return AudioFileError(f"{self._path} cannot be written: {error.strerror or error}")


class VoiceTape:
    """What is heard of one party. Implements Tape."""

    def __init__(self, path: Path, *, started: float, limit: float, silence: float | None) -> None:
        self._recorder = Recorder(started=started, limit=limit, silence=silence)
        self._file = _File(path)
        self.open = self._file.open

    def write(self, now: float, heard: Sequence[Packet], sent: Sequence[Packet]) -> bool:
        """See Tape."""
        del sent
        self._file.append(self._recorder.feed(now, heard))
        return self._recorder.over

    def finish(self, now: float, heard: Sequence[Packet], sent: Sequence[Packet]) -> float:
        """See Tape."""
        try:
            self.write(now, heard, sent)
            self._file.append(self._recorder.finish(now))
        except AudioFileError:
            self.abandon()
            raise
        return self._file.close()

    def abandon(self) -> None:
        """See Tape."""
        self._file.close()


class TalkTape:
    """What is heard and what is sent, in step with the clock: mixed, or left and right. Implements Tape."""

    def __init__(self, path: Path, *, started: float, stereo: bool) -> None:
        self._sides = Recorder(started=started), Recorder(started=started)
        self._unwritten = [b"", b""]
        self._stereo = stereo
        self._file = _File(path, channels=2 if stereo else 1)
        self.open = self._file.open

    def write(self, now: float, heard: Sequence[Packet], sent: Sequence[Packet]) -> bool:
        """See Tape. It is never over by itself."""
        for index, packets in enumerate((heard, sent)):
            self._unwritten[index] += self._sides[index].feed(now, packets)
        self._append(min(map(len, self._unwritten)))
        return False

    def finish(self, now: float, heard: Sequence[Packet], sent: Sequence[Packet]) -> float:
        """See Tape."""
        try:
            self.write(now, heard, sent)
            for index, side in enumerate(self._sides):
                self._unwritten[index] += side.finish(now)
            size = max(map(len, self._unwritten))
            self._unwritten = [samples.ljust(size, b"\0") for samples in self._unwritten]
            self._append(size)
        except AudioFileError:
            self.abandon()
            raise
        return self._file.close()

    def abandon(self) -> None:
        """See Tape."""
        self._file.close()

    def _append(self, size: int) -> None:
        heard, sent = (samples[:size] for samples in self._unwritten)
        self._unwritten = [samples[size:] for samples in self._unwritten]
        self._file.append(_in_turn(heard, sent) if self._stereo else add(heard, sent))


def _in_turn(left: bytes, right: bytes) -> bytes:
    pair = [np.frombuffer(samples, dtype=np.int16) for samples in (left, right)]
    samples: bytes = np.column_stack(pair).tobytes()
    return samples
