"""Parking on real SIP and RTP: places, music, who hears whom, and a hundred at once."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from cordboard.office.parking import ParkingLot
from cordboard.office.ports import ParkEnd
from cordboard.telephony import EndReason, Leg, LegState
from cordboard.testing.exchange import until
from cordboard.testing.lonely_phone import lonely_phone
from cordboard.testing.talks_on_the_wire import HZ, MUSIC, WireOffice, wire_office

pytestmark = [pytest.mark.slow, pytest.mark.wire]

LOT = ParkingLot(name="lot", number="710", places=("711", "712", "713", "714", "715"), timeout=60, announce=False)


def taken(office: WireOffice) -> list[str]:
    return [place.number for place in office.parking.parked()]


async def test_parked_by_keys_and_taken_from_another_phone(tmp_path: Path) -> None:
    async with wire_office(tmp_path, LOT) as office:
        await office.signs_in("102", "104")
        anna, boris = await office.talk("101", "102")
        await anna.press("##710#")
        await boris.hears(MUSIC)
        await anna.reaches(LegState.ENDED)
        assert (taken(office), office.lamps.busy) == (["711"], ["711"])
        carl = await office.dials("103", "711")
        await carl.hears(HZ["102"])
        await boris.hears(HZ["103"])
        assert (taken(office), office.lamps.busy) == ([], [])
        # The talk is as any other: held, transferred.
        await carl.hold()
        await boris.hears(MUSIC)
        await carl.resume()
        await boris.hears(HZ["103"])
        await boris.press("##104#")
        await carl.hears(HZ["104"])
        await carl.hang_up()
        assert len((await office.chain()).legs) == 4


async def test_parked_attended_by_keys_and_the_parkers_phone_rings_in_time(tmp_path: Path) -> None:
    lot = LOT.model_copy(update={"timeout": 5})
    async with wire_office(tmp_path, lot) as office:
        await office.signs_in("101", "102")
        anna, boris = await office.talk("101", "102")
        await anna.press("*2710#")
        await until(lambda: taken(office) == ["711"])
        await anna.hang_up()
        again = await office.x.rung("101")
        assert again.called_by == "711"
        await again.hears(HZ["102"])
        await boris.hears(HZ["101"])
        assert taken(office) == []
        await boris.hang_up()
        await again.reaches(LegState.ENDED)
        await office.chain()


async def test_who_is_parked_hangs_up_and_the_place_is_free(tmp_path: Path) -> None:
    async with wire_office(tmp_path, LOT) as office:
        await office.signs_in("102")
        anna, boris = await office.talk("101", "102")
        await anna.press("##710#")
        await until(lambda: taken(office) == ["711"])
        await boris.hang_up()
        await until(lambda: taken(office) == [])
        late = await office.dials("103", "711")
        await late.reaches(LegState.ENDED)
        assert late.told is EndReason.NOT_FOUND


async def test_a_parked_phone_that_is_killed_frees_its_place(tmp_path: Path) -> None:
    async with wire_office(tmp_path, LOT, silence=1.0) as office:
        ports: dict[str, Any] = {"folder": tmp_path / "lonely", "hz": HZ["102"], "first_port": 39600}
        async with lonely_phone("102", office.server, **ports) as process:
            anna = await office.dials("101", "102")
            await anna.hears(HZ["102"])
            await anna.press("##710#")
            await until(lambda: taken(office) == ["711"])
            process.kill()
            await process.wait()
            await until(lambda: taken(office) == [], within=20)
            chain = await office.chain()
        assert [leg.reason for leg in chain.legs if leg.account == "102"] == [EndReason.VANISHED]


class ParksWhoCalls:
    """A number that parks its callers, as a scenario does."""

    def __init__(self, office: WireOffice) -> None:
        self.office = office
        self.full = 0

    def takes(self, number: str) -> bool:
        return number == "600"

    async def serve(self, leg: Leg, number: str, login: str) -> EndReason | None:
        if await self.office.parking.park("lot", leg) is not ParkEnd.FULL:
            return None
        self.full += 1
        return EndReason.BUSY


async def test_a_hundred_are_parked_at_once_and_taken_at_once(tmp_path: Path) -> None:
    places = tuple(str(2000 + n) for n in range(60))
    async with wire_office(tmp_path, LOT.model_copy(update={"places": places}), phones=200) as office:
        parks = ParksWhoCalls(office)
        office.switchboard.services.append(parks)
        callers = [await office.x.call_in("600", account="105") for _ in range(100)]
        await until(lambda: len(taken(office)) == 60 and parks.full == 40, within=30)
        assert taken(office) == sorted(places), "each place once"
        assert sum(each.told is EndReason.BUSY for each in callers) == 40
        # Two want each of the first twenty places: one has the call, the other is told that nobody is there.
        takers = [await office.x.call_in(place, account=account) for place in places[:20] for account in ("106", "107")]
        await until(lambda: sum(each.told is EndReason.NOT_FOUND for each in takers) == 20)
        assert taken(office) == sorted(places[20:])
        await until(lambda: len(office.x.exchange.talks.all()) == 20)
        await asyncio.gather(*(each.hang_up() for each in callers if each.told is None))
        await until(lambda: taken(office) == [] and not office.x.exchange.legs())
        assert office.lamps.busy == []
