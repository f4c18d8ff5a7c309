import asyncio
from datetime import timedelta
from typing import Any

import pytest

from cordboard.scenario.ports import Message
from cordboard.scenario.results import Outcome
from cordboard.scenario.run_mode import ScenarioError
from cordboard.simulation.virtual_time import settle, virtual_time
from cordboard.testing.engine import ENGINE_CATALOGUE, become, ended, served
from cordboard.testing.scenario import MemoryRunStore
from cordboard.testing.steps import Stage, service, voice

HEAD = "variables:\n  - {name: a}\n  - {name: b}\n  - {name: both}\n  - {name: won}\n"
TWO = service(
    """
    split: {component: split, ways: [{id: slow, to: s1}, {id: fast, to: f1}], won: won, exits: {done: end}}
    s1: {component: wait, time: 2h, exits: {done: s2}}
    s2: {component: put, into: a, value: slow, exits: {done: s3}}
    s3: {component: put, into: both, value: slow, exits: {done: s4}}
    s4: {component: emit, text: slow, exits: {done: j}}
    f1: {component: wait, time: 1h, exits: {done: f2}}
    f2: {component: put, into: b, value: "{a}fast", exits: {done: f3}}
    f3: {component: put, into: both, value: fast, exits: {done: f4}}
    f4: {component: emit, text: fast}
    j: {component: unite}
    end: {component: end, value: "{a} {b} {both} {won}"}
    """,
    head=HEAD,
)


def stage_of(*texts: str, store: MemoryRunStore | None = None) -> Stage:
    return Stage(*texts, catalogue=ENGINE_CATALOGUE, store=store)


async def texts(stage: Stage) -> list[Any]:
    return [effect.payload["text"] for effect in await stage.store.effects()]


@virtual_time
async def test_branches_sleep_side_by_side_as_a_row_and_put_their_variables_back() -> None:
    stage = stage_of(TWO)
    async with served(stage.runner):
        run_id = await stage.runner.start_service("work")
        await asyncio.sleep(1800)
        assert stage.runner.live() == []
        info = await stage.store.get(run_id)
        assert info is not None
        assert info.wake is not None
        assert (info.wake - info.started).total_seconds() == 3600
        await asyncio.sleep(3600)
        assert stage.runner.live() == []
        assert await texts(stage) == ["fast"]
        assert await ended(stage, run_id) == (Outcome.FINISHED, "slow fast fast fast", "")
        assert 7200 <= (stage.clock.now() - info.started).total_seconds() < 7260
    assert await texts(stage) == ["fast", "slow"]
    assert {step.branch for step in stage.traces.steps} == {"main", "slow", "fast"}


@virtual_time
async def test_with_first_the_others_are_cancelled() -> None:
    stage = stage_of(TWO.replace("won: won", "first: true, won: won"))
    async with served(stage.runner):
        run_id = await stage.runner.start_service("work")
        assert await ended(stage, run_id) == (Outcome.FINISHED, " fast fast fast", "")
        await asyncio.sleep(7200)
    assert await texts(stage) == ["fast"]


@virtual_time
async def test_a_branch_goes_on_while_another_is_in_the_midst_of_something() -> None:
    text = service(
        """
        split: {component: split, ways: [{id: busy, to: launch}, {id: sleepy, to: wait}, {id: ear, to: hear}]}
        launch: {component: launch, exits: {done: j}}
        wait: {component: wait, time: 1m, exits: {done: tell}}
        tell: {component: emit, text: awake}
        hear: {component: hear, name: go, exits: {heard: heard}}
        heard: {component: emit, text: heard}
        j: {component: unite}
        """,
        head=HEAD,
    )
    stage = stage_of(text)
    stage.launches.hang = True
    async with served(stage.runner):
        run_id = await stage.runner.start_service("work")
        await asyncio.sleep(61)
        assert await texts(stage) == ["awake"]
        assert len(stage.launches.visits) == 1
        await stage.runner.post([Message("go", data={"words": "x"})])
        await asyncio.sleep(3)
        assert await texts(stage) == ["awake", "heard"]
        assert len(stage.launches.visits) == 1
        info = await stage.store.get(run_id)
        assert info is not None
        assert info.ending is None


