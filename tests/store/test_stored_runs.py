"""What the contract suite cannot ask of a store in memory: restarts, two processes, all or nothing."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
import structlog
from sqlalchemy.exc import StatementError

from cordboard.scenario.context import RunMode
from cordboard.scenario.ports import (
    Effect,
    Ending,
    LeaseLostError,
    Message,
    NewRun,
    Release,
    RunTrace,
    ScenarioError,
    StepTrace,
)
from cordboard.scenario.results import Outcome
from cordboard.store.database import Store
from cordboard.testing.store import STORES, Opened

TEN = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
PHONE = "+380671234567"
STEP = StepTrace("r1", "c1", "menu", "s", "play", 0, TEN, 0.25, {"text": "Привет"}, {"x": "1"}, "done")
SMS = Effect("sms", "thanks:+380671234567", {"text": "Спасибо \ud800", "to": "+380671234567"}, "r1", "c1")


def at(seconds: float) -> datetime:
    return TEN + timedelta(seconds=seconds)


def run(name: str = "r1", key: str = "+380671234567", started: float = 0) -> NewRun:
    return NewRun(name, "callback", 3, "c1", {"step": "pause", "сумма": "1.50"}, at(started), key)


@pytest.fixture(params=STORES)
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Opened:
    return partial(STORES[request.param], tmp_path)


@pytest.fixture
async def store(opened: Opened) -> AsyncIterator[Store]:
    async with opened() as store:
        yield store


async def test_a_run_goes_on_after_a_restart_where_its_last_finished_step_left_it(opened: Opened) -> None:
    async with opened() as store:
        await store.runs.start(run())
        (claimed,) = await store.runs.claim(at(0), "a", at(30))
        await store.runs.finish_step("r1", claimed.epoch, {"step": "call"}, [SMS])
        assert await store.runs.next_wake() == at(30)  # the end of the lease that nobody will renew
    async with opened() as store:
        assert await store.runs.claim(at(29), "a", at(60)) == []
        (claimed,) = await store.runs.claim(at(30), "a", at(60))
        assert (claimed.checkpoint, claimed.epoch) == ({"step": "call"}, 2)
        await store.runs.finish_step("r1", 2, {}, [SMS], wake=at(7200))
        assert await store.runs.next_wake() == at(7200)
        assert await store.runs.renew({"r1": 2}, at(9000)) == ["r1"]  # a late renewal must not let it oversleep
        assert await store.runs.next_wake() == at(7200)
        assert await store.runs.effects() == [SMS]
        await store.runs.finish_step("r1", 2, {}, ending=Ending(Outcome.FINISHED, {"x": [1, None]}))
        found = await store.runs.get("r1")
        assert found is not None
        assert found.ending == Ending(Outcome.FINISHED, {"x": [1, None]})
        assert await store.runs.next_wake() is None


async def test_whoever_lost_the_lease_writes_nothing_at_all(opened: Opened) -> None:
    async with opened() as slow, opened() as fast:
        await slow.runs.start(run())
        (old,) = await slow.runs.claim(at(0), "slow", at(30))
        (new,) = await fast.runs.claim(at(30), "fast", at(60))
        assert await slow.runs.renew({"r1": old.epoch}, at(90)) == ["r1"]
        with pytest.raises(LeaseLostError):
            await slow.runs.finish_step("r1", old.epoch, {"step": "stolen"}, [SMS])
        assert await fast.runs.effects() == []
        assert new.checkpoint == run().checkpoint
        (still,) = await fast.runs.find()
        assert (still.node, still.ending) == ("fast", None)


async def test_two_processes_never_claim_the_same_run(opened: Opened) -> None:
    async with opened() as one, opened() as two:
        for number in range(20):
            await one.runs.start(run(f"r{number}"))
        with structlog.testing.capture_logs() as logs:
            claims = await asyncio.gather(
                *(store.runs.claim(at(1), "node", at(30), limit=3) for store in (one, two) for _ in range(4))
            )
        assert logs == []  # both read and then write: one waits for the other from the start, and none fails halfway
        ids = [claimed.id for claim in claims for claimed in claim]
        assert len(ids) == 20
        assert len(set(ids)) == 20


async def test_starts_of_two_processes_at_once_add_one_single_run(opened: Opened) -> None:
    async with opened() as one, opened() as two:
        ids = await asyncio.gather(
            *(
                store.runs.start(run(f"{name}{n}"), RunMode.SINGLE)
                for name, store in (("a", one), ("b", two))
                for n in range(5)
            )
        )
        assert len(set(ids)) == 1
        assert [found.id for found in await one.runs.find()] == [ids[0]]


async def test_a_step_whose_effect_cannot_be_written_does_not_happen(store: Store) -> None:
    await store.runs.start(run())
    (claimed,) = await store.runs.claim(at(0), "a", at(30))
    bad = replace(SMS, key="bad", payload={"no json": object()})
    with pytest.raises((StatementError, TypeError)):  # each driver has its own
        await store.runs.finish_step("r1", claimed.epoch, {"step": "after"}, [SMS, bad])
    (again,) = await store.runs.claim(at(30), "a", at(60))
    assert again.checkpoint == run().checkpoint
    assert await store.runs.effects() == []


async def test_releases_are_numbered_and_kept_to_the_letter(opened: Opened) -> None:
    text = "name: main\r\n# «Привет»\n"
    async with opened() as store:
        assert await store.releases.current() == 0
        numbers = await asyncio.gather(
            *(store.releases.publish({"main": text, "menu": str(n)}, message="first", at=TEN) for n in range(3))
        )
        assert sorted(numbers) == [1, 2, 3]
    async with opened() as store:
        assert await store.releases.current() == 3
        assert await store.releases.load(numbers[0]) == Release(numbers[0], {"main": text, "menu": "0"}, "first", TEN)
        with pytest.raises(ScenarioError, match="there is no release 4"):
            await store.releases.load(4)


async def test_traces_come_back_in_order(store: Store) -> None:
    begun = RunTrace(
        "r1", "c1", "menu", 3, "voice", at(0), start={"сума": "1"}, caller="067 123 45 67", caller_phone=PHONE
    )
    ended = replace(begun, ended=at(9), outcome=Outcome.HUNG_UP, variables={"имя": "Олена \udcff"})
    steps = [
        replace(STEP, step=f"step{n}", entered=at(n), error="oops", taken={"x": {"number": "1"}}, keys=((0.5, "1"),))
        for n in range(500)
    ]
    store.traces.run(begun)
    for step in steps:
        store.traces.step(step)
    store.traces.step(replace(steps[0], run_id="r2"))
    store.traces.run(ended)
    await store.writer.flush()
    assert await store.traces.runs_of("c1") == [ended]
    assert await store.traces.steps_of("r1") == steps
    assert store.writer.groups == 2
    assert store.writer.dropped == 0


async def test_old_traces_are_forgotten_with_their_steps(store: Store) -> None:
    for number in range(250):
        store.traces.run(RunTrace(f"r{number}", "c1", "menu", 3, "voice", at(number)))
        store.traces.step(replace(STEP, run_id=f"r{number}"))
    await store.writer.flush()
    assert await store.traces.forget_before(at(249)) == 249
    assert [trace.run_id for trace in await store.traces.runs_of("c1")] == ["r249"]
    assert await store.traces.steps_of("r248") == []
    assert len(await store.traces.steps_of("r249")) == 1


async def test_more_traces_than_wanted_are_forgotten_from_the_oldest_on(store: Store) -> None:
    for number in range(250):
        store.traces.run(RunTrace(f"r{number}", "c1", "menu", 3, "voice", at(number)))
    await store.writer.flush()
    assert await store.traces.forget_beyond(250) == 0
    assert await store.traces.forget_beyond(30) == 220
    assert [trace.run_id for trace in await store.traces.runs_of("c1")] == [f"r{n}" for n in range(220, 250)]


async def test_who_follows_the_messages_of_two_nodes_misses_none(opened: Opened) -> None:
    async with opened() as one, opened() as two:

        async def post(store: Store, name: str) -> None:
            for n in range(30):
                await store.runs.emit([], [Message("go", id=f"{name}{n}", posted=TEN)])

        async with asyncio.TaskGroup() as group:
            group.create_task(post(one, "a"))
            group.create_task(post(two, "b"))
            followed: list[Message] = []
            while len(followed) < 60:
                followed += await one.runs.messages(after=followed[-1].seq if followed else 0)
    assert [message.seq for message in followed] == list(range(1, 61))
    assert {message.id for message in followed} == {f"{name}{n}" for name in "ab" for n in range(30)}


async def test_of_the_queued_runs_of_two_nodes_one_is_under_way(opened: Opened) -> None:
    async with opened() as one, opened() as two:
        await asyncio.gather(
            *(
                store.runs.start(run(f"{name}{n}"), RunMode.QUEUED)
                for name, store in (("a", one), ("b", two))
                for n in range(5)
            )
        )
        seen = []
        for _ in range(10):
            claims = await asyncio.gather(*(store.runs.claim(at(1), "node", at(30)) for store in (one, two)))
            (current,) = (claimed for claim in claims for claimed in claim)
            seen.append(current.id)
            # Both nodes cancel it at once: the next one is given its place a single time.
            await asyncio.gather(*(store.runs.cancel(current.id, at(2)) for store in (one, two)))
        assert sorted(seen) == sorted(f"{name}{n}" for name in "ab" for n in range(5))


async def test_what_no_database_takes_is_not_found_and_does_no_harm(store: Store) -> None:
    strange = "r1\x00\ud800"
    assert await store.runs.get(strange) is None
    assert not await store.runs.cancel(strange, TEN)
    assert await store.runs.find(scenario=strange, key=strange) == []
    assert await store.traces.find(scenario=strange, step=strange, number=strange, error=strange, before=strange) == []
    assert await store.traces.load(strange) is None
    await store.runs.emit([], [Message(strange, strange, {"x": strange}, strange, id=strange)])
    (message,) = await store.runs.messages(run_id=strange)
    assert (message.name, message.data) == ("r1?", {"x": strange})
