"""The contract of `telephony/ports.py`: voices before the answer."""

import asyncio

from cordboard.simulation.far_end import FarEnd
from cordboard.telephony import (
    Answered,
    Collected,
    CollectEnd,
    Digit,
    EarlyMedia,
    Ended,
    EndReason,
    KeyRule,
    LegEvent,
    LegState,
    Party,
    PhoneTarget,
    Played,
    PlayEnd,
    Ringing,
    Tone,
    dial,
)
from cordboard.testing.exchange import ExchangeUnderTest, caller_and_leg, contract, tone_clip, until, voice


@contract
async def test_a_caller_hears_before_he_is_answered(x: ExchangeUnderTest) -> None:
    async with caller_and_leg(x, answered=False) as (phone, leg):
        with leg.events() as events:
            assert await leg.early_media()
            assert leg.state is LegState.RINGING
            await phone.reaches(LegState.RINGING)
            playing = asyncio.create_task(leg.play([tone_clip(x, 440, 0.6)]))
            await phone.hears(440)
            assert (await playing).end is PlayEnd.FINISHED
            assert await leg.early_media()
            await leg.ring()
            assert leg.record.answered is None
            assert await leg.answer()
            await phone.reaches(LegState.ANSWERED)
            assert await leg.early_media()
            playing = asyncio.create_task(leg.play([tone_clip(x, 620, 0.6)]))
            await phone.hears(620)
            await playing
            await leg.hang_up()
            heard: list[LegEvent] = [event async for event in events]
    assert heard == [Ringing(), Answered(), Ended(EndReason.HUNG_UP)]


@contract
async def test_who_rings_already_can_be_let_hear(x: ExchangeUnderTest) -> None:
    async with caller_and_leg(x, answered=False) as (phone, leg):
        await leg.ring()
        await phone.reaches(LegState.RINGING)
        assert await leg.early_media()
        await leg.background([tone_clip(x, 440, 0.5)])
        await phone.hears(440)
        await leg.background([])
        await phone.hears(None)
    assert [record.state for record in x.listener.of(leg.id)] == [LegState.CALLING, LegState.RINGING, LegState.ENDED]


@contract
async def test_the_answer_does_not_stop_what_plays(x: ExchangeUnderTest) -> None:
    async with caller_and_leg(x, answered=False) as (phone, leg):
        assert await leg.early_media()
        playing = asyncio.create_task(leg.play([tone_clip(x, 440, 1.5)]))
        await phone.hears(440)
        assert await leg.answer()
        assert (await playing).end is PlayEnd.FINISHED


@contract
async def test_a_key_stops_an_early_sound(x: ExchangeUnderTest) -> None:
    async with caller_and_leg(x, answered=False) as (phone, leg):
        with leg.events() as events:
            assert await leg.early_media()
            playing = asyncio.create_task(leg.play([tone_clip(x, 440, 4)], interrupt="2"))
            await phone.hears(440)
            await phone.press("2")
            played = await playing
            assert (played.end, played.key) == (PlayEnd.KEY, "2")
            assert await leg.collect(KeyRule()) == Collected("2", CollectEnd.COMPLETE)
            assert leg.state is LegState.RINGING
            assert await anext(events) == Ringing()
            assert await anext(events) == Digit("2")


@contract
async def test_a_caller_who_gives_up_while_he_hears(x: ExchangeUnderTest) -> None:
    async with caller_and_leg(x, answered=False) as (phone, leg):
        assert await leg.early_media()
        playing = asyncio.create_task(leg.play([tone_clip(x, 440, 4)], interrupt="1"))
        await phone.hears(440)
        await phone.hang_up()
        async with asyncio.timeout(2):
            assert (await playing).end is PlayEnd.STOPPED
        assert await leg.ended() is EndReason.CANCELLED
        assert await leg.answer() is False
        assert await leg.early_media() is False
        assert await leg.play([tone_clip(x, 440, 4)]) == Played(PlayEnd.STOPPED)


@contract
async def test_a_caller_who_has_heard_is_refused(x: ExchangeUnderTest) -> None:
    async with caller_and_leg(x, answered=False) as (phone, leg):
        assert await leg.early_media()
        await leg.background([tone_clip(x, 440, 0.5)])
        await phone.hears(440)
        await leg.reject(EndReason.BUSY)
        await phone.reaches(LegState.ENDED)
        assert phone.told is EndReason.BUSY
        assert leg.record.answered is None


@contract
async def test_nothing_is_recorded_or_joined_before_the_answer(x: ExchangeUnderTest) -> None:
    async with caller_and_leg(x, hz=440, answered=False) as (_, leg):
        assert await leg.early_media()
        async with asyncio.timeout(0.5):
            assert await leg.record_to(x.folder / "early.wav") == 0.0
            assert not await leg.start_recording(x.folder / "talk.wav")
            assert not await (await x.exchange.conference()).add(leg)


