import asyncio
from datetime import UTC, datetime
from typing import Any

from cordboard.scenario.frames import Frame
from cordboard.scenario.ports import NewRun
from cordboard.scenario.results import Outcome
from cordboard.simulation.phone import SimulatedPhone
from cordboard.simulation.virtual_time import virtual_time
from cordboard.telephony import Leg
from cordboard.testing.engine import ENGINE_CATALOGUE, become, ended, served
from cordboard.testing.exchange import serving
from cordboard.testing.steps import Stage, service, voice


def stage_of(*texts: str) -> Stage:
    return Stage(*texts, catalogue=ENGINE_CATALOGUE)


class Call:
    """A call that `main` drives."""

    def __init__(self, stage: Stage, **values: Any) -> None:
        self.stage = stage
        self.values = values
        self.done = asyncio.Event()

    async def __aenter__(self) -> SimulatedPhone:
        self._serving = serving(self.stage.exchange, self._take)
        await self._serving.__aenter__()
        return self.stage.exchange.call_in("0671234567", "700", line="city")

    async def __aexit__(self, *_: object) -> None:
        await self.done.wait()
        await self._serving.__aexit__(None, None, None)

    async def _take(self, leg: Leg) -> None:
        await self.stage.runner.run_voice("main", leg, self.values)
        self.done.set()


@virtual_time
async def test_what_a_step_changed_is_kept_exactly_and_secrets_are_not() -> None:
    text = voice(
        """
        a: {component: put, into: n, value: "=n + 1.50", exits: {done: b}}
        b: {component: put, into: pin, value: "4711", exits: {done: c}}
        c: {component: put, into: copy, value: "pin {pin}", exits: {done: d}}
        d: {component: put, into: phone, value: "0671234567"}
        """,
        head="variables:\n  - {name: n, type: number, parameter: true}\n"
        "  - {name: pin, secret: true, parameter: true}\n  - {name: copy}\n  - {name: phone, type: phone}",
    )
    stage = stage_of(text)
    async with Call(stage, n=1, pin="0815"):
        pass
    taken = [step.taken for step in stage.traces.steps]
    assert taken[:3] == [{"n": {"number": "2.50"}}, {}, {}]
    assert list(taken[3]) == ["phone"]
    begun, over = stage.traces.runs
    assert begun.start == over.start == {"n": {"number": "1"}}
    assert (begun.caller, begun.caller_phone, begun.dialled, begun.dialled_phone, begun.line) == (
        "0671234567",
        "+380671234567",
        "700",
        "700",
        "city",
    )


@virtual_time
async def test_keys_are_told_with_the_step_in_which_they_were_pressed() -> None:
    text = voice(
        """
        a: {component: say, text: Hello, exits: {done: b}}
        b: {component: choose, keys: [{id: one, key: "1", to: c}]}
        c: {component: call, scenario: inner, exits: {done: d}}
        d: {component: wait, time: 10s}
        """
    )
    inner = voice("x: {component: choose, keys: [{id: two, key: '2', to: y}]}\ny: {component: end}", name="inner")
    stage = stage_of(text, inner)
    async with Call(stage) as phone:
        await phone.wait_heard("Hello")
        await become(lambda: len(stage.traces.steps) == 1)
        await asyncio.sleep(0.5)
        phone.press("1")
        await asyncio.sleep(1)
        phone.press("2")
        await asyncio.sleep(4)
        phone.press("#")
    steps = {step.step: step for step in stage.traces.steps}
    ((after, key),) = steps["b"].keys
    assert (key, 0.4 < after < 0.6) == ("1", True)
    ((after, key),) = steps["x"].keys
    assert (key, 0.9 < after < 1.1) == ("2", True)
    assert steps["c"].keys == ()
    ((after, key),) = steps["d"].keys
    assert (key, 3.9 < after < 4.1) == ("#", True)


@virtual_time
async def test_keys_that_make_a_secret_are_masked() -> None:
    text = voice(
        "a: {component: say, text: PIN, exits: {done: b}}\n"
        "b: {component: hear, name: never, within: 5s, into: pin, exits: {nothing: c}}\n"
        "c: {component: wait, time: 5s}",
        head="variables:\n  - {name: pin, secret: true}",
    )
    stage = stage_of(text)
    async with Call(stage) as phone:
        await phone.wait_heard("PIN")
        await become(lambda: len(stage.traces.steps) == 1)
        await asyncio.sleep(1)
        phone.press("47")
        await asyncio.sleep(5)
        phone.press("1")
    steps = {step.step: step for step in stage.traces.steps}
    assert [key for _, key in steps["b"].keys] == ["•", "•"]
    assert [key for _, key in steps["c"].keys] == ["1"]


@virtual_time
async def test_a_service_run_tells_its_key_and_start_each_time() -> None:
    text = service(
        "a: {component: wait, time: 1h}",
        head="key: '=phone'\nvariables:\n  - {name: phone, type: phone, parameter: true}\n"
        "  - {name: pin, secret: true, parameter: true}",
    )
    stage = stage_of(text)
    async with served(stage.runner):
        await ended(stage, await stage.runner.start_service("work", {"phone": "0671234567", "pin": "4711"}))
    assert {trace.key for trace in stage.traces.runs} == {"+380671234567"}
    assert all(list(trace.start) == ["phone"] for trace in stage.traces.runs)


@virtual_time
async def test_a_step_remembers_over_its_sleeps_and_forgets() -> None:
    text = service(
        """
        a: {component: count, to: 3, into: n, exits: {more: a, done: b}}
        b: {component: count, to: 2, into: m, exits: {more: a, done: c}}
        c: {component: end, value: "{n}{m}"}
        """,
        head="variables:\n  - {name: n, type: number}\n  - {name: m, type: number}",
    )
    stage = stage_of(text)
    async with served(stage.runner):
        run_id = await stage.runner.start_service("work")
        await asyncio.sleep(70)
    async with served(stage.node("b")):
        assert await ended(stage, run_id) == (Outcome.FINISHED, "32", "")
    exits = [f"{step.step} {step.exit}" for step in stage.traces.steps if step.exit]
    around = ["a more", "a more", "a done"]
    assert exits == [*around, "b more", *around, "b done"]


@virtual_time
async def test_a_checkpoint_of_an_older_exchange_still_runs() -> None:
    stage = stage_of(
        service(
            "a: {component: wait, time: 1h, exits: {done: b}}\nb: {component: end, value: '=n'}",
            head="variables:\n  - {name: n}",
        )
    )
    old = {
        "scenario": "work",
        "step": "b",
        "values": {"n": "old"},
        "visit": 1,
        "journal": [],
        "branch": "main",
        "error": "",
        "child": None,
        "result": None,
        "chain_ended": False,
    }
    moment = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
    checkpoint = {"started": moment.isoformat(), "visits": 1, "root": old}
    await stage.store.start(NewRun("r1", "work", 1, "c1", checkpoint, moment))
    async with served(stage.runner):
        assert await ended(stage, "r1") == (Outcome.FINISHED, "old", "")
    assert Frame.from_json(Frame.from_json(old).to_json()) == Frame.from_json(old)
