"""An asyncio loop whose clock jumps to the next timer instead of waiting: two days pass in a millisecond."""

import asyncio
import functools
import selectors
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class _JumpingSelector(selectors.DefaultSelector):
    """Looks for real events without waiting; what would have been waited for is added to the clock."""

    def __init__(self) -> None:
        super().__init__()
        self.elapsed = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready:
            return ready
        if timeout is None:
            # Nothing is scheduled: only a thread or a socket can wake us. Really wait for it, but not for ever.
            ready = super().select(5.0)
            if not ready:
                raise DeadlockError
            return ready
        self.elapsed += timeout
        return ready


class DeadlockError(RuntimeError):
    """Every task waits for something that no timer will bring."""

    def __init__(self) -> None:
        super().__init__("virtual time stands still: each task waits for an event that nothing will set")


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """A loop in virtual time. Use `run` or `virtual_time`; it takes no part in the time of the machine."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Seconds of virtual time since the loop was made."""
        return self._jumping.elapsed


class VirtualClock:
    """The time of day in virtual time: `start` when the loop was at zero."""

    def __init__(self, start: datetime = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)) -> None:
        self._start = start

    def now(self) -> datetime:
        """The present virtual moment, aware, in UTC."""
        return self._start + timedelta(seconds=asyncio.get_running_loop().time())


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run to the end in a virtual-time loop of its own."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(coroutine)


def virtual_time(test: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, T]:
    """Turn a coroutine function (a test) into a plain one that runs in virtual time."""

    @functools.wraps(test)
    def in_virtual_time(*args: P.args, **kwargs: P.kwargs) -> T:
        return run(test(*args, **kwargs))

    return in_virtual_time


async def settle(rounds: int = 20) -> None:
    """Let everything that can happen now happen, without the passing of time."""
    for _ in range(rounds):
        await asyncio.sleep(0)
