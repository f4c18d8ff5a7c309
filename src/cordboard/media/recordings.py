"""The recordings of the worker as the loop sees them: packets are gathered, the helper thread writes them.

The helper does its jobs in the order in which they are given: so a recording can be told to open, write and finish
without waiting for the answers, and another one of the same file begins when the first is complete.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from cordboard.media.helper import Helper
from cordboard.media.recorder import Packet
from cordboard.media.tape import Tape

BATCH_TICKS: Final = 40
"""What has arrived goes to the helper five times a second: at every tick that of a fortieth of the recordings."""
MOST_WAITING: Final = 3000
"""Packets of a side that wait for a disk that stands still: a minute. What comes then is lost."""


@dataclass(slots=True, eq=False)
class Recording:
    """The pump appends to `packets` and `sent`; `tape` is touched by jobs of the helper alone."""

    request: int
    tape: Tape
    opened: Callable[[], None]
    """Called when the file is there."""
    answer: Callable[[float | None, Exception | None], None]
    """Told the seconds, or the error, when the file is complete. Once."""
    packets: list[Packet] = field(default_factory=list)
    sent: list[Packet] = field(default_factory=list)
    slot: int = 0
    """The tick of a batch in which it is written."""
    writing: bool = True
    """The helper is at it: the next batch waits."""
    ended: bool = False
    """It takes no more batches."""


class Recordings:
    """All that are not complete yet."""

    def __init__(self, helper: Helper, clock: Callable[[], float]) -> None:
        """`clock` in seconds; it stamps the packets, too."""
        self._helper = helper
        self._clock = clock
        self._slots: list[set[Recording]] = [set() for _ in range(BATCH_TICKS)]

    def start(self, recording: Recording) -> None:
        """Open the file and begin."""
        recording.slot = min(range(BATCH_TICKS), key=lambda slot: len(self._slots[slot]))
        self._slots[recording.slot].add(recording)
        self._helper.submit(recording.tape.open, partial(self._opened, recording))

    def end(self, recording: Recording) -> None:
        """Complete it with what has arrived until now; nothing if it has ended."""
        if not recording.ended:
            recording.ended = True
            job = partial(recording.tape.finish, self._clock(), recording.packets, recording.sent)
            recording.packets, recording.sent = [], []
            self._helper.submit(job, partial(self._finished, recording))

    def end_all(self) -> None:
        """Complete them all."""
        for recording in [one for slot in self._slots for one in slot]:
            self.end(recording)

    def write(self, tick: int) -> None:
        """Hand to the helper what those of this tick have got since the last time."""
        recordings = self._slots[tick % BATCH_TICKS]
        now = self._clock() if recordings else 0.0
        for recording in recordings:
            if recording.writing:
                del recording.packets[MOST_WAITING:], recording.sent[MOST_WAITING:]
            elif not recording.ended:
                job = partial(recording.tape.write, now, recording.packets, recording.sent)
                recording.packets, recording.sent, recording.writing = [], [], True
                self._helper.submit(job, partial(self._written, recording))

    def _opened(self, recording: Recording, _: Any, error: Exception | None) -> None:
        if error is None:
            recording.opened()
        self._written(recording, False, error)

    def _written(self, recording: Recording, over: bool | None, error: Exception | None) -> None:
        recording.writing = False
        if error is not None:
            recording.ended = True
            self._helper.submit(recording.tape.abandon, lambda _, __: None)
            self._finished(recording, None, error)
        elif over:
            self.end(recording)

    def _finished(self, recording: Recording, seconds: float | None, error: Exception | None) -> None:
        if recording in self._slots[recording.slot]:
            self._slots[recording.slot].discard(recording)
            recording.answer(seconds, error)
