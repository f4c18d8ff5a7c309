import asyncio
from typing import Any

from cordboard.scenario.results import Outcome, RunResult
from cordboard.scenario.sessions import Session, Sessions
from cordboard.simulation.virtual_time import virtual_time
from cordboard.telephony import Leg, Party
from cordboard.testing.engine import ENGINE_CATALOGUE, ended, served
from cordboard.testing.exchange import serving
from cordboard.testing.steps import Stage, dialog, service, voice

SHARED = "variables:\n  - {name: client, session: true}\n  - {name: n, type: number, session: true}\n"


def stage_of(*texts: str) -> Stage:
    return Stage(*texts, catalogue=ENGINE_CATALOGUE)


async def calls(stage: Stage, *scenarios: str, **values: Any) -> list[RunResult]:
    """The scenarios, one after the other, on one leg."""
    done: asyncio.Future[list[RunResult]] = asyncio.get_running_loop().create_future()

    async def take(leg: Leg) -> None:
        done.set_result([await stage.runner.run_voice(name, leg, values) for name in scenarios])

    async with serving(stage.exchange, take):
        stage.exchange.call_in("0671234567", "700")
        return await done


FIRST = voice(
    "a: {component: put, into: client, value: Olena, exits: {done: b}}\n"
    "b: {component: call, scenario: nested, exits: {done: c}}\n"
    "c: {component: end, value: '{client} {n}'}",
    name="first",
    head=SHARED,
)
NESTED = voice(
    "a: {component: put, into: n, value: '=n + 1', exits: {done: b}}\nb: {component: jump, scenario: far}",
    name="nested",
    head="variables:\n  - {name: n, type: number, session: true}\n",
)
FAR = voice(
    "a: {component: put, into: n, value: '=n + 10'}",
    name="far",
    head="variables:\n  - {name: n, type: number, session: true}\n",
)
SECOND = voice("a: {component: end, value: '{client} {n}'}", name="second", head=SHARED)
OTHER_TYPE = voice(
    "a: {component: end, value: '{client}'}",
    name="other",
    head="variables:\n  - {name: client, type: number, session: true}\n",
)


@virtual_time
async def test_the_next_scenario_of_a_call_begins_with_what_the_last_one_left() -> None:
    stage = stage_of(FIRST, NESTED, FAR, SECOND, OTHER_TYPE)
    results = await calls(stage, "first", "second", "other", "nested", "second")
    assert [result.value for result in results] == ["Olena 11", "Olena 11", "0", None, "Olena 22"]


@virtual_time
async def test_another_call_has_a_session_of_its_own() -> None:
    stage = stage_of(FIRST, NESTED, FAR, SECOND)
    await calls(stage, "first")
    (result,) = await calls(stage, "second")
    assert result.value == " 0"


@virtual_time
async def test_what_is_given_at_the_start_counts_more_and_goes_into_the_session() -> None:
    stage = stage_of(SECOND)
    results = await calls(stage, "second", client="Ivan")
    assert results[0].value == "Ivan 0"
    chain = stage.traces.runs[0].chain
    assert stage.runner.sessions.of(chain).values == {"client": "Ivan"}


@virtual_time
async def test_a_service_run_has_a_copy_that_lives_as_long_as_it_does() -> None:
    work = service(
        """
        a: {component: wait, time: 1h, exits: {done: b}}
        b: {component: put, into: n, value: "=n + 1", exits: {done: c}}
        c: {component: speak, language: uk, exits: {done: d}}
        d: {component: wait, time: 1h, exits: {done: e}}
        e: {component: call, scenario: deeper, exits: {done: f}}
        f: {component: end, value: "{client} {n}"}
        """,
        head=SHARED,
    )
    deeper = service("a: {component: put, into: n, value: '=n * 5'}", name="deeper", head=SHARED)
    starter = voice(
        "a: {component: put, into: client, value: Olena, exits: {done: b}}\n"
        "b: {component: begin, scenario: work, exits: {done: c}}\n"
        "c: {component: put, into: client, value: Ivan}",
        name="starter",
        head=SHARED,
    )
    stage = stage_of(work, deeper, starter)
    await calls(stage, "starter")
    (info,) = await stage.store.find()
    async with served(stage.runner):
        await asyncio.sleep(5400)
    async with served(stage.node("b")):
        assert await ended(stage, info.id) == (Outcome.FINISHED, "Olena 5", "")
        assert stage.runner.sessions.of(info.chain).values["client"] == "Ivan"


@virtual_time
async def test_a_dialog_shares_the_session_of_its_chain() -> None:
    form = dialog("a: {component: end, value: '{client}'}", head=SHARED)
    stage = stage_of(FIRST, NESTED, FAR, form)
    await calls(stage, "first")
    result = await stage.runner.run_dialog("form", "olena", chain=stage.traces.runs[0].chain)
    assert result.value == "Olena"


def test_a_session_survives_a_checkpoint() -> None:
    session = Session({"client": "Olena"}, "uk", Party("0441234567", "Office"), "Anatol", 0.9)
    assert Session.from_json(session.to_json()) == session
    assert Session.from_json(Session().to_json()) == Session.from_json(None) == Session()


def test_the_session_that_was_not_asked_for_the_longest_is_forgotten() -> None:
    sessions = Sessions()
    first = sessions.of("c0")
    second = sessions.of("c1")
    for number in range(2, 10_000):
        sessions.of(f"c{number}")
    assert sessions.of("c0") is first
    sessions.of("one too much")
    assert sessions.of("c0") is first
    assert sessions.of("c1") is not second