@virtual_time
async def test_a_stop_in_a_branch_ends_the_scenario() -> None:
    text = service(
        """
        split: {component: split, ways: [{id: one, to: emit}, {id: two, to: wait}], exits: {done: late}}
        emit: {component: emit, text: stopping, exits: {done: stop}}
        stop: {component: end, value: enough}
        wait: {component: wait, time: 1h, exits: {done: late}}
        late: {component: emit, text: late}
        """,
        head=HEAD,
    )
    stage = stage_of(text)
    async with served(stage.runner):
        assert await ended(stage, await stage.runner.start_service("work")) == (Outcome.FINISHED, "enough", "")
        await asyncio.sleep(7200)
    assert await texts(stage) == ["stopping"]


@virtual_time
async def test_a_fault_in_a_branch_cancels_the_others_and_leaves_by_error() -> None:
    text = service(
        """
        split: {component: split, ways: [{id: one, to: fail}, {id: two, to: wait}], exits: {done: late, error: sorry}}
        fail: {component: fail, words: oh}
        wait: {component: wait, time: 1h, exits: {done: late}}
        late: {component: emit, text: late}
        sorry: {component: end, value: "=error"}
        panic: {component: emit, text: panic}
        """,
        head=HEAD + "fault: panic\n",
    )
    stage = stage_of(text)
    async with served(stage.runner):
        outcome, value, _ = await ended(stage, await stage.runner.start_service("work"))
        assert (outcome, value) == (Outcome.FINISHED, "scenario 'work', step 'fail': RuntimeError: oh")
        await asyncio.sleep(7200)
    assert await texts(stage) == []


@virtual_time
async def test_branches_can_branch_and_call_scenarios_that_sleep() -> None:
    inner = service(
        "a: {component: wait, time: 1h, exits: {done: b}}\nb: {component: put, into: b, value: called}",
        name="inner",
        head=HEAD,
    )
    text = service(
        """
        split: {component: split, ways: [{id: one, to: call}, {id: two, to: again}], exits: {done: end}}
        call: {component: call, scenario: inner}
        again: {component: split, ways: [{id: x, to: x}, {id: y, to: y}], exits: {done: j}}
        x: {component: wait, time: 10m, exits: {done: x2}}
        x2: {component: put, into: a, value: x}
        y: {component: wait, time: 20m, exits: {done: y2}}
        y2: {component: put, into: both, value: "{a}y", exits: {done: j}}
        j: {component: unite}
        end: {component: end, value: "{a} {b} {both}"}
        """,
        head=HEAD,
    )
    stage = stage_of(text, inner)
    async with served(stage.runner):
        run_id = await stage.runner.start_service("work")
        await asyncio.sleep(900)
        assert stage.runner.live() == []
        assert await ended(stage, run_id) == (Outcome.FINISHED, "x called y", "")


@virtual_time
async def test_a_join_or_a_jump_in_the_wrong_place_is_a_fault() -> None:
    stage = stage_of(service("a: {component: unite}"))
    async with served(stage.runner):
        _, _, error = await ended(stage, await stage.runner.start_service("work"))
    assert "there are no branches here" in error
    stage = stage_of(service("a: {component: split, ways: [{id: one, to: b}]}\nb: {component: jump, scenario: work}"))
    async with served(stage.runner):
        _, _, error = await ended(stage, await stage.runner.start_service("work"))
    assert "cannot jump: join them first" in error


