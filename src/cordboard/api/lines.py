"""External lines: how each stands, what it has used up, and where a number would lead."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel

from cordboard.api.access import Access
from cordboard.office.lines.caps import Limit
from cordboard.office.lines.explaining import Explanation
from cordboard.office.lines.usage import MICRO, Scope, Used
from cordboard.telephony import Line

Number = Annotated[str, Query(min_length=1, max_length=64)]
Name = Annotated[str, Query(max_length=100)]
States = Callable[[], Mapping[str, tuple[bool, str]]]
"""Whether each line is up, and what is told of it."""


class Guard(Protocol):
    """What is asked of `office.lines.guard.LineGuard`."""

    def used(self, scope: Scope, whose: str, *, month: bool = False) -> Used:
        """What a line, a user or all have used up today, or this month."""

    def occupied(self, line: str) -> tuple[int, int]:
        """How many calls came in over a line and how many go out."""

    def limits_of(self, line: str, login: str = "") -> list[Limit]:
        """The caps of a line."""


class Tester(Protocol):
    """What is asked of `office.lines.explaining.RouteTester`."""

    async def explain(
        self, number: str, *, login: str = "", at: datetime | None = None, line: str = "", dialled: str = ""
    ) -> Explanation:
        """What would happen."""


class Lines(Protocol):
    """Knows the lines that are switched on."""

    def lines(self) -> Sequence[Line]:
        """All of them."""


class ShownUse(BaseModel):
    """What was used up."""

    calls: int
    minutes: float
    money: Decimal


class ShownLimit(BaseModel):
    """A cap, and what is used up of it."""

    scope: str
    whose: str
    period: str
    unit: str
    """minutes or money."""
    cap: float
    used: float
    percent: int


class ShownLine(BaseModel):
    """A line as it stands."""

    name: str
    number: str
    host: str
    up: bool
    note: str
    """What the provider said last, or why it is down."""
    calls_in: int
    calls_out: int
    today: ShownUse
    month: ShownUse
    limits: list[ShownLimit]


class ShownWay(BaseModel):
    """A line that would be tried."""

    line: str
    sent: str
    shown: str
    price: str
    barred: str


class ShownExplanation(BaseModel):
    """Why a number leads where it does."""

    steps: list[str]
    result: str
    allowed: bool
    scenario: str
    user: str
    number: str
    ways: list[ShownWay]


def routes(lines: Lines, guard: Guard, tester: Tester, states: States, access: Access) -> APIRouter:
    """The routes under /api/v1/lines and /api/v1/routes."""
    router = APIRouter(prefix="/api/v1", tags=["lines"])

    def shown(line: Line) -> ShownLine:
        up, note = states().get(line.name, (False, "not tried yet"))
        came, go = guard.occupied(line.name)
        return ShownLine(
            name=line.name,
            number=line.number,
            host=line.host,
            up=up,
            note=note,
            calls_in=came,
            calls_out=go,
            today=_use(guard.used(Scope.LINE, line.name)),
            month=_use(guard.used(Scope.LINE, line.name, month=True)),
            limits=[_limit(each) for each in guard.limits_of(line.name)],
        )

    @router.get("/lines", dependencies=[access.to("live")])
    async def all_lines() -> list[ShownLine]:
        return [shown(line) for line in sorted(lines.lines(), key=lambda line: line.name)]

    @router.get("/lines/{name}", dependencies=[access.to("live")])
    async def one_line(name: str) -> ShownLine:
        found = next((line for line in lines.lines() if line.name == name), None)
        if found is None:
            raise HTTPException(404, f"there is no line {name!r}, or it is switched off")
        return shown(found)

    @router.get("/routes/explain", dependencies=[access.to("office:read")])
    async def explain(
        number: Number, login: Name = "", at: datetime | None = None, line: Name = "", dialled: Name = ""
    ) -> ShownExplanation:
        if at is not None and at.tzinfo is None:
            raise HTTPException(422, "write the moment with its zone: 2026-11-23T12:00:00+02:00")
        found: dict[str, Any] = asdict(await tester.explain(number, login=login, at=at, line=line, dialled=dialled))
        return ShownExplanation(**found)

    return router


def _use(used: Used) -> ShownUse:
    return ShownUse(calls=used.calls, minutes=round(used.minutes, 2), money=used.amount)


def _limit(limit: Limit) -> ShownLimit:
    whole = 60 if limit.unit.value == "minutes" else MICRO
    return ShownLimit(
        scope=limit.scope.value,
        whose=limit.whose,
        period=limit.period,
        unit=limit.unit.value,
        cap=round(limit.cap / whole, 2),
        used=round(limit.used / whole, 2),
        percent=int(limit.share * 100),
    )
