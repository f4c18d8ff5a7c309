"""What lines have used up, and rules of lines, over every database."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cordboard.office.lines import guard as guarding
from cordboard.office.lines.gateways import Gateway, Modem
from cordboard.office.lines.guard import LineGuard
from cordboard.office.lines.guarded_exchange import GuardedExchange
from cordboard.office.lines.rules import LineRules
from cordboard.office.lines.usage import Scope, UsageKey, Used
from cordboard.office.model import Route
from cordboard.simulation.exchange import SimulatedExchange
from cordboard.simulation.far_end import FarEnd
from cordboard.store.database import Store
from cordboard.telephony import LegState, LineTarget, Party, SystemClock
from cordboard.testing.lines import office_of
from cordboard.testing.office import OFFICE
from cordboard.testing.store import STORES

MONDAY = UsageKey("2026-11-23", "city", "anna")


@pytest.fixture(params=STORES)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    async with STORES[request.param](tmp_path) as opened:
        yield opened


async def test_what_is_used_up_adds_up_and_is_found_by_day(store: Store) -> None:
    usage = store.line_usage
    await usage.add({MONDAY: Used(1, 30, 500_000), MONDAY._replace(login=""): Used(1, 5)})
    await usage.add({MONDAY: Used(0, 31, 516_667), MONDAY._replace(day="2026-11-22"): Used(2, 7)})
    assert await usage.since("2026-11-23") == {
        MONDAY: Used(1, 61, 1_016_667),
        MONDAY._replace(login=""): Used(1, 5),
    }
    assert len(await usage.since("2026-11-01")) == 3
    assert await usage.forget("2026-11-23") == 1
    assert len(await usage.since("2026-11-01")) == 2


async def test_nothing_is_added_of_nothing(store: Store) -> None:
    await store.line_usage.add({})
    assert await store.line_usage.since("") == {}


async def test_routes_rules_and_gateways_come_back_as_they_were(store: Store) -> None:
    route = Route(
        *("world", "+", ("gsm", "city")),
        normalised=True,
        match=r"\+(\d+)",
        replace="00{1}",
        hours="09:00-18:00",
        days="mon-fri",
        users=("anna",),
        groups=("sales",),
        least_cost=True,
    )
    rules = LineRules(name="gsm-1", prices={"+38067": "0.5", "+": "20"}, calls=1, minutes_a_month=300)
    gateway = Gateway(name="box", host="10.0.0.5", password="S3cret", modems=(Modem(line="gsm-1", prefix="01"),))
    await store.office.save(route, rules, gateway)
    office = await store.office.load()
    assert office.routes == (route,)
    assert office.of(LineRules) == {"gsm-1": rules}
    assert office.of(Gateway) == {"box": gateway}


@pytest.mark.slow
async def test_what_a_running_call_uses_up_stands_in_the_database_before_it_ends(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guarding, "LOOK", 0.05)
    monkeypatch.setattr(guarding, "KEEP", 0.05)
    clock = SystemClock()
    office = await office_of(OFFICE, clock)
    city = LineTarget("city", "0671234567", "anna")
    guard = LineGuard(office, store.line_usage, clock)
    inner = SimulatedExchange(guard, clock, {city: FarEnd.answers(0.0)})
    exchange = GuardedExchange(inner, guard)
    await guard.load()
    running = asyncio.create_task(guard.run(exchange))
    leg = await exchange.originate([city], caller=Party("1"))
    async with asyncio.timeout(10):
        while not await store.line_usage.since(""):  # noqa: ASYNC110 - what is waited for tells nobody
            await asyncio.sleep(0.02)
    running.cancel()  # as if the process had been killed: nothing more is written
    await asyncio.gather(running, return_exceptions=True)
    ((key, used),) = (await store.line_usage.since("")).items()
    assert (key.line, key.login, used.calls, used.seconds >= 1) == ("city", "anna", 1, True)
    assert leg.state is LegState.ANSWERED
    again = LineGuard(office, store.line_usage, clock)
    await again.load()
    assert again.used(Scope.USER, "anna") == used
    await leg.hang_up()
