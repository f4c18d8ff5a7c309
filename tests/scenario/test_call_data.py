import asyncio
from datetime import timedelta

import pytest

from cordboard.scenario.call_data import SUPPLIERS
from cordboard.scenario.expressions import BUILTINS
from cordboard.scenario.results import RunResult
from cordboard.scenario.values import type_of
from cordboard.simulation.virtual_time import virtual_time
from cordboard.telephony import Leg
from cordboard.testing.engine import ENGINE_CATALOGUE, ended, served
from cordboard.testing.exchange import serving
from cordboard.testing.steps import Stage, dialog, service, voice

NAMES = sorted(BUILTINS)
HEAD = "variables:\n" + "".join(f"  - {{name: v_{name}, type: {BUILTINS[name].value}}}\n" for name in NAMES)
STEPS = "\n".join(
    f"s{number}: {{component: put, into: v_{name}, value: '={name}', exits: {{done: s{number + 1}}}}}"
    for number, name in enumerate(NAMES)
)
STEPS += f"\ns{len(NAMES)}: {{component: end}}"


def test_every_name_has_its_supplier() -> None:
    assert set(SUPPLIERS) == set(BUILTINS)


async def call(stage: Stage) -> RunResult:
    done: asyncio.Future[RunResult] = asyncio.get_running_loop().create_future()

    async def take(leg: Leg) -> None:
        await asyncio.sleep(90)
        done.set_result(await stage.runner.run_voice("main", leg))

    async with serving(stage.exchange, take):
        stage.exchange.call_in("0671234567", "700", line="city")
        return await done


@virtual_time
async def test_a_voice_scenario_sees_its_call() -> None:
    stage = Stage(voice(STEPS, head=HEAD), catalogue=ENGINE_CATALOGUE)
    seen = (await call(stage)).variables
    assert {name: type_of(seen[f"v_{name}"]) for name in NAMES} == dict(BUILTINS)
    assert seen["v_caller"].canonical == "+380671234567"
    assert (seen["v_dialled"].canonical, seen["v_line"], seen["v_waiting"]) == ("700", "city", timedelta(seconds=90))
    assert (seen["v_run"], seen["v_chain"]) == (stage.traces.runs[0].run_id, stage.traces.runs[0].chain)
    assert (seen["v_scenario"], seen["v_release"], seen["v_language"], seen["v_user"]) == ("main", 1, "en", "")


@virtual_time
async def test_a_dialog_scenario_sees_its_user() -> None:
    stage = Stage(dialog(STEPS, head=HEAD), catalogue=ENGINE_CATALOGUE)
    seen = (await stage.runner.run_dialog("form", "olena")).variables
    assert {name: type_of(seen[f"v_{name}"]) for name in NAMES} == dict(BUILTINS)
    assert (seen["v_user"], seen["v_waiting"], bool(seen["v_caller"])) == ("olena", timedelta(), False)


@pytest.mark.parametrize("language", ["", "uk"])
@virtual_time
async def test_the_language_is_that_of_the_session(language: str) -> None:
    text = service(
        f"a: {{component: speak, language: '{language}', exits: {{done: b}}}}\n"
        "b: {component: wait, time: 1h, exits: {done: c}}\nc: {component: end, value: '=language & run'}"
    )
    stage = Stage(text, catalogue=ENGINE_CATALOGUE)
    async with served(stage.runner):
        run_id = await stage.runner.start_service("work")
        _, value, _ = await ended(stage, run_id)
    assert value == (language or "en") + run_id
