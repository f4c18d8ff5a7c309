"""The contract of `telephony/ports.py`: a room in which each hears all others."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from cordboard.simulation.far_end import FarEnd
from cordboard.telephony import Conference, KeyRule, Leg, LegState, Party, PhoneTarget, PlayEnd
from cordboard.testing.exchange import (
    VOICES,
    ExchangeUnderTest,
    PhoneUnderTest,
    caller_and_leg,
    contract,
    tone_clip,
    voice,
)

SHOW = Party("700", "Office")
A, B, C, _ = VOICES


@asynccontextmanager
async def parties(x: ExchangeUnderTest, count: int) -> AsyncIterator[tuple[list[PhoneUnderTest], list[Leg]]]:
    """So many answered legs, known by A, B and C: the first called in, the others were called."""
    accounts = ["102", "103", "104"][: count - 1]
    for account, hz in zip(accounts, (B, C), strict=False):
        await x.phone(account, FarEnd(answers_after=0.1, voice=voice(hz)))
    async with caller_and_leg(x, hz=A) as (caller, first):
        phones, legs = [caller], [first]
        for account in accounts:
            leg = await x.exchange.originate([PhoneTarget(account)], caller=SHOW, chain=first.chain)
            assert await leg.answer()
            legs.append(leg)
            phones.append(await x.rung(account))
        yield phones, legs


async def room_of(x: ExchangeUnderTest, legs: Sequence[Leg]) -> Conference:
    """A conference with these in it."""
    room = await x.exchange.conference()
    for leg in legs:
        assert await room.add(leg)
    return room


@contract
async def test_each_hears_all_others_and_not_itself(x: ExchangeUnderTest) -> None:
    async with parties(x, 3) as (phones, legs):
        room = await room_of(x, legs)
        assert [leg.id for leg in room.legs] == [leg.id for leg in legs]
        await phones[0].hears_all(B, C)
        await phones[1].hears_all(A, C)
        await phones[2].hears_all(A, B)
        assert x.listener.connections == []


@contract
async def test_who_is_alone_hears_nothing(x: ExchangeUnderTest) -> None:
    async with parties(x, 1) as (phones, legs):
        await legs[0].background([tone_clip(x, C, 0.5)])
        await phones[0].hears(C)
        await room_of(x, legs)  # what played to him has stopped
        await phones[0].hears(None)
        assert legs[0].state is LegState.ANSWERED


@contract
async def test_who_is_muted_hears_and_is_not_heard(x: ExchangeUnderTest) -> None:
    async with parties(x, 3) as (phones, legs):
        room = await room_of(x, legs[:2])
        assert await room.add(legs[2], muted=True)
        await phones[2].hears_all(A, B)
        await phones[0].hears_all(B)
        assert await room.add(legs[2])
        await phones[0].hears_all(B, C)
        assert await room.add(legs[1], muted=True)
        await phones[0].hears_all(C)
        assert len(room.legs) == 3


@contract
async def test_who_is_let_out_hears_nothing_and_stays_up(x: ExchangeUnderTest) -> None:
    async with parties(x, 3) as (phones, legs):
        room = await room_of(x, legs)
        await phones[0].hears_all(B, C)
        leaving = asyncio.create_task(room.left(legs[2]))
        await room.remove(legs[2])
        await asyncio.wait_for(leaving, 1)
        await phones[0].hears_all(B)
        await phones[2].hears(None)
        assert legs[2].state is LegState.ANSWERED
        await room.remove(legs[2])
        await asyncio.wait_for(room.left(legs[2]), 1)
        assert await room.add(legs[2])
        await phones[0].hears_all(B, C)


@contract
async def test_who_hangs_up_leaves(x: ExchangeUnderTest) -> None:
    async with parties(x, 3) as (phones, legs):
        room = await room_of(x, legs)
        await phones[0].hears_all(B, C)
        await phones[1].hang_up()
        await asyncio.wait_for(room.left(legs[1]), 2)
        assert [leg.id for leg in room.legs] == [legs[0].id, legs[2].id]
        await phones[0].hears_all(C)
        await legs[2].hang_up()
        await asyncio.wait_for(room.left(legs[2]), 1)
        await phones[0].hears(None)
        assert not await room.add(legs[1])


@contract
async def test_the_last_who_goes_leaves_an_open_room(x: ExchangeUnderTest) -> None:
    async with parties(x, 2) as (phones, legs):
        room = await room_of(x, legs)
        await phones[0].hears_all(B)
        for leg in legs:
            await room.remove(leg)
        ended = asyncio.create_task(room.ended())
        assert list(room.legs) == []
        assert await room.add(legs[1])
        assert await room.add(legs[0])
        await phones[0].hears_all(B)
        assert not ended.done()
        await room.close()
        await asyncio.wait_for(ended, 1)


@contract
async def test_a_closed_room_lets_everybody_out_and_nobody_in(x: ExchangeUnderTest) -> None:
    async with parties(x, 2) as (phones, legs):
        room = await room_of(x, legs)
        await phones[0].hears_all(B)
        leaving = [asyncio.create_task(room.left(leg)) for leg in legs]
        ended = asyncio.create_task(room.ended())
        await room.close()
        await room.close()
        await asyncio.wait_for(asyncio.gather(*leaving, ended), 1)
        assert list(room.legs) == []
        assert not await room.add(legs[0])
        assert await room.to_bridge() is None
        await phones[0].hears(None)
        assert [leg.state for leg in legs] == [LegState.ANSWERED] * 2


@contract
async def test_an_unanswered_leg_is_not_let_in(x: ExchangeUnderTest) -> None:
    async with caller_and_leg(x, answered=False) as (_, leg):
        room = await x.exchange.conference()
        await leg.ring()
        assert not await room.add(leg)
        assert list(room.legs) == []


@contract
async def test_two_become_a_bridge_without_a_gap(x: ExchangeUnderTest) -> None:
    async with parties(x, 2) as (phones, legs):
        room = await room_of(x, legs)
        await phones[0].hears_all(B)
        await phones[1].hears_all(A)
        leaving = [asyncio.create_task(room.left(leg)) for leg in legs]
        bridge = await room.to_bridge()
        assert bridge is not None
        await asyncio.wait_for(asyncio.gather(*leaving, room.ended()), 1)
        assert not await room.add(legs[0])
        (begun,) = x.listener.connections
        assert (begun.id, begun.a_leg, begun.b_leg) == (bridge.id, legs[0].id, legs[1].id)
        assert begun.chain == legs[0].chain
        await asyncio.wait_for(_collects_nothing(legs[0]), 3)
        await phones[0].hears_all(B)
        await phones[1].hears_all(A)
        assert await phones[0].longest_gap() < 0.2
        assert await phones[1].longest_gap() < 0.2
        await phones[0].press("5")
        await phones[1].hears_keys("5")
        await phones[1].hang_up()
        await asyncio.wait_for(bridge.ended(), 2)
        assert legs[0].state is LegState.ANSWERED


async def _collects_nothing(leg: Leg) -> None:
    """Talk for a second and a half."""
    assert (await leg.collect(KeyRule(first_timeout=1.5))).digits == ""


@contract
async def test_one_or_three_become_no_bridge(x: ExchangeUnderTest) -> None:
    async with parties(x, 3) as (phones, legs):
        room = await room_of(x, legs[:1])
        assert await room.to_bridge() is None
        for leg in legs[1:]:
            assert await room.add(leg)
        assert await room.to_bridge() is None
        assert len(room.legs) == 3
        await phones[0].hears_all(B, C)
        assert x.listener.connections == []


@contract
async def test_a_bridge_of_a_room_belongs_to_the_chain_of_its_first_leg(x: ExchangeUnderTest) -> None:
    async with parties(x, 2) as (_, legs):
        room = await x.exchange.conference()
        for leg in legs:
            assert await room.add(leg)
        assert await room.to_bridge() is not None
        assert x.listener.connections[0].chain == legs[0].chain


@contract
async def test_who_comes_from_a_bridge_ends_it(x: ExchangeUnderTest) -> None:
    async with parties(x, 3) as (phones, legs):
        bridge = await x.exchange.join(legs[0], legs[1])
        await phones[0].hears(B)
        room = await room_of(x, [legs[2], legs[0]])
        await asyncio.wait_for(bridge.ended(), 1)
        await phones[0].hears_all(C)
        await phones[1].hears(None)
        assert [leg.id for leg in room.legs] == [legs[2].id, legs[0].id]
        assert [record.ended is None for record in x.listener.connections] == [True, False]
        await bridge.close()
        await phones[0].hears_all(C)


@contract
async def test_who_is_joined_elsewhere_has_left(x: ExchangeUnderTest) -> None:
    async with parties(x, 3) as (phones, legs):
        room = await room_of(x, legs)
        await phones[0].hears_all(B, C)
        leaving = asyncio.create_task(room.left(legs[0]))
        bridge = await x.exchange.join(legs[0], legs[1])
        await asyncio.wait_for(leaving, 1)
        await asyncio.wait_for(room.left(legs[1]), 1)
        assert [leg.id for leg in room.legs] == [legs[2].id]
        await phones[0].hears_all(B)
        await phones[2].hears(None)
        await room.remove(legs[0])
        await room.close()
        await phones[0].hears_all(B)
        await bridge.close()
        await phones[0].hears(None)


@contract
async def test_who_is_taken_into_another_room_has_left(x: ExchangeUnderTest) -> None:
    async with parties(x, 3) as (phones, legs):
        first = await room_of(x, legs[:2])
        await phones[0].hears_all(B)
        leaving = asyncio.create_task(first.left(legs[0]))
        second = await room_of(x, [legs[2], legs[0]])
        await asyncio.wait_for(leaving, 1)
        assert [leg.id for leg in first.legs] == [legs[1].id]
        await phones[0].hears_all(C)
        await phones[1].hears(None)
        assert await first.add(legs[0])
        await asyncio.wait_for(second.left(legs[0]), 1)
        await phones[0].hears_all(B)


@contract
async def test_a_sound_replaces_the_room_for_one_until_it_is_over(x: ExchangeUnderTest) -> None:
    async with parties(x, 3) as (phones, legs):
        room = await room_of(x, legs[:2])
        await phones[0].hears_all(B)
        playing = asyncio.create_task(legs[0].play([tone_clip(x, 1400, 1.2)]))
        await phones[0].hears_all(1400)
        await phones[1].hears_all(A)
        assert await room.add(legs[2])  # the sound goes on while others come
        assert (await playing).end is PlayEnd.FINISHED
        await phones[0].hears_all(B, C)
        await legs[0].background([tone_clip(x, 1400, 0.5)])
        await phones[0].hears_all(1400)
        await legs[0].background([])
        await phones[0].hears_all(B, C)


@contract
async def test_a_key_stops_the_sound_of_one_in_a_room(x: ExchangeUnderTest) -> None:
    async with parties(x, 2) as (phones, legs):
        await room_of(x, legs)
        playing = asyncio.create_task(legs[0].play([tone_clip(x, 1400, 4)], interrupt="1"))
        await phones[0].hears_all(1400)
        await phones[0].press("1")
        played = await playing
        assert (played.end, played.key) == (PlayEnd.KEY, "1")
        await phones[0].hears_all(B)


@contract
async def test_keys_reach_the_listeners_of_their_own_leg_only(x: ExchangeUnderTest) -> None:
    async with parties(x, 2) as (phones, legs):
        await room_of(x, legs)
        await phones[0].hears_all(B)
        await phones[0].press("7")
        assert (await legs[0].collect(KeyRule())).digits == "7"
        assert (await legs[1].collect(KeyRule(first_timeout=0.3))).digits == ""
        await phones[1].hears_keys("")


@contract
async def test_nobody_waits_for_one_who_is_not_in(x: ExchangeUnderTest) -> None:
    async with caller_and_leg(x) as (_, leg):
        room = await x.exchange.conference()
        async with asyncio.timeout(0.5):
            await room.left(leg)
            await room.remove(leg)


@contract
async def test_a_leg_is_not_joined_with_itself(x: ExchangeUnderTest) -> None:
    async with caller_and_leg(x) as (_, leg):
        with pytest.raises(ValueError, match="itself"):
            await x.exchange.join(leg, leg)
