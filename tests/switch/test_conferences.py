"""Rooms of legs: what happens at the edges, on the real wire."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cordboard.telephony import EndReason, Leg, LegState
from cordboard.testing.exchange import serving, until
from cordboard.testing.real_exchange import Office, kill_worker, open_office

pytestmark = [pytest.mark.slow, pytest.mark.wire]


@asynccontextmanager
async def calls(folder: Path, count: int) -> AsyncIterator[tuple[Office, list[Leg]]]:
    """An office and so many answered callers."""
    taken: asyncio.Queue[Leg] = asyncio.Queue()

    async def take(leg: Leg) -> None:
        taken.put_nowait(leg)
        await leg.ended()

    async with open_office(folder) as office, serving(office.exchange, take):
        legs = []
        for account in ("101", "102", "103")[:count]:
            phone = await office.phone(account).dial("200")
            legs.append(await taken.get())
            assert await legs[-1].answer()
            assert await phone.answered()
        yield office, legs


async def test_a_worker_that_dies_ends_the_room_with_its_legs(tmp_path: Path) -> None:
    async with calls(tmp_path, 2) as (office, legs):
        room, empty = await office.exchange.conference(), await office.exchange.conference()
        for leg in legs:
            assert await empty.add(leg)
            assert await room.add(leg)
        assert not empty.legs
        kill_worker()
        async with asyncio.timeout(3.0):
            assert [await leg.ended() for leg in legs] == [EndReason.MEDIA_LOST] * 2
            await room.ended()
            for leg in legs:
                await room.left(leg)
        assert not await room.add(legs[0])
        await room.close()
        assert await room.to_bridge() is None
        # Nobody was in this one: its next visitors are carried by the next worker.
        await until(lambda: office.exchange.media_up)


async def test_an_empty_room_outlives_the_worker(tmp_path: Path) -> None:
    taken: asyncio.Queue[Leg] = asyncio.Queue()

    async def take(leg: Leg) -> None:
        taken.put_nowait(leg)
        await leg.ended()

    async with open_office(tmp_path) as office, serving(office.exchange, take):
        room = await office.exchange.conference()
        await office.phone("101").dial("200")
        first = await taken.get()
        assert await first.answer()
        assert await room.add(first)
        await room.remove(first)
        kill_worker()
        assert await asyncio.wait_for(first.ended(), 3.0) is EndReason.MEDIA_LOST
        await until(lambda: office.exchange.counters()["media_restarts"] == 1 and office.exchange.media_up)
        await office.phone("102").dial("200")
        second = await taken.get()
        assert await second.answer()
        assert await room.add(second)
        assert [leg.id for leg in room.legs] == [second.id]


async def test_who_is_cancelled_while_he_comes_in_is_not_in(tmp_path: Path) -> None:
    async with calls(tmp_path, 2) as (office, legs):
        room = await office.exchange.conference()
        coming = asyncio.create_task(room.add(legs[0]))
        await asyncio.sleep(0)
        coming.cancel()
        with pytest.raises(asyncio.CancelledError):
            await coming
        await until(lambda: not room.legs)
        assert await room.add(legs[0])
        assert await room.add(legs[1])
        assert legs[0].state is LegState.ANSWERED


async def test_who_is_wanted_in_two_places_at_once_is_in_the_last(tmp_path: Path) -> None:
    async with calls(tmp_path, 3) as (office, legs):
        exchange = office.exchange
        one, two = await exchange.conference(), await exchange.conference()
        first, last = await asyncio.gather(one.add(legs[0]), two.add(legs[0]))
        assert (first, last) == (False, True)
        assert (len(one.legs), len(two.legs)) == (0, 1)
        bridge, came = await asyncio.gather(exchange.join(legs[0], legs[1]), one.add(legs[0]))
        assert came
        await asyncio.wait_for(bridge.ended(), 1.0)
        assert not two.legs
        came, bridge = await asyncio.gather(two.add(legs[1]), exchange.join(legs[1], legs[2]))
        assert not came
        assert not two.legs
        await legs[2].hang_up()
        await asyncio.wait_for(bridge.ended(), 1.0)


async def test_a_room_that_is_closed_while_somebody_comes_in(tmp_path: Path) -> None:
    async with calls(tmp_path, 2) as (office, legs):
        room = await office.exchange.conference()
        came, _ = await asyncio.gather(room.add(legs[0]), room.close())
        assert not came
        assert not room.legs
        again = await office.exchange.conference()
        came, _ = await asyncio.gather(again.add(legs[0]), legs[0].hang_up())
        assert not came
        assert not again.legs


async def test_a_bridge_of_a_room_that_was_never_heard(tmp_path: Path) -> None:
    async with calls(tmp_path, 2) as (office, legs):
        room = await office.exchange.conference()
        added = asyncio.gather(*(room.add(leg) for leg in legs))
        await asyncio.sleep(0)
        bridge = await room.to_bridge()
        assert bridge is not None
        assert await added == [False, False]
        assert [record.ended for record in office.listener.connections] == [None]
        await bridge.close()


async def test_rooms_and_recordings_end_with_the_exchange(tmp_path: Path) -> None:
    path = tmp_path / "talk.wav"
    async with calls(tmp_path, 2) as (office, legs):
        room = await office.exchange.conference()
        for leg in legs:
            assert await room.add(leg)
        assert await legs[0].start_recording(path)
        await asyncio.wait({asyncio.create_task(legs[1].ended())}, timeout=0.5)
    assert [leg.record.reason for leg in legs] == [EndReason.SHUTDOWN] * 2
    assert await legs[0].stop_recording() == pytest.approx(0.5, abs=0.3)
    assert path.stat().st_size > 4000
