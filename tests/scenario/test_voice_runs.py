import asyncio
from typing import Any

import pytest

from cordboard.scenario.component import ScenarioKind
from cordboard.scenario.context import ScenarioError
from cordboard.scenario.limits import Limits
from cordboard.scenario.results import Outcome, RunResult
from cordboard.simulation.phone import SimulatedPhone
from cordboard.simulation.virtual_time import virtual_time
from cordboard.telephony import Leg, LegState
from cordboard.testing.exchange import serving
from cordboard.testing.steps import Stage, voice

PIN = "variables:\n  - {name: pin, secret: true}\n  - {name: open}"


class Called:
    """One caller, with the run that took the call."""

    def __init__(self, stage: Stage, **values: Any) -> None:
        self.stage = stage
        self.values = values
        self.result: RunResult | None = None
        self._done = asyncio.Event()

    async def __aenter__(self) -> SimulatedPhone:
        self._serving = serving(self.stage.exchange, self._take)
        await self._serving.__aenter__()
        return self.stage.exchange.call_in("0671234567", "700", line="city")

    async def __aexit__(self, *_: object) -> None:
        await self._done.wait()
        await self._serving.__aexit__(None, None, None)

    async def _take(self, leg: Any) -> None:
        try:
            self.result = await self.stage.runner.run_voice("main", leg, self.values)
        finally:
            self._done.set()


async def run(stage: Stage, **values: Any) -> RunResult:
    called = Called(stage, **values)
    async with called:
        pass
    assert called.result is not None
    return called.result


@virtual_time
async def test_steps_follow_their_cords() -> None:
    text = voice(
        """
        a: {component: say, text: "Hello {caller}", exits: {done: b}}
        b: {component: choose, keys: [{id: one, key: "1", to: c}], exits: {nothing: d}}
        c: {component: put, into: name, value: "=line & dialled", exits: {done: e}}
        d: {component: fail}
        e: {component: end, value: "=name"}
        """,
        head="variables:\n  - {name: name}",
    )
    stage = Stage(text)
    called = Called(stage)
    async with called as phone:
        await phone.wait_heard("Hello 0671234567")
        phone.press("1")
    assert called.result is not None
    assert (called.result.outcome, called.result.value) == (Outcome.FINISHED, "city700")
    assert stage.traces.path == [("a", "done"), ("b", "one"), ("c", "done"), ("e", "")]
    assert stage.traces.steps[0].properties == {"text": "Hello 0671234567"}
    assert stage.traces.steps[2].changed == {"name": "city700"}
    assert [run.outcome for run in stage.traces.runs] == [None, Outcome.FINISHED]


@virtual_time
async def test_an_exit_without_a_cord_ends_without_hanging_up() -> None:
    stage = Stage(voice("a: {component: say, text: Hi}"))
    states: list[LegState] = []

    async def take(leg: Any) -> None:
        await stage.runner.run_voice("main", leg)
        states.append(leg.state)

    async with serving(stage.exchange, take):
        stage.exchange.call_in("1", "700")
        await asyncio.sleep(60)
    assert states == [LegState.ANSWERED]


@virtual_time
async def test_a_fault_takes_error_then_the_fault_branch_then_the_goodbye() -> None:
    steps = """
        a: {component: fail, words: first, exits: {error: b}}
        b: {component: put, into: seen, value: "=error", exits: {done: c}}
        c: {component: fail, words: second}
        d: {component: put, into: seen, value: "=seen & error", exits: {done: e}}
        e: {component: fail, words: third}
        """
    head = "variables:\n  - {name: seen}"
    stage = Stage(voice(steps, head=head + "\nfault: d"))
    result = await run(stage)
    assert result.outcome is Outcome.FAULTED
    assert result.variables["seen"] == "RuntimeError: firstRuntimeError: second"
    assert "third" in result.error
    assert stage.said_goodbye == 1
    assert [step.branch for step in stage.traces.steps] == ["main", "main", "main", "fault", "fault"]


@virtual_time
async def test_the_hang_up_ends_the_main_branch_and_runs_the_other() -> None:
    steps = """
        a: {component: say, text: Hi, exits: {done: b}}
        b: {component: wait, time: 1h, exits: {done: a}}
        late: {component: say, text: nobody hears, exits: {done: wait}}
        wait: {component: wait, time: 5s, exits: {done: mail}}
        mail: {component: emit, key: m1, text: "{caller}"}
        """
    stage = Stage(voice(steps, head="after_hangup: late"))
    called = Called(stage)
    async with called as phone:
        await asyncio.sleep(30)
        phone.hang_up()
    assert called.result is not None
    assert called.result.outcome is Outcome.HUNG_UP
    assert stage.traces.path == [("a", "done"), ("b", ""), ("late", "done"), ("wait", "done"), ("mail", "done")]
    (effect,) = await stage.store.effects()
    assert (effect.key, effect.payload) == ("m1", {"text": "0671234567"})
    assert phone.texts == ["Hi"]


