"""What happens if this number calls at this moment: in words, and over HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx2
import pytest
from fastapi import FastAPI

from cordboard.api import lines as lines_api
from cordboard.api.access import Access
from cordboard.office.lines.explaining import RouteTester, Way
from cordboard.office.lines.inbound import Door
from cordboard.office.lines.money import MoneyGuard
from cordboard.office.lines.numbers import InboundNumber
from cordboard.office.lines.rules import LineRules
from cordboard.office.lines.usage import UsageKey, Used
from cordboard.office.listing import ListedNumber
from cordboard.office.model import Route
from cordboard.office.number_lists import HeldNumberLists, OfficeNumberLists
from cordboard.simulation.virtual_time import VirtualClock, virtual_time
from cordboard.telephony import LineTarget, Party
from cordboard.testing.api import HeldTokens, bearer
from cordboard.testing.lines import Guarded, HeldUsage, guarded

NIGHT = datetime(2026, 11, 23, 23, 30, tzinfo=ZoneInfo("Europe/Kyiv"))
DOCUMENTS = (
    LineRules.model_validate({"name": "city", "prices": {"+380": "0.50"}, "minutes_a_day": 10}),
    LineRules.model_validate({"name": "gsm", "prices": {"+380": "0.75"}, "quiet_hours": "22:00-08:00"}),
    MoneyGuard.model_validate(
        {"name": "rules", "users": {"carl": {"countries": ["UA"]}}, "disa": {"countries": ["PL"]}}
    ),
    InboundNumber(name="shop", number="0322000001", scenario="shop"),
    InboundNumber(name="anna", number="0322000002", user="anna"),
)
ROUTES = (Route("home", "0", ("gsm", "city"), least_cost=True), Route("world", "+", ("city",)))
USED = UsageKey("2026-11-23", "city", "anna")


@asynccontextmanager
async def asked(minutes: int = 0) -> AsyncIterator[tuple[RouteTester, Guarded]]:
    usage = HeldUsage({USED: Used(4, minutes * 60, 2_500_000)})
    async with guarded(*DOCUMENTS, usage=usage, routes=ROUTES) as made:
        clock = VirtualClock()
        door = Door(OfficeNumberLists(HeldNumberLists(ListedNumber("black", "+38044*")), clock), "UA", clock)
        yield (
            RouteTester(
                made.office,
                made.guard,
                door,
                clock,
                health=lambda line: made.down.get(line, ""),
                services=lambda number: number == "800",
            ),
            made,
        )


@virtual_time
async def test_the_cheapest_line_is_named_with_the_reason() -> None:
    async with asked() as (tester, _):
        told = await tester.explain("0671234567", login="anna")
        assert told.allowed
        assert told.steps == [
            "the route home carries it",
            "a minute over the line city costs 0.5",
            "a minute over the line gsm costs 0.75",
        ]
        assert told.result == "0671234567 is called over the line city"
        assert told.ways == [
            Way("city", "0671234567", "+380322327757", "0.5", ""),
            Way("gsm", "0671234567", "gsm-user", "0.75", ""),
        ]


@virtual_time
async def test_a_line_that_is_used_up_or_down_is_passed_over() -> None:
    async with asked(minutes=10) as (tester, made):
        told = await tester.explain("0671234567", login="anna")
        assert told.result == "0671234567 is called over the line gsm"
        assert told.steps[-1] == "10.0 of 10.0 minutes of line city are used up (2026-11-23)"
        made.down["gsm"] = "408"
        told = await tester.explain("0671234567", login="anna")
        assert not told.allowed
        assert told.result == "there is no call: every line is passed over"
        assert told.steps[-1] == "the line gsm is down: 408"


@virtual_time
async def test_at_another_moment() -> None:
    async with asked() as (tester, _):
        told = await tester.explain("0671234567", login="anna", at=NIGHT)
        assert [way.line for way in told.ways] == ["city"]
        assert "the line gsm has quiet hours: 22:00-08:00" in told.steps


@pytest.mark.parametrize(
    ("number", "login", "steps", "result"),
    [
        ("700", "anna", ["700 leads to the scenario menu"], "the scenario menu takes the call"),
        ("102", "anna", ["102 is the number of boris"], "the phones of boris ring"),
        ("800", "anna", ["800 belongs to a service of the office"], "the service takes the call"),
        (
            "+48221234567",
            "carl",
            ["the route world carries it", "the guard of money does not let carl call +48221234567"],
            "there is no call: whoever dials has no right to it",
        ),
        (
            "+48221234567",
            "boris",
            ["the route world carries it", "boris has no right to call +48221234567"],
            "there is no call: whoever dials has no right to it",
        ),
        ("55555", "anna", ["no route carries 55555"], "there is no call: nobody and nothing has this number"),
        ("a b", "anna", ["a b cannot be dialled"], "there is no call: nobody and nothing has this number"),
    ],
)
@virtual_time
async def test_other_numbers(number: str, login: str, steps: list[str], result: str) -> None:
    async with asked() as (tester, _):
        told = await tester.explain(number, login=login)
        assert (list(told.steps), told.result) == (steps, result)


@pytest.mark.parametrize(
    ("number", "dialled", "steps", "result"),
    [
        (
            "0441112233",
            "0322000001",
            ["+380441112233 stands on the black list, as +38044*"],
            "the call is refused before anybody pays",
        ),
        (
            "0671234567",
            "0322000001",
            [
                "+380671234567 does not stand on the black list",
                "the inbound number shop takes calls to 0322000001",
            ],
            "the scenario shop takes the call",
        ),
        (
            "",
            "0322000002",
            ["- does not stand on the black list", "the inbound number anna takes calls to 0322000002"],
            "the number 101 of the office is called",
        ),
        (
            "0671234567",
            "555",
            [
                "+380671234567 does not stand on the black list",
                "no inbound number takes 555: the line gsm decides",
            ],
            "the scenario night takes the call",
        ),
    ],
)
@virtual_time
async def test_a_call_from_outside(number: str, dialled: str, steps: list[str], result: str) -> None:
    async with asked() as (tester, _):
        told = await tester.explain(number, line="gsm", dialled=dialled)
        assert (list(told.steps), told.result) == (steps, result)


@asynccontextmanager
async def web(made: Guarded, tester: RouteTester) -> AsyncIterator[httpx2.AsyncClient]:
    app = FastAPI()
    app.include_router(
        lines_api.routes(
            made.office,
            made.guard,
            tester,
            lambda: {"city": (True, "registered")},
            Access(HeldTokens(), VirtualClock()),
        )
    )
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://127.0.0.1") as client:
        yield client


@virtual_time
async def test_lines_and_routes_over_http() -> None:
    async with asked(minutes=8) as (tester, made), web(made, tester) as client:
        await made.exchange.originate([LineTarget("gsm", "0671234567")], caller=Party("1"))
        headers = bearer("administrator")

        async def get(path: str, **query: Any) -> Any:
            answer = await client.get(path, params=query, headers=headers)
            return answer.json() if answer.status_code == 200 else answer.status_code

        city, gsm = await get("/api/v1/lines")
        assert city == {
            "name": "city",
            "number": "+380322327757",
            "host": "127.0.0.1",
            "up": True,
            "note": "registered",
            "calls_in": 0,
            "calls_out": 0,
            "today": {"calls": 4, "minutes": 8.0, "money": "2.5"},
            "month": {"calls": 4, "minutes": 8.0, "money": "2.5"},
            "limits": [
                {
                    "scope": "line",
                    "whose": "city",
                    "period": "2026-11-23",
                    "unit": "minutes",
                    "cap": 10.0,
                    "used": 8.0,
                    "percent": 80,
                }
            ],
        }
        assert (gsm["name"], gsm["up"], gsm["calls_out"]) == ("gsm", False, 1)
        assert (await get("/api/v1/lines/city"))["name"] == "city"
        assert await get("/api/v1/lines/broken") == 404
        told = await get("/api/v1/routes/explain", number="0671234567", login="anna", at=NIGHT.isoformat())
        assert (told["allowed"], [way["line"] for way in told["ways"]]) == (True, ["city"])
        assert (await get("/api/v1/routes/explain", number="0671234567", line="gsm"))["scenario"] == "night"
        assert await get("/api/v1/routes/explain", number="0671234567", at="2026-11-23T12:00:00") == 422
        assert await get("/api/v1/routes/explain") == 422
        assert (await client.get("/api/v1/lines")).status_code == 401
