"""The contract of `telephony/ports.py`: placing calls and joining legs."""

import asyncio

import pytest

from cordboard.simulation.far_end import FarEnd
from cordboard.telephony import (
    Answered,
    Direction,
    Ended,
    EndReason,
    KeyRule,
    Leg,
    LegState,
    Party,
    PhoneTarget,
    PlayEnd,
    Ringing,
)
from cordboard.testing.exchange import (
    ExchangeUnderTest,
    caller_and_leg,
    contract,
    tone_clip,
    until,
    voice,
)

SHOW = Party("700", "Office")


# --- an outbound call ---------------------------------------------------------------------------------------------


@contract
async def test_a_placed_call_rings_is_answered_and_ended_there(x: ExchangeUnderTest) -> None:
    await x.phone("102", FarEnd.answers(0.3, hangs_up_after=0.4))
    leg = await x.exchange.originate([PhoneTarget("102")], caller=SHOW)
    assert leg.state is LegState.CALLING
    assert leg.record.direction is Direction.OUTBOUND
    assert leg.record.caller == SHOW
    assert leg.record.account == "102"
    with leg.events() as events:
        async with asyncio.timeout(5):
            seen = [event async for event in events]
    assert seen == [Ringing(), Answered("102"), Ended(EndReason.HUNG_UP)]
    phone = await x.rung("102")
    assert phone.called_by == "700"
    assert phone.told is None


@contract
async def test_answer_of_a_placed_call_waits_for_the_far_end(x: ExchangeUnderTest) -> None:
    await x.phone("102", FarEnd.answers(0.3))
    leg = await x.exchange.originate([PhoneTarget("102")], caller=SHOW)
    assert await leg.answer() is True
    assert leg.state is LegState.ANSWERED
    await leg.hang_up()
    phone = await x.rung("102")
    await phone.reaches(LegState.ENDED)
    assert phone.told is EndReason.HUNG_UP


@contract
async def test_answer_of_a_placed_call_is_false_if_nobody_does(x: ExchangeUnderTest) -> None:
    await x.phone("102", FarEnd.busy())
    leg = await x.exchange.originate([PhoneTarget("102")], caller=SHOW)
    assert await leg.answer() is False


@contract
async def test_a_busy_phone(x: ExchangeUnderTest) -> None:
    await x.phone("102", FarEnd.busy())
    await _ends(x, ["102"], EndReason.BUSY)


@contract
async def test_a_phone_that_rejects(x: ExchangeUnderTest) -> None:
    await x.phone("102", FarEnd.rejects(0.3))
    await _ends(x, ["102"], EndReason.REJECTED)


@contract
async def test_a_phone_that_rings_for_the_whole_ring_time(x: ExchangeUnderTest) -> None:
    await x.phone("102", FarEnd.no_answer())
    began = asyncio.get_running_loop().time()
    leg = await _ends(x, ["102"], EndReason.NO_ANSWER, ring_time=0.8)
    assert asyncio.get_running_loop().time() - began == pytest.approx(0.8, abs=0.4)
    assert leg.record.answered is None
    phone = await x.rung("102")
    await phone.reaches(LegState.ENDED)
    assert phone.told is EndReason.CANCELLED


@contract
async def test_an_account_without_a_phone(x: ExchangeUnderTest) -> None:
    await _ends(x, ["109"], EndReason.UNREACHABLE)


@contract
async def test_a_call_to_nobody(x: ExchangeUnderTest) -> None:
    await _ends(x, [], EndReason.UNREACHABLE)


@contract
async def test_the_first_to_answer_has_the_call(x: ExchangeUnderTest) -> None:
    await x.phone("102", FarEnd.answers(0.9))
    await x.phone("103", FarEnd.answers(0.3))
    leg = await x.exchange.originate([PhoneTarget("102"), PhoneTarget("103")], caller=SHOW)
    assert await leg.answer()
    assert leg.record.account == "103"
    loser = await x.rung("102")
    await loser.reaches(LegState.ENDED)
    assert loser.told is EndReason.ANSWERED_ELSEWHERE
    await leg.hang_up()