@virtual_time
async def test_the_branch_after_the_hang_up_survives_the_cancelling_of_the_call() -> None:
    steps = """
        a: {component: wait, time: 1h}
        late: {component: wait, time: 5s, exits: {done: mail}}
        mail: {component: emit, text: bye}
        """
    stage = Stage(voice(steps, head="after_hangup: late"))
    begun: list[asyncio.Task[RunResult]] = []

    async def take(leg: Any) -> None:
        begun.append(asyncio.create_task(stage.runner.run_voice("main", leg)))
        await asyncio.wait(begun)

    async with serving(stage.exchange, take):
        phone = stage.exchange.call_in("1", "700")
        await asyncio.sleep(1)
        phone.hang_up()
        await asyncio.sleep(1)
        begun[0].cancel()
        await asyncio.sleep(1)
        assert begun[0].cancelled()
        await stage.runner.close()
    assert len(await stage.store.effects()) == 1


@virtual_time
async def test_each_scenario_in_progress_has_its_branch_after_the_hang_up_the_innermost_first() -> None:
    outer = voice(
        'a: {component: call, scenario: inner}\nlate: {component: emit, text: "outer {n}"}',
        head="after_hangup: late\nvariables:\n  - {name: n}",
    )
    inner = voice(
        "a: {component: put, into: n, value: x, exits: {done: b}}\nb: {component: wait, time: 1h}\n"
        "late: {component: put, into: n, value: '=n & \"y\"'}",
        name="inner",
        head="after_hangup: late\nvariables:\n  - {name: n}",
    )
    stage = Stage(outer, inner)
    async with Called(stage) as phone:
        await asyncio.sleep(1)
        phone.hang_up()
    assert [effect.payload["text"] for effect in await stage.store.effects()] == ["outer xy"]


@virtual_time
async def test_a_scenario_that_hangs_up_itself_goes_on() -> None:
    steps = """
        a: {component: drop, exits: {done: b}}
        b: {component: wait, time: 5s, exits: {done: c}}
        c: {component: emit, text: on}
        late: {component: emit, text: late}
        """
    stage = Stage(voice(steps, head="after_hangup: late"))
    result = await run(stage)
    assert result.outcome is Outcome.FINISHED
    assert [effect.payload["text"] for effect in await stage.store.effects()] == ["on"]


@virtual_time
async def test_a_called_scenario_shares_variables_by_name_and_type() -> None:
    head = "variables:\n  - {name: a}\n  - {name: n, type: number}\n  - {name: got}"
    steps = """
        s: {component: put, into: a, value: from main, exits: {done: n}}
        n: {component: put, into: n, value: "=1", exits: {done: c}}
        c: {component: call, scenario: inner, result: got}
        """
    inner = voice(
        "p: {component: put, into: a, value: '=a & \" and inner\"', exits: {done: q}}\n"
        "q: {component: put, into: n, value: other type, exits: {done: e}}\n"
        "e: {component: end, value: '=7'}",
        name="inner",
        head="variables:\n  - {name: a}\n  - {name: n}",
    )
    result = await run(Stage(voice(steps, head=head), inner))
    assert result.variables == {"a": "from main and inner", "n": 1, "got": "7"}


@virtual_time
async def test_a_jump_does_not_come_back_and_a_stop_can_end_all() -> None:
    other = voice("a: {component: end, value: there}", name="other")
    stage = Stage(voice("a: {component: jump, scenario: other}"), other)
    assert (await run(stage)).value == "there"
    inner = voice("a: {component: end, value: x, all: true}", name="inner")
    stage = Stage(voice("a: {component: call, scenario: inner, exits: {done: b}}\nb: {component: fail}"), inner)
    result = await run(stage)
    assert (result.outcome, result.value, result.chain_ended) == (Outcome.FINISHED, "x", True)


@virtual_time
async def test_a_fault_of_a_called_scenario_is_the_error_of_the_call() -> None:
    inner = voice("a: {component: fail, words: deep}", name="inner")
    steps = "a: {component: call, scenario: inner, exits: {error: b}}\nb: {component: end, value: '=error'}"
    result = await run(Stage(voice(steps), inner))
    assert result.value == "scenario 'inner', step 'a': RuntimeError: deep"


