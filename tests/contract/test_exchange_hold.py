"""Music in a bridge, and hold in its three ways: who is on hold hears the music, nobody loses the connection."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cordboard.simulation.far_end import FarEnd
from cordboard.telephony import Leg, Party, PhoneTarget
from cordboard.testing.exchange import (
    IMPLEMENTATIONS,
    ExchangeUnderTest,
    Hold,
    PhoneUnderTest,
    caller_and_leg,
    contract,
    tone_clip,
    until,
    voice,
)

CALLER, CALLEE, MUSIC = 440.0, 620.0, 1000.0
CLICK = 0.06
"""Seconds without a sound that nobody notices."""


@asynccontextmanager
async def pair(x: ExchangeUnderTest) -> AsyncIterator[tuple[PhoneUnderTest, PhoneUnderTest, Leg, Leg]]:
    """Two answered legs: 101 has called in, 102 was called."""
    await x.phone("102", FarEnd(answers_after=0.1, voice=voice(CALLEE)))
    async with caller_and_leg(x, hz=CALLER) as (caller, first):
        second = await x.exchange.originate([PhoneTarget("102")], caller=Party("700"), chain=first.chain)
        assert await second.answer()
        yield caller, await x.rung("102"), first, second


@contract
async def test_music_in_a_bridge_is_heard_in_place_of_the_other_party(x: ExchangeUnderTest) -> None:
    async with pair(x) as (caller, callee, first, second):
        bridge = await x.exchange.join(first, second)
        await caller.hears_all(CALLEE)
        await callee.hears_all(CALLER)
        await first.background([tone_clip(x, MUSIC, 0.5)])
        await caller.hears_all(MUSIC)
        await callee.hears_all(CALLER)  # who goes on hearing him
        await first.background(())
        await caller.hears_all(CALLEE)
        assert await caller.longest_gap() <= CLICK
        assert await callee.longest_gap() <= CLICK
        assert [record.ended for record in x.listener.connections] == [None]
        await bridge.close()


@contract
async def test_a_prompt_in_a_bridge_is_heard_by_its_leg_alone(x: ExchangeUnderTest) -> None:
    async with pair(x) as (caller, callee, first, second):
        await x.exchange.join(first, second)
        await callee.hears_all(CALLER)
        playing = asyncio.create_task(second.play([tone_clip(x, MUSIC, 1.0)]))
        await callee.hears_all(MUSIC)
        await playing
        await callee.hears_all(CALLER)
        await caller.hears_all(CALLEE)
        assert await caller.longest_gap() <= CLICK
        assert await callee.longest_gap() <= CLICK


@pytest.mark.parametrize("way", Hold)
@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
def test_who_is_put_on_hold_hears_music_and_the_talk_goes_on(implementation: type, way: Hold, tmp_path: Path) -> None:
    async def body(x: ExchangeUnderTest) -> None:
        x.exchange.talks.hold_music = [tone_clip(x, MUSIC, 0.5)]
        async with pair(x) as (caller, callee, first, second):
            talk = asyncio.create_task(x.exchange.talks.together(first, second))
            await caller.hears_all(CALLEE)
            await callee.hears_all(CALLER)
            await caller.hold(way)
            await until(lambda: first.record.held)
            await callee.hears_all(MUSIC)
            await caller.resume()
            await callee.hears_all(CALLER)
            await caller.hears_all(CALLEE)
            assert await callee.longest_gap() <= CLICK  # music follows the voice, the voice follows the music
            await callee.hold(way)  # the one who was called may do so, too
            await until(lambda: second.record.held)
            await caller.hears_all(MUSIC)
            await callee.resume()
            await caller.hears_all(CALLEE)
            await callee.hears_all(CALLER)
            assert [record.ended for record in x.listener.connections] == [None]
            await caller.hang_up()
            await asyncio.wait_for(talk, 2)

    implementation(tmp_path).run(body)
