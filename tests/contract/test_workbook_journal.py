"""The contract of `datasource.excel.ports.Journal`, over every database."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cordboard.datasource.excel.ports import WORKBOOK, Doubt, WriteFault
from cordboard.scenario.ports import Effect
from cordboard.store.database import Store
from cordboard.testing.store import STORES

TEN = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture(params=STORES)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    async with STORES[request.param](tmp_path) as opened:
        yield opened


async def ordered(store: Store, *names: str) -> list[int]:
    effects = [Effect(WORKBOOK, name, {"workbook": name}, "run-1", "chain-1") for name in names]
    await store.runs.emit([*effects, Effect("email", "other", {"to": "a@b.test"})])
    return [entry.seq for entry in await store.workbooks.waiting()]


async def test_orders_wait_in_their_order_until_they_are_done(store: Store) -> None:
    one, two, three = await ordered(store, "a", "b", "c")
    entries = await store.workbooks.waiting(one)
    assert [(entry.seq, entry.payload, entry.run_id) for entry in entries] == [
        (two, {"workbook": "b"}, "run-1"),
        (three, {"workbook": "c"}, "run-1"),
    ]
    await store.workbooks.done("a", [one, three])
    assert [entry.seq for entry in await store.workbooks.waiting()] == [two]
    assert [entry.seq for entry in await store.workbooks.waiting(0, limit=0)] == []


async def test_a_writing_is_in_doubt_until_it_is_done(store: Store) -> None:
    (one,) = await ordered(store, "a")
    assert await store.workbooks.begun("a") is None
    await store.workbooks.begin("a", Doubt("x", "y", [one]))
    await store.workbooks.begin("a", Doubt("y", "z", [one, 7]))
    assert await store.workbooks.begun("a") == Doubt("y", "z", (one, 7))
    assert await store.workbooks.begun("b") is None
    await store.workbooks.done("a", [one])
    assert await store.workbooks.begun("a") is None


async def test_what_cannot_be_written_is_kept_until_somebody_has_seen_it(store: Store) -> None:
    one, two = await ordered(store, "a", "b")
    fault = WriteFault(one, "a", "there is no row\x00 any more", {"workbook": "a"}, TEN)
    await store.workbooks.failed([fault])
    assert [entry.seq for entry in await store.workbooks.waiting()] == [two]
    (kept,) = await store.workbooks.faults()
    assert (kept.seq, kept.workbook, kept.payload, kept.at) == (one, "a", {"workbook": "a"}, TEN)
    assert "no row" in kept.error
    assert await store.workbooks.forget(one)
    assert not await store.workbooks.forget(one)
    assert await store.workbooks.faults() == []


async def test_one_node_at_a_time_writes(store: Store) -> None:
    assert await store.workbooks.mine("a", TEN + MINUTE, TEN)
    assert not await store.workbooks.mine("b", TEN + MINUTE, TEN)
    assert await store.workbooks.mine("a", TEN + 2 * MINUTE, TEN + MINUTE)
    assert not await store.workbooks.mine("b", TEN + 3 * MINUTE, TEN + MINUTE)
    assert await store.workbooks.mine("b", TEN + 4 * MINUTE, TEN + 2 * MINUTE)
