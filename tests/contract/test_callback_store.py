"""Promised callbacks over every database."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cordboard.office.callbacks import Callback, CallbackState, Origin
from cordboard.store.database import Store
from cordboard.testing.store import STORES

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


@pytest.fixture(params=STORES)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    async with STORES[request.param](tmp_path) as opened:
        yield opened


def callback(id_: str = "1", phone: str = "+380671234567") -> Callback:
    return Callback(
        id_,
        phone,
        "0671234567",
        Origin.QUEUE,
        NOW,
        NOW,
        NOW + timedelta(days=3),
        group="sales",
        priority=3,
        since=NOW - timedelta(minutes=7),
        skills=("english",),
        language="uk",
        chain="c1",
        note="Анна\0",
    )


async def test_a_callback_comes_back_as_it_was_ordered(store: Store) -> None:
    await store.callbacks.order(callback())
    assert await store.callbacks.get("1") == replace(callback(), note="Анна")
    assert await store.callbacks.get("2") is None


async def test_two_orders_of_one_number_are_one(store: Store) -> None:
    orders = [replace(callback(str(number)), chain=f"c{number}") for number in range(5)]
    stand = await asyncio.gather(*(store.callbacks.order(order) for order in orders))
    assert {each.id for each in stand} == {stand[0].id}
    (kept,) = await store.callbacks.listed()
    assert kept.chain in {f"c{number}" for number in range(5)}
    other = await store.callbacks.order(callback("other", "+380509999999"))
    assert other.id == "other"


async def test_a_settled_one_makes_place_for_the_next(store: Store) -> None:
    await store.callbacks.order(callback())
    assert await store.callbacks.settle("1", CallbackState.DONE, "answered", LATER)
    assert not await store.callbacks.settle("1", CallbackState.CANCELLED, "late", LATER)
    assert not await store.callbacks.postpone("1", LATER)
    assert await store.callbacks.open_of("+380671234567") is None
    assert (await store.callbacks.order(callback("2"))).id == "2"
    done = await store.callbacks.get("1")
    assert done is not None
    assert (done.state, done.outcome, done.settled) == (CallbackState.DONE, "answered", LATER)


async def test_those_are_due_whose_time_has_come_the_longest_waiting_first(store: Store) -> None:
    await store.callbacks.order(replace(callback("young", "1"), since=NOW))
    await store.callbacks.order(replace(callback("plain", "2"), since=None, ordered=NOW - timedelta(minutes=2)))
    await store.callbacks.order(callback("old", "3"))
    await store.callbacks.order(replace(callback("later", "4"), due=LATER))
    assert [each.id for each in await store.callbacks.due(NOW, 10)] == ["old", "plain", "young"]
    assert [each.id for each in await store.callbacks.due(NOW, 1)] == ["old"]
    assert await store.callbacks.next_due() == NOW
    for id_ in ("old", "plain", "young"):
        assert await store.callbacks.begin(id_, NOW) is not None
    assert await store.callbacks.next_due() == LATER


async def test_a_call_is_begun_once_and_counted(store: Store) -> None:
    await store.callbacks.order(callback())
    begun = await asyncio.gather(*(store.callbacks.begin("1", NOW) for _ in range(5)))
    (calling,) = [each for each in begun if each is not None]
    assert (calling.state, calling.attempts) == (CallbackState.CALLING, 1)
    assert await store.callbacks.due(LATER, 10) == []
    last = await store.callbacks.last_attempt("+380671234567")
    assert last is not None
    assert (last.at, last.outcome) == (NOW, "")
    await store.callbacks.note_attempt("1", "busy")
    assert await store.callbacks.postpone("1", LATER, "busy")
    again = await store.callbacks.begin("1", LATER)
    assert again is not None
    assert (again.attempts, again.outcome) == (2, "busy")
    await store.callbacks.note_attempt("1", "answered")
    last = await store.callbacks.last_attempt("+380671234567")
    assert last is not None
    assert (last.at, last.outcome) == (LATER, "answered")
    assert await store.callbacks.attempts_since("+380671234567", NOW) == 2
    assert await store.callbacks.attempts_since("+380671234567", LATER) == 1
    assert await store.callbacks.last_attempt("1") is None


async def test_what_was_being_called_at_a_crash_waits_again_with_its_attempt_counted(store: Store) -> None:
    await store.callbacks.order(callback("1", "1"))
    await store.callbacks.order(callback("2", "2"))
    await store.callbacks.begin("1", NOW)
    assert await store.callbacks.recover(LATER) == 1
    cut = await store.callbacks.get("1")
    assert cut is not None
    assert (cut.state, cut.attempts, cut.due, cut.outcome) == (CallbackState.WAITING, 1, LATER, "interrupted")
    assert await store.callbacks.recover(LATER) == 0


async def test_they_are_listed_by_state(store: Store) -> None:
    for number in range(3):
        await store.callbacks.order(
            replace(callback(str(number), str(number)), ordered=NOW + timedelta(minutes=number))
        )
    await store.callbacks.settle("1", CallbackState.FAILED, "busy", LATER)
    assert [each.id for each in await store.callbacks.listed()] == ["2", "1", "0"]
    assert [each.id for each in await store.callbacks.listed(limit=1)] == ["2"]
    assert [each.id for each in await store.callbacks.listed(states=[CallbackState.FAILED])] == ["1"]
