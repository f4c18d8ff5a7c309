import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from cordboard.office.parking import Parking, ParkingLot
from cordboard.office.talk_keys import TalkCodes, TalkKeys
from cordboard.simulation.far_end import FarEnd
from cordboard.simulation.phone import SimulatedPhone
from cordboard.simulation.virtual_time import VirtualClock, virtual_time
from cordboard.telephony import EndReason, LegState, LineTarget, Tone
from cordboard.testing.talks import CLIENT, Announcing, OfficeTalkers, ShownLamps, hears, office_talkers

MUSIC = Tone((333.0,), on=3600.0)


@asynccontextmanager
async def office(codes: TalkCodes = TalkCodes()) -> AsyncIterator[OfficeTalkers]:  # noqa: B008  (frozen)
    async with office_talkers(ParkingLot(name="lot", number="710", places=("711", "712"))) as at:
        at.exchange.talks.hold_music = (MUSIC,)
        parking = Parking(
            at.exchange,
            at.directory,
            at.switchboard,
            at.transfers,
            announcer=Announcing(),
            lamps=ShownLamps(),
            clock=VirtualClock(),
        )
        at.switchboard.services.append(parking)
        keys = TalkKeys(
            at.exchange, at.directory.by_account, at.transfers, codes=lambda: codes, may=lambda login: login != "u107"
        )
        running = asyncio.create_task(keys.run())
        at.tasks = [*at.tasks, running]
        yield at
        assert parking.parked() == []
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def dial(phone: SimulatedPhone, keys: str) -> None:
    """Press keys as a person does."""
    for key in keys:
        await asyncio.sleep(0.3)
        phone.press(key)
    await asyncio.sleep(0.3)


@pytest.mark.parametrize("transfers", ["caller", "callee"])
@virtual_time
async def test_blind_by_keys(transfers: str) -> None:
    async with office() as at:
        anna, boris = await at.talk("101", "102")
        by, led = (anna, boris) if transfers == "caller" else (boris, anna)
        await dial(by, "##")
        assert (hears(by), hears(led)) == ("350", "333")
        await dial(by, "103#")
        assert (hears(by), hears(led)) == ("ringing", "ringing")
        await asyncio.sleep(2)
        carl = at.rung("103")
        assert hears(led) == "103"
        await asyncio.sleep(2)
        assert by.told is EndReason.HUNG_UP
        carl.hang_up()
        await led.wait_state(LegState.ENDED)
        await at.over()
        assert len(at.chains()) == 1


@pytest.mark.parametrize("dialled", ["", "103#", "199#"])
@virtual_time
async def test_nothing_dialled_or_nobody_there_and_they_talk_again(dialled: str) -> None:
    async with office() as at:
        at.there("103", FarEnd.busy())
        anna, boris = await at.talk("101", "102")
        for code in ("##", "*2"):
            await dial(anna, code + dialled)
            await asyncio.sleep(15)
            assert (hears(anna), hears(boris)) == ("102", "101")
        anna.hang_up()
        await boris.wait_state(LegState.ENDED)
        await at.over()


@virtual_time
async def test_a_number_also_ends_with_a_pause() -> None:
    async with office() as at:
        anna, boris = await at.talk("101", "102")
        await dial(anna, "##103")
        await asyncio.sleep(2)
        assert hears(boris) == "333"
        await asyncio.sleep(4)
        assert hears(boris) == "103"
        boris.hang_up()
        await at.over()


@virtual_time
async def test_keys_that_are_far_apart_are_no_code_nor_are_those_of_who_may_not() -> None:
    async with office() as at:
        anna, boris = await at.talk("101", "102")
        for key in "##":
            anna.press(key)
            await asyncio.sleep(3)
        assert hears(boris) == "101"
        assert boris.keys_heard == "##", "keys reach the other side: it may be a menu"
        anna.hang_up()
        seven, boris = await at.talk("107", "102")
        await dial(seven, "##103#")
        assert hears(boris) == "107"
        seven.hang_up()
        await at.over()


@virtual_time
async def test_somebody_outside_has_no_such_keys() -> None:
    async with office() as at:
        anna = at.dials("101", CLIENT)
        await anna.wait_state(LegState.ANSWERED)
        client = next(phone for phone in at.exchange.called if isinstance(phone.target, LineTarget))
        await dial(client, "##103#")
        assert hears(anna) == "99"
        anna.hang_up()
        await at.over()