@pytest.mark.parametrize(
    ("steps", "limits", "words"),
    [
        ("a: {component: say, text: x, exits: {done: a}}", Limits(steps=50), "more than 50 steps"),
        ("a: {component: call, scenario: main}", Limits(), "20 deep"),
        ("a: {component: wait, time: 5h}", Limits(), "it took longer than 4h, the most for a call"),
        ("a: {component: jump, scenario: main}", Limits(), "1000 steps without waiting"),
    ],
)
def test_guards_end_a_run(steps: str, limits: Limits, words: str) -> None:
    @virtual_time
    async def body() -> None:
        stage = Stage(voice(steps), limits=limits)
        result = await run(stage)
        assert result.outcome is Outcome.FAULTED
        assert words in result.error
        assert stage.said_goodbye == 1

    body()


@virtual_time
async def test_secrets_are_masked_everywhere() -> None:
    steps = """
        a: {component: put, into: pin, value: "4821", exits: {done: b}}
        b: {component: put, into: open, value: "=pin", exits: {done: c}}
        c: {component: say, text: "your pin is 4821", exits: {done: d}}
        d: {component: fail, words: "wrong: {pin}"}
        """
    stage = Stage(voice(steps, head=PIN))
    result = await run(stage)
    assert result.variables == {"pin": "4821", "open": "4821"}
    assert "4821" not in repr(stage.traces.steps) + repr(stage.traces.runs)
    assert stage.traces.steps[0].changed == {"pin": "•••"}
    assert stage.traces.steps[2].properties == {"text": "your pin is •••"}


@virtual_time
async def test_a_trace_is_bounded() -> None:
    steps = f"a: {{component: put, into: open, value: {'x' * 5000}}}"
    stage = Stage(voice(steps, head=PIN))
    await run(stage)
    assert len(stage.traces.steps[0].changed["open"]) == 500


@virtual_time
async def test_where_runs_stand_is_known() -> None:
    stage = Stage(voice("a: {component: wait, time: 1m}"))
    async with Called(stage):
        await asyncio.sleep(10)
        (position,) = stage.runner.live()
        assert (position.step, position.kind, position.depth) == ("a", ScenarioKind.VOICE, 0)
        assert (stage.clock.now() - position.since).total_seconds() == 10
    assert stage.runner.live() == []


@virtual_time
async def test_a_run_stays_on_its_release() -> None:
    old = voice("a: {component: wait, time: 1m, exits: {done: b}}\nb: {component: call, scenario: x}")
    stage = Stage(old, voice("a: {component: emit, text: old}", name="x"))
    async with Called(stage):
        await asyncio.sleep(10)
        texts = {"main": old, "x": voice("a: {component: emit, text: new}", name="x")}
        await stage.releases.publish(texts, message="", at=stage.clock.now())
    assert [effect.payload["text"] for effect in await stage.store.effects()] == ["old"]


@virtual_time
async def test_what_cannot_be_started_is_a_scenario_error() -> None:
    stage = Stage(voice("a: {component: nothing_like_it}"))

    async def take(leg: Any) -> None:
        for name, words in [
            ("none", "there is no scenario 'none' in release 1"),
            ("main", "unknown component 'nothing_like_it'"),
        ]:
            with pytest.raises(ScenarioError, match=words):
                await stage.runner.run_voice(name, leg)

    async with serving(stage.exchange, take):
        phone = stage.exchange.call_in("1", "700")
        await phone.wait_state(LegState.ENDED)


@virtual_time
async def test_a_slow_store_does_not_hold_the_call() -> None:
    stage = Stage(voice("a: {component: emit, text: x, exits: {done: b}}\nb: {component: say, text: Hi}"))
    really = stage.store.emit
    asked = 0

    async def slow(effects: Any, messages: Any = ()) -> None:
        nonlocal asked
        asked += 1
        if asked < 3:
            raise OSError("the disk is full")
        await really(effects, messages)

    stage.store.emit = slow  # type: ignore[method-assign]  # the store fails for a while
    assert (await run(stage)).outcome is Outcome.FINISHED
    await stage.runner.close()
    assert len(await stage.store.effects()) == 1


@virtual_time
async def test_the_trace_of_a_run_names_the_scenario_that_was_started_also_behind_a_jump() -> None:
    stage = Stage(
        voice("  go: {component: jump, scenario: other}\n"),
        voice("  say: {component: say, text: hello}\n", name="other"),
    )

    async def take(leg: Leg) -> None:
        await stage.runner.run_voice("main", leg)

    async with serving(stage.exchange, take):
        caller = stage.exchange.call_in("0671234567", "700", line="city")
        await caller.wait_state(LegState.ENDED)
    assert [run.scenario for run in stage.traces.runs] == ["main", "main"]
