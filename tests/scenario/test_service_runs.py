import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from cordboard.scenario.context import RunMode, ScenarioError
from cordboard.scenario.results import Outcome
from cordboard.scenario.runner import Runner
from cordboard.simulation.virtual_time import virtual_time
from cordboard.testing.scenario import MemoryRunStore
from cordboard.testing.steps import Stage, service

NUMBER = "variables:\n  - {name: phone, type: phone, parameter: true}\n  - {name: n, type: number}"
PATIENT = service(
    """
    a: {component: emit, key: "a{phone}", text: begun, exits: {done: b}}
    b: {component: wait, time: 2d, exits: {done: c}}
    c: {component: put, into: n, value: "=n + 1", exits: {done: d}}
    d: {component: end, value: "=n"}
    """,
    head=NUMBER,
)


@asynccontextmanager
async def served(*runners: Runner) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(runner.serve()) for runner in runners]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def ended(stage: Stage, run_id: str) -> tuple[Outcome, Any, str]:
    while True:
        info = await stage.store.get(run_id)
        assert info is not None
        if info.ending is not None:
            return info.ending.outcome, info.ending.value, info.ending.error
        await asyncio.sleep(30)


@virtual_time
async def test_a_pause_of_two_days_is_a_row_and_no_task() -> None:
    stage = Stage(PATIENT)
    async with served(stage.runner):
        run_id = await stage.runner.start_service("work", {"phone": "0671234567"}, chain="c1")
        await asyncio.sleep(3600)
        info = await stage.store.get(run_id)
        assert info is not None
        assert (info.node, stage.runner.live()) == ("", [])
        assert info.wake == info.started + timedelta(days=2)
        assert await ended(stage, run_id) == (Outcome.FINISHED, {"number": "1"}, "")
    assert [(effect.key, effect.chain) for effect in await stage.store.effects()] == [("a0671234567", "c1")]
    assert {run.started for run in stage.traces.runs} == {info.started}


@virtual_time
async def test_a_sleeping_run_is_woken_by_another_node() -> None:
    stage = Stage(PATIENT)
    async with served(stage.runner):
        run_id = await stage.runner.start_service("work")
        await asyncio.sleep(60)
    async with served(stage.node("b")):
        assert (await ended(stage, run_id))[0] is Outcome.FINISHED
    assert [step.step for step in stage.traces.steps] == ["a", "b", "b", "c", "d"]


@virtual_time
async def test_single_gives_the_run_that_is_there() -> None:
    stage = Stage(PATIENT)
    async with served(stage.runner):
        start = stage.runner.start_service
        first = await start("work", key="0671234567", mode=RunMode.SINGLE)
        await asyncio.sleep(60)
        assert await start("work", key="0671234567", mode=RunMode.SINGLE) == first
        assert await start("work", key="0671234568", mode=RunMode.SINGLE) != first
        assert await start("work", key="0671234567") != first
        await ended(stage, first)
        assert await start("work", key="0671234567", mode=RunMode.SINGLE) != first


@virtual_time
async def test_what_cannot_be_started_is_refused_at_once() -> None:
    stage = Stage(PATIENT)
    refused: list[tuple[str, dict[str, Any], str]] = [
        ("none", {}, "there is no scenario 'none'"),
        ("work", {"nobody": 1}, "has no variable 'nobody'"),
        ("work", {"n": "x"}, "variable 'n' of scenario 'work': 'x' is no number"),
    ]
    for name, values, words in refused:
        with pytest.raises(ScenarioError, match=words):
            await stage.runner.start_service(name, values)


LAUNCH = service(
    """
    a: {component: launch, exits: {done: b, interrupted: c}}
    b: {component: end, value: done}
    c: {component: end, value: "=error"}
    """
)