@contract
async def test_nothing_of_it_on_an_outbound_leg(x: ExchangeUnderTest) -> None:
    await x.phone("102", FarEnd.answers(0.3))
    leg = await x.exchange.originate([PhoneTarget("102")], caller=Party("700"))
    assert not await leg.early_media()
    assert leg.record.answered is None
    assert await leg.answer()
    assert await leg.early_media()
    await leg.hang_up()


@contract
async def test_whoever_waits_for_somebody_hears_the_ringing(x: ExchangeUnderTest) -> None:
    await x.phone("102", FarEnd(answers_after=1.2, voice=voice(620)))
    async with caller_and_leg(x, answered=False) as (phone, leg):
        assert await leg.early_media()
        ringback = [Tone((880.0,), on=3600.0)]
        dialling = asyncio.create_task(
            dial(x.exchange, leg, [PhoneTarget("102")], show=Party("101"), ringback=ringback)
        )
        await phone.hears(880)
        assert leg.state is LegState.RINGING
        await phone.reaches(LegState.ANSWERED)
        await phone.hears(620)
        await phone.hang_up()
        assert (await dialling).outcome == "answered"


# --- far ends that are heard before they answer -------------------------------------------------------------------


@contract
async def test_a_far_end_is_heard_before_it_answers(x: ExchangeUnderTest) -> None:
    await x.phone("102", FarEnd(answers_after=1.5, early=voice(1000), voice=voice(620)))
    async with caller_and_leg(x, hz=440) as (phone, caller):
        callee = await x.exchange.originate([PhoneTarget("102")], caller=Party("700"))
        with callee.events() as events:
            assert await anext(events) == Ringing()
            assert await anext(events) == EarlyMedia()
            assert await callee.early_media()
            assert callee.state is LegState.RINGING
            assert await callee.play([tone_clip(x, 880, 2)]) == Played(PlayEnd.STOPPED)
            early = await x.exchange.join(caller, callee)
            await phone.hears(1000)
            assert isinstance(await anext(events), Answered)
        bridge = await x.exchange.join(caller, callee)
        await asyncio.wait_for(early.ended(), 1)
        await phone.hears(620)
        await (await x.rung("102")).hears(440)
        assert [record.id for record in x.listener.connections] == [bridge.id]
        await callee.hang_up()
        await asyncio.wait_for(bridge.ended(), 1)


@contract
async def test_who_dials_hears_the_far_end_instead_of_our_ringing(x: ExchangeUnderTest) -> None:
    await x.phone("102", FarEnd(answers_after=2.0, early=voice(1000), voice=voice(620)))
    async with caller_and_leg(x) as (phone, leg):
        ringback = [Tone((440.0,), on=3600.0)]
        dialling = asyncio.create_task(
            dial(x.exchange, leg, [PhoneTarget("102")], show=Party("101"), ringback=ringback)
        )
        await phone.hears(1000)
        assert not x.listener.connections
        await phone.hears(620)
        await phone.hang_up()
        assert (await dialling).outcome == "answered"
        assert [record.ended is None for record in x.listener.connections] == [True, False]


@contract
async def test_who_is_not_answered_yet_hears_the_far_end_too(x: ExchangeUnderTest) -> None:
    await x.phone("102", FarEnd(answers_after=1.5, early=voice(1000), refuses=EndReason.BUSY))
    async with caller_and_leg(x, answered=False) as (phone, leg):
        dialling = asyncio.create_task(dial(x.exchange, leg, [PhoneTarget("102")], show=Party("101")))
        await phone.reaches(LegState.RINGING)
        await phone.hears(1000)
        assert (await dialling).outcome == "busy"
        assert leg.record.answered is None
        assert not x.listener.connections
        await phone.hears(None)
        playing = asyncio.create_task(leg.play([tone_clip(x, 440, 0.6)]))
        await phone.hears(440)
        assert (await playing).end is PlayEnd.FINISHED


@contract
async def test_of_several_far_ends_none_is_heard_before_one_answers(x: ExchangeUnderTest) -> None:
    for account, hz in (("102", 1000), ("103", 1400)):
        await x.phone(account, FarEnd(answers_after=None, early=voice(hz)))
    async with caller_and_leg(x) as (phone, leg):
        ringback = [Tone((440.0,), on=3600.0)]
        targets = [PhoneTarget("102"), PhoneTarget("103")]
        dialling = asyncio.create_task(dial(x.exchange, leg, targets, show=Party("101"), ringback=ringback))
        for account in ("102", "103"):
            await (await x.rung(account)).reaches(LegState.RINGING)
        await phone.hears(440)
        callee = next(one for one in x.exchange.legs() if one.id != leg.id)
        await until(lambda: callee.state is LegState.RINGING)
        assert not await callee.early_media()
        await phone.hears_all(440)
        dialling.cancel()
        await asyncio.wait({dialling})
