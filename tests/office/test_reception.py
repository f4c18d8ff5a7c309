"""Reception over an exchange of twenty lines a party: each called leg does what the test has planned for it."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

import pytest
import structlog

from cordboard.office.reception import Reception
from cordboard.simulation.virtual_time import virtual_time
from cordboard.telephony import (
    Direction,
    EndReason,
    Leg,
    LegEvent,
    LegLife,
    LegRecord,
    LegState,
    LineTarget,
    Party,
    PhoneTarget,
    Sound,
    SystemClock,
    Target,
)
from cordboard.testing.office import loaded_directory

STRANGER = Party("+48221234567", "Kunde")
TEN = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
CITY, GSM = LineTarget("city", "0671234567"), LineTarget("gsm", "0671234567")


class Deaf:
    """Listens to no change."""

    def leg_changed(self, record: object) -> None:
        pass

    def connection_changed(self, record: object) -> None:
        pass


class StubLeg:
    """As much of a leg as `dial` and a refusal need."""

    def __init__(self, direction: Direction, *, dialled: str = "", account: str = "", line: str = "") -> None:
        record = LegRecord(
            f"{direction}-{dialled}", "chain", direction, LegState.CALLING, STRANGER, dialled, account, line, TEN
        )
        self.life = LegLife(record, Deaf(), SystemClock())
        self.id, self.chain = record.id, record.chain

    @property
    def record(self) -> LegRecord:
        return self.life.record

    @property
    def state(self) -> LegState:
        return self.life.state

    def events(self) -> AbstractContextManager[AsyncIterator[LegEvent]]:
        return self.life.events()

    async def ring(self) -> None:
        self.life.ring()

    async def answer(self) -> bool:
        return self.life.answer()

    async def reject(self, reason: EndReason) -> None:
        self.life.end(reason)

    async def hang_up(self, reason: EndReason = EndReason.HUNG_UP) -> None:
        self.life.end(reason)

    async def ended(self) -> EndReason:
        return await self.life.ended()

    async def background(self, sounds: Sequence[Sound]) -> None:
        pass


@dataclass
class StubBridge:
    legs: tuple[StubLeg, StubLeg]

    async def ended(self) -> None:
        await asyncio.wait([asyncio.ensure_future(leg.ended()) for leg in self.legs], return_when="FIRST_COMPLETED")

    async def close(self) -> None:
        pass


@dataclass
class StubExchange:
    """`plan` says how each target's call ends; what is not planned is answered, and hangs up a minute later."""

    plan: Mapping[Target, EndReason] = field(default_factory=dict)
    placed: list[tuple[tuple[Target, ...], Party, float]] = field(default_factory=list)

    async def originate(
        self, targets: Sequence[Target], *, caller: Party, chain: str = "", ring_time: float = 30.0
    ) -> StubLeg:
        self.placed.append((tuple(targets), caller, ring_time))
        leg = StubLeg(Direction.OUTBOUND)
        loop = asyncio.get_running_loop()
        if reason := self.plan.get(targets[0]):
            loop.call_later(1, leg.life.end, reason)
        else:
            loop.call_later(1, leg.life.ring)
            loop.call_later(5, leg.life.answer)
            loop.call_later(65, leg.life.end, EndReason.HUNG_UP)
        return leg

    async def join(self, a: StubLeg, b: StubLeg) -> StubBridge:
        return StubBridge((a, b))


@dataclass
class StubScenarios:
    ran: list[tuple[str, str]] = field(default_factory=list)

    async def run(self, name: str, leg: Leg, values: Mapping[str, str]) -> None:
        if name == "status":
            raise LookupError(name)
        self.ran.append((name, leg.id))


async def receive(leg: StubLeg, exchange: StubExchange | None = None) -> list[str]:
    """Let reception take the leg; the names of the scenarios that ran."""
    scenarios = StubScenarios()
    reception = Reception(cast("Any", exchange or StubExchange()), await loaded_directory(), scenarios)
    await reception(cast("Any", leg))
    return [name for name, _ in scenarios.ran]


