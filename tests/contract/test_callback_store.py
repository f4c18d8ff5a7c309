"""Promised callbacks over every database."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cordboard.office.callbacks import Callback, CallbackRepository, CallbackState, Origin
from cordboard.testing.callbacks import MemoryCallbacks
from cordboard.testing.store import STORES

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


@pytest.fixture(params=["memory", *STORES])
async def callbacks(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[CallbackRepository]:
    if request.param == "memory":
        yield MemoryCallbacks()
        return
    async with STORES[request.param](tmp_path) as opened:
        yield opened.callbacks


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
        note="Анна",
    )


async def test_a_callback_comes_back_as_it_was_ordered(callbacks: CallbackRepository) -> None:
    await callbacks.order(callback())
    assert await callbacks.get("1") == callback()
    assert await callbacks.get("2") is None


async def test_what_a_stranger_writes_can_be_stored(tmp_path: Path) -> None:
    async with STORES["sqlite"](tmp_path) as store:
        stands = await store.callbacks.order(replace(callback(), note="Анна\0\ud800"))
        kept = await store.callbacks.get("1")
        assert kept == stands
        assert kept is not None
        assert kept.note == "Анна?"


async def test_two_orders_of_one_number_are_one(callbacks: CallbackRepository) -> None:
    orders = [replace(callback(str(number)), chain=f"c{number}") for number in range(5)]
    stand = await asyncio.gather(*(callbacks.order(order) for order in orders))
    assert {each.id for each in stand} == {stand[0].id}
    (kept,) = await callbacks.listed()
    assert kept.chain in {f"c{number}" for number in range(5)}
    other = await callbacks.order(callback("other", "+380509999999"))
    assert other.id == "other"


async def test_a_settled_one_makes_place_for_the_next(callbacks: CallbackRepository) -> None:
    await callbacks.order(callback())
    assert await callbacks.settle("1", CallbackState.DONE, "answered", LATER)
    assert not await callbacks.settle("1", CallbackState.CANCELLED, "late", LATER)
    assert not await callbacks.postpone("1", LATER)
    assert await callbacks.open_of("+380671234567") is None
    assert (await callbacks.order(callback("2"))).id == "2"
    done = await callbacks.get("1")
    assert done is not None
    assert (done.state, done.outcome, done.settled) == (CallbackState.DONE, "answered", LATER)


async def test_those_are_due_whose_time_has_come_the_longest_waiting_first(callbacks: CallbackRepository) -> None:
    await callbacks.order(replace(callback("young", "1"), since=NOW))
    await callbacks.order(replace(callback("plain", "2"), since=None, ordered=NOW - timedelta(minutes=2)))
    await callbacks.order(callback("old", "3"))
    await callbacks.order(replace(callback("later", "4"), due=LATER))
    assert [each.id for each in await callbacks.due(NOW, 10)] == ["old", "plain", "young"]
    assert [each.id for each in await callbacks.due(NOW, 1)] == ["old"]
    assert await callbacks.next_due() == NOW
    for id_ in ("old", "plain", "young"):
        assert await callbacks.begin(id_, NOW) is not None
    assert await callbacks.next_due() == LATER


async def test_a_call_is_begun_once_and_counted(callbacks: CallbackRepository) -> None:
    await callbacks.order(callback())
    begun = await asyncio.gather(*(callbacks.begin("1", NOW) for _ in range(5)))
    (calling,) = [each for each in begun if each is not None]
    assert (calling.state, calling.attempts) == (CallbackState.CALLING, 1)
    assert await callbacks.due(LATER, 10) == []
    last = await callbacks.last_attempt("+380671234567")
    assert last is not None
    assert (last.at, last.outcome) == (NOW, "")
    await callbacks.note_attempt("1", "busy")
    assert await callbacks.postpone("1", LATER, "busy")
    again = await callbacks.begin("1", LATER)
    assert again is not None
    assert (again.attempts, again.outcome) == (2, "busy")
    await callbacks.note_attempt("1", "answered")
    last = await callbacks.last_attempt("+380671234567")
    assert last is not None
    assert (last.at, last.outcome) == (LATER, "answered")
    assert await callbacks.attempts_since("+380671234567", NOW) == 2
    assert await callbacks.attempts_since("+380671234567", LATER) == 1
    assert await callbacks.last_attempt("1") is None


async def test_what_was_being_called_at_a_crash_waits_again_with_its_attempt_counted(
    callbacks: CallbackRepository,
) -> None:
    await callbacks.order(callback("1", "1"))
    await callbacks.order(callback("2", "2"))
    await callbacks.begin("1", NOW)
    assert await callbacks.recover(LATER) == 1
    cut = await callbacks.get("1")
    assert cut is not None
    assert (cut.state, cut.attempts, cut.due, cut.outcome) == (CallbackState.WAITING, 1, LATER, "interrupted")
    assert await callbacks.recover(LATER) == 0


async def test_they_are_listed_by_state(callbacks: CallbackRepository) -> None:
    for number in range(3):
        await callbacks.order(replace(callback(str(number), str(number)), ordered=NOW + timedelta(minutes=number)))
    await callbacks.settle("1", CallbackState.FAILED, "busy", LATER)
    assert [each.id for each in await callbacks.listed()] == ["2", "1", "0"]
    assert [each.id for each in await callbacks.listed(limit=1)] == ["2"]
    assert [each.id for each in await callbacks.listed(states=[CallbackState.FAILED])] == ["1"]
