"""Whatever people do with their phones during talks, in any order: nobody sits in silence, and nothing is left over."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cordboard.office.parking import Parking, ParkingLot
from cordboard.office.talk_keys import TalkKeys
from cordboard.simulation.far_end import FarEnd
from cordboard.simulation.phone import SimulatedPhone
from cordboard.simulation.virtual_time import VirtualClock, virtual_time
from cordboard.telephony import EndReason, LegState, Tone
from cordboard.testing.talks import Announcing, OfficeTalkers, ShownLamps, office_talkers

LOT = ParkingLot(
    name="lot", number="710", places=("711", "712"), music="waiting", timeout=20, ring_back=10, announce=False
)
WHERE = ("103", "104", "105", "106", "199", "710", "711")
TRANSFERS = ("blind", "keys", "consult", "attended")
DEEDS = (*TRANSFERS, "wait", "hold")
Deed = tuple[str, int, int]


class Desk:
    """All phones of a scene, and those that have transferred somebody."""

    def __init__(self, at: OfficeTalkers) -> None:
        self.at = at
        self.callers: list[SimulatedPhone] = []
        self.acted: list[SimulatedPhone] = []
        self.consulted: list[SimulatedPhone] = []

    @property
    def phones(self) -> list[SimulatedPhone]:
        return [*self.callers, *self.at.exchange.called]

    @property
    def up(self) -> list[SimulatedPhone]:
        return [phone for phone in self.phones if phone.state is LegState.ANSWERED]

    async def do(self, what: str, which: int, where: int) -> None:
        number = WHERE[where % len(WHERE)]
        if what == "dial":
            self.callers.append(self.at.dials(f"10{1 + which % 2}", number))
            await asyncio.sleep(1.5)
        elif what == "wait":
            await asyncio.sleep(where * 1.7)
        elif self.up:
            await self._by(self.up[which % len(self.up)], what, number)

    async def _by(self, phone: SimulatedPhone, what: str, number: str) -> None:
        if what in TRANSFERS:
            self.acted.append(phone)
        if what == "blind":
            self.at.refers(phone, number)
        elif what == "attended":
            own = [
                each for each in self.up if each.leg.record.account == phone.leg.record.account and each is not phone
            ]
            if not own:
                return
            self.acted += own
            self.at.refers(phone, number, consulted=own[-1])
        elif what in ("keys", "consult"):
            if phone in self.consulted and what == "consult":
                return  # the star of the code would end the consultation that he is in
            self.consulted += [phone] * (what == "consult")
            for key in ("##" if what == "keys" else "*2") + number + "#":
                phone.press(key)
                await asyncio.sleep(0.2)
        elif what == "star":
            self.acted += self.up  # who was consulted is hung up
            phone.press("*")
        elif what == "hold":
            phone.hold()
            await asyncio.sleep(0.5)
            phone.resume()
        else:
            self.acted += self.up  # of two who talk, the other one is hung up
            phone.hang_up()


@asynccontextmanager
async def desk() -> AsyncIterator[Desk]:
    async with office_talkers(LOT) as at:
        at.exchange.talks.hold_music = (Tone((333.0,), on=3600.0),)
        at.there("105", FarEnd.busy())
        at.there("106", FarEnd.no_answer())
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
        keys = asyncio.create_task(TalkKeys(at.exchange, at.directory.by_account, at.transfers).run())
        at.tasks = [*at.tasks, keys]
        made = Desk(at)
        yield made
        for _ in range(3):  # whoever is called back meanwhile, too
            for phone in made.phones:
                phone.hang_up()
            await asyncio.sleep(50)
        assert parking.parked() == []
        await at.over()
        keys.cancel()
        await asyncio.wait({keys})


def deeds(*more: str) -> st.SearchStrategy[list[Deed]]:
    first = st.tuples(st.just("dial"), st.integers(0, 1), st.integers(0, 1))
    deed = st.tuples(st.sampled_from((*DEEDS, *more)), st.integers(0, 7), st.integers(0, 7))
    return st.tuples(first, first, st.lists(deed, min_size=1, max_size=10)).map(lambda all_: [*all_[:2], *all_[2]])


@pytest.mark.slow
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(deeds("dial", "hang up", "star"))
@virtual_time
async def test_nobody_sits_in_silence_and_nothing_is_left_over(doings: list[Deed]) -> None:
    async with desk() as at_desk:
        for doing in doings:
            await at_desk.do(*doing)
        await asyncio.sleep(100)  # whatever was begun has come to something
        for phone in at_desk.up:
            assert phone.hearing is not None, f"{phone.leg.record} sits in silence"


@pytest.mark.slow
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(deeds())
@virtual_time
async def test_nobody_is_cut_off_while_nobody_hangs_up(doings: list[Deed]) -> None:
    async with desk() as at_desk:
        for doing in doings:
            await at_desk.do(*doing)
        await asyncio.sleep(100)
        lost = [phone for phone in at_desk.phones if phone.told is EndReason.HUNG_UP and phone not in at_desk.acted]
        assert lost == [], f"{lost[0].leg.record} was cut off"
