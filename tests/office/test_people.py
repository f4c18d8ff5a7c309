"""Who is there, and what he is about."""

import asyncio
from datetime import timedelta

import pytest

from cordboard.office.directory import OfficeDirectory
from cordboard.office.people import LOOK, HeldPresence, OfficePeople
from cordboard.office.ports import Presence, UserState
from cordboard.simulation.exchange import SimulatedExchange
from cordboard.simulation.far_end import FarEnd
from cordboard.simulation.virtual_time import VirtualClock, settle, virtual_time
from cordboard.telephony import Leg, LegState, Party, PhoneTarget, Target
from cordboard.testing.exchange import serving
from cordboard.testing.office import loaded_directory


class Scene:
    """An office in which the phones 101 and 102 are signed in."""

    def __init__(self, office: OfficeDirectory, kept: HeldPresence | None = None) -> None:
        self.online = {"101", "102"}
        self.kept = kept or HeldPresence()
        self.clock = VirtualClock()
        self.people = OfficePeople(office, self.kept, self.clock, self.online.__contains__)
        self.seen: list[tuple[str, UserState]] = []
        self.people.told.append(lambda login, state: self.seen.append((login, state)))
        there: dict[Target, FarEnd] = {
            PhoneTarget("101"): FarEnd.answers(after=2.0),
            PhoneTarget("101-mobile"): FarEnd.answers(after=60.0),
        }
        self.exchange = SimulatedExchange(self.people, self.clock, there)


async def scene(kept: HeldPresence | None = None) -> Scene:
    made = Scene(await loaded_directory(), kept)
    await made.people.load()
    return made


@virtual_time
async def test_who_has_said_nothing_is_ready_and_who_has_a_phone_is_free() -> None:
    at_work = await scene()
    assert at_work.people.state("anna") == UserState(online=True)
    assert at_work.people.state("anna").free
    at_work.online.clear()
    assert not at_work.people.state("anna").free
    assert at_work.people.state("nobody") == UserState(Presence.AWAY)
    assert list(at_work.people.states()) == ["anna", "boris", "carl", "phoneless"]


@virtual_time
async def test_what_he_says_is_told_and_survives_a_restart() -> None:
    at_work = await scene()
    waiting = asyncio.ensure_future(at_work.people.changed())
    await settle()
    await at_work.people.set_presence("anna", Presence.BREAK, reason="lunch")
    await waiting
    state = UserState(Presence.BREAK, "lunch", at_work.clock.now(), online=True)
    assert at_work.seen == [("anna", state)]
    assert not state.free
    again = await scene(at_work.kept)
    assert again.people.state("anna") == state
    with pytest.raises(LookupError):
        await at_work.people.set_presence("nobody", Presence.READY)


@virtual_time
async def test_a_break_with_an_end_is_over_by_itself() -> None:
    at_work = await scene()
    running = asyncio.create_task(at_work.people.run())
    until = at_work.clock.now() + timedelta(minutes=10)
    await at_work.people.set_presence("anna", Presence.AFTER_CALL, until=until)
    await asyncio.sleep(599)
    assert at_work.people.state("anna").presence is Presence.AFTER_CALL
    await asyncio.sleep(1 + LOOK)
    assert [state.presence for _, state in at_work.seen] == [Presence.AFTER_CALL, Presence.READY]
    assert at_work.people.state("anna").since == until
    running.cancel()


@virtual_time
async def test_calls_count_from_the_first_ring_to_the_end_whichever_phone_it_is() -> None:
    at_work = await scene()

    async def answer(leg: Leg) -> None:
        await leg.answer()
        await leg.ended()

    async with serving(at_work.exchange, answer):
        rung = await at_work.exchange.originate(
            [PhoneTarget("101"), PhoneTarget("101-mobile")], caller=Party("700"), chain="c"
        )
        await asyncio.sleep(3)
        assert rung.state is LegState.ANSWERED
        assert at_work.people.state("anna").calls == 1
        second = at_work.exchange.call_in("101", "700", account="101")
        await settle()
        assert at_work.people.state("anna").calls == 2
        outside = at_work.exchange.call_in("0671234567", "700", line="city")
        await settle()
        await rung.hang_up()
        second.hang_up()
        outside.hang_up()
        await settle()
    assert at_work.people.state("anna") == UserState(online=True)
    assert [state.calls for login, state in at_work.seen if login == "anna"] == [1, 2, 1, 0]
    assert {login for login, _ in at_work.seen} == {"anna"}


@virtual_time
async def test_a_phone_that_comes_and_goes_is_noticed() -> None:
    at_work = await scene()
    running = asyncio.create_task(at_work.people.run())
    await asyncio.sleep(LOOK * 2)
    assert at_work.seen == []
    at_work.online.discard("102")
    await asyncio.sleep(LOOK * 2)
    assert [(login, state.online) for login, state in at_work.seen] == [("boris", False)]
    running.cancel()
