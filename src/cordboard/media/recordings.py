"""The recordings of the worker as the loop sees them: packets are gathered, the helper thread writes them."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from cordboard.media.helper import Helper
from cordboard.media.recorder import Packet
from cordboard.media.tape import Tape

BATCH_TICKS: Final = 40
"""What has arrived goes to the helper five times a second."""
MOST_WAITING: Final = 3000
"""Packets that wait for a disk that stands still: a minute. What comes then is lost."""


@dataclass(slots=True, eq=False)
class Recording:
    """The pump appends to `packets`; `tape` is touched by jobs of the helper alone."""

    request: int
    started: float
    """time.monotonic()."""
    answer: Callable[[float | None, Exception | None], None]
    """Told the seconds, or the error, when the file is complete."""
    packets: list[Packet] = field(default_factory=list)
    tape: Tape | None = None
    writing: bool = True
    """The helper is at it: the next batch waits."""
    ended: float | None = None
    """time.monotonic() of its end, once it was told to end."""


class Recordings:
    """All that are not complete yet."""

    def __init__(self, helper: Helper) -> None:
        self._helper = helper
        self._open: set[Recording] = set()

    def start(self, recording: Recording, path: Path, *, limit: float, silence: float | None) -> None:
        """Open the file and begin."""
        self._open.add(recording)
        self._helper.submit(partial(Tape, path, limit=limit, silence=silence), partial(self._opened, recording))

    def end(self, recording: Recording) -> None:
        """Complete it with what has arrived until now."""
        if recording.ended is None:
            recording.ended = time.monotonic()
            if not recording.writing:
                self._finish(recording)

    def end_all(self) -> None:
        """Complete them all."""
        for recording in list(self._open):
            self.end(recording)

    def write(self) -> None:
        """Hand to the helper what has arrived since the last time."""
        now = time.monotonic()
        for recording in self._open:
            if recording.writing:
                del recording.packets[MOST_WAITING:]
            elif recording.ended is None and recording.tape is not None:
                batch, recording.packets = recording.packets, []
                recording.writing = True
                job = partial(recording.tape.write, now - recording.started, batch)
                self._helper.submit(job, partial(self._written, recording))

    def _opened(self, recording: Recording, tape: Tape | None, error: Exception | None) -> None:
        recording.tape = tape
        self._written(recording, False, error)

    def _written(self, recording: Recording, over: bool | None, error: Exception | None) -> None:
        recording.writing = False
        if error is not None:
            if recording.tape is not None:
                self._helper.submit(recording.tape.abandon, lambda _, __: None)
            self._finished(recording, None, error)
        elif over:
            self.end(recording)
        elif recording.ended is not None:
            self._finish(recording)

    def _finish(self, recording: Recording) -> None:
        assert recording.tape is not None
        assert recording.ended is not None
        recording.writing = True
        job = partial(recording.tape.finish, recording.ended - recording.started, recording.packets)
        self._helper.submit(job, partial(self._finished, recording))

    def _finished(self, recording: Recording, seconds: float | None, error: Exception | None) -> None:
        self._open.discard(recording)
        recording.answer(seconds, error)