@virtual_time
async def test_what_a_branch_waits_for_is_awaited_by_the_sleeping_run() -> None:
    text = service(
        """
        split: {component: split, first: true, ways: [{id: o, to: hear}, {id: t, to: wait}], won: won, exits: {done: e}}
        hear: {component: hear, name: go, exits: {heard: j}}
        wait: {component: wait, time: 1h}
        j: {component: unite}
        e: {component: end, value: "=won"}
        """,
        head=HEAD,
    )
    stage = stage_of(text)
    async with served(stage.runner):
        first = await stage.runner.start_service("work")
        await asyncio.sleep(60)
        assert stage.runner.live() == []
        await stage.runner.post([Message("go", data={"words": "x"})])
        assert await ended(stage, first, every=1) == (Outcome.FINISHED, "o", "")
        second = await stage.runner.start_service("work")
        assert await ended(stage, second) == (Outcome.FINISHED, "t", "")


MANY = service(
    """
    split: {component: split, ways: [{id: one, to: a1}, {id: two, to: b1}, {id: three, to: c1}], exits: {done: end}}
    a1: {component: emit, text: a1, exits: {done: a2}}
    a2: {component: wait, time: 1m, exits: {done: a3}}
    a3: {component: emit, text: a3, exits: {done: a4}}
    a4: {component: put, into: a, value: "{a}x", exits: {done: j}}
    b1: {component: launch, exits: {done: b2, interrupted: b2}}
    b2: {component: emit, text: b2, exits: {done: b3}}
    b3: {component: put, into: b, value: "{b}y"}
    c1: {component: count, to: 3, into: n, exits: {more: c2, done: c3}}
    c2: {component: emit, text: "c{n}", exits: {done: c1}}
    c3: {component: emit, text: "c{n}"}
    j: {component: unite}
    end: {component: end, value: "{a}{b}{n}"}
    """,
    head=HEAD + "  - {name: n, type: number}\n",
)
ALL = ["a1", "a3", "b2", "c1", "c2", "c3"]


class Dying(MemoryRunStore):
    """Fails at one commit, before or after it was made, and from then on until it is revived."""

    def __init__(self, fatal: int, *, after: bool) -> None:
        super().__init__()
        self.fatal = fatal
        self.after = after
        self.commits = 0
        self.dead = False

    async def finish_step(self, *arguments: Any, **more: Any) -> None:
        self.commits += 1
        if self.commits == self.fatal:
            self.dead = True
            if self.after:
                await super().finish_step(*arguments, **more)
        if self.dead:
            raise ConnectionError("dead")
        await asyncio.sleep(0.001)
        await super().finish_step(*arguments, **more)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("fatal", range(1, 24))
@virtual_time
async def test_killed_at_any_commit_each_branch_goes_on_where_it_stood(fatal: int, after: bool) -> None:
    store = Dying(fatal, after=after)
    stage = stage_of(MANY, store=store)
    async with served(stage.runner):
        end = stage.clock.now() + timedelta(minutes=10)
        run_id = await stage.runner.start_service("work")
        await become(lambda: store.dead or stage.clock.now() > end, every=5)
    store.dead = False
    async with served(stage.node("b")):
        outcome, value, _ = await ended(stage, run_id)
    assert (outcome, value) == (Outcome.FINISHED, "xy3")
    assert sorted(await texts(stage)) == ALL
    assert len(stage.launches.visits) <= 1


@virtual_time
async def test_a_cancelled_run_ends_all_its_branches() -> None:
    stage = stage_of(MANY)
    stage.launches.hang = True
    async with served(stage.runner):
        run_id = await stage.runner.start_service("work")
        await asyncio.sleep(1)
        assert await stage.runner.cancel(run_id)
        await settle()
        assert stage.runner.live() == []
        await asyncio.sleep(600)
    assert await texts(stage) == ["a1"]


@virtual_time
async def test_branches_are_for_service_scenarios() -> None:
    stage = stage_of(voice("a: {component: split, ways: []}"))
    with pytest.raises(ScenarioError, match="cannot stand in a voice scenario"):
        await stage.runner.prepare()
