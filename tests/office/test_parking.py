import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from cordboard.office.model import OfficeData
from cordboard.office.parking import Parking, ParkingLot
from cordboard.office.ports import ParkEnd
from cordboard.simulation.far_end import FarEnd
from cordboard.simulation.phone import SimulatedPhone
from cordboard.simulation.virtual_time import VirtualClock, virtual_time
from cordboard.telephony import EndReason, Leg, LegState, Party, PhoneTarget
from cordboard.testing.talks import Announcing, OfficeTalkers, ShownLamps, hears, office_talkers

LOT = ParkingLot(name="lot", number="710", places=("711", "712", "713", "714", "715"), music="waiting", timeout=60)


@dataclass
class CarPark:
    at: OfficeTalkers
    parking: Parking
    lamps: ShownLamps

    @property
    def taken(self) -> list[str]:
        return [place.number for place in self.parking.parked()]

    async def parked(self, parker: str = "101", party: str = "102") -> tuple[SimulatedPhone, SimulatedPhone]:
        """A party that was parked blindly."""
        by, led = await self.at.talk(parker, party)
        request, _ = self.at.refers(by, "710")
        assert await request.outcome is None
        return by, led


@asynccontextmanager
async def car_park(lot: ParkingLot = LOT) -> AsyncIterator[CarPark]:
    async with office_talkers(lot) as at:
        lamps = ShownLamps()
        parking = Parking(
            at.exchange,
            at.directory,
            at.switchboard,
            at.transfers,
            announcer=Announcing(),
            lamps=lamps,
            clock=VirtualClock(),
        )
        at.switchboard.services.append(parking)
        made = CarPark(at, parking, lamps)
        yield made
        assert (made.taken, lamps.busy) == ([], [])


@virtual_time
async def test_parked_blindly_heard_where_and_taken_from_another_phone() -> None:
    async with car_park() as park:
        anna, boris = await park.parked()
        assert hears(boris) == "waiting"
        assert anna.texts == ["Parking place", "711"]
        assert park.lamps.busy == ["711"]
        (place,) = park.parking.parked()
        assert (place.number, place.lot, place.account, place.party) == ("711", "lot", "101", Party("102", "User 102"))
        await asyncio.sleep(30)
        assert anna.state is LegState.ENDED
        assert hears(boris) == "waiting"
        carl = park.at.dials("103", "711")
        await carl.wait_state(LegState.ANSWERED)
        await asyncio.sleep(0.1)
        assert (hears(carl), hears(boris)) == ("102", "103")
        assert park.taken == []
        # The talk is as any other: it is held, and transferred by either side.
        carl.hold()
        carl.resume()
        request, _ = park.at.refers(carl, "104")
        assert await request.outcome is None
        await asyncio.sleep(3)
        assert (hears(boris), hears(park.at.rung("104"))) == ("104", "102")
        boris.hang_up()
        await park.at.over()
        assert len(park.at.chains()) == 1


@virtual_time
async def test_parked_attended_on_the_place_that_was_heard() -> None:
    async with car_park() as park:
        anna, boris = await park.at.talk("101", "102")
        anna.hold()
        again = park.at.dials("101", "710")
        await again.wait_heard("711")
        assert park.taken == ["711"]
        request, _ = park.at.refers(anna, "710", consulted=again)
        assert await request.outcome is None
        await asyncio.sleep(5)
        assert (again.state, anna.state) == (LegState.ENDED, LegState.ENDED)
        assert hears(boris) == "waiting"
        carl = park.at.dials("103", "711")
        await asyncio.sleep(1)
        assert (hears(carl), hears(boris)) == ("102", "103")
        request, _ = park.at.refers(boris, "104")  # who was parked may lead on who took him
        assert await request.outcome is None
        await asyncio.sleep(3)
        assert hears(carl) == "104"
        carl.hang_up()
        await park.at.over()


@virtual_time
async def test_the_phone_may_hang_up_just_before_it_hands_over() -> None:
    async with car_park() as park:
        anna, boris = await park.at.talk("101", "102")
        again = park.at.dials("101", "710")
        await again.wait_heard("711")
        again.hang_up()
        await asyncio.sleep(0.5)
        request, _ = park.at.refers(anna, "710", consulted=again)
        assert await request.outcome is None
        assert park.taken == ["711"]
        boris.hang_up()
        anna.hang_up()
        await park.at.over()


