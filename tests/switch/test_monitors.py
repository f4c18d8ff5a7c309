"""A third one beside a talk, and levels in a room: what happens at the edges, on the real wire."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cordboard.phone import Call
from cordboard.phone.listening import read_sound
from cordboard.telephony import EndReason, Leg, LegState, Monitoring
from cordboard.testing.audio import SAMPLE_RATE, level_at, read_stereo
from cordboard.testing.exchange import serving, until
from cordboard.testing.real_exchange import Office, kill_worker, open_office

pytestmark = [pytest.mark.slow, pytest.mark.wire]

TONES = (440.0, 620.0, 1000.0)


@asynccontextmanager
async def calls(folder: Path, count: int) -> AsyncIterator[tuple[Office, list[Call], list[Leg]]]:
    """An office and so many answered callers, each with a tone."""
    taken: asyncio.Queue[Leg] = asyncio.Queue()

    async def take(leg: Leg) -> None:
        taken.put_nowait(leg)
        await leg.ended()

    async with open_office(folder) as office, serving(office.exchange, take):
        phones, legs = [], []
        for account, hz in zip(("101", "102", "103")[:count], TONES, strict=False):
            phones.append(await office.phone(account).dial("200"))
            legs.append(await taken.get())
            assert await legs[-1].answer()
            assert await phones[-1].answered()
            await phones[-1].say_tone(hz)
        yield office, phones, legs


def loudness(call: Call, hz: float) -> float:
    """Of a tone, in the last 400 ms that have reached the file."""
    if not call.heard.exists():
        return 0.0
    return level_at(read_sound(call.heard)[-SAMPLE_RATE * 2 // 5 :].astype("int16"), hz)


async def test_a_worker_that_dies_ends_it(tmp_path: Path) -> None:
    async with calls(tmp_path, 2) as (office, _, legs):
        monitor = await office.exchange.monitor(legs[0], legs[1], Monitoring.BARGE)
        kill_worker()
        async with asyncio.timeout(3.0):
            await monitor.ended()
            assert [await leg.ended() for leg in legs] == [EndReason.MEDIA_LOST] * 2
        await monitor.change(Monitoring.LISTEN)
        await monitor.close()


async def test_opening_one_may_be_cancelled(tmp_path: Path) -> None:
    async with calls(tmp_path, 2) as (office, phones, legs):
        for _ in range(5):
            opening = asyncio.create_task(office.exchange.monitor(legs[0], legs[1], Monitoring.BARGE))
            await asyncio.sleep(0)
            opening.cancel()
            with pytest.raises(asyncio.CancelledError):
                await opening
        await office.exchange.monitor(legs[1], legs[0], Monitoring.WHISPER)
        await until(lambda: loudness(phones[1], TONES[0]) > 2000)
        await until(lambda: loudness(phones[0], TONES[1]) > 2000)
        assert [leg.state for leg in legs] == [LegState.ANSWERED] * 2


async def test_the_tape_of_a_talk_holds_what_is_whispered_to_its_leg(tmp_path: Path) -> None:
    async with calls(tmp_path, 3) as (office, phones, legs):
        await office.exchange.join(legs[0], legs[1])
        await office.exchange.monitor(legs[0], legs[2], Monitoring.WHISPER)
        await until(lambda: loudness(phones[0], TONES[2]) > 2000)
        for leg in legs[:2]:
            assert await leg.start_recording(tmp_path / f"{leg.id}.wav", stereo=True)
        await until(lambda: (tmp_path / f"{legs[1].id}.wav").stat().st_size > 4 * SAMPLE_RATE)
        for leg, whispered in zip(legs, (True, False), strict=False):
            assert await leg.stop_recording() > 1
            _, heard = read_stereo(tmp_path / f"{leg.id}.wav")
            assert (level_at(heard, TONES[2]) > 2000) is whispered


async def test_a_member_is_as_loud_as_was_asked(tmp_path: Path) -> None:
    async with calls(tmp_path, 2) as (office, phones, legs):
        room = await office.exchange.conference()
        for leg in legs:
            assert await room.add(leg)
        await until(lambda: loudness(phones[0], TONES[1]) > 2000)
        plain = loudness(phones[0], TONES[1])
        assert await room.add(legs[1], gain=-12)
        await until(lambda: loudness(phones[0], TONES[1]) == pytest.approx(plain / 4, rel=0.15))
        assert loudness(phones[1], TONES[0]) == pytest.approx(plain, rel=0.15), "the other one is as he was"
        assert await room.add(legs[1], gain=-200)  # 20 dB at most
        await until(lambda: loudness(phones[0], TONES[1]) == pytest.approx(plain / 10, rel=0.2))
        assert await room.add(legs[1])
        await until(lambda: loudness(phones[0], TONES[1]) == pytest.approx(plain, rel=0.1))
