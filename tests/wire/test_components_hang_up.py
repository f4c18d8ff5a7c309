"""The caller hangs up in the midst of whatever waits, on real SIP and RTP; and the parking of story S8."""

from pathlib import Path

import pytest

from cordboard.simulation.far_end import FarEnd
from cordboard.telephony import EndReason, LegState
from cordboard.testing.audio import heard_among, read_wav
from cordboard.testing.components import voice
from cordboard.testing.exchange import VOICES, until
from cordboard.testing.exchange import voice as tone
from cordboard.testing.real_components import Act, Row, hangs_up, hears, is_hung_up_on, presses, reaches, wire

pytestmark = [pytest.mark.slow, pytest.mark.wire]

ANNA, BORIS, CARL, DORA = VOICES
"""Hz: who calls, and the others."""


def left(name: str, step: str, exit_: str, *does: Act, hz: float = 0.0) -> Row:
    """The caller hangs up in this step: its cord is not followed, and the branch after the hang-up runs."""
    steps = f"""
        a: {{component: answer, exits: {{done: b}}}}
        b: {{component: {step}, exits: {{{exit_}: never}}}}
        never: {{component: log, text: never}}
        after: {{component: assign, assignments: [{{variable: over, value: "yes {{file}}"}}]}}
    """
    variables = "- {name: over}\n- {name: key}\n- {name: file}"
    return Row(name, steps, (*does, hangs_up()), "a.done b. after.done", variables, "after", hz=hz)


ANSWERED = reaches(LegState.ANSWERED)
LEFT = (
    left("play", "play, file: long-540.wav", "done", hears(540)),
    left("menu", "menu, file: long-540.wav, keys: [{id: one, key: '1'}]", "nothing_pressed", hears(540)),
    left("menu_waits", "menu, file: 1000.wav, wait: 1m, keys: [{id: one, key: '1'}]", "nothing_pressed",
         hears(1000, None)),
    left("ask_digits", "ask_digits, file: long-540.wav, variable: key, next_wait: 1m", "done",
         hears(540), presses("12"), hears(None)),
    left("pause", "pause, duration: 1m", "done", ANSWERED),
    left("wait_for_event", "wait_for_event, event: never", "arrived", ANSWERED),
    left("dial_rings", "dial, number: '102', ring_time: 1m", "no_answer", ANSWERED),
    left("dial_talks", "dial, number: '103'", "answered", hears(BORIS), hz=ANNA),
    left("alone", "conference_join, name: room, music: 1000.wav", "no_room", hears(1000)),
)  # fmt: skip


async def test_who_hangs_up_while_something_waits(tmp_path: Path) -> None:
    room = voice(
        "r: {component: conference_create, name: room, exits: {created: s}}\ns: {component: pause, duration: 1m}"
    )
    async with wire(tmp_path, room, rows=LEFT) as on:
        await on.x.phone("102", FarEnd.no_answer())
        await on.x.phone("103", FarEnd(answers_after=0.1, voice=tone(BORIS)))
        keeper = await on.x.call_in("700")
        await until(lambda: "r.created" in on.path("main"))
        await on.play(LEFT)
        await keeper.hang_up()
        assert on.variables("ask_digits")["key"] == "12"
        for account, reason in (("102", EndReason.CANCELLED), ("103", EndReason.HUNG_UP)):
            called = await on.x.rung(account)
            await called.reaches(LegState.ENDED)
            assert called.told is reason
        await until(lambda: not list(on.x.exchange.legs()))


MESSAGE = """
    a: {component: play, file: 1000.wav, exits: {done: b}}
    b: {component: record, file: file, longest: 1m, exits: {recorded: c}}
    c: {component: play, parts: [{recording: "{file}"}]}
    after: {component: log, text: "{file}"}
"""
MESSAGES = (
    Row("key", MESSAGE, (hears(1000, None), presses("#"), hears(ANNA), is_hung_up_on()), "a.done b.recorded c.done",
        "- {name: file}", "after", hz=ANNA),
    Row("hung_up", MESSAGE, (hears(1000, None), hangs_up()), "a.done b. after.done",
        "- {name: file}", "after", hz=BORIS),
)  # fmt: skip


async def test_a_message_holds_the_voice_also_of_who_hangs_up(tmp_path: Path) -> None:
    async with wire(tmp_path, rows=MESSAGES) as on:
        await on.play(MESSAGES)
        files = {row.name: on.stage.recordings.path(on.variables(row.name)["file"]) for row in MESSAGES}
        (told,) = (step.properties["text"] for step in on.stage.steps if step.step == "after")
    assert {name: heard_among(read_wav(file), VOICES) for name, file in files.items()} == {
        "key": {ANNA},
        "hung_up": {BORIS},
    }
    assert told == on.variables("hung_up")["file"] != ""


# --- story S8 -----------------------------------------------------------------------------------------------------

PARK = voice(
    """
    talk: {component: dial, number: "102", exits: {answered: p711}}
    p711: {component: conference_create, name: 711, places: 2, exits: {created: park711, taken: p712}}
    p712: {component: conference_create, name: 712, places: 2, exits: {created: park712, taken: away}}
    park711: {component: conference_join, name: 711, music: long-540.wav, exits: {ended: away}}
    park712: {component: conference_join, name: 712, music: long-800.wav, exits: {ended: away}}
    away: {component: hang_up}
    """
)
TAKE = voice(
    """
    t: {component: conference_join, name: "{dialled}", wait: no, exits: {joined: u, no_room: n}}
    u: {component: conference_convert, name: "{dialled}", exits: {ended: v}}
    v: {component: hang_up}
    n: {component: hang_up}
    """,
    name="take",
)


async def test_s8_a_client_is_parked_and_taken_from_another_phone(tmp_path: Path) -> None:
    async with wire(tmp_path, PARK, TAKE, numbers={"711": "take", "712": "take"}) as on:
        await on.x.phone("102", FarEnd(answers_after=0.1, voice=tone(BORIS), hangs_up_after=1.5))
        client = await on.x.call_in("710", account="101", hz=ANNA)
        await client.hears(BORIS)
        await client.hears(540)
        other = await on.x.call_in("710", account="104", hz=DORA)
        await other.hears(800)
        colleague = await on.x.call_in("711", account="103", hz=CARL)
        await client.hears(CARL)
        await colleague.hears(ANNA)
        assert on.path("take") == ["t.joined"]
        assert await client.longest_gap() < 0.4
        nobody = await on.x.call_in("711", account="105")
        await nobody.reaches(LegState.ENDED)
        assert nobody.told is EndReason.UNREACHABLE
        await colleague.hold()
        await colleague.hears(None)
        await colleague.resume()
        await colleague.hears(ANNA)
        await client.hang_up()
        await other.hang_up()
        await until(lambda: on.ended("take") == 2 and on.ended("main") == 2)
        chains = await on.chains()
    assert sorted(on.path("take")) == ["n.done", "t.joined", "t.no_room", "u.ended", "v.done"]
    (chain,) = (chain for chain in chains if any(leg.account == "101" for leg in chain.legs))
    assert len(chain.connections) == 2
