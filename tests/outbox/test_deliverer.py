"""The deliverer over a real store, in virtual time.

The database works in threads of its own, and virtual time does not wait for them: upper bounds of durations are wide.
"""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path

import pytest

from cordboard.outbox.backoff import next_try, pause
from cordboard.outbox.deliverer import Deliverer
from cordboard.outbox.ports import Gateway, PermanentError, State, TemporaryError, UncertainError
from cordboard.simulation.virtual_time import VirtualClock, virtual_time
from cordboard.store.database import Store
from cordboard.testing.outbox import TEN, ScriptedGateway, mail_effect, settled
from cordboard.testing.store import sqlite_store


@asynccontextmanager
async def delivering(
    store: Store, gateway: Gateway, node: str = "a", farewell: float = 5.0
) -> AsyncIterator[Deliverer]:
    deliverer = Deliverer(
        store.outbox, {"email": gateway}, VirtualClock(TEN), node, dice=random.Random(1), farewell=farewell
    )
    task = asyncio.create_task(deliverer.run())
    try:
        yield deliverer
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@pytest.mark.slow
@virtual_time
async def test_what_is_ordered_is_delivered_once(tmp_path: Path) -> None:
    gateway = ScriptedGateway()
    async with sqlite_store(tmp_path) as store, delivering(store, gateway):
        await store.runs.emit([mail_effect("a"), mail_effect("b", "anna@office.test, max@office.test")])
        done = await settled(store, 3)
        await asyncio.sleep(200)
    assert [(each.state, each.tries, each.receipt) for each in done] == [(State.DELIVERED, 1, "taken")] * 3
    assert sorted(each.recipient for each in gateway.attempts) == [
        "anna@office.test",
        "boss@office.test",
        "max@office.test",
    ]


@pytest.mark.slow
@virtual_time
async def test_a_gateway_that_is_away_gets_it_later_and_ever_more_seldom(tmp_path: Path) -> None:
    gateway = ScriptedGateway(*[TemporaryError("no line")] * 5)
    async with sqlite_store(tmp_path) as store, delivering(store, gateway):
        began = asyncio.get_running_loop().time()
        await store.runs.emit([mail_effect("a")])
        (done,) = await settled(store, 1)
        took = asyncio.get_running_loop().time() - began
    assert (done.state, done.tries, done.doubts) == (State.DELIVERED, 6, 0)
    assert 0.75 * 930 < took < 2 * 930  # 30 s, 1, 2, 4 and 8 min


@pytest.mark.slow
@virtual_time
async def test_a_far_end_that_names_a_time_is_left_alone_until_then(tmp_path: Path) -> None:
    gateway = ScriptedGateway(TemporaryError("slow down", retry_after=500))
    async with sqlite_store(tmp_path) as store, delivering(store, gateway):
        began = asyncio.get_running_loop().time()
        await store.runs.emit([mail_effect("a")])
        await settled(store, 1)
        assert 500 <= asyncio.get_running_loop().time() - began < 700


@virtual_time
async def test_a_refusal_for_good_is_not_tried_again_and_lets_the_next_go(tmp_path: Path) -> None:
    gateway = ScriptedGateway(PermanentError("no such mailbox"))
    async with sqlite_store(tmp_path) as store, delivering(store, gateway):
        await store.runs.emit([mail_effect("a"), mail_effect("b")])
        first, second = await settled(store, 2)
    assert (first.state, first.error) == (State.FAILED, "no such mailbox")
    assert second.state is State.DELIVERED
    assert [each.key for each in gateway.attempts] == ["a", "b"]


@pytest.mark.slow
@virtual_time
async def test_mails_to_one_recipient_keep_their_order_through_failures(tmp_path: Path) -> None:
    gateway = ScriptedGateway(TemporaryError("x"), TemporaryError("x"), None, TemporaryError("x"), places=5)
    async with sqlite_store(tmp_path) as store, delivering(store, gateway):
        await store.runs.emit([mail_effect(key) for key in "abc"])
        await settled(store, 3)
    assert [each.key for each in gateway.attempts] == ["a", "a", "a", "b", "b", "c"]


@pytest.mark.slow
@virtual_time
async def test_the_deadline_ends_the_attempts(tmp_path: Path) -> None:
    gateway = ScriptedGateway(*[TemporaryError("no line")] * 99)
    async with sqlite_store(tmp_path) as store, delivering(store, gateway):
        await store.runs.emit([mail_effect("a", patience=600.0, ordered=TEN.isoformat())])
        (done,) = await settled(store, 1)
    assert done.state is State.FAILED
    assert done.error.endswith("no line")
    assert done.settled is not None
    assert timedelta(minutes=8) < done.settled - TEN < timedelta(minutes=12)


