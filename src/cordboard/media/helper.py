"""The one thread beside the loop of the worker: reads, encodes and writes files, so that no voice waits for a disk.

The border: a job is a function without arguments that touches nothing of the loop; what is to be done with its result
is called by the loop, in `collect`. Jobs are done in the order in which they were given.
"""

import threading
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, NamedTuple


class _Job(NamedTuple):
    work: Callable[[], Any]
    done: Callable[[Any, Exception | None], None]


class Helper:
    """Starts its thread at once. Whoever made it must `close` it."""

    def __init__(self) -> None:
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._results: deque[tuple[_Job, Any, Exception | None]] = deque()
        self._open = 0
        self._thread = threading.Thread(target=self._work, name="files")
        self._thread.start()

    @property
    def busy(self) -> bool:
        """Whether a result is awaited."""
        return self._open > 0

    def submit(self, work: Callable[[], Any], done: Callable[[Any, Exception | None], None]) -> None:
        """Do `work` in the thread and let the loop call `done` with its result, or with None and its error."""
        self._open += 1
        self._jobs.put(_Job(work, done))

    def collect(self) -> None:
        """Tell what has been done since the last time."""
        while self._results:
            job, result, error = self._results.popleft()
            self._open -= 1
            job.done(result, error)

    def close(self) -> None:
        """Do all jobs that were given, tell their results, end the thread."""
        self._jobs.put(None)
        self._thread.join()
        self.collect()

    def _work(self) -> None:
        while job := self._jobs.get():
            try:
                result, error = job.work(), None
            except Exception as raised:  # noqa: BLE001  (whoever gave the job gets it)
                result, error = None, raised
            self._results.append((job, result, error))
