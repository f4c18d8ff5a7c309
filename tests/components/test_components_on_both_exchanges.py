"""What touches a call does on the real exchange what it does on the simulated one."""

import wave

import pytest

from cordboard.simulation.far_end import FarEnd
from cordboard.telephony import EndReason, LegState
from cordboard.testing.audio import read_wav, strongest_frequency
from cordboard.testing.components import voice
from cordboard.testing.components_on_exchange import playing, recorded
from cordboard.testing.exchange import ExchangeUnderTest, contract, until
from cordboard.testing.exchange import voice as tone

ANNA, BORIS = 440.0, 620.0


@contract
async def test_parts_are_heard_without_a_gap_and_a_key_is_kept_for_the_menu(x: ExchangeUnderTest) -> None:
    steps = """
        a: {component: play, parts: [{file: 440.wav}, {file: 620.wav}, {file: 1000.wav}], exits: {done: b}}
        b: {component: menu, file: 1400.wav, attempts: 1, keys: [{id: one, key: "1", to: c}]}
        c: {component: send_dtmf, keys: "12#"}
    """
    async with playing(x, voice(steps)) as stage:
        phone = await x.call_in("700")
        for hertz in (440, 620, 1000, 1400):
            await phone.hears(hertz)
        assert await phone.longest_gap() < 0.1
        await phone.press("1")
        await phone.hears_keys("12#")
        await stage.ended()
    assert stage.path == ["a.done", "b.one", "c.done"]


@contract
async def test_music_plays_behind_a_pause_and_stops(x: ExchangeUnderTest) -> None:
    steps = """
        a: {component: background_music, file: 440.wav, exits: {done: b}}
        b: {component: pause, duration: 2500ms, exits: {done: c}}
        c: {component: background_music, music: stop, exits: {done: d}}
        d: {component: pause, duration: 10s}
    """
    async with playing(x, voice(steps)) as stage:
        phone = await x.call_in("700")
        await phone.hears(440)
        await phone.hears(None)
        assert "b.done" in stage.path
        await phone.hang_up()
        await stage.ended()


@contract
async def test_a_message_is_in_its_file_also_if_the_caller_hangs_up(x: ExchangeUnderTest) -> None:
    steps = """
        a: {component: record, file: file, seconds: seconds}
        after: {component: log, text: "{file}"}
    """
    variables = "- {name: file}\n- {name: seconds, type: number}"
    await x.phone("102", FarEnd(answers_after=0.1, voice=tone(ANNA), hangs_up_after=2.0))
    async with playing(x, voice(steps, variables=variables, after_hangup="after")) as stage:
        await stage.call_out("102")
        await stage.ended()
    assert stage.path == ["a.", "after.done"]
    sound = read_wav(recorded(stage, "file"))
    assert strongest_frequency(sound[4000:8000]) == pytest.approx(ANNA, abs=5)
    assert float(stage.ends[-1].variables["seconds"]) == pytest.approx(2, abs=0.5)


@contract
async def test_silence_is_no_message(x: ExchangeUnderTest) -> None:
    steps = "a: {component: record, file: file, silence: 1s, exits: {silence: b}}\nb: {component: hang_up}"
    async with playing(x, voice(steps, variables="- {name: file}")) as stage:
        phone = await x.call_in("700")
        await phone.reaches(LegState.ENDED)
        await stage.ended()
    assert stage.path == ["a.silence", "b.done"]
    assert stage.ends[-1].variables["file"] == ""


@contract
async def test_a_talk_is_recorded_with_a_channel_for_each_side(x: ExchangeUnderTest) -> None:
    steps = """
        a: {component: answer, exits: {done: b}}
        b: {component: start_recording, file: file, stereo: yes, exits: {done: c}}
        c: {component: dial, number: 102, exits: {answered: d}}
        d: {component: stop_recording, exits: {done: e}}
        e: {component: hang_up}
    """
    await x.phone("102", FarEnd(answers_after=0.1, voice=tone(BORIS), hangs_up_after=2.0))
    async with playing(x, voice(steps, variables="- {name: file}")) as stage:
        phone = await x.call_in("700", hz=ANNA)
        await phone.hears(BORIS)
        await phone.reaches(LegState.ENDED)
        await stage.ended()
    assert stage.path == ["a.done", "b.done", "c.answered", "d.done", "e.done"]
    with wave.open(str(recorded(stage, "file")), "rb") as file:
        assert (file.getnchannels(), file.getframerate()) == (2, 8000)
        assert file.getnframes() > 8000


@contract
async def test_nobody_pays_for_what_is_said_before_the_answer(x: ExchangeUnderTest) -> None:
    steps = """
        a: {component: play, file: 440.wav, answer: no, exits: {done: b}}
        b: {component: reject, reason: busy}
    """
    async with playing(x, voice(steps)) as stage:
        phone = await x.call_in("700")
        await phone.hears(440)
        await phone.reaches(LegState.ENDED)
        await stage.ended()
        assert phone.told is EndReason.BUSY
    assert stage.path == ["a.done", "b.done"]


@contract
async def test_a_parked_call_is_taken_from_another_phone(x: ExchangeUnderTest) -> None:
    park = """
        a: {component: conference_create, name: 711, places: 2, exits: {created: b}}
        b: {component: conference_join, name: 711, music: 1000.wav, exits: {ended: c}}
        c: {component: hang_up}
    """
    take = """
        t: {component: conference_join, name: 711, wait: no, exits: {joined: u}}
        u: {component: conference_convert, name: 711}
    """
    async with playing(x, voice(park), voice(take, name="take"), numbers={"711": "take"}) as stage:
        client = await x.call_in("710", account="101", hz=ANNA)
        await client.hears(1000)
        colleague = await x.call_in("711", account="102", hz=BORIS)
        await client.hears(BORIS)
        await until(lambda: "t.joined" in stage.path)
        await colleague.hears(ANNA)
        await client.hears(BORIS)
        assert await client.longest_gap() < 0.4
        await colleague.hang_up()
        await client.reaches(LegState.ENDED)
        await stage.ended(2)
    assert sorted(stage.path) == ["a.created", "b.ended", "c.done", "t.joined", "u."]


@contract
async def test_a_conference_of_three(x: ExchangeUnderTest) -> None:
    steps = """
        a: {component: conference_create, name: room, exits: {created: b, taken: b}}
        b: {component: conference_join, name: room, leave_key: "*", exits: {left: c, ended: c}}
        c: {component: hang_up}
    """
    async with playing(x, voice(steps)) as stage:
        phones = [
            await x.call_in("700", account=name, hz=hz) for name, hz in (("101", 440), ("102", 620), ("103", 1000))
        ]
        await phones[0].hears_all(620, 1000)
        await phones[2].hears_all(440, 620)
        await phones[1].press("*")
        await phones[1].reaches(LegState.ENDED)
        await phones[0].hears_all(1000)
        for phone in phones:
            await phone.hang_up()
        await stage.ended(3)
    assert stage.path.count("b.left") == 1