@pytest.mark.slow
@virtual_time
async def test_what_is_in_doubt_is_sent_again_where_the_far_end_can_tell(tmp_path: Path) -> None:
    gateway = ScriptedGateway(UncertainError("lost"), TimeoutError())
    async with sqlite_store(tmp_path) as store, delivering(store, gateway):
        await store.runs.emit([mail_effect("a")])
        (done,) = await settled(store, 1)
    assert (done.state, done.tries, done.doubts) == (State.DELIVERED, 3, 2)


@virtual_time
async def test_what_is_in_doubt_is_left_to_people_where_it_cannot(tmp_path: Path) -> None:
    gateway = ScriptedGateway(UncertainError("lost"), repeats=False)
    async with sqlite_store(tmp_path) as store, delivering(store, gateway):
        await store.runs.emit([mail_effect("a"), mail_effect("b")])
        first, second = await settled(store, 2)
        assert (first.state, first.doubts, first.error) == (State.UNCERTAIN, 1, "lost")
        assert second.state is State.DELIVERED
        assert await store.outbox.again(1, TEN)
        first, second = await settled(store, 2)
    assert (first.state, len(gateway.attempts)) == (State.DELIVERED, 3)


@pytest.mark.slow
@virtual_time
async def test_no_more_at_a_time_than_the_gateway_has_places(tmp_path: Path) -> None:
    gateway = ScriptedGateway(places=3, seconds=7)
    async with sqlite_store(tmp_path) as store, delivering(store, gateway):
        await store.runs.emit([mail_effect(str(n), f"u{n}@office.test") for n in range(20)])
        await settled(store, 20)
    assert (gateway.at_once, len(gateway.attempts)) == (3, 20)


@pytest.mark.slow
async def test_a_stop_waits_a_little_for_what_is_being_handed_over(tmp_path: Path) -> None:
    gateway = ScriptedGateway(seconds=0.2)
    async with sqlite_store(tmp_path) as store:
        async with delivering(store, gateway):
            await store.runs.emit([mail_effect("a")])
            await gateway.busy.wait()
        (done,) = await store.outbox.find()
    assert done.state is State.DELIVERED


@pytest.mark.slow
async def test_what_a_stop_cuts_off_is_in_doubt_after_the_next_start(tmp_path: Path) -> None:
    gateway = ScriptedGateway(seconds=60)
    async with sqlite_store(tmp_path) as store:
        async with delivering(store, gateway, farewell=0.05):
            await store.runs.emit([mail_effect("a")])
            await gateway.busy.wait()
        (cut,) = await store.outbox.find()
        assert (cut.state, cut.tries) == (State.SENDING, 1)
        async with delivering(store, ScriptedGateway()):
            (done,) = await settled(store, 1)
    assert (done.state, done.tries, done.doubts) == (State.DELIVERED, 2, 1)


@pytest.mark.slow
@virtual_time
async def test_a_gateway_that_breaks_stops_nobody_else(tmp_path: Path) -> None:
    gateway = ScriptedGateway(ZeroDivisionError("oops"))
    async with sqlite_store(tmp_path) as store, delivering(store, gateway):
        await store.runs.emit([mail_effect("a"), mail_effect("b", "anna@office.test")])
        done = await settled(store, 2)
    assert [(each.state, each.doubts) for each in done] == [(State.DELIVERED, 1), (State.DELIVERED, 0)]


@pytest.mark.slow
@virtual_time
async def test_two_nodes_share_the_work_and_do_nothing_twice(tmp_path: Path) -> None:
    one, two = ScriptedGateway(seconds=1), ScriptedGateway(seconds=1)
    async with sqlite_store(tmp_path) as store, delivering(store, one, "a"), delivering(store, two, "b"):
        await store.runs.emit([mail_effect(str(n), f"u{n}@office.test") for n in range(40)])
        done = await settled(store, 40)
    assert {each.tries for each in done} == {1}
    assert sorted(each.key for each in [*one.attempts, *two.attempts]) == sorted(str(n) for n in range(40))
    assert one.attempts
    assert two.attempts


def test_pauses_double_up_to_an_hour_with_a_quarter_of_chance() -> None:
    dice = random.Random(1)
    for tries, seconds in [(1, 30), (2, 60), (3, 120), (7, 1920), (8, 3600), (1000, 3600)]:
        found = [pause(tries, dice) for _ in range(200)]
        assert 0.75 * seconds <= min(found) < 0.8 * seconds
        assert 1.2 * seconds < max(found) <= 1.25 * seconds


def test_the_last_tries_come_closer_to_the_deadline() -> None:
    deadline = TEN + timedelta(hours=1)
    assert next_try(TEN, deadline, 60) == TEN + timedelta(minutes=1)
    assert next_try(TEN, deadline, 7200) == TEN + timedelta(minutes=30)
    assert next_try(TEN + timedelta(minutes=59, seconds=30), deadline, 1) is None
