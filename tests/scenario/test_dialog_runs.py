import asyncio

import pytest

from cordboard.scenario.component import ScenarioKind
from cordboard.scenario.context import ScenarioError
from cordboard.scenario.limits import Limits
from cordboard.scenario.results import Outcome
from cordboard.simulation.virtual_time import settle, virtual_time
from cordboard.testing.engine import ENGINE_CATALOGUE, ended, served
from cordboard.testing.steps import Stage, dialog, service

HEAD = "variables:\n  - {name: client, parameter: true}\n  - {name: got}\n"
FORM = dialog(
    "a: {component: form, exits: {done: b}}\nb: {component: emit, text: '{client}', exits: {done: c}}\n"
    "c: {component: end, value: '{client}'}",
    head=HEAD,
)


def stage_of(*texts: str, limits: Limits | None = None) -> Stage:
    return Stage(*texts, catalogue=ENGINE_CATALOGUE, limits=limits)


@virtual_time
async def test_a_dialog_runs_on_the_screen_of_a_user() -> None:
    stage = stage_of(FORM)
    task = asyncio.create_task(stage.runner.run_dialog("form", "olena", {"client": "Ivan"}, chain="c7"))
    await settle()
    (position,) = stage.runner.live()
    assert (position.user, position.kind, position.chain, position.step) == ("olena", ScenarioKind.DIALOG, "c7", "a")
    result = await task
    assert (result.outcome, result.value, result.run_id) == (Outcome.FINISHED, "Ivan", position.run_id)
    assert stage.runner.live() == []
    assert [(effect.payload["text"], effect.chain) for effect in await stage.store.effects()] == [("Ivan", "c7")]
    begun, over = stage.traces.runs
    assert (begun.kind, begun.user, begun.start, over.outcome) == ("dialog", "olena", {"client": "Ivan"}, "finished")


@virtual_time
async def test_a_dialog_can_be_cancelled() -> None:
    stage = stage_of(FORM)
    run_id = await stage.runner.start_dialog("form", "olena")
    early = await stage.runner.start_dialog("form", "ivan")
    assert await stage.runner.cancel(early)
    await asyncio.sleep(5)
    assert await stage.runner.cancel(run_id)
    await settle()
    assert stage.runner.live() == []
    assert not await stage.runner.cancel(run_id)
    assert [trace.outcome for trace in stage.traces.runs if trace.ended] == [Outcome.CANCELLED] * 2


@virtual_time
async def test_closing_the_runner_ends_the_dialogs() -> None:
    stage = stage_of(FORM)
    await stage.runner.start_dialog("form", "olena")
    await asyncio.sleep(5)
    before = stage.clock.now()
    await stage.runner.close()
    assert stage.runner.live() == []
    assert stage.clock.now() == before


@virtual_time
async def test_a_fault_and_a_dialog_that_nobody_ends_are_told() -> None:
    stage = stage_of(dialog("a: {component: fail, words: oh}"))
    result = await stage.runner.run_dialog("form", "olena")
    assert (result.outcome, "oh" in result.error) == (Outcome.FAULTED, True)
    stage = stage_of(FORM, limits=Limits(dialog_time=30))
    result = await stage.runner.run_dialog("form", "olena")
    words = "it took longer than 30s, the most for a dialog: let a service scenario wait"
    assert (result.outcome, result.error) == (Outcome.FAULTED, words)


@virtual_time
async def test_what_is_no_dialog_is_refused() -> None:
    stage = stage_of(FORM, service("a: {component: wait, time: 1s}"))
    with pytest.raises(ScenarioError, match="a dialog scenario is needed here"):
        await stage.runner.start_dialog("work", "olena")
    with pytest.raises(ScenarioError, match="no variable 'nobody'"):
        await stage.runner.run_dialog("form", "olena", {"nobody": 1})
    assert stage.runner.live() == []


@virtual_time
async def test_a_scenario_starts_a_dialog_in_its_chain_once() -> None:
    shows = service(
        "a: {component: show, scenario: form, user: olena, values: {client: Ivan}, run_id: got, exits: {done: b}}\n"
        "b: {component: wait, time: 1h, exits: {done: c}}\nc: {component: end, value: '=got'}",
        head=HEAD,
    )
    stage = stage_of(FORM, shows)
    async with served(stage.runner):
        outcome, value, _ = await ended(stage, await stage.runner.start_service("work", chain="c7"))
    assert outcome is Outcome.FINISHED
    dialogs = [trace for trace in stage.traces.runs if trace.kind == "dialog"]
    assert [(trace.run_id, trace.chain, trace.outcome) for trace in dialogs] == [
        (value, "c7", None),
        (value, "c7", Outcome.FINISHED),
    ]
