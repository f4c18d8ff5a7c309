import asyncio
from collections.abc import Awaitable
from typing import TypeVar

import pytest

from cordboard.office.rooms import ConferenceRooms
from cordboard.simulation.exchange import SimulatedExchange
from cordboard.simulation.leg import SimulatedLeg
from cordboard.simulation.phone import SimulatedPhone
from cordboard.simulation.virtual_time import VirtualClock, settle, virtual_time
from cordboard.telephony import Clip, Leg, LegState, Tone
from cordboard.testing.exchange import Listened, serving

T = TypeVar("T")
MUSIC = Clip(None, "music")
VOICES = {name: Tone((hertz,), 1.0) for name, hertz in (("anna", 400.0), ("boris", 500.0), ("carl", 600.0))}


class Hall:
    """An exchange whose calls are answered and stand, and its rooms."""

    def __init__(self) -> None:
        self.exchange = SimulatedExchange(Listened(), VirtualClock())
        self.rooms = ConferenceRooms(self.exchange)

    async def take(self, leg: Leg) -> None:
        await leg.answer()
        await leg.ended()

    async def call(self, name: str) -> tuple[SimulatedPhone, SimulatedLeg]:
        phone = self.exchange.call_in(name, "700", line="city", voice=VOICES[name])
        await settle()
        return phone, phone.leg


@virtual_time
async def test_of_a_hundred_who_want_one_name_one_gets_it() -> None:
    hall = Hall()
    async with serving(hall.exchange, hall.take):
        _, leg = await hall.call("anna")
        made = await asyncio.gather(*(hall.rooms.create("711", leg) for _ in range(100)))
        assert made.count(True) == 1
        await hall.rooms.close()


@virtual_time
async def test_who_is_alone_hears_music_until_somebody_comes_and_again_when_he_goes() -> None:
    hall = Hall()
    async with serving(hall.exchange, hall.take):
        anna, annas = await hall.call("anna")
        boris, boriss = await hall.call("boris")
        assert await hall.rooms.create("711", annas)
        assert await hall.rooms.enter("711", annas, while_alone=[MUSIC]) is not None
        await asyncio.sleep(0.1)
        assert anna.hearing == MUSIC
        stay = await hall.rooms.enter("711", boriss)
        assert stay is not None
        await settle()
        assert anna.heard[-1].sound == VOICES["boris"]
        assert boris.hearing == VOICES["anna"]
        await stay.leave()
        await stay.over()
        await asyncio.sleep(0.1)
        assert anna.hearing == MUSIC
        await hall.rooms.close()


@virtual_time
async def test_a_room_goes_when_it_is_empty_and_its_maker_has_hung_up() -> None:
    hall = Hall()
    async with serving(hall.exchange, hall.take):
        anna, annas = await hall.call("anna")
        boris, boriss = await hall.call("boris")
        _, carls = await hall.call("carl")
        await hall.rooms.create("711", annas)
        await hall.rooms.enter("711", boriss)
        anna.hang_up()
        await settle()
        assert not await hall.rooms.create("711", carls)
        boris.hang_up()
        await settle()
        with pytest.raises(LookupError):
            await hall.rooms.enter("711", carls)
        assert await hall.rooms.create("711", carls)
        await hall.rooms.close()


@virtual_time
async def test_an_empty_room_stays_while_its_maker_is_there() -> None:
    hall = Hall()
    async with serving(hall.exchange, hall.take):
        _, annas = await hall.call("anna")
        boris, boriss = await hall.call("boris")
        await hall.rooms.create("711", annas)
        await hall.rooms.enter("711", boriss)
        boris.hang_up()
        await settle()
        assert await hall.rooms.enter("711", annas) is not None
        await hall.rooms.close()


@virtual_time
async def test_a_room_made_into_a_talk_keeps_both_until_it_is_over_and_its_name_is_free() -> None:
    hall = Hall()
    async with serving(hall.exchange, hall.take):
        anna, annas = await hall.call("anna")
        boris, boriss = await hall.call("boris")
        _, carls = await hall.call("carl")
        await hall.rooms.create("711", annas)
        parked = await hall.rooms.enter("711", annas, while_alone=[MUSIC])
        await hall.rooms.enter("711", boriss)
        assert parked is not None
        over = asyncio.create_task(parked.over())
        bridge = await hall.rooms.convert("711")
        assert bridge is not None
        assert await hall.rooms.create("711", carls)
        await asyncio.sleep(60)
        assert anna.heard[-1].sound == VOICES["boris"]
        assert boris.hearing == VOICES["anna"]
        assert not over.done()
        boris.hang_up()
        await over
        assert anna.hearing is None
        await hall.rooms.close()