@contract
async def test_one_refusal_does_not_stop_the_others(x: ExchangeUnderTest) -> None:
    await x.phone("102", FarEnd.busy())
    await x.phone("103", FarEnd.rejects(0.2))
    await x.phone("104", FarEnd.answers(0.6))
    leg = await x.exchange.originate([PhoneTarget("102"), PhoneTarget("103"), PhoneTarget("104")], caller=SHOW)
    assert await leg.answer()
    assert leg.record.account == "104"
    await leg.hang_up()


@contract
async def test_of_several_refusals_busy_counts_most(x: ExchangeUnderTest) -> None:
    await x.phone("102", FarEnd.rejects(0.2))
    await x.phone("103", FarEnd.busy())
    await _ends(x, ["102", "103", "109"], EndReason.BUSY)


@contract
async def test_a_rejection_counts_more_than_nobody_there(x: ExchangeUnderTest) -> None:
    await x.phone("102", FarEnd.rejects(0.2))
    await _ends(x, ["109", "102"], EndReason.REJECTED)


@contract
async def test_busy_counts_more_than_one_who_rang_in_vain(x: ExchangeUnderTest) -> None:
    await x.phone("102", FarEnd.busy())
    await x.phone("103", FarEnd.no_answer())
    await _ends(x, ["102", "103"], EndReason.BUSY, ring_time=0.8)


async def _ends(x: ExchangeUnderTest, accounts: list[str], reason: EndReason, *, ring_time: float = 5.0) -> Leg:
    targets = [PhoneTarget(account) for account in accounts]
    leg = await x.exchange.originate(targets, caller=SHOW, ring_time=ring_time)
    async with asyncio.timeout(5):
        assert await leg.ended() is reason
    assert x.listener.of(leg.id)[-1].reason is reason
    return leg


@contract
async def test_a_placed_call_can_be_taken_back(x: ExchangeUnderTest) -> None:
    await x.phone("102", FarEnd.no_answer())
    leg = await x.exchange.originate([PhoneTarget("102")], caller=SHOW)
    phone = await x.rung("102")
    await phone.reaches(LegState.RINGING)
    await leg.hang_up(EndReason.CANCELLED)
    assert leg.record.reason is EndReason.CANCELLED
    await phone.reaches(LegState.ENDED)
    assert phone.told is EndReason.CANCELLED


@contract
async def test_a_placed_call_belongs_to_the_chain_it_was_given(x: ExchangeUnderTest) -> None:
    await x.phone("102", FarEnd.answers(0.3))
    first = await x.exchange.originate([PhoneTarget("102")], caller=SHOW, chain="story")
    second = await x.exchange.originate([PhoneTarget("109")], caller=SHOW)
    assert first.chain == "story"
    assert second.chain not in ("", "story")
    await first.hang_up()


@contract
async def test_a_called_phone_hears_and_presses(x: ExchangeUnderTest) -> None:
    await x.phone("102", FarEnd.answers(0.2, keys={0.5: "7"}))
    leg = await x.exchange.originate([PhoneTarget("102")], caller=SHOW)
    assert await leg.answer()
    playing = asyncio.create_task(leg.play([tone_clip(x, 440, 5)], interrupt="7"))
    phone = await x.rung("102")
    await phone.hears(440)
    assert (await playing).end is PlayEnd.KEY
    await leg.hang_up()


# --- two legs joined ----------------------------------------------------------------------------------------------


@contract
async def test_joined_legs_hear_each_other_and_keys(x: ExchangeUnderTest) -> None:
    await x.phone("102", FarEnd(answers_after=0.2, voice=voice(620)))
    async with caller_and_leg(x, hz=440) as (caller, a):
        b = await x.exchange.originate([PhoneTarget("102")], caller=SHOW, chain=a.chain)
        assert await b.answer()
        await x.exchange.join(a, b)
        callee = await x.rung("102")
        await caller.hears(620)
        await callee.hears(440)
        await caller.press("5")
        await callee.hears_keys("5")
        assert (await a.collect(KeyRule(max_digits=1))).digits == "5"
        assert a.chain == b.chain


