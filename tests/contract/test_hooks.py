from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cordboard.scenario.hooks import Hook, HookKind, Hooks
from cordboard.testing.hooks import MemoryHooks
from cordboard.testing.store import STORES

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
MISSED = Hook("missed", HookKind.EVENT, "callback", "call.missed", {"tries": "3"}, created=NOW)
DAILY = Hook("daily", HookKind.SCHEDULE, "report", "daily at 09:00", enabled=False)


@pytest.fixture(params=["memory", *STORES])
async def hooks(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Hooks]:
    if request.param == "memory":
        yield MemoryHooks()
        return
    async with STORES[request.param](tmp_path) as store:
        yield store.hooks


async def test_what_was_put_is_there_by_name(hooks: Hooks) -> None:
    await hooks.put(MISSED)
    await hooks.put(DAILY)
    assert list(await hooks.all()) == [DAILY, MISSED]


async def test_a_hook_of_the_same_name_is_replaced(hooks: Hooks) -> None:
    await hooks.put(MISSED)
    other = Hook("missed", HookKind.AFTER_TALK, "survey")
    await hooks.put(other)
    assert list(await hooks.all()) == [other]


async def test_what_was_removed_is_gone(hooks: Hooks) -> None:
    await hooks.put(MISSED)
    assert await hooks.remove("missed")
    assert not await hooks.remove("missed")
    assert list(await hooks.all()) == []


async def test_what_was_seen_to_moves_forward_only(hooks: Hooks) -> None:
    await hooks.put(DAILY)
    await hooks.seen_to("daily", NOW, "")
    await hooks.seen_to("daily", NOW - timedelta(days=1), "late")
    await hooks.seen_to("gone", NOW, "nobody")
    (daily,) = await hooks.all()
    assert (daily.fired, daily.error) == (NOW, "late")
    await hooks.seen_to("daily", None, "")
    (daily,) = await hooks.all()
    assert (daily.fired, daily.error) == (NOW, "")