@virtual_time
async def test_what_was_attempted_is_not_done_again_after_a_crash() -> None:
    stage = Stage(LAUNCH)
    stage.launches.hang = True
    dead = asyncio.create_task(stage.runner.serve())
    run_id = await stage.runner.start_service("work")
    await asyncio.sleep(1)
    kill(stage.store)
    dead.cancel()
    await asyncio.wait([dead])
    revive(stage.store)
    async with served(stage.node("b")):
        outcome, value, _ = await ended(stage, run_id)
    assert (outcome, value) == (
        Outcome.FINISHED,
        "interrupted by a stop of the exchange; it is not known how far it came",
    )
    assert len(stage.launches.visits) == 1


@virtual_time
async def test_a_clean_stop_gives_the_run_to_the_next_at_once() -> None:
    stage = Stage(LAUNCH)
    stage.launches.hang = True
    async with served(stage.runner):
        run_id = await stage.runner.start_service("work")
        await asyncio.sleep(1)
    assert await stage.store.next_wake() == stage.clock.now()
    async with served(stage.node("b")):
        assert (await ended(stage, run_id))[0] is Outcome.FINISHED
    assert len(stage.launches.visits) == 1


AROUND = service(
    """
    a: {component: around, scenario: inner, beside: beside, exits: {done: b}}
    b: {component: end, value: "=n"}
    """,
    head=NUMBER,
)
INNER = service(
    """
    a: {component: wait, time: 1h, exits: {done: b}}
    b: {component: put, into: n, value: "=n + 1", exits: {done: c}}
    c: {component: emit, text: inner, exits: {done: d}}
    d: {component: wait, time: 1h}
    """,
    name="inner",
    head=NUMBER,
)
BESIDE = service("a: {component: emit, text: beside}", name="beside")


@virtual_time
async def test_a_step_that_sleeps_calls_and_starts_does_each_once() -> None:
    stage = Stage(AROUND, INNER, BESIDE)
    async with served(stage.runner):
        run_id = await stage.runner.start_service("work")
        assert await ended(stage, run_id) == (Outcome.FINISHED, {"number": "1"}, "")
        await asyncio.sleep(60)
    assert sorted(effect.payload["text"] for effect in await stage.store.effects()) == ["around", "beside", "inner"]
    assert len(await stage.store.find(scenario="beside")) == 1


def kill(store: MemoryRunStore) -> None:
    """Let every write fail, as for a process that is dead."""

    async def dead(*_: Any, **__: Any) -> None:
        raise ConnectionError("dead")

    store.finish_step = dead  # type: ignore[method-assign]  # the process is dead


def revive(store: MemoryRunStore) -> None:
    del store.finish_step  # back to the method of the class


class DyingStore(MemoryRunStore):
    """Fails every commit from the `fatal`-th on, before or after it is made, until it is revived."""

    def __init__(self) -> None:
        super().__init__()
        self.commits = 0
        self.fatal = 0
        self.after = False
        self.died = asyncio.Event()

    async def finish_step(self, *arguments: Any, **more: Any) -> None:
        self.commits += 1
        if self.fatal and self.commits >= self.fatal:
            if self.after and self.commits == self.fatal:
                await super().finish_step(*arguments, **more)
            self.died.set()
            raise ConnectionError("dead")
        await super().finish_step(*arguments, **more)


@virtual_time
async def crash_and_go_on(fatal: int, after: bool) -> None:
    store = DyingStore()
    stage = Stage(AROUND, INNER, BESIDE, store=store)
    store.fatal, store.after = fatal, after
    run_id = await stage.runner.start_service("work")
    async with served(stage.runner):
        crashed = asyncio.create_task(store.died.wait())
        over = asyncio.create_task(ended(stage, run_id))
        await asyncio.wait({crashed, over}, return_when=asyncio.FIRST_COMPLETED)
        crashed.cancel()
    store.fatal = 0
    async with served(stage.node("b")):
        assert await over == (Outcome.FINISHED, {"number": "1"}, "")
        await asyncio.sleep(60)
    texts = sorted(effect.payload["text"] for effect in await stage.store.effects())
    assert texts == ["around", "beside", "inner"]
    assert len(await stage.store.find(scenario="beside")) == 1


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("fatal", range(1, 13))
def test_a_crash_at_any_commit_changes_nothing_in_the_end(fatal: int, after: bool) -> None:
    crash_and_go_on(fatal, after)