@virtual_time
async def test_the_talk_made_of_a_room_is_one_as_any_other_and_one_call() -> None:
    hall = Hall()
    async with serving(hall.exchange, hall.take):
        anna, annas = await hall.call("anna")
        boris, boriss = await hall.call("boris")
        carl, carls = await hall.call("carl")
        await hall.rooms.create("711", annas)
        await hall.rooms.enter("711", annas)
        await hall.rooms.enter("711", boriss)
        talk = await hall.rooms.convert("711")
        await settle()
        assert hall.exchange.talks.all() == [talk]
        assert boriss.chain == annas.chain
        # Carl takes the place of Boris, as by an attended transfer.
        taking = asyncio.create_task(_value_of(hall.exchange.talks.take_place(boriss, carls)))
        await settle()
        assert anna.hearing == VOICES["carl"]
        assert carl.hearing == VOICES["anna"]
        assert boris.state is LegState.ENDED
        carl.hang_up()
        assert await taking
        await hall.rooms.close()


@virtual_time
async def test_who_comes_for_a_call_while_another_takes_the_place_in_it_waits_for_that_one() -> None:
    hall = Hall()
    async with serving(hall.exchange, hall.take):
        anna, annas = await hall.call("anna")
        _, boriss = await hall.call("boris")
        carl, carls = await hall.call("carl")
        await hall.rooms.create("711", carls)
        await hall.rooms.enter("711", annas)
        take = hall.rooms.heir_of(annas)
        assert take is not None
        anna.hang_up()
        await settle()
        await hall.rooms.enter("711", boriss)
        converting = asyncio.create_task(hall.rooms.convert("711"))
        await settle()
        assert not converting.done()
        taking = asyncio.create_task(_value_of(take(carls)))
        assert await converting is not None
        assert carl.hearing == VOICES["boris"]
        carl.hang_up()
        await taking
        await hall.rooms.close()


@virtual_time
async def test_of_any_number_at_once_as_many_get_in_as_there_are_places() -> None:
    hall = Hall()
    async with serving(hall.exchange, hall.take):
        calls = [await hall.call(name) for name in VOICES]
        legs = [leg for _, leg in calls]
        await hall.rooms.create("711", legs[0], places=2)
        stays = await asyncio.gather(*(hall.rooms.enter("711", leg) for leg in legs))
        assert [stay is not None for stay in stays] == [True, True, False]
        calls[0][0].hang_up()
        await settle()
        assert await hall.rooms.enter("711", legs[2]) is not None
        await hall.rooms.close()


@virtual_time
async def test_only_two_can_be_made_into_a_talk() -> None:
    hall = Hall()
    async with serving(hall.exchange, hall.take):
        legs = [(await hall.call(name))[1] for name in VOICES]
        await hall.rooms.create("711", legs[0])
        for leg in legs:
            assert len(await asyncio.gather(hall.rooms.enter("711", leg))) == 1
        assert await hall.rooms.convert("711") is None
        with pytest.raises(LookupError):
            await hall.rooms.convert("712")
        await hall.rooms.close()


@virtual_time
async def test_lonely_begins_anew_whenever_somebody_was_there() -> None:
    hall = Hall()
    async with serving(hall.exchange, hall.take):
        _, annas = await hall.call("anna")
        boris, boriss = await hall.call("boris")
        await hall.rooms.create("711", annas)
        stay = await hall.rooms.enter("711", annas)
        assert stay is not None
        lonely = asyncio.create_task(stay.lonely(10))
        await asyncio.sleep(9)
        await hall.rooms.enter("711", boriss)
        await asyncio.sleep(100)
        assert not lonely.done()
        boris.hang_up()
        await asyncio.sleep(9)
        assert not lonely.done()
        await asyncio.sleep(1.1)
        assert lonely.done()
        await hall.rooms.close()


@virtual_time
async def test_a_leg_that_has_ended_is_not_let_in() -> None:
    hall = Hall()
    async with serving(hall.exchange, hall.take):
        _, annas = await hall.call("anna")
        boris, boriss = await hall.call("boris")
        await hall.rooms.create("711", annas)
        boris.hang_up()
        await settle()
        assert await hall.rooms.enter("711", boriss) is None
        await hall.rooms.close()


@virtual_time
async def test_a_call_is_answered_when_it_has_a_place_and_not_before() -> None:
    hall = Hall()

    async def ring(leg: Leg) -> None:
        await leg.ring()
        await leg.ended()

    async with serving(hall.exchange, ring):
        legs = [(await hall.call(name))[1] for name in ("anna", "boris", "carl")]
        await hall.rooms.create("711", legs[0], places=1)
        with pytest.raises(LookupError):
            await hall.rooms.enter("712", legs[1])
        assert await hall.rooms.enter("711", legs[0]) is not None
        assert await hall.rooms.enter("711", legs[2]) is None
        assert [leg.state for leg in legs] == [LegState.ANSWERED, LegState.RINGING, LegState.RINGING]
        await hall.rooms.close()


async def _value_of(work: Awaitable[T]) -> T:
    return await work
