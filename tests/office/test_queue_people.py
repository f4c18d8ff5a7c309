"""The queue and the office's own knowledge of who is there, together."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from cordboard.office.people import HeldPresence, OfficePeople
from cordboard.office.ports import Presence
from cordboard.office.queue.model import Group, Member
from cordboard.office.queue.ports import QueueExit
from cordboard.office.queue.service import QueueService
from cordboard.simulation.exchange import SimulatedExchange
from cordboard.simulation.far_end import FarEnd
from cordboard.simulation.virtual_time import VirtualClock, virtual_time
from cordboard.telephony import Leg, Party, PhoneTarget, Target
from cordboard.testing.exchange import serving
from cordboard.testing.queue import HeldAnnouncer, queue_directory

BEGAN = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


@dataclass
class Desk:
    exchange: SimulatedExchange
    people: OfficePeople
    queues: QueueService
    online: set[str]
    exits: list[QueueExit]

    def calls(self, account: str) -> list[float]:
        """When that phone was rung, in seconds since the beginning."""
        legs = [phone.leg.record for phone in self.exchange.called if phone.target == PhoneTarget(account)]
        return [round((leg.started - BEGAN).total_seconds()) for leg in legs]


@asynccontextmanager
async def desk(**ends: FarEnd) -> AsyncIterator[Desk]:
    group = Group(
        name="sales",
        members=(Member(login="anna"), Member(login="boris")),
        strategy="list",
        wrap_up_seconds=20,
        misses_until_away=2,
        pass_over_seconds=5,
        ring_seconds=5,
    )
    office = await queue_directory(group)
    clock, online = VirtualClock(BEGAN), {"101", "102"}
    people = OfficePeople(office, HeldPresence(), clock, online.__contains__)
    far_ends: dict[Target, FarEnd] = {PhoneTarget(account[1:]): end for account, end in ends.items()}
    exchange = SimulatedExchange(people, clock, far_ends)
    queues = QueueService(exchange, office, people, HeldAnnouncer(), clock=clock)
    exits: list[QueueExit] = []

    async def take(leg: Leg) -> None:
        exits.append(await queues.enter(leg, "sales"))

    tasks = [asyncio.create_task(work) for work in (people.run(), queues.run())]
    async with serving(exchange, take):
        yield Desk(exchange, people, queues, online, exits)
    for task in tasks:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@virtual_time
async def test_an_operator_is_left_in_peace_after_a_call_then_rung_again() -> None:
    async with desk(_101=FarEnd.answers(1, hangs_up_after=10)) as d:
        d.online.discard("102")
        d.exchange.call_in("1", "600", line="city")
        d.exchange.call_in("2", "600", line="city")
        await asyncio.sleep(15)
        assert d.people.state("anna").presence is Presence.AFTER_CALL
        await asyncio.sleep(60)
        # Eleven seconds until she has hung up, twenty of peace, and half a second until that is noticed.
        assert d.calls("101") == [0, 31]
        assert d.exits == [QueueExit.ANSWERED, QueueExit.ANSWERED]


@virtual_time
async def test_who_talks_with_somebody_else_is_not_rung() -> None:
    async with desk(_101=FarEnd.answers(1, hangs_up_after=30), _102=FarEnd.answers(1, hangs_up_after=5)) as d:
        await d.exchange.originate([PhoneTarget("101")], caller=Party("104"))
        await asyncio.sleep(2)
        d.exchange.call_in("1", "600", line="city")
        await asyncio.sleep(20)
        assert (len(d.calls("101")), len(d.calls("102"))) == (1, 1)
        d.exchange.call_in("2", "600", line="city")
        await asyncio.sleep(25)
        assert len(d.calls("101")) + len(d.calls("102")) == 3


@virtual_time
async def test_who_misses_twice_is_away_and_who_comes_back_is_rung_at_once() -> None:
    async with desk(_101=FarEnd.no_answer(), _102=FarEnd.answers(1, hangs_up_after=5)) as d:
        d.online.discard("102")
        d.exchange.call_in("1", "600", line="city")
        await asyncio.sleep(16)
        assert d.calls("101") == [0, 10]
        assert d.people.state("anna").presence is Presence.AWAY
        d.online.add("102")
        await asyncio.sleep(4)
        assert d.calls("102") in ([16], [17])
