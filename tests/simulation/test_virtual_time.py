import asyncio
import selectors
import time
from datetime import UTC, datetime

import pytest

from cordboard.simulation.virtual_time import DeadlockError, VirtualClock, run, virtual_time


@virtual_time
async def test_two_days_pass_at_once() -> None:
    began = time.monotonic()
    clock = VirtualClock(datetime(2026, 11, 23, 10, 0, tzinfo=UTC))
    await asyncio.sleep(2 * 86400)
    assert clock.now().replace(microsecond=0) == datetime(2026, 11, 25, 10, 0, tzinfo=UTC)
    assert time.monotonic() - began < 1


@virtual_time
async def test_sleepers_wake_in_order() -> None:
    woken: list[int] = []

    async def sleep(seconds: int) -> None:
        await asyncio.sleep(seconds)
        woken.append(seconds)

    await asyncio.gather(sleep(30), sleep(1), sleep(20))
    assert woken == [1, 20, 30]


@virtual_time
async def test_a_thread_is_waited_for_in_real_time() -> None:
    assert await asyncio.to_thread(lambda: 7) == 7


def test_waiting_for_what_never_comes_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    original = selectors.DefaultSelector.select
    monkeypatch.setattr(selectors.DefaultSelector, "select", lambda self, timeout=None: original(self, 0))

    async def wait_for_ever() -> None:
        await asyncio.Event().wait()

    with pytest.raises(DeadlockError, match="stands still"):
        run(wait_for_ever())
