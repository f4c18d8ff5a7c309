"""Two legs joined: what happens at the edges."""

import asyncio
from pathlib import Path

import pytest

from cordboard.telephony import EndReason, Leg, LegState, Tone
from cordboard.testing.exchange import serving, until
from cordboard.testing.real_exchange import Office, open_office

pytestmark = [pytest.mark.slow, pytest.mark.wire]


class Taken:
    """Calls of 101, 102 and so on, answered."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.legs: asyncio.Queue[Leg] = asyncio.Queue()

    async def take(self, leg: Leg) -> None:
        self.legs.put_nowait(leg)
        await leg.ended()

    async def call(self, account: str) -> Leg:
        phone = await self.office.phone(account).dial("200")
        leg = await self.legs.get()
        assert await leg.answer()
        assert await phone.answered()
        return leg


async def test_closing_at_once_reports_beginning_and_end(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office:
        taken = Taken(office)
        async with serving(office.exchange, taken.take):
            a, b = await taken.call("101"), await taken.call("102")
            bridge = await office.exchange.join(a, b)
            await bridge.close()
            await bridge.close()
            await bridge.ended()
            assert [record.ended is None for record in office.listener.connections] == [True, False]
            assert {record.id for record in office.listener.connections} == {bridge.id}
            assert a.state is b.state is LegState.ANSWERED


async def test_joining_an_ended_leg_gives_an_ended_bridge(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office:
        taken = Taken(office)
        async with serving(office.exchange, taken.take):
            a, b = await taken.call("101"), await taken.call("102")
            await b.hang_up()
            bridge = await office.exchange.join(a, b)
            await asyncio.wait_for(bridge.ended(), 0.1)
            await bridge.close()
            assert office.listener.connections == []
            assert a.state is LegState.ANSWERED


async def test_an_unanswered_leg_is_not_joined(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office:
        taken = Taken(office)
        async with serving(office.exchange, taken.take):
            a = await taken.call("101")
            await office.phone("102").dial("200")
            bridge = await office.exchange.join(a, await taken.legs.get())
            await asyncio.wait_for(bridge.ended(), 0.1)
            assert office.listener.connections == []


async def test_joining_twice_and_anew(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office:
        taken = Taken(office)
        async with serving(office.exchange, taken.take):
            a, b, c = [await taken.call(account) for account in ("101", "102", "103")]
            first = await office.exchange.join(a, b)
            second = await office.exchange.join(a, b)
            await asyncio.wait_for(first.ended(), 0.1)
            third, fourth = await asyncio.gather(office.exchange.join(a, c), office.exchange.join(c, b))
            await asyncio.wait_for(second.ended(), 0.1)
            await asyncio.wait_for(third.ended(), 0.1)
            await b.hang_up()
            await asyncio.wait_for(fourth.ended(), 0.1)
            began = [record.id for record in office.listener.connections if record.ended is None]
            ended = [record.id for record in office.listener.connections if record.ended is not None]
            assert began == ended == [first.id, second.id, third.id, fourth.id]


async def test_a_leg_is_not_joined_with_itself(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office:
        taken = Taken(office)
        async with serving(office.exchange, taken.take):
            a = await taken.call("101")
            with pytest.raises(ValueError, match="itself"):
                await office.exchange.join(a, a)


async def test_the_end_of_a_leg_comes_before_that_of_its_connection(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office:
        taken = Taken(office)
        async with serving(office.exchange, taken.take):
            a, b = await taken.call("101"), await taken.call("102")
            await a.background([Tone((440.0,), 1.0)])
            bridge = await office.exchange.join(a, b)
            await a.hang_up()
            await asyncio.wait_for(bridge.ended(), 0.1)
            last = office.listener.connections[-1]
            assert (last.id, last.ended is not None) == (bridge.id, True)
            assert office.listener.legs[-1].reason is EndReason.HUNG_UP
            assert b.state is LegState.ANSWERED


async def test_whoever_is_cancelled_while_joining_leaves_nothing_behind(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office:
        taken = Taken(office)
        async with serving(office.exchange, taken.take):
            a, b = await taken.call("101"), await taken.call("102")
            joining = asyncio.create_task(office.exchange.join(a, b))
            await asyncio.sleep(0)
            joining.cancel()
            with pytest.raises(asyncio.CancelledError):
                await joining
            await until(lambda: [record.ended is None for record in office.listener.connections] == [True, False])
            bridge = await office.exchange.join(a, b)
            await bridge.close()
