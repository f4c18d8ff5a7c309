"""The contract of `telephony/ports.py`: a call that comes in, its events and records."""

import asyncio
from contextlib import ExitStack

from cordboard.telephony import (
    Answered,
    CollectEnd,
    Digit,
    Direction,
    Ended,
    EndReason,
    Held,
    KeyRule,
    Leg,
    LegEvent,
    LegState,
    PlayEnd,
    Resumed,
    Ringing,
)
from cordboard.testing.exchange import (
    ExchangeUnderTest,
    caller_and_leg,
    contract,
    serving,
    tone_clip,
    until,
)

# --- an inbound call, from the offer to the end -------------------------------------------------------------------


@contract
async def test_an_offered_leg_knows_who_calls_and_what_was_dialled(x: ExchangeUnderTest) -> None:
    async with caller_and_leg(x, dialled="712", account="102", answered=False) as (_, leg):
        assert leg.state is LegState.CALLING
        assert leg.record.direction is Direction.INBOUND
        assert leg.record.caller.number == "102"
        assert leg.record.dialled == "712"
        assert leg.record.account == "102"
        assert leg.record.line == ""
        assert [each.id for each in x.exchange.legs()] == [leg.id]


@contract
async def test_a_call_rings_is_answered_and_ended_by_the_caller(x: ExchangeUnderTest) -> None:
    async with caller_and_leg(x, answered=False) as (phone, leg):
        await leg.ring()
        await phone.reaches(LegState.RINGING)
        assert leg.record.ringing is not None
        assert await leg.answer()
        await phone.reaches(LegState.ANSWERED)
        assert leg.record.answered is not None
        await phone.hang_up()
        assert await leg.ended() is EndReason.HUNG_UP
        assert leg.state is LegState.ENDED
        assert list(x.exchange.legs()) == []


@contract
async def test_the_exchange_ends_an_answered_call(x: ExchangeUnderTest) -> None:
    async with caller_and_leg(x) as (phone, leg):
        await leg.hang_up()
        assert leg.state is LegState.ENDED
        assert leg.record.reason is EndReason.HUNG_UP
        await phone.reaches(LegState.ENDED)
        assert phone.told is EndReason.HUNG_UP


@contract
async def test_the_caller_is_told_that_it_is_busy(x: ExchangeUnderTest) -> None:
    await _is_told(x, EndReason.BUSY)


@contract
async def test_the_caller_is_told_that_he_was_rejected(x: ExchangeUnderTest) -> None:
    await _is_told(x, EndReason.REJECTED)


@contract
async def test_the_caller_is_told_that_there_is_no_such_number(x: ExchangeUnderTest) -> None:
    await _is_told(x, EndReason.NOT_FOUND)


async def _is_told(x: ExchangeUnderTest, reason: EndReason) -> None:
    async with caller_and_leg(x, answered=False) as (phone, leg):
        await leg.ring()
        await leg.reject(reason)
        assert leg.record.reason is reason
        assert leg.record.answered is None
        await phone.reaches(LegState.ENDED)
        assert phone.told is reason


@contract
async def test_rejecting_an_answered_leg_hangs_up(x: ExchangeUnderTest) -> None:
    async with caller_and_leg(x) as (phone, leg):
        await leg.reject(EndReason.REJECTED)
        assert leg.state is LegState.ENDED
        await phone.reaches(LegState.ENDED)


@contract
async def test_a_caller_who_gave_up_is_not_answered(x: ExchangeUnderTest) -> None:
    async with caller_and_leg(x, answered=False) as (phone, leg):
        await leg.ring()
        await phone.hang_up()
        assert await leg.ended() is EndReason.CANCELLED
        assert await leg.answer() is False
        assert leg.record.answered is None


@contract
async def test_answering_twice_is_answering(x: ExchangeUnderTest) -> None:
    async with caller_and_leg(x) as (_, leg):
        answered = leg.record.answered
        assert await leg.answer()
        await leg.ring()
        assert leg.state is LegState.ANSWERED
        assert leg.record.answered == answered


@contract
async def test_nothing_that_is_asked_of_an_ended_leg_raises(x: ExchangeUnderTest) -> None:
    async with caller_and_leg(x) as (_, leg):
        await leg.hang_up()
        async with asyncio.timeout(0.5):
            await leg.ring()
            assert await leg.answer() is False
            await leg.reject(EndReason.BUSY)
            await leg.hang_up(EndReason.ERROR)
            assert (await leg.play([tone_clip(x, 440, 1)])).end is PlayEnd.STOPPED
            await leg.background([tone_clip(x, 440, 1)])
            assert (await leg.collect(KeyRule())).end is CollectEnd.ENDED
            leg.forget_keys()
            await leg.send_digits("12")
            assert await leg.record_to(x.folder / "late.wav") == 0.0
        assert leg.record.reason is EndReason.HUNG_UP


