"""One recording on its way to the disk. Blocks: for the helper thread."""

from collections.abc import Sequence
from pathlib import Path

from cordboard.media.api import AudioFileError
from cordboard.media.recorder import Packet, Recorder
from cordboard.media.wav import WavWriter


class Tape:
    """A recorder and its file. Every method raises AudioFileError if the disk refuses."""

    def __init__(self, path: Path, *, limit: float, silence: float | None) -> None:
        self._path = path
        self._recorder = Recorder(limit=limit, silence=silence)
        self._file = WavWriter(path)

    def write(self, elapsed: float, packets: Sequence[Packet]) -> bool:
        """Write what arrived until `elapsed` seconds after the start; says whether the recording is over."""
        self._append(self._recorder.feed(elapsed, packets))
        return self._recorder.over

    def finish(self, elapsed: float, packets: Sequence[Packet]) -> float:
        """Write the last packets and complete the file; returns its seconds."""
        try:
            self._append(self._recorder.feed(elapsed, packets))
            self._append(self._recorder.finish(elapsed))
        finally:
            self.abandon()
        return self._file.seconds

    def abandon(self) -> None:
        """Close the file as it stands."""
        try:
            self._file.close()
        except OSError as error:
            raise self._refused(error) from error

    def _append(self, samples: bytes) -> None:
        try:
            self._file.write(samples)
        except OSError as error:
            raise self._refused(error) from error

    def _refused(self, error: OSError) -> AudioFileError:
        return AudioFileError(f"{self._path} cannot be written: {error.strerror or error}")