def from_phone(dialled: str, account: str = "101") -> StubLeg:
    return StubLeg(Direction.INBOUND, dialled=dialled, account=account)


@pytest.mark.parametrize(("line", "scenario"), [("city", "main"), ("gsm", "night")])
async def test_a_call_from_a_line_enters_its_scenario_unanswered(line: str, scenario: str) -> None:
    # Whatever was dialled: strangers cannot reach inside by themselves.
    leg = StubLeg(Direction.INBOUND, dialled="101", line=line)
    assert await receive(leg) == [scenario]
    assert leg.state is LegState.CALLING


async def test_a_scenarios_number_runs_it() -> None:
    leg = from_phone("700")
    assert await receive(leg) == ["menu"]
    assert leg.state is LegState.CALLING


@pytest.mark.parametrize(
    ("leg", "reason"),
    [
        (from_phone("199"), EndReason.NOT_FOUND),
        (from_phone("0671234567", account="102"), EndReason.FORBIDDEN),
        (from_phone("105"), EndReason.UNREACHABLE),
        (from_phone("102", account="104"), EndReason.FORBIDDEN),  # a disabled user
        (from_phone("102", account=""), EndReason.FORBIDDEN),
    ],
)
async def test_refusals(leg: StubLeg, reason: EndReason) -> None:
    exchange = StubExchange()
    assert await receive(leg, exchange) == []
    assert leg.record.reason is reason
    assert leg.record.answered is None
    assert exchange.placed == []


async def test_a_number_whose_scenario_is_not_there_is_told() -> None:
    leg = from_phone("*1")
    with structlog.testing.capture_logs() as logs:
        await receive(leg)
    assert leg.record.reason is EndReason.NOT_FOUND
    assert [(entry["scenario"], entry["call"]) for entry in logs] == [("status", "chain")]


@virtual_time
async def test_a_colleague_is_rung_on_all_his_phones_and_sees_who_calls() -> None:
    exchange = StubExchange()
    leg = from_phone("101", account="102")
    await receive(leg, exchange)
    assert exchange.placed == [((PhoneTarget("101"), PhoneTarget("101-mobile")), Party("102", "Борис"), 30.0)]
    assert leg.record.ringing is not None
    assert leg.state is LegState.ANSWERED  # whoever serves the leg hangs it up when reception returns


@virtual_time
async def test_the_next_line_is_tried_only_if_the_first_cannot_be_reached() -> None:
    exchange = StubExchange({CITY: EndReason.UNREACHABLE})
    leg = from_phone("0671234567")
    await receive(leg, exchange)
    assert exchange.placed == [((CITY,), Party("+380322327757"), 120.0), ((GSM,), Party("gsm-user"), 120.0)]
    assert leg.record.answered is not None


@pytest.mark.parametrize(
    ("end", "told", "tried"),
    [
        (EndReason.BUSY, EndReason.BUSY, 1),
        (EndReason.NO_ANSWER, EndReason.NO_ANSWER, 1),
        (EndReason.REJECTED, EndReason.REJECTED, 1),
        (EndReason.UNREACHABLE, EndReason.UNREACHABLE, 2),
        (EndReason.ERROR, EndReason.UNREACHABLE, 2),
    ],
)
def test_the_caller_is_told_why_nobody_came(end: EndReason, told: EndReason, tried: int) -> None:
    @virtual_time
    async def call() -> None:
        exchange = StubExchange({CITY: end, GSM: end})
        leg = from_phone("0671234567")
        await receive(leg, exchange)
        assert leg.record.reason is told
        assert leg.record.answered is None
        assert len(exchange.placed) == tried

    call()


@virtual_time
async def test_a_caller_who_gave_up_is_not_taken_to_the_next_line() -> None:
    exchange = StubExchange()
    leg = from_phone("0671234567")
    asyncio.get_running_loop().call_later(3, leg.life.end, EndReason.CANCELLED)
    await receive(leg, exchange)
    assert leg.record.reason is EndReason.CANCELLED
    assert len(exchange.placed) == 1
