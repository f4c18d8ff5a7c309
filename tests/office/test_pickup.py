import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from cordboard.office.pickup import GroupTeams, Pickup, PickupCodes
from cordboard.office.queue.model import Group, Member
from cordboard.simulation.far_end import FarEnd
from cordboard.simulation.virtual_time import virtual_time
from cordboard.telephony import EndReason, LegState
from cordboard.testing.talks import OfficeTalkers, hears, office_talkers

SALES = Group(name="sales", members=(Member(login="u102"), Member(login="u103"), Member(login="u104")))
SUPPORT = Group(name="support", members=(Member(login="u105"), Member(login="u106")))


@asynccontextmanager
async def office(codes: PickupCodes = PickupCodes()) -> AsyncIterator[OfficeTalkers]:  # noqa: B008  (frozen)
    async with office_talkers(SALES, SUPPORT) as at:
        at.switchboard.services.append(Pickup(at.exchange, at.directory, GroupTeams(at.directory), lambda: codes))
        for account in ("102", "104", "105"):
            at.there(account, FarEnd.no_answer())
        yield at


@virtual_time
async def test_a_call_at_a_colleague_of_an_own_group_is_picked_up() -> None:
    async with office() as at:
        anna = at.dials("101", "102")
        await asyncio.sleep(2)
        carl = at.dials("103", "*8")
        await asyncio.sleep(0.1)
        assert (hears(anna), hears(carl)) == ("103", "101")
        assert at.rung("102").told is EndReason.ANSWERED_ELSEWHERE
        assert len(at.chains()) == 1
        # It is a talk as any other.
        request, _ = at.refers(carl, "106")
        assert await request.outcome is None
        await asyncio.sleep(3)
        assert hears(anna) == "106"
        anna.hang_up()
        await at.over()


@pytest.mark.parametrize(
    ("account", "code"), [("107", "*8"), ("105", "*8"), ("103", "**105"), ("103", "**199"), ("102", "*8")]
)
@virtual_time
async def test_what_rings_elsewhere_is_not(account: str, code: str) -> None:
    # A stranger to the group, one of another group, nothing rings there, nobody is there, or at his own second phone.
    async with office() as at:
        anna = at.dials("101", "102")
        await asyncio.sleep(2)
        phone = at.dials(account, code)
        await phone.wait_state(LegState.ENDED)
        assert (phone.told, phone.states) == (EndReason.NOT_FOUND, [LegState.CALLING, LegState.ENDED])
        assert at.rung("102").told is None
        anna.hang_up()
        await at.over()


@virtual_time
async def test_directed_by_the_number_and_the_longest_first() -> None:
    async with office() as at:
        anna = at.dials("101", "102")
        await asyncio.sleep(1)
        boris = at.dials("107", "104")
        await asyncio.sleep(1)
        directed = at.dials("106", "**104")
        await asyncio.sleep(0.1)
        assert hears(directed) == "107"
        by_group = at.dials("103", "*8")
        await asyncio.sleep(0.1)
        assert hears(by_group) == "101"
        anna.hang_up()
        boris.hang_up()
        await at.over()


@virtual_time
async def test_of_two_calls_and_three_pickers_each_call_goes_to_one() -> None:
    async with office() as at:
        callers = [at.dials("101", "102"), at.dials("107", "104")]
        await asyncio.sleep(1)
        pickers = [at.dials("103", "*8") for _ in range(3)]
        await asyncio.sleep(0.5)
        assert sorted(picker.state for picker in pickers) == ["answered", "answered", "ended"]
        assert sorted(hears(picker) for picker in pickers if picker.state is LegState.ANSWERED) == ["101", "107"]
        for caller in callers:
            caller.hang_up()
        await at.over()


@virtual_time
async def test_other_codes_and_none() -> None:
    async with office(PickupCodes(group="", directed="*55")) as at:
        anna = at.dials("101", "102")
        await asyncio.sleep(1)
        unknown = at.dials("103", "*8")
        await unknown.wait_state(LegState.ENDED)
        assert unknown.told is EndReason.NOT_FOUND
        carl = at.dials("107", "*55102")
        await asyncio.sleep(0.1)
        assert hears(carl) == "101"
        anna.hang_up()
        await at.over()


@virtual_time
async def test_no_stranger_picks_up() -> None:
    async with office() as at:
        anna = at.dials("101", "102")
        boris, _ = await at.talk("107", "106")
        assert await at.switchboard.connect(boris.leg, "*8") is EndReason.FORBIDDEN
        anna.hang_up()
        boris.hang_up()
        await at.over()
