"""Components that reach other people, on real SIP and RTP: who is called, who hears whom, what is written down."""

from pathlib import Path

import pytest

from cordboard.simulation.far_end import FarEnd
from cordboard.telephony import EndReason, LegState
from cordboard.testing.audio import heard_among, read_stereo, read_wav
from cordboard.testing.components import service, voice
from cordboard.testing.exchange import VOICES, until
from cordboard.testing.exchange import voice as tone
from cordboard.testing.real_components import (
    Row,
    gets_keys,
    hears,
    is_hung_up_on,
    is_turned_away,
    reaches,
    wire,
)

pytestmark = [pytest.mark.slow, pytest.mark.wire]

ANNA, BORIS, CARL, DORA = VOICES
"""Hz: who calls, and the others."""

# --- dial ---------------------------------------------------------------------------------------------------------


def unreached(account: str, exit_: str, status: int, more: str = "") -> Row:
    """A colleague who is not reached; what the caller is told then."""
    reason = {486: "busy", 603: "rejected", 480: "unreachable"}[status]
    steps = f"d: {{component: dial, number: '{account}'{more}, exits: {{{exit_}: e}}}}\n"
    return Row(
        f"dial_{exit_}_{account}",
        steps + f"e: {{component: reject, reason: {reason}}}",
        (is_turned_away(status),),
        f"d.{exit_} e.done",
    )


DIALS = (
    Row(
        "dial_answered",
        """
        c: {component: set_caller_id, number: "0441234567", name: Sales, exits: {done: d}}
        d: {component: dial, who: "102", exits: {answered: e}}
        e: {component: send_dtmf, keys: "1", exits: {done: f}}
        f: {component: pause, duration: 300ms}
        """,
        (reaches(LegState.RINGING), hears(BORIS), gets_keys("1"), is_hung_up_on()),
        "c.done d.answered e.done f.done",
        hz=ANNA,
    ),
    unreached("103", "busy", 486),
    unreached("104", "rejected", 603),
    unreached("105", "no_answer", 480, ", ring_time: 1s"),
    unreached("106", "unreachable", 480),
    unreached("999", "unreachable", 480),
)


async def test_whoever_is_dialled(tmp_path: Path) -> None:
    async with wire(tmp_path, rows=DIALS) as on:
        await on.x.phone("102", FarEnd(answers_after=0.5, voice=tone(BORIS), hangs_up_after=2))
        await on.x.phone("103", FarEnd.busy())
        await on.x.phone("104", FarEnd.rejects(0.3))
        await on.x.phone("105", FarEnd.no_answer())
        await on.play(DIALS)
        boris = await on.x.rung("102")
        await boris.hears(ANNA)
        assert (boris.called_by, boris.call.caller.name) == ("0441234567", "Sales")
        assert (await on.x.rung("105")).told is EndReason.CANCELLED


# --- originate, runs beside the call ------------------------------------------------------------------------------

INFORM = service(
    """
    o: {component: originate, who: "102", scenario: talk, values: {sum: "12"}, show: "0441234567", result: got,
        exits: {answered: z}}
    z: {component: assign, assignments: [{variable: got, value: "{got}!"}]}
    """,
    name="inform",
    variables="- {name: got}",
)
TALK = voice(
    """
    t: {component: send_dtmf, keys: "{sum}#", exits: {done: m}}
    m: {component: menu, file: 440.wav, keys: [{id: one, key: "1", to: s}]}
    s: {component: end_with_value, value: "listened to {sum}"}
    """,
    name="talk",
    variables="- {name: sum, parameter: true}",
)


async def test_a_service_run_calls_and_a_voice_scenario_gives_a_value_back(tmp_path: Path) -> None:
    async with wire(tmp_path, INFORM, TALK) as on:
        await on.x.phone("102", FarEnd.answers(0.2, keys={1.0: "1"}))
        await on.stage.runner.start_service("inform")
        phone = await on.x.rung("102")
        assert phone.called_by == "0441234567"
        await phone.hears_keys("12#")
        await phone.reaches(LegState.ENDED)
        await until(lambda: on.ended("inform"))
        (chain,) = await on.chains()
    assert phone.told is EndReason.HUNG_UP
    assert on.path("talk") == ["t.done", "m.one", "s."]
    assert on.path("inform") == ["o.answered", "z.done"]
    assert on.variables("inform")["got"] == "listened to 12!"
    assert {step.chain for step in on.stage.steps} == {chain.id}
    assert [(leg.dialled, leg.answered is not None) for leg in chain.legs] == [("102", True)]


CALLED = """
    a: {component: start_service, scenario: callback, key: "{caller}", values: {phone: "{caller}"}, mode: single,
        exits: {done: b}}
    b: {component: reject, reason: busy}
"""
CALLBACK = service(
    """
    p: {component: pause, duration: 1s, exits: {done: o}}
    o: {component: originate, number: "{phone}", scenario: talk, values: {sum: "7"}, exits: {answered: z}}
    z: {component: pause, duration: 1s}
    """,
    name="callback",
    variables="- {name: phone, parameter: true}",
)


