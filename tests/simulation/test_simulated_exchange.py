import asyncio
from pathlib import Path

import pytest

from cordboard.simulation.exchange import SimulatedExchange
from cordboard.simulation.far_end import FarEnd
from cordboard.simulation.speech import SimulatedSpeech
from cordboard.simulation.virtual_time import VirtualClock, virtual_time
from cordboard.telephony import (
    Clip,
    EndReason,
    KeyRule,
    Leg,
    LegState,
    LineTarget,
    Party,
    PhoneTarget,
    Silence,
    Target,
    dial,
)
from cordboard.testing.audio import heard_among, read_wav, tone_wav
from cordboard.testing.exchange import Listened, serving, voice

CITY: Target = LineTarget("city", "0671234567")


@virtual_time
async def test_a_text_without_a_file_takes_the_time_of_speaking_it() -> None:
    exchange = SimulatedExchange(Listened(), VirtualClock())

    async def speak(leg: Leg) -> None:
        await leg.answer()
        played = await leg.play([Clip(None, "x" * 28), Silence(0.5), Clip(None, "bye")])
        assert played.seconds == pytest.approx(2 + 0.5 + 3 / 14)

    async with serving(exchange, speak):
        phone = exchange.call_in("0671234567", "700", line="city")
        await phone.wait_state(LegState.ENDED)
    assert phone.texts == ["x" * 28, "bye"]
    assert phone.heard[2].at == pytest.approx(2.5)
    assert phone.told is EndReason.HUNG_UP


@virtual_time
async def test_waiting_for_words_finds_each_saying_once() -> None:
    exchange = SimulatedExchange(Listened(), VirtualClock())

    async def repeat(leg: Leg) -> None:
        await leg.answer()
        for _ in range(2):
            await leg.play([Clip(None, "press one")])

    async with serving(exchange, repeat):
        phone = exchange.call_in("", "700")
        first = await phone.wait_heard("one")
        second = await phone.wait_heard("one")
        assert second.at > first.at
        with pytest.raises(AssertionError, match="hears 'one'"):
            await phone.wait_heard("one", within=5)


@virtual_time
async def test_a_far_end_keeps_to_its_script() -> None:
    ways = {CITY: FarEnd(rings_after=1, answers_after=3, keys={2: "1", 1: "5"}, holds={3: 2}, hangs_up_after=6)}
    listened = Listened()
    exchange = SimulatedExchange(listened, VirtualClock(), ways)
    leg = await exchange.originate([CITY], caller=Party("700"))
    assert await leg.answer()
    now = asyncio.get_running_loop().time
    assert now() == pytest.approx(4)
    assert (await leg.collect(KeyRule(max_digits=2))).digits == "51"
    assert now() == pytest.approx(6)
    assert await leg.ended() is EndReason.HUNG_UP
    assert now() == pytest.approx(10)
    assert [record.held for record in listened.of(leg.id)] == [False, False, False, True, False, False]
    assert leg.record.line == "city"
    assert leg.record.dialled == "0671234567"


@virtual_time
async def test_a_far_end_that_says_nothing_is_unreachable_after_the_ring_time() -> None:
    exchange = SimulatedExchange(Listened(), VirtualClock(), {CITY: FarEnd.silent()})
    leg = await exchange.originate([CITY], caller=Party("700"), ring_time=20)
    assert await leg.ended() is EndReason.UNREACHABLE
    assert asyncio.get_running_loop().time() == pytest.approx(20)


@virtual_time
async def test_of_two_that_answer_together_the_first_target_has_it() -> None:
    exchange = SimulatedExchange(Listened(), VirtualClock())
    targets = [PhoneTarget(account) for account in ("102", "103")]
    exchange.far_ends.update(dict.fromkeys(targets, FarEnd.answers(2)))
    leg = await exchange.originate(targets, caller=Party("700"))
    assert await leg.answer()
    assert leg.record.account == "102"
    assert exchange.called[1].told is EndReason.ANSWERED_ELSEWHERE


@virtual_time
async def test_nobody_serves() -> None:
    exchange = SimulatedExchange(Listened(), VirtualClock())
    assert exchange.call_in("0671234567", "700").told is EndReason.UNREACHABLE


