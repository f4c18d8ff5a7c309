import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from cordboard.office.model import OfficeData
from cordboard.office.pickup import GroupTeams
from cordboard.office.queue.model import Group, Member
from cordboard.office.supervision import MonitorCodes, Supervision, Supervisor
from cordboard.simulation.phone import SimulatedPhone
from cordboard.simulation.virtual_time import virtual_time
from cordboard.telephony import EndReason, LegState, Monitoring, Tone
from cordboard.testing.talks import OfficeTalkers, office_talkers

SALES = Group(name="sales", members=(Member(login="u102"), Member(login="u103")))
CHIEF = Supervisor(name="chief", login="u105")
SECOND = Supervisor(name="second", login="u106", groups=("sales",), modes=(Monitoring.LISTEN,), announced=True)


@asynccontextmanager
async def office() -> AsyncIterator[OfficeTalkers]:
    async with office_talkers(SALES, CHIEF, SECOND) as at:
        at.switchboard.services.append(Supervision(at.exchange, at.directory, GroupTeams(at.directory)))
        yield at


def all_heard(phone: SimulatedPhone) -> set[str]:
    return {f"{sound.frequencies[0]:g}" for sound in phone.hearing_all if isinstance(sound, Tone)}


@pytest.mark.parametrize(
    ("code", "boris", "anna"),
    [("*54", {"101"}, {"102"}), ("*55", {"101", "105"}, {"102"}), ("*56", {"101", "105"}, {"102", "105"})],
)
@virtual_time
async def test_who_hears_whom(code: str, boris: set[str], anna: set[str]) -> None:
    async with office() as at:
        caller, watched = await at.talk("101", "102")
        chief = at.dials("105", f"{code}102")
        await asyncio.sleep(1)
        assert all_heard(chief) == {"101", "102"}
        assert (all_heard(watched), all_heard(caller)) == (boris, anna)
        assert len(at.chains()) == 1
        chief.hang_up()
        await asyncio.sleep(1)
        assert (all_heard(watched), all_heard(caller)) == ({"101"}, {"102"})
        caller.hang_up()
        await at.over()


@virtual_time
async def test_keys_change_it_and_the_end_of_the_watched_call_ends_it() -> None:
    async with office() as at:
        caller, watched = await at.talk("101", "102")
        chief = at.dials("105", "*54102")
        await asyncio.sleep(1)
        chief.press("5")
        await asyncio.sleep(1)
        assert (all_heard(watched), all_heard(caller)) == ({"101", "105"}, {"102"})
        chief.press("6")
        await asyncio.sleep(1)
        assert all_heard(caller) == {"102", "105"}
        chief.press("4")
        await asyncio.sleep(1)
        assert (all_heard(watched), all_heard(caller)) == ({"101"}, {"102"})
        caller.hang_up()
        await chief.wait_state(LegState.ENDED)
        await at.over()


@virtual_time
async def test_one_who_may_only_listen_and_is_announced() -> None:
    async with office() as at:
        caller, watched = await at.talk("101", "102")
        refused = at.dials("106", "*55102")
        await refused.wait_state(LegState.ENDED)
        assert (refused.told, refused.states) == (EndReason.FORBIDDEN, [LegState.CALLING, LegState.ENDED])
        before = len(watched.heard)
        second = at.dials("106", "*54102")
        await asyncio.sleep(1)
        assert [sound.sound for sound in watched.heard[before:]] == [Tone((1400.0,), on=0.2), Tone((101.0,), on=3600.0)]
        second.press("6")
        await asyncio.sleep(1)
        assert all_heard(caller) == {"102"}
        second.hang_up()
        caller.hang_up()
        await at.over()


@pytest.mark.parametrize(
    ("account", "number", "told"),
    [
        ("106", "*54101", EndReason.FORBIDDEN),  # no member of his group
        ("107", "*54102", EndReason.FORBIDDEN),  # no supervisor
        ("105", "*54103", EndReason.NOT_FOUND),  # he does not talk
        ("105", "*54199", EndReason.NOT_FOUND),  # nobody
    ],
)
@virtual_time
async def test_refusals(account: str, number: str, told: EndReason) -> None:
    async with office() as at:
        caller, _ = await at.talk("101", "102")
        phone = at.dials(account, number)
        await phone.wait_state(LegState.ENDED)
        assert phone.told is told
        caller.hang_up()
        await at.over()


@virtual_time
async def test_it_stays_with_the_colleague_through_a_transfer() -> None:
    async with office() as at:
        anna, boris = await at.talk("101", "102")
        chief = at.dials("105", "*54102")
        await asyncio.sleep(1)
        request, _ = at.refers(anna, "103")
        assert await request.outcome is None
        await asyncio.sleep(3)
        assert all_heard(chief) == {"102", "103"}
        boris.hang_up()
        await chief.wait_state(LegState.ENDED)
        await at.over()


def test_faults_and_codes() -> None:
    assert list(CHIEF.faults(OfficeData())) == ["supervisor 'chief': there is no user 'u105'"]
    assert len(list(SECOND.faults(OfficeData()))) == 2
    assert MonitorCodes().listen == "*54"
