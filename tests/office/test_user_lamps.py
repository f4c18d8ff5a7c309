"""The lamps of users follow their calls."""

import asyncio

from cordboard.office.user_lamps import UserLamps
from cordboard.simulation.exchange import SimulatedExchange
from cordboard.simulation.far_end import FarEnd
from cordboard.simulation.virtual_time import VirtualClock, settle, virtual_time
from cordboard.telephony import Lamp, Leg, LineTarget, Party, PhoneTarget, Target
from cordboard.testing.exchange import serving
from cordboard.testing.office import loaded_directory


class Shown:
    """Implements Lamps."""

    def __init__(self) -> None:
        self.changes: list[tuple[str, Lamp]] = []

    def show(self, number: str, lamp: Lamp) -> None:
        if [each for each in self.changes if each[0] == number][-1:] != [(number, lamp)]:
            self.changes.append((number, lamp))

    def show_messages(self, account: str, new: int, old: int) -> None:
        raise NotImplementedError


@virtual_time
async def test_a_phone_that_rings_then_talks_and_one_that_calls() -> None:
    shown = Shown()
    there: dict[Target, FarEnd] = {
        PhoneTarget("101"): FarEnd.answers(after=2.0),
        PhoneTarget("101-mobile"): FarEnd.answers(after=60.0),
        LineTarget("city", "0671234567"): FarEnd.answers(after=1.0),
    }
    lamps = UserLamps(await loaded_directory(), shown)
    exchange = SimulatedExchange(lamps, VirtualClock(), there)

    async def take(leg: Leg) -> None:
        await leg.answer()
        await leg.ended()

    async with serving(exchange, take):
        # The simulated exchange names the account as dialled; the real one the number.
        rung = await exchange.originate([PhoneTarget("101")], caller=Party("700"), chain="c")
        await asyncio.sleep(1)
        assert shown.changes == [("101", Lamp.RINGING)]
        await asyncio.sleep(2)
        assert shown.changes[-1] == ("101", Lamp.BUSY)
        second = await exchange.originate(
            [PhoneTarget("101"), PhoneTarget("101-mobile")], caller=Party("700"), chain="d"
        )
        await settle()
        await rung.hang_up()
        assert shown.changes[-1] == ("101", Lamp.RINGING)
        await second.hang_up()
        boris = exchange.call_in("102", "700", account="102")
        outside = await exchange.originate([LineTarget("city", "0671234567")], caller=Party("700"), chain="e")
        await asyncio.sleep(2)
        boris.hang_up()
        await outside.hang_up()
        await settle()
    assert shown.changes == [
        ("101", Lamp.RINGING),
        ("101", Lamp.BUSY),
        ("101", Lamp.RINGING),
        ("101", Lamp.FREE),
        ("102", Lamp.BUSY),
        ("102", Lamp.FREE),
    ]