async def test_two_quick_calls_give_one_callback(tmp_path: Path) -> None:
    async with wire(tmp_path, voice(CALLED), CALLBACK, TALK) as on:
        await on.x.phone("101", FarEnd.answers(0.2, keys={0.5: "1"}))
        for _ in range(2):
            call = await on.x.call_in("700")
            await call.reaches(LegState.ENDED)
            assert call.told is EndReason.BUSY
        back = await on.x.rung("101")
        await back.hears_keys("7#")
        await until(lambda: on.ended("callback"))
        (run,) = await on.store.runs.find(scenario="callback")
        legs = [leg for chain in await on.chains() for leg in chain.legs]
    assert run.key == "101"
    assert over(on.path("callback")) == ["p.done", "o.answered", "z.done"]
    assert sorted((leg.dialled, leg.answered is not None) for leg in legs) == [
        ("101", True),
        ("700", False),
        ("700", False),
    ]


def over(path: list[str]) -> list[str]:
    """Without the moments at which a service run was laid down to wait."""
    return [step for step in path if not step.endswith(".")]


ASKING = """
    s: {component: assign, assignments: [{variable: client, value: "77"}], exits: {done: a}}
    a: {component: start_service, scenario: priced, run_id: started, exits: {done: b}}
    b: {component: answer, exits: {done: c}}
    c: {component: send_message, event: question, run_id: "{started}", values: {what: "41"}, exits: {done: d}}
    d: {component: wait_for_event, event: answer, about: "{caller}", into: {price: price}, exits: {arrived: e}}
    e: {component: send_dtmf, keys: "{price}", exits: {done: f}}
    f: {component: call_scenario, scenario: second, exits: {done: g}}
    g: {component: jump_to_scenario, scenario: second}
"""
PRICED = service(
    """
    w: {component: wait_for_event, event: question, into: {what: n}, longest: 1m, exits: {arrived: p}}
    p: {component: pause, duration: 500ms, exits: {done: s}}
    s: {component: send_message, event: answer, about: "101", values: {price: "=n + 1"}, exits: {done: t}}
    t: {component: tag_call, name: client, value: "{client}"}
    """,
    name="priced",
    variables="- {name: n, type: number}\n- {name: client, session: true}",
)
SECOND = voice(
    """
    g: {component: send_dtmf, keys: "{client}", exits: {done: h}}
    h: {component: tag_call, name: topic, value: delivery, exits: {done: i}}
    i: {component: pause, duration: 500ms}
    """,
    name="second",
    variables="- {name: client, session: true}",
)


async def test_a_call_and_a_service_run_talk_and_the_session_follows_the_call(tmp_path: Path) -> None:
    first = voice(ASKING, variables="- {name: client, session: true}\n- {name: started}\n- {name: price}")
    async with wire(tmp_path, first, PRICED, SECOND) as on:
        phone = await on.x.call_in("700")
        await phone.hears_keys("427777")
        await phone.reaches(LegState.ENDED)
        await until(lambda: on.ended("priced"))
        (chain,) = await on.chains()
    assert over(on.path("priced")) == ["w.arrived", "p.done", "s.done", "t.done"]
    assert on.path("second") == ["g.done", "h.done", "i.done"] * 2
    assert chain.tags == {"client": "77", "topic": "delivery"}


# --- recordings ---------------------------------------------------------------------------------------------------


def recorded(name: str, account: str, more: str = "") -> Row:
    return Row(
        name,
        f"""
        a: {{component: answer, exits: {{done: b}}}}
        b: {{component: start_recording, file: file{more}, exits: {{done: c}}}}
        c: {{component: dial, number: "{account}", exits: {{answered: d}}}}
        d: {{component: stop_recording, seconds: seconds, exits: {{done: e}}}}
        e: {{component: hang_up}}
        """,
        (hears(BORIS), is_hung_up_on()),
        "a.done b.done c.answered d.done e.done",
        "- {name: file}\n- {name: seconds, type: number}",
        hz=ANNA,
    )


RECORDINGS = (recorded("stereo", "102", ", stereo: yes"), recorded("mono", "103"))


async def test_both_voices_are_in_the_recording(tmp_path: Path) -> None:
    async with wire(tmp_path, rows=RECORDINGS) as on:
        for account in ("102", "103"):
            await on.x.phone(account, FarEnd(answers_after=0.1, voice=tone(BORIS), hangs_up_after=2))
        await on.play(RECORDINGS)
        left, right = read_stereo(on.stage.recordings.path(on.variables("stereo")["file"]))
        mono = read_wav(on.stage.recordings.path(on.variables("mono")["file"]))
    assert [heard_among(each[-12_000:-4_000], VOICES) for each in (left, right)] == [{ANNA}, {BORIS}]
    assert heard_among(mono[-12_000:-4_000], VOICES) == {ANNA, BORIS}
    assert float(on.variables("stereo")["seconds"]) == pytest.approx(len(left) / 8000, abs=0.1)
