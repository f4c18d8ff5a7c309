import asyncio
from datetime import timedelta

import pytest

from cordboard.scenario.context import RunMode, ScenarioError
from cordboard.scenario.results import Outcome
from cordboard.simulation.virtual_time import settle, virtual_time
from cordboard.testing.engine import ENGINE_CATALOGUE, ended, served
from cordboard.testing.steps import Stage, service

HEAD = "variables:\n  - {name: phone, type: phone, parameter: true}\n  - {name: n, type: number}\n"
SLEEPS = "a: {component: wait, time: 1h, exits: {done: b}}\nb: {component: end, value: '=phone'}"


def declared(more: str) -> str:
    return service(SLEEPS, head=f"{HEAD}{more}")


def stage_of(*texts: str) -> Stage:
    return Stage(*texts, catalogue=ENGINE_CATALOGUE)


async def outcomes(stage: Stage) -> list[str]:
    """How each run stands, the oldest first."""
    found = await stage.store.find()
    return [info.ending.outcome.value if info.ending else "open" for info in reversed(found)]


@virtual_time
async def test_what_is_not_given_is_as_the_scenario_declares_it() -> None:
    stage = stage_of(declared('mode: single\nkey: "=phone"'))
    first = await stage.runner.start_service("work", {"phone": "0671234567"})
    assert await stage.runner.start_service("work", {"phone": "+38 (067) 123-45-67"}) == first
    other = await stage.runner.start_service("work", {"phone": "0671234568"})
    assert other != first
    assert await stage.runner.start_service("work", {"phone": "0671234567"}, mode=RunMode.PARALLEL) != first
    keys = {info.key for info in await stage.store.find()}
    assert keys == {"+380671234567", "+380671234568"}


@virtual_time
async def test_a_key_that_is_given_is_one_key_in_every_writing_of_a_phone() -> None:
    stage = stage_of(declared("mode: single"))
    first = await stage.runner.start_service("work", key="067 123 45 67")
    assert await stage.runner.start_service("work", key="380671234567") == first
    assert await stage.runner.start_service("work", key="710") != first
    assert [info.id for info in await stage.runner.find_runs(key="0671234567")] == [first]


@virtual_time
async def test_a_template_can_be_the_key() -> None:
    stage = stage_of(declared('mode: single\nkey: "client {phone}"'))
    await stage.runner.start_service("work", {"phone": "0671234567"})
    (info,) = await stage.store.find()
    assert info.key == "client 0671234567"


@virtual_time
async def test_a_key_that_cannot_be_computed_is_refused() -> None:
    stage = stage_of(declared('key: "=1 / n"'))
    with pytest.raises(ScenarioError, match="the key of scenario 'work' cannot be computed"):
        await stage.runner.start_service("work")


@virtual_time
async def test_restart_stops_the_run_that_is_there_at_once() -> None:
    stage = stage_of(
        service(
            "a: {component: launch, exits: {done: b}}\nb: {component: emit, text: late}",
            head="mode: restart",
        )
    )
    stage.launches.hang = True
    async with served(stage.runner):
        first = await stage.runner.start_service("work")
        await settle()
        assert [position.run_id for position in stage.runner.live()] == [first]
        stage.launches.hang = False
        second = await stage.runner.start_service("work")
        await settle()
        assert stage.runner.live() == []
        assert (await ended(stage, second))[0] is Outcome.FINISHED
    assert await outcomes(stage) == ["cancelled", "finished"]
    assert len(await stage.store.effects()) == 1
    assert [trace.outcome for trace in stage.traces.runs if trace.run_id == first] == [None, Outcome.CANCELLED]


@virtual_time
async def test_the_trace_tells_of_a_sleeping_run_that_was_restarted_or_cancelled() -> None:
    stage = stage_of(declared("mode: restart"))
    async with served(stage.runner):
        first = await stage.runner.start_service("work")
        await asyncio.sleep(60)
        second = await stage.runner.start_service("work")
        await asyncio.sleep(60)
        assert await stage.runner.cancel(second)
    over = [trace for trace in stage.traces.runs if trace.outcome is Outcome.CANCELLED]
    assert [(trace.run_id, trace.scenario) for trace in over] == [(first, "work"), (second, "work")]


@virtual_time
async def test_a_run_that_was_cancelled_elsewhere_ends_at_its_next_commit() -> None:
    stage = stage_of(service("a: {component: launch, exits: {done: b}}\nb: {component: emit, text: late}"))
    stage.launches.hang = True
    other = stage.node("b")
    async with served(stage.runner):
        run_id = await stage.runner.start_service("work")
        await settle()
        assert await other.cancel(run_id)
        await asyncio.sleep(60)
        assert stage.runner.live() == []
    assert await stage.store.effects() == []
    assert {trace.outcome for trace in stage.traces.runs if trace.run_id == run_id} == {None, Outcome.CANCELLED}