@virtual_time
async def test_a_wrong_key_is_a_mistake_of_the_test() -> None:
    exchange = SimulatedExchange(Listened(), VirtualClock())
    with pytest.raises(ValueError, match="'x' is no key"):
        exchange.call_in("", "700").press("x")


@virtual_time
async def test_dial_joins_a_caller_who_is_answered_only_by_the_callee() -> None:
    exchange = SimulatedExchange(Listened(), VirtualClock(), {CITY: FarEnd.answers(5, hangs_up_after=10)})
    outcomes: list[str] = []

    async def through(leg: Leg) -> None:
        outcomes.append((await dial(exchange, leg, [CITY], show=Party("700"))).outcome)

    async with serving(exchange, through):
        phone = exchange.call_in("101", "0671234567", account="101")
        await phone.wait_state(LegState.ENDED)
    assert phone.states == [LegState.CALLING, LegState.RINGING, LegState.ANSWERED, LegState.ENDED]
    assert asyncio.get_running_loop().time() == pytest.approx(15)
    assert outcomes == ["answered"]


@virtual_time
async def test_simulated_speech_says_the_text() -> None:
    speech = SimulatedSpeech()
    assert await speech.say("Добрый день", "ru") == Clip(None, "Добрый день")
    assert speech.said == [("Добрый день", "ru")]


@virtual_time
async def test_a_caller_whose_network_carries_no_early_voice() -> None:
    exchange = SimulatedExchange(Listened(), VirtualClock())
    early: list[bool] = []

    async def try_early(leg: Leg) -> None:
        early.append(await leg.early_media())
        await leg.ring()
        await leg.collect(KeyRule(first_timeout=1))

    async with serving(exchange, try_early):
        phone = exchange.call_in("0671234567", "700", hears_early=False)
        await phone.wait_state(LegState.RINGING)
        phone.press("1")
        await phone.wait_state(LegState.ENDED)
    assert early == [False]
    assert phone.heard == []


@virtual_time
async def test_voices_of_a_conference_go_on_while_others_come_and_go() -> None:
    exchange = SimulatedExchange(Listened(), VirtualClock())
    room = await exchange.conference()

    async def join(leg: Leg) -> None:
        assert await leg.answer()
        assert await room.add(leg)
        await leg.ended()

    async with serving(exchange, join):
        phones = [exchange.call_in("", "700", voice=voice(hz)) for hz in (440, 620, 880)]
        first, second, third = phones
        for phone in phones:
            await phone.wait_state(LegState.ANSWERED)
        await asyncio.sleep(1)
        assert first.hearing_all == {second.voice, third.voice}
        assert first.hearing == third.voice
        second.hang_up()
        await asyncio.sleep(1)
        assert first.hearing_all == {third.voice}
    (gone, stayed) = first.heard
    assert (gone.sound, gone.at, gone.until) == (second.voice, 0, 1)
    assert (stayed.sound, stayed.at, stayed.until) == (third.voice, 0, 2)


@virtual_time
async def test_a_talk_of_a_minute_is_written_with_the_sounds_that_have_audio(tmp_path: Path) -> None:
    exchange = SimulatedExchange(Listened(), VirtualClock())
    clip = Clip(tone_wav(tmp_path / "clip.wav", 620, seconds=1.5))
    path = tmp_path / "talk.wav"

    async def talk(leg: Leg) -> None:
        assert await leg.answer()
        assert await leg.start_recording(path)
        await leg.play([Silence(1), clip, Clip(None, "a text has no audio")])
        await leg.collect(KeyRule(first_timeout=60))
        await leg.hang_up()

    async with serving(exchange, talk):
        phone = exchange.call_in("", "700", voice=voice(440))
        await phone.wait_state(LegState.ENDED, within=100)
    sound = read_wav(path)
    assert len(sound) == pytest.approx((62.5 + 19 / 14) * 8000, abs=1)
    assert heard_among(sound[:8000], (440, 620)) == {440}
    assert heard_among(sound[8200:19800], (440, 620)) == {440, 620}
    assert heard_among(sound[20200:], (440, 620)) == {440}