@contract
async def test_a_handler_that_returns_hangs_up(x: ExchangeUnderTest) -> None:
    legs: list[Leg] = []

    async def brief(leg: Leg) -> None:
        legs.append(leg)
        assert await leg.answer()

    async with serving(x.exchange, brief):
        phone = await x.call_in("700")
        await phone.reaches(LegState.ENDED)
        assert await legs[0].ended() is EndReason.HUNG_UP
        assert legs[0].record.answered is not None


@contract
async def test_a_handler_that_returns_without_an_answer_rejects(x: ExchangeUnderTest) -> None:
    legs: list[Leg] = []

    async def indifferent(leg: Leg) -> None:
        legs.append(leg)

    async with serving(x.exchange, indifferent):
        phone = await x.call_in("700")
        await phone.reaches(LegState.ENDED)
        assert legs[0].record.reason is EndReason.REJECTED


@contract
async def test_a_handler_that_raises_ends_its_leg_alone(x: ExchangeUnderTest) -> None:
    legs: list[Leg] = []

    async def broken_at_700(leg: Leg) -> None:
        legs.append(leg)
        await leg.answer()
        if leg.record.dialled == "700":
            raise RuntimeError("a fault in a handler, as the test wants it")
        await leg.ended()

    async with serving(x.exchange, broken_at_700):
        other = await x.call_in("701")
        await other.reaches(LegState.ANSWERED)
        phone = await x.call_in("700", account="102")
        await phone.reaches(LegState.ENDED)
        assert await legs[1].ended() is EndReason.ERROR
        assert legs[0].state is LegState.ANSWERED


@contract
async def test_an_exchange_that_stops_serving_ends_its_calls(x: ExchangeUnderTest) -> None:
    legs: list[Leg] = []

    async def answer(leg: Leg) -> None:
        legs.append(leg)
        await leg.answer()
        await leg.ended()

    async with serving(x.exchange, answer):
        phones = [await x.call_in("700"), await x.call_in("700", account="102")]
        for phone in phones:
            await phone.reaches(LegState.ANSWERED)
    for phone in phones:
        await phone.reaches(LegState.ENDED)
    assert [leg.record.reason for leg in legs] == [EndReason.SHUTDOWN, EndReason.SHUTDOWN]


# --- events and records -------------------------------------------------------------------------------------------


@contract
async def test_events_come_in_order_and_stop_after_the_end(x: ExchangeUnderTest) -> None:
    async with caller_and_leg(x, answered=False) as (phone, leg):
        with leg.events() as events:
            await leg.ring()
            await leg.answer()
            await phone.reaches(LegState.ANSWERED)
            await phone.press("5")
            assert (await leg.collect(KeyRule(max_digits=1))).digits == "5"
            await phone.hold()
            await until(lambda: leg.record.held)
            await phone.resume()
            await until(lambda: not leg.record.held)
            await phone.hang_up()
            heard: list[LegEvent] = [event async for event in events]
    assert heard == [Ringing(), Answered(), Digit("5"), Held(), Resumed(), Ended(EndReason.HUNG_UP)]


@contract
async def test_who_listens_late_is_told_the_end(x: ExchangeUnderTest) -> None:
    async with caller_and_leg(x) as (_, leg):
        await leg.hang_up()
        with leg.events() as events:
            assert [event async for event in events] == [Ended(EndReason.HUNG_UP)]


@contract
async def test_several_may_listen_from_when_they_came(x: ExchangeUnderTest) -> None:
    async with caller_and_leg(x) as (phone, leg):
        with ExitStack() as stack:
            early = stack.enter_context(leg.events())
            await phone.press("1")
            assert await anext(early) == Digit("1")
            late = stack.enter_context(leg.events())
            await phone.press("2")
            assert await anext(early) == Digit("2")
            assert await anext(late) == Digit("2")


@contract
async def test_the_listener_is_told_of_each_change_with_its_time(x: ExchangeUnderTest) -> None:
    async with caller_and_leg(x, answered=False) as (phone, leg):
        await leg.ring()
        await leg.answer()
        await phone.reaches(LegState.ANSWERED)
        await phone.hang_up()
        await leg.ended()
    records = x.listener.of(leg.id)
    assert [record.state for record in records] == [
        LegState.CALLING,
        LegState.RINGING,
        LegState.ANSWERED,
        LegState.ENDED,
    ]
    last = records[-1]
    assert last == leg.record
    assert last.ringing is not None
    assert last.answered is not None
    assert last.ended is not None
    assert last.started <= last.ringing <= last.answered <= last.ended
    assert last.started.utcoffset() is not None


@contract
async def test_two_calls_are_two_chains(x: ExchangeUnderTest) -> None:
    async with caller_and_leg(x) as (phone, first):
        await phone.hang_up()
        await first.ended()
    async with caller_and_leg(x) as (_, second):
        assert first.chain != second.chain
        assert first.id != second.id
