"""Kill -9 while somebody is being called back."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from cordboard.office.callbacks import Callback, CallbackOrder, CallbackState, OrderResult, Origin
from cordboard.simulation.far_end import FarEnd
from cordboard.store.database import Store
from cordboard.telephony import SystemClock
from cordboard.testing.callbacks_crash import CLIENT, calling_back
from cordboard.testing.killing import OtherProcess
from cordboard.testing.store import sqlite_store


async def comes_to(store: Store, state: CallbackState) -> Callback:
    async with asyncio.timeout(30):
        while (found := await store.callbacks.get("1")) is None or found.state is not state:
            pass
        return found


@pytest.mark.slow
async def test_who_was_being_called_is_called_again_and_his_attempt_counts(tmp_path: Path) -> None:
    now = SystemClock().now()
    other = OtherProcess("callbacks_crash", tmp_path)
    async with sqlite_store(tmp_path) as store:
        order = Callback("1", "+380671234567", CLIENT, Origin.QUEUE, now, now, now + timedelta(days=1), group="sales")
        await store.callbacks.order(order)
        await other.start()
        try:
            calling = await comes_to(store, CallbackState.CALLING)
        finally:
            await other.kill()
        assert calling.attempts == 1
        async with calling_back(tmp_path, FarEnd.answers(0.0, hangs_up_after=1.0)) as calls:
            waiting = await comes_to(store, CallbackState.WAITING)
            assert (waiting.attempts, waiting.outcome) == (1, "interrupted")
            await store.callbacks.postpone("1", now)  # it would wait a minute
            result, _ = await calls.order(CallbackOrder(CLIENT, Origin.WEB, group="sales"))
            assert result is OrderResult.STANDS
            done = await comes_to(store, CallbackState.DONE)
        assert (done.attempts, done.outcome) == (2, "answered")