@virtual_time
async def test_a_place_that_was_only_asked_for_is_free_again() -> None:
    async with car_park() as park:
        again = park.at.dials("101", "710")
        await again.wait_heard("711")
        late = park.at.dials("103", "711")
        await late.wait_state(LegState.ENDED)
        assert late.told is EndReason.NOT_FOUND
        again.hang_up()
        await asyncio.sleep(3)
        assert park.taken == []
        await park.at.over()


@virtual_time
async def test_a_sixth_is_refused_and_comes_back() -> None:
    async with car_park(LOT.model_copy(update={"places": ("711", "712")})) as park:
        await park.parked("101", "102")
        await park.parked("103", "104")
        anna, boris = await park.at.talk("105", "106")
        request, _ = park.at.refers(anna, "710")
        assert await request.outcome is EndReason.BUSY
        await asyncio.sleep(0.1)
        assert (hears(anna), hears(boris)) == ("106", "105")
        again = park.at.dials("105", "710")
        await again.wait_state(LegState.ENDED)
        assert again.told is EndReason.BUSY
        for leg in park.at.exchange.legs():
            await leg.hang_up()
        await park.at.over()


@virtual_time
async def test_who_hung_up_at_once_is_called_for_the_place() -> None:
    async with car_park() as park:
        anna, boris = await park.at.talk("101", "102")
        park.at.refers(anna, "710")
        anna.hang_up()
        await asyncio.sleep(1)
        told = park.at.rung("101")
        assert told.leg.record.caller == Party("711", "User 102")
        await told.wait_heard("711")
        await told.wait_state(LegState.ENDED)
        boris.hang_up()
        await park.at.over()
        assert len(park.at.chains()) == 1


@virtual_time
async def test_the_end_of_the_parked_one_frees_the_place() -> None:
    async with car_park() as park:
        _, boris = await park.parked()
        boris.hang_up()
        await asyncio.sleep(0.1)
        assert park.taken == []
        late = park.at.dials("103", "711")
        await late.wait_state(LegState.ENDED)
        assert late.told is EndReason.NOT_FOUND
        await park.at.over()


@virtual_time
async def test_after_the_time_the_parker_is_rung_and_has_the_call() -> None:
    async with car_park(LOT.model_copy(update={"announce": False})) as park:
        _, boris = await park.parked()
        await asyncio.sleep(59.5)
        assert hears(boris) == "waiting"
        again = park.at.rung("101")
        assert again.leg.record.caller == Party("711", "User 102")
        await again.wait_state(LegState.ANSWERED)
        await asyncio.sleep(0.1)
        assert (hears(again), hears(boris)) == ("102", "101")
        assert park.taken == []
        again.hang_up()
        await park.at.over()


@virtual_time
async def test_nobody_comes_back_for_it_so_the_next_is_called_and_else_it_waits_on() -> None:
    async with car_park(LOT.model_copy(update={"then": "104", "announce": False})) as park:
        park.at.there("104", FarEnd.busy())
        anna, boris = await park.parked()
        park.at.there("101", FarEnd.no_answer())
        await asyncio.sleep(60 + 30)
        assert park.at.rung("101").told is EndReason.CANCELLED
        assert park.at.rung("104").told is None
        assert hears(boris) == "waiting"
        assert park.taken == ["711"]
        park.at.there("104", FarEnd.answers())
        await asyncio.sleep(60 + 30 + 3)
        assert (hears(boris), hears(park.at.rung("104"))) == ("104", "102")
        assert park.taken == []
        boris.hang_up()
        assert anna.state is LegState.ENDED
        await park.at.over()


@virtual_time
async def test_it_can_be_taken_while_the_parker_is_rung() -> None:
    async with car_park(LOT.model_copy(update={"announce": False})) as park:
        _, boris = await park.parked()
        park.at.there("101", FarEnd.no_answer())
        await asyncio.sleep(65)
        carl = park.at.dials("103", "711")
        await asyncio.sleep(0.1)
        assert (hears(carl), hears(boris)) == ("102", "103")
        assert park.at.rung("101").told is EndReason.CANCELLED
        boris.hang_up()
        await park.at.over()