@contract
async def test_a_join_stops_what_was_playing(x: ExchangeUnderTest) -> None:
    await x.phone("102", FarEnd(answers_after=0.2, voice=voice(620)))
    async with caller_and_leg(x) as (caller, a):
        await a.background([tone_clip(x, 880, 0.5)])
        b = await x.exchange.originate([PhoneTarget("102")], caller=SHOW)
        assert await b.answer()
        playing = asyncio.create_task(b.play([tone_clip(x, 440, 4)]))
        callee = await x.rung("102")
        await callee.hears(440)
        await x.exchange.join(a, b)
        assert (await playing).end is PlayEnd.STOPPED
        await caller.hears(620)


@contract
async def test_a_bridge_ends_with_either_leg_and_the_other_stays(x: ExchangeUnderTest) -> None:
    await x.phone("102", FarEnd(answers_after=0.2, hangs_up_after=1.0))
    async with caller_and_leg(x) as (caller, a):
        b = await x.exchange.originate([PhoneTarget("102")], caller=SHOW)
        assert await b.answer()
        bridge = await x.exchange.join(a, b)
        async with asyncio.timeout(3):
            await bridge.ended()
        assert b.state is LegState.ENDED
        assert a.state is LegState.ANSWERED
        playing = asyncio.create_task(a.play([tone_clip(x, 440, 1)]))
        await caller.hears(440)
        assert (await playing).end is PlayEnd.FINISHED


@contract
async def test_a_closed_bridge_leaves_both_up(x: ExchangeUnderTest) -> None:
    await x.phone("102", FarEnd(answers_after=0.2, voice=voice(620)))
    async with caller_and_leg(x, hz=440) as (caller, a):
        b = await x.exchange.originate([PhoneTarget("102")], caller=SHOW)
        assert await b.answer()
        bridge = await x.exchange.join(a, b)
        await caller.hears(620)
        await bridge.close()
        await bridge.close()
        await bridge.ended()
        await caller.hears(None)
        assert (a.state, b.state) == (LegState.ANSWERED, LegState.ANSWERED)


@contract
async def test_a_connection_is_reported_with_its_times(x: ExchangeUnderTest) -> None:
    await x.phone("102", FarEnd.answers(0.2))
    async with caller_and_leg(x) as (_, a):
        b = await x.exchange.originate([PhoneTarget("102")], caller=SHOW)
        assert await b.answer()
        bridge = await x.exchange.join(a, b)
        await until(lambda: x.listener.connections)
        await bridge.close()
        await until(lambda: len(x.listener.connections) == 2)
    begun, ended = x.listener.connections
    assert (begun.id, begun.a_leg, begun.b_leg, begun.chain, begun.ended) == (bridge.id, a.id, b.id, a.chain, None)
    assert ended.id == begun.id
    assert ended.ended is not None
    assert ended.ended >= begun.started


@contract
async def test_joining_a_leg_that_has_ended_gives_an_ended_bridge(x: ExchangeUnderTest) -> None:
    await x.phone("102", FarEnd.answers(0.2))
    async with caller_and_leg(x) as (_, a):
        b = await x.exchange.originate([PhoneTarget("102")], caller=SHOW)
        assert await b.answer()
        await b.hang_up()
        bridge = await x.exchange.join(a, b)
        async with asyncio.timeout(0.5):
            await bridge.ended()
        assert a.state is LegState.ANSWERED
        assert x.listener.connections == []


@contract
async def test_joining_anew_closes_the_bridge_before(x: ExchangeUnderTest) -> None:
    await x.phone("102", FarEnd(answers_after=0.2, voice=voice(620)))
    await x.phone("103", FarEnd(answers_after=0.2, voice=voice(880)))
    async with caller_and_leg(x) as (caller, a):
        b = await x.exchange.originate([PhoneTarget("102")], caller=SHOW)
        c = await x.exchange.originate([PhoneTarget("103")], caller=SHOW)
        assert await b.answer()
        assert await c.answer()
        first = await x.exchange.join(a, b)
        await caller.hears(620)
        second = await x.exchange.join(a, c)
        async with asyncio.timeout(1):
            await first.ended()
        await caller.hears(880)
        assert b.state is LegState.ANSWERED
        await b.hang_up()
        await caller.hears(880)
        await c.hang_up()
        async with asyncio.timeout(1):
            await second.ended()
        assert a.state is LegState.ANSWERED
