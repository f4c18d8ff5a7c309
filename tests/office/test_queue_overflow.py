"""Where callers go who would wait too long."""

import asyncio
from collections.abc import Mapping

import pytest

from cordboard.office.queue.model import Overflow
from cordboard.office.queue.overflow import OverflowRoutes
from cordboard.office.switchboard import OfficeSwitchboard
from cordboard.simulation.exchange import SimulatedExchange
from cordboard.simulation.far_end import FarEnd
from cordboard.simulation.virtual_time import VirtualClock, virtual_time
from cordboard.telephony import Leg, PhoneTarget, Target
from cordboard.testing.exchange import Listened, serving
from cordboard.testing.queue import queue_directory


class Scenarios:
    """There is one: night."""

    def __init__(self) -> None:
        self.ran: list[str] = []

    async def run(self, name: str, leg: Leg, values: Mapping[str, str]) -> None:
        if name != "night":
            raise LookupError(name)
        self.ran.append(leg.id)


class Boxes:
    """Anna has a voicemail."""

    def __init__(self) -> None:
        self.left: list[str] = []

    def has_box(self, login: str) -> bool:
        return login == "anna"

    async def leave(self, leg: Leg, login: str) -> None:
        await leg.answer()
        self.left.append(login)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ({"scenario": "night"}, True),
        ({"scenario": "gone"}, False),
        ({"number": "101"}, True),
        ({"number": "109"}, False),
        ({"voicemail": "anna"}, True),
        ({"voicemail": "boris"}, False),
    ],
)
def test_a_caller_is_led_there_or_it_is_told_that_he_was_not(target: Mapping[str, str], expected: bool) -> None:
    led, done = led_to(target)
    assert led == [expected]
    assert done == (list(target) if expected else [])


@virtual_time
async def led_to(target: Mapping[str, str]) -> tuple[list[bool], list[str]]:
    """Whether he was led there, and what was done."""
    ends: dict[Target, FarEnd] = {PhoneTarget("101"): FarEnd.answers(1, hangs_up_after=5)}
    exchange = SimulatedExchange(Listened(), VirtualClock(), ends)
    scenarios, boxes = Scenarios(), Boxes()
    routes = OverflowRoutes(OfficeSwitchboard(exchange, await queue_directory(), scenarios), boxes)
    led: list[bool] = []

    async def take(leg: Leg) -> None:
        led.append(await routes.lead(leg, Overflow.model_validate({"when": "waited", **target})))

    async with serving(exchange, take):
        exchange.call_in("067", "600", line="city")
        await asyncio.sleep(20)
    done = {"scenario": scenarios.ran, "voicemail": boxes.left, "number": exchange.called}
    return led, [name for name, what in done.items() if what]


@virtual_time
async def test_without_voicemail_nobody_is_led_there() -> None:
    exchange = SimulatedExchange(Listened(), VirtualClock())
    routes = OverflowRoutes(OfficeSwitchboard(exchange, await queue_directory(), Scenarios()))
    led: list[bool] = []

    async def take(leg: Leg) -> None:
        led.append(await routes.lead(leg, Overflow.model_validate({"when": "waited", "voicemail": "anna"})))

    async with serving(exchange, take):
        exchange.call_in("067", "600", line="city")
        await asyncio.sleep(1)
    assert led == [False]