@pytest.mark.parametrize("transfers", ["caller", "callee"])
@virtual_time
async def test_attended_by_keys_hanging_up_joins_the_two_others(transfers: str) -> None:
    async with office() as at:
        anna, boris = await at.talk("101", "102")
        by, led = (anna, boris) if transfers == "caller" else (boris, anna)
        await dial(by, "*2103#")
        await asyncio.sleep(2)
        carl = at.rung("103")
        assert (hears(by), hears(led)) == ("103", "333")
        by.hang_up()
        await asyncio.sleep(0.5)
        name = "102" if led is boris else "101"
        assert (hears(carl), hears(led)) == (name, "103")
        # The new talk is as any other.
        await dial(carl, "##104#")
        await asyncio.sleep(5)
        assert carl.state is LegState.ENDED
        assert hears(at.rung("104")) == name
        led.hang_up()
        await at.over()
        assert len(at.chains()) == 1


@pytest.mark.parametrize("after", [0.5, 3])
@virtual_time
async def test_the_star_comes_back_from_ringing_and_from_talking(after: float) -> None:
    async with office() as at:
        anna, boris = await at.talk("101", "102")
        await dial(anna, "*2103#")
        await asyncio.sleep(after)
        anna.press("*")
        await asyncio.sleep(0.5)
        carl = at.rung("103")
        assert carl.state is LegState.ENDED
        assert (hears(anna), hears(boris)) == ("102", "101")
        anna.hang_up()
        await at.over()


@virtual_time
async def test_the_consulted_one_hangs_up_and_they_talk_again() -> None:
    async with office() as at:
        anna, boris = await at.talk("101", "102")
        await dial(anna, "*2103#")
        await asyncio.sleep(2)
        at.rung("103").hang_up()
        await asyncio.sleep(0.5)
        assert (hears(anna), hears(boris)) == ("102", "101")
        anna.hang_up()
        await at.over()


@virtual_time
async def test_hanging_up_while_it_rings_leaves_the_party_to_it() -> None:
    async with office() as at:
        at.there("103", FarEnd.answers(5))
        anna, boris = await at.talk("101", "102")
        await dial(anna, "*2103#")
        await asyncio.sleep(1)
        anna.hang_up()
        await asyncio.sleep(1)
        assert hears(boris) == "ringing"
        await asyncio.sleep(6)
        assert (hears(boris), hears(at.rung("103"))) == ("103", "102")
        boris.hang_up()
        await at.over()


@pytest.mark.parametrize("transfers", ["caller", "callee"])
@virtual_time
async def test_who_waits_may_give_up(transfers: str) -> None:
    async with office() as at:
        anna, boris = await at.talk("101", "102")
        by, led = (anna, boris) if transfers == "caller" else (boris, anna)
        await dial(by, "*2103#")
        await asyncio.sleep(2)
        led.hang_up()
        await asyncio.sleep(1)
        carl = at.rung("103")
        assert hears(by) == "103", "the consultation is a talk by itself"
        assert hears(carl) == ("101" if by is anna else "102")
        carl.hang_up()
        await by.wait_state(LegState.ENDED)
        await at.over()


@virtual_time
async def test_parking_by_keys_on_the_place_that_was_heard() -> None:
    async with office() as at:
        anna, boris = await at.talk("101", "102")
        await dial(anna, "*2710#")
        await anna.wait_heard("711")
        anna.hang_up()
        await asyncio.sleep(5)
        assert hears(boris) == "333"
        carl = at.dials("103", "711")
        await asyncio.sleep(1)
        assert (hears(boris), hears(carl)) == ("103", "102")
        carl.hang_up()
        await at.over()


@virtual_time
async def test_parking_blindly_by_keys() -> None:
    async with office() as at:
        anna, boris = await at.talk("101", "102")
        await dial(anna, "##710#")
        await anna.wait_heard("711")
        await anna.wait_state(LegState.ENDED)
        assert hears(boris) == "333"
        boris.hang_up()
        await at.over()


@virtual_time
async def test_codes_that_are_switched_off() -> None:
    async with office(TalkCodes(blind="", attended="")) as at:
        anna, boris = await at.talk("101", "102")
        await dial(anna, "##103#*2103#")
        assert hears(boris) == "101"
        anna.hang_up()
        await at.over()