@virtual_time
async def test_two_nodes_never_finish_one_step_twice() -> None:
    steps = "\n".join(f's{i}: {{component: emit, text: "{i}", exits: {{done: s{i + 1}}}}}' for i in range(20))
    stage = Stage(service(steps + "\ns20: {component: end}"))
    nodes = [stage.node(name) for name in "abc"]
    async with served(*nodes):
        ids = [await node.start_service("work") for node in nodes for _ in range(10)]
        for run_id in ids:
            assert (await ended(stage, run_id))[0] is Outcome.FINISHED
    assert len(await stage.store.effects()) == 600
    assert len(stage.traces.steps) == 30 * 21


@virtual_time
async def test_a_fault_ends_the_run_and_is_kept() -> None:
    stage = Stage(service("a: {component: fail, words: no way}"))
    async with served(stage.runner):
        run_id = await stage.runner.start_service("work")
        outcome, _, error = await ended(stage, run_id)
    assert (outcome, error) == (Outcome.FAULTED, "scenario 'work', step 'a': RuntimeError: no way")
    assert stage.said_goodbye == 0


@virtual_time
async def test_a_run_can_be_cancelled_while_it_runs_and_while_it_sleeps() -> None:
    stage = Stage(LAUNCH, PATIENT.replace("scenario: work", "scenario: patient"))
    stage.launches.hang = True
    async with served(stage.runner):
        for name in ("work", "patient"):
            run_id = await stage.runner.start_service(name)
            await asyncio.sleep(1)
            assert await stage.runner.cancel(run_id)
            assert not await stage.runner.cancel(run_id)
            await asyncio.sleep(1)
            assert (await ended(stage, run_id))[0] is Outcome.CANCELLED
        assert stage.runner.live() == []


@virtual_time
async def test_a_store_that_is_away_for_a_while_delays_and_loses_nothing() -> None:
    stage = Stage(PATIENT)
    really, asked = stage.store.claim, 0

    async def away(*arguments: Any, **more: Any) -> Sequence[Any]:
        nonlocal asked
        asked += 1
        if asked < 10:
            raise ConnectionError("away")
        return await really(*arguments, **more)

    stage.store.claim = away  # type: ignore[method-assign]  # the database is restarted
    async with served(stage.runner):
        run_id = await stage.runner.start_service("work")
        assert (await ended(stage, run_id))[0] is Outcome.FINISHED


@virtual_time
async def test_a_step_that_is_gone_leaves_by_the_fault_branch() -> None:
    stage = Stage(PATIENT)
    async with served(stage.runner):
        run_id = await stage.runner.start_service("work")
        await asyncio.sleep(60)
    row = stage.store._rows[run_id]
    root = {**row.checkpoint["root"], "step": "gone"}
    row.checkpoint = {**row.checkpoint, "root": root}
    async with served(stage.runner):
        outcome, _, error = await ended(stage, run_id)
    assert (outcome, error) == (
        Outcome.FAULTED,
        "scenario 'work', step 'gone': the step 'gone' is no longer in the scenario",
    )


@virtual_time
async def test_a_store_that_fails_for_a_moment_is_no_fault_of_the_step() -> None:
    inner = service("a: {component: emit, text: inner, exits: {done: b}}\nb: {component: end}", name="inner")
    outer = service(
        "a: {component: call, scenario: inner, exits: {done: b, error: c}}\n"
        "b: {component: end, value: fine}\nc: {component: end, value: fault}"
    )
    stage = Stage(outer, inner)
    kill(stage.store)
    async with served(stage.runner):
        run_id = await stage.runner.start_service("work")
        await asyncio.sleep(5)
        revive(stage.store)
        assert (await ended(stage, run_id))[:2] == (Outcome.FINISHED, "fine")
    assert len(await stage.store.effects()) == 1