@virtual_time
async def test_queued_runs_follow_each_other() -> None:
    stage = stage_of(declared("mode: queued"))
    async with served(stage.runner):
        for number in ("711", "712", "713"):
            await stage.runner.start_service("work", {"phone": number})
        for expected in (["open"] * 3, ["finished", "open", "open"], ["finished", "finished", "open"]):
            await asyncio.sleep(1800)
            assert await outcomes(stage) == expected
            await asyncio.sleep(1800 + 1)
        assert await outcomes(stage) == ["finished"] * 3


@virtual_time
async def test_of_ten_at_most_three_run_and_all_come_to_their_turn() -> None:
    stage = stage_of(declared("mode: at_most\nat_most: 3"))
    async with served(stage.runner):
        for _ in range(10):
            await stage.runner.start_service("work")
        for waiting in (7, 4, 1, 0):
            await asyncio.sleep(1800)
            found = await stage.store.find(unfinished=True)
            assert sum(info.wake is None for info in found) == waiting
            await asyncio.sleep(1800 + 1)
        assert await outcomes(stage) == ["finished"] * 10


@virtual_time
async def test_cancelling_what_others_wait_for_lets_them_begin() -> None:
    stage = stage_of(declared("mode: queued"))
    async with served(stage.runner):
        first = await stage.runner.start_service("work")
        second = await stage.runner.start_service("work")
        await asyncio.sleep(1)
        assert await stage.runner.cancel(first)
        await asyncio.sleep(1)
        info = await stage.store.get(second)
        assert info is not None
        assert info.wake == info.started + timedelta(hours=1, seconds=1)


@virtual_time
async def test_a_scenario_finds_and_cancels_runs_but_never_itself() -> None:
    text = service(
        """
        a: {component: cancel, key: "067 123 45 67", found: n, cancelled: m, exits: {done: b}}
        b: {component: end, value: "{n} {m}"}
        """,
        name="sweep",
        head="variables:\n  - {name: n, type: number}\n  - {name: m, type: number}",
    )
    stage = stage_of(declared(""), text)
    async with served(stage.runner):
        for key in ("0671234567", "+380671234567", "0671234568"):
            await stage.runner.start_service("work", key=key)
        run_id = await stage.runner.start_service("sweep", key="0671234567")
        assert await ended(stage, run_id) == (Outcome.FINISHED, "2 2", "")
        assert await outcomes(stage) == ["cancelled", "cancelled", "open", "finished"]
        with pytest.raises(ScenarioError, match="Name a scenario or a key"):
            await stage.runner.cancel_runs()
        assert await stage.runner.cancel_runs("work") == 1


@virtual_time
async def test_a_queue_is_cancelled_without_anything_of_it_beginning() -> None:
    stage = stage_of(
        service("a: {component: emit, text: x, exits: {done: b}}\nb: {component: wait, time: 1h}", head="mode: queued")
    )
    async with served(stage.runner):
        for _ in range(5):
            await stage.runner.start_service("work")
        await asyncio.sleep(1)
        assert await stage.runner.cancel_runs("work") == 5
        await asyncio.sleep(1)
    assert len(await stage.store.effects()) == 1


@virtual_time
async def test_a_node_that_died_goes_on_at_once_when_it_comes_back() -> None:
    stage = stage_of(declared(""))
    await stage.runner.start_service("work")
    await stage.store.claim(stage.clock.now(), "a", stage.clock.now().replace(hour=23))
    async with served(stage.node("a")):
        await asyncio.sleep(1)
        (info,) = await stage.store.find()
        assert (info.node, info.wake) == ("", info.started.replace(hour=info.started.hour + 1))


@virtual_time
async def test_a_component_starts_as_the_scenario_declares() -> None:
    starter = service(
        "a: {component: over, scenario: work, values: {phone: '0671234567'}, exits: {done: b}}\n"
        "b: {component: over, scenario: work, values: {phone: '+380671234567'}}",
        name="starter",
    )
    stage = stage_of(declared('mode: single\nkey: "=phone"'), starter)
    async with served(stage.runner):
        await ended(stage, await stage.runner.start_service("starter", chain="c7"))
    (info,) = await stage.store.find(scenario="work")
    assert (info.key, info.chain) == ("+380671234567", "c7")


@virtual_time
async def test_who_asked_waits_for_the_end_of_a_run() -> None:
    stage = stage_of(declared(""))
    async with served(stage.runner):
        run_id = await stage.runner.start_service("work", {"phone": "710"})
        info = await stage.runner.ended(run_id, 5.0)
        assert info is not None
        assert info.ending is None
        info = await stage.runner.ended(run_id, 7200.0)
        assert info is not None
        assert info.ending is not None
        assert await stage.runner.ended("unknown", 5.0) is None
    assert (await stage.runner.has("work"), await stage.runner.has("none")) == (True, False)
    assert await stage.runner.parameters("work") == ["phone"]
