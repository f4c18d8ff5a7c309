"""The contract of `telephony/ports.py`: what a leg hears and says."""

import asyncio

import pytest

from cordboard.telephony import (
    CollectEnd,
    Digit,
    KeyRule,
    LegState,
    Played,
    PlayEnd,
    Silence,
    Tone,
)
from cordboard.testing.audio import has_tone, read_wav
from cordboard.testing.exchange import (
    ExchangeUnderTest,
    caller_and_leg,
    contract,
    tone_clip,
)

# --- what a leg hears ---------------------------------------------------------------------------------------------


@contract
async def test_playing_returns_when_all_was_heard(x: ExchangeUnderTest) -> None:
    async with caller_and_leg(x) as (phone, leg):
        began = asyncio.get_running_loop().time()
        playing = asyncio.create_task(leg.play([tone_clip(x, 440, 0.6), Silence(0.3), Tone((620.0,), on=0.6)]))
        await phone.hears(440)
        await phone.hears(620)
        played = await playing
        assert played.end is PlayEnd.FINISHED
        assert played.key == ""
        assert played.seconds == pytest.approx(1.5, abs=0.15)
        assert asyncio.get_running_loop().time() - began == pytest.approx(1.5, abs=0.4)
        await phone.hears(None)


@contract
async def test_an_unanswered_leg_hears_nothing(x: ExchangeUnderTest) -> None:
    async with caller_and_leg(x, answered=False) as (_, leg):
        await leg.ring()
        async with asyncio.timeout(0.5):
            assert await leg.play([tone_clip(x, 440, 2)]) == Played(PlayEnd.STOPPED)


@contract
async def test_a_key_stops_the_sound_and_waits_to_be_collected(x: ExchangeUnderTest) -> None:
    async with caller_and_leg(x) as (phone, leg):
        playing = asyncio.create_task(leg.play([tone_clip(x, 440, 4)], interrupt="12"))
        await phone.hears(440)
        await phone.press("2")
        played = await playing
        assert (played.end, played.key) == (PlayEnd.KEY, "2")
        assert played.seconds < 3
        await phone.hears(None)
        assert (await leg.collect(KeyRule(max_digits=1))).digits == "2"


@contract
async def test_a_key_that_may_not_interrupt_does_not(x: ExchangeUnderTest) -> None:
    async with caller_and_leg(x) as (phone, leg):
        playing = asyncio.create_task(leg.play([tone_clip(x, 440, 1)], interrupt="1"))
        await phone.hears(440)
        await phone.press("7")
        assert (await playing).end is PlayEnd.FINISHED
        assert (await leg.collect(KeyRule(max_digits=1))).digits == "7"


@contract
async def test_a_waiting_key_stops_the_sound_before_it_begins(x: ExchangeUnderTest) -> None:
    async with caller_and_leg(x) as (phone, leg):
        with leg.events() as events:
            await phone.press("3")
            assert await anext(events) == Digit("3")
        async with asyncio.timeout(1):
            played = await leg.play([tone_clip(x, 440, 4)], interrupt="0123456789")
        assert played == Played(PlayEnd.KEY, "3", 0.0)
        assert (await leg.collect(KeyRule(max_digits=1))).digits == "3"


@contract
async def test_forgotten_keys_interrupt_nothing(x: ExchangeUnderTest) -> None:
    async with caller_and_leg(x) as (phone, leg):
        with leg.events() as events:
            await phone.press("3")
            assert await anext(events) == Digit("3")
        leg.forget_keys()
        assert (await leg.play([tone_clip(x, 440, 0.4)], interrupt="3")).end is PlayEnd.FINISHED


@contract
async def test_a_later_sound_replaces_the_earlier(x: ExchangeUnderTest) -> None:
    async with caller_and_leg(x) as (phone, leg):
        first = asyncio.create_task(leg.play([tone_clip(x, 440, 4)]))
        await phone.hears(440)
        second = asyncio.create_task(leg.play([tone_clip(x, 620, 1)]))
        await phone.hears(620)
        assert (await first).end is PlayEnd.STOPPED
        assert (await second).end is PlayEnd.FINISHED


@contract
async def test_background_replaces_what_plays(x: ExchangeUnderTest) -> None:
    async with caller_and_leg(x) as (phone, leg):
        playing = asyncio.create_task(leg.play([tone_clip(x, 440, 4)]))
        await phone.hears(440)
        await leg.background([tone_clip(x, 620, 0.5)])
        assert (await playing).end is PlayEnd.STOPPED
        await phone.hears(620)


@contract
async def test_a_caller_who_hangs_up_stops_the_sound(x: ExchangeUnderTest) -> None:
    async with caller_and_leg(x) as (phone, leg):
        playing = asyncio.create_task(leg.play([tone_clip(x, 440, 4)], interrupt="1"))
        await phone.hears(440)
        await phone.hang_up()
        async with asyncio.timeout(2):
            assert (await playing).end is PlayEnd.STOPPED


@contract
async def test_a_cancelled_playing_is_silent(x: ExchangeUnderTest) -> None:
    async with caller_and_leg(x) as (phone, leg):
        playing = asyncio.create_task(leg.play([tone_clip(x, 440, 30)]))
        await phone.hears(440)
        playing.cancel()
        await phone.hears(None)
        assert leg.state is LegState.ANSWERED


@contract
async def test_background_goes_round_until_something_else_plays(x: ExchangeUnderTest) -> None:
    async with caller_and_leg(x) as (phone, leg):
        await leg.background([tone_clip(x, 440, 0.4), tone_clip(x, 620, 0.4)])
        for hz in (440, 620, 440, 620):
            await phone.hears(hz)
        assert (await leg.play([tone_clip(x, 880, 0.6)])).end is PlayEnd.FINISHED
        await phone.hears(None)