@virtual_time
async def test_a_stranger_cannot_take_and_a_taken_place_is_no_target() -> None:
    async with car_park() as park:
        _, boris = await park.parked()
        carl, dora = await park.at.talk("103", "104")
        assert await park.at.switchboard.connect(carl.leg, "711") is EndReason.FORBIDDEN
        request, _ = park.at.refers(carl, "711")
        assert await request.outcome is EndReason.BUSY
        request, _ = park.at.refers(carl, "713")
        assert await request.outcome is None
        assert park.taken == ["711", "713"]
        for phone in (boris, dora):
            phone.hang_up()
        carl.hang_up()
        await park.at.over()


@pytest.mark.parametrize("places", [5, 100])
@virtual_time
async def test_a_hundred_at_once_and_no_place_twice(places: int) -> None:
    numbers = tuple(str(711 + n) for n in range(places))

    async with car_park(LOT.model_copy(update={"places": numbers, "announce": False})) as park:
        pairs = [await park.at.talk("101", "102") for _ in range(100)]
        requests = [park.at.refers(by, "710")[0] for by, _ in pairs]
        outcomes = await asyncio.gather(*(request.outcome for request in requests))
        assert outcomes.count(None) == places
        assert outcomes.count(EndReason.BUSY) == 100 - places
        assert park.taken == sorted(numbers)
        # Two dial each place at once.
        takers = [(park.at.dials("103", number), park.at.dials("104", number)) for number in numbers]
        await asyncio.sleep(1)
        assert all(sorted(each.state for each in two) == ["answered", "ended"] for two in takers)
        assert park.taken == []
        for leg in park.at.exchange.legs():
            await leg.hang_up()
        await park.at.over()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["park", "take", "leave", "wait"]), st.integers(0, 4)), max_size=25))
@virtual_time
async def test_whatever_happens_each_place_holds_one_and_nobody_is_lost(deeds: list[tuple[str, int]]) -> None:
    lot = LOT.model_copy(update={"places": ("711", "712", "713"), "announce": False, "timeout": 7})
    async with car_park(lot) as park:
        parties: list[SimulatedPhone] = []
        for deed, which in deeds:
            if deed == "park":
                by, led = await park.at.talk("101", "102")
                park.at.refers(by, "710")
                parties.append(led)
            elif deed == "take":
                park.at.dials("103", f"{711 + which % 3}")
            elif deed == "leave" and parties:
                parties.pop(which % len(parties)).hang_up()
            elif deed == "wait":
                await asyncio.sleep(which * 2.5)
            held = [place.chain for place in park.parking.parked()]
            assert len(set(held)) == len(held) <= 3
            assert park.lamps.busy == park.taken
        await asyncio.sleep(20)
        for party in parties:
            assert party.state is LegState.ANSWERED, "nobody is cut off"
        for leg in park.at.exchange.legs():
            await leg.hang_up()
        await park.at.over()


@virtual_time
async def test_a_scenario_parks_and_goes_on() -> None:
    async with car_park() as park:
        told: list[str] = []
        ends: list[ParkEnd] = []

        async def handler(leg: Leg) -> None:
            ends.append(await park.parking.park("lot", leg, timeout=10, placed=told.append))
            ends.append(await park.parking.park("lot", leg, timeout=10, placed=told.append))

        leg = await park.at.exchange.originate([PhoneTarget("102")], caller=Party("1"))
        with pytest.raises(LookupError):
            await park.parking.park("nowhere", leg)
        assert await leg.answer()
        parking = asyncio.create_task(handler(leg))
        await asyncio.sleep(12)
        assert ends == [ParkEnd.TIMEOUT]
        carl = park.at.dials("103", "711")
        await asyncio.sleep(1)
        assert hears(carl) == "102"
        carl.hang_up()
        await parking
        assert (ends, told) == ([ParkEnd.TIMEOUT, ParkEnd.ENDED], ["711", "711"])
        await leg.hang_up()
        await park.at.over()


def test_what_a_lot_may_say() -> None:
    assert LOT.numbers() == ("710", "711", "712", "713", "714", "715")
    with pytest.raises(ValidationError, match="only once"):
        ParkingLot(name="x", number="710", places=("710",))
    (fault,) = LOT.model_copy(update={"then": "712"}).faults(OfficeData())
    assert "leads back to itself" in fault
