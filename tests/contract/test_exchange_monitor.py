"""The contract of `telephony/ports.py`: a third one beside a talk. A tone for each says who hears whom."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cordboard.simulation.far_end import FarEnd
from cordboard.telephony import Leg, LegState, Monitor, Monitoring, Party, PhoneTarget
from cordboard.testing.exchange import (
    IMPLEMENTATIONS,
    VOICES,
    ExchangeUnderTest,
    PhoneUnderTest,
    caller_and_leg,
    contract,
    tone_clip,
    voice,
)

WATCHED, PARTNER, THIRD, MUSIC = VOICES
LISTEN, WHISPER, BARGE = Monitoring
CLICK = 0.06
"""Seconds without a sound that nobody notices."""

MATRIX: list[tuple[Monitoring, Sequence[set[float]]]] = [
    (LISTEN, ({PARTNER}, {WATCHED}, {WATCHED, PARTNER})),
    (WHISPER, ({PARTNER, THIRD}, {WATCHED}, {WATCHED, PARTNER})),
    (BARGE, ({PARTNER, THIRD}, {WATCHED, THIRD}, {WATCHED, PARTNER})),
]
"""Whom the watched one, the partner and the third one hear."""


@asynccontextmanager
async def three(x: ExchangeUnderTest) -> AsyncIterator[tuple[list[PhoneUnderTest], list[Leg]]]:
    """101 has called in and is watched, 102 is the partner, 103 the third one; all are answered and apart."""
    for account, hz in (("102", PARTNER), ("103", THIRD)):
        await x.phone(account, FarEnd(answers_after=0.1, voice=voice(hz)))
    async with caller_and_leg(x, hz=WATCHED) as (caller, first):
        phones, legs = [caller], [first]
        for account in ("102", "103"):
            leg = await x.exchange.originate([PhoneTarget(account)], caller=Party("700"), chain=first.chain)
            assert await leg.answer()
            legs.append(leg)
            phones.append(await x.rung(account))
        yield phones, legs


async def hear(phones: Sequence[PhoneUnderTest], expected: Sequence[set[float]]) -> None:
    """Each hears exactly those, by now."""
    for phone, voices in zip(phones, expected, strict=True):
        await phone.hears_all(*voices)


@pytest.mark.parametrize("conference", [False, True], ids=["bridge", "conference"])
@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
def test_who_hears_whom_as_the_way_changes(implementation: type, conference: bool, tmp_path: Path) -> None:
    async def body(x: ExchangeUnderTest) -> None:
        async with three(x) as (phones, legs):
            if conference:
                room = await x.exchange.conference()
                for leg in legs[:2]:
                    await room.add(leg)
            else:
                await x.exchange.join(legs[0], legs[1])
            await hear(phones[:2], [{PARTNER}, {WATCHED}])
            monitor = await x.exchange.monitor(legs[0], legs[2], LISTEN)
            for mode, expected in (*MATRIX, *reversed(MATRIX)):
                await monitor.change(mode)
                await hear(phones, expected)
            await monitor.close()
            await hear(phones, [{PARTNER}, {WATCHED}, set()])
            assert legs[2].state is LegState.ANSWERED
            await asyncio.wait_for(monitor.ended(), 1)
            for phone in phones[:2]:
                assert await phone.longest_gap() <= CLICK
            assert [record.ended for record in x.listener.connections] == ([] if conference else [None])

    implementation(tmp_path).run(body)


@contract
async def test_he_goes_along_from_a_bridge_into_a_conference_and_alone(x: ExchangeUnderTest) -> None:
    async with three(x) as (phones, legs):
        await x.exchange.monitor(legs[0], legs[2], BARGE)
        await hear(phones, [{THIRD}, set(), {WATCHED}])
        await x.exchange.join(legs[0], legs[1])
        await hear(phones, [{PARTNER, THIRD}, {WATCHED, THIRD}, {WATCHED, PARTNER}])
        room = await x.exchange.conference()
        await room.add(legs[0])
        await hear(phones, [{THIRD}, set(), {WATCHED}])
        await room.add(legs[1])
        await hear(phones, [{PARTNER, THIRD}, {WATCHED, THIRD}, {WATCHED, PARTNER}])
        assert await room.to_bridge() is not None
        await hear(phones, [{PARTNER, THIRD}, {WATCHED, THIRD}, {WATCHED, PARTNER}])


@contract
async def test_he_hears_the_music_that_the_watched_one_hears(x: ExchangeUnderTest) -> None:
    async with three(x) as (phones, legs):
        await x.exchange.join(legs[0], legs[1])
        await x.exchange.monitor(legs[0], legs[2], WHISPER)
        await legs[0].background([tone_clip(x, MUSIC, 0.5)])
        await hear(phones, [{MUSIC, THIRD}, {WATCHED}, {WATCHED, MUSIC}])
        await legs[0].background(())
        await hear(phones, [{PARTNER, THIRD}, {WATCHED}, {WATCHED, PARTNER}])


async def over(monitor: Monitor) -> None:
    """It has ended, or does at once."""
    await asyncio.wait_for(monitor.ended(), 5)
    await monitor.change(BARGE)
    await monitor.close()


@contract
async def test_it_ends_with_the_watched_one(x: ExchangeUnderTest) -> None:
    async with three(x) as (phones, legs):
        await x.exchange.join(legs[0], legs[1])
        monitor = await x.exchange.monitor(legs[0], legs[2], BARGE)
        await phones[2].hears_all(WATCHED, PARTNER)
        await phones[0].hang_up()
        await over(monitor)
        await phones[2].hears(None)
        assert legs[2].state is LegState.ANSWERED
        await x.exchange.join(legs[1], legs[2])
        await hear(phones[1:], [{THIRD}, {PARTNER}])


@contract
async def test_it_ends_with_who_watches(x: ExchangeUnderTest) -> None:
    async with three(x) as (phones, legs):
        await x.exchange.join(legs[0], legs[1])
        monitor = await x.exchange.monitor(legs[0], legs[2], BARGE)
        await phones[0].hears_all(PARTNER, THIRD)
        await phones[2].hang_up()
        await over(monitor)
        await hear(phones[:2], [{PARTNER}, {WATCHED}])


@contract
async def test_who_is_joined_elsewhere_watches_no_more(x: ExchangeUnderTest) -> None:
    async with three(x) as (phones, legs):
        monitor = await x.exchange.monitor(legs[0], legs[2], BARGE)
        await phones[0].hears_all(THIRD)
        await x.exchange.join(legs[1], legs[2])
        await over(monitor)
        await phones[0].hears(None)
        await hear(phones[1:], [{THIRD}, {PARTNER}])
        again = await x.exchange.monitor(legs[0], legs[2], LISTEN)  # and the other way: he leaves his bridge
        await hear(phones[1:], [set(), {WATCHED}])
        await again.close()


@contract
async def test_without_a_voice_there_is_nothing_to_watch(x: ExchangeUnderTest) -> None:
    async with three(x) as (_, legs):
        with pytest.raises(ValueError, match="itself"):
            await x.exchange.monitor(legs[0], legs[0], LISTEN)
        await legs[0].hang_up()
        await over(await x.exchange.monitor(legs[0], legs[2], LISTEN))
        await over(await x.exchange.monitor(legs[2], legs[0], LISTEN))