@contract
async def test_background_of_nothing_is_silence(x: ExchangeUnderTest) -> None:
    async with caller_and_leg(x) as (phone, leg):
        await leg.background([tone_clip(x, 440, 0.4)])
        await phone.hears(440)
        await leg.background([])
        await phone.hears(None)


# --- keys ---------------------------------------------------------------------------------------------------------


@contract
async def test_keys_are_collected_up_to_their_number(x: ExchangeUnderTest) -> None:
    async with caller_and_leg(x) as (phone, leg):
        collecting = asyncio.create_task(leg.collect(KeyRule(max_digits=3)))
        await phone.press("1204")
        collected = await collecting
        assert (collected.digits, collected.end) == ("120", CollectEnd.COMPLETE)
        assert (await leg.collect(KeyRule(max_digits=1))).digits == "4"


@contract
async def test_the_terminator_ends_the_input(x: ExchangeUnderTest) -> None:
    async with caller_and_leg(x) as (phone, leg):
        await phone.press("105#")
        collected = await leg.collect(KeyRule(max_digits=20, terminator="#"))
        assert (collected.digits, collected.end, collected.terminator) == ("105", CollectEnd.COMPLETE, "#")


@contract
async def test_collecting_gives_up_when_nothing_is_pressed(x: ExchangeUnderTest) -> None:
    async with caller_and_leg(x) as (_, leg):
        began = asyncio.get_running_loop().time()
        collected = await leg.collect(KeyRule(max_digits=3, first_timeout=0.5))
        assert (collected.digits, collected.end) == ("", CollectEnd.TIMEOUT)
        assert asyncio.get_running_loop().time() - began == pytest.approx(0.5, abs=0.2)


@contract
async def test_collecting_keeps_what_there_was_when_no_more_comes(x: ExchangeUnderTest) -> None:
    async with caller_and_leg(x) as (phone, leg):
        await phone.press("12")
        collected = await leg.collect(KeyRule(max_digits=5, first_timeout=3, between_timeout=1))
        assert (collected.digits, collected.end) == ("12", CollectEnd.TIMEOUT)


@contract
async def test_collecting_ends_with_the_leg(x: ExchangeUnderTest) -> None:
    async with caller_and_leg(x) as (phone, leg):
        collecting = asyncio.create_task(leg.collect(KeyRule(max_digits=5, first_timeout=30)))
        await phone.hang_up()
        async with asyncio.timeout(2):
            assert (await collecting).end is CollectEnd.ENDED


@contract
async def test_all_keys_of_a_telephone_arrive(x: ExchangeUnderTest) -> None:
    async with caller_and_leg(x) as (phone, leg):
        await phone.press("0123456789*#ABCD")
        rule = KeyRule(max_digits=16, terminator="", first_timeout=5, between_timeout=2)
        assert (await leg.collect(rule)).digits == "0123456789*#ABCD"


@contract
async def test_the_exchange_presses_keys_too(x: ExchangeUnderTest) -> None:
    async with caller_and_leg(x) as (phone, leg):
        await leg.send_digits("42#")
        await phone.hears_keys("42#")


# --- recording ----------------------------------------------------------------------------------------------------


@contract
async def test_what_the_caller_says_is_recorded(x: ExchangeUnderTest) -> None:
    async with caller_and_leg(x, hz=440) as (_, leg):
        path = x.folder / "message.wav"
        assert await leg.record_to(path, limit=1.0) == pytest.approx(1.0, abs=0.1)
        assert len(read_wav(path)) == pytest.approx(8000, abs=800)
        assert has_tone(path, 440)


@contract
async def test_a_key_ends_the_recording_and_is_taken(x: ExchangeUnderTest) -> None:
    async with caller_and_leg(x, hz=440) as (phone, leg):
        recording = asyncio.create_task(leg.record_to(x.folder / "key.wav", limit=30, stop_on="#"))
        await leg.collect(KeyRule(first_timeout=0.5))
        await phone.press("1#2")
        async with asyncio.timeout(3):
            seconds = await recording
        assert seconds == pytest.approx(0.5, abs=0.3)
        assert (await leg.collect(KeyRule(max_digits=2, terminator=""))).digits == "12"


@contract
async def test_a_key_that_waits_already_ends_the_recording_before_it_begins(x: ExchangeUnderTest) -> None:
    async with caller_and_leg(x, hz=440) as (phone, leg):
        with leg.events() as events:
            await phone.press("#")
            assert await anext(events) == Digit("#")
        async with asyncio.timeout(1):
            assert await leg.record_to(x.folder / "none.wav", limit=30, stop_on="#") == 0.0
        assert (await leg.collect(KeyRule(first_timeout=0.3))).end is CollectEnd.TIMEOUT


@contract
async def test_a_recording_is_complete_when_the_caller_hangs_up(x: ExchangeUnderTest) -> None:
    async with caller_and_leg(x, hz=440) as (phone, leg):
        path = x.folder / "cut.wav"
        recording = asyncio.create_task(leg.record_to(path, limit=30))
        await leg.collect(KeyRule(first_timeout=0.6))
        await phone.hang_up()
        async with asyncio.timeout(3):
            seconds = await recording
        assert seconds == pytest.approx(0.6, abs=0.3)
        assert len(read_wav(path)) == pytest.approx(8000 * seconds, abs=400)


@contract
async def test_a_silent_caller_ends_the_recording(x: ExchangeUnderTest) -> None:
    async with caller_and_leg(x) as (_, leg):
        async with asyncio.timeout(3):
            await leg.record_to(x.folder / "silent.wav", limit=30, silence=0.5)
