"""Reports over HTTP, as JSON and as files: what is missed, how soon callers are answered, what operators do."""

from collections.abc import Callable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Protocol, TypeVar
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel
from starlette.responses import Response

from cordboard.api.access import Access
from cordboard.api.log import period
from cordboard.api.sheets import Row, Sheet, file_of
from cordboard.office.ports import Person
from cordboard.office.reports import Grouping, ReportRepository, by_operator, missed_calls, service_level
from cordboard.telephony import Clock

SCOPE = "reports"
LEVEL = (
    "by", "calls", "answered", "missed", "within", "level", "wait_average", "wait_longest", "given_up_after",
)  # fmt: skip
MISSED = ("phone", "number", "line", "calls", "first", "last", "waited", "reached", "chain")
OPERATORS = ("login", "rung", "answered", "not_answered", "dialled", "talks", "talked", "talk_average")

T = TypeVar("T")
Since = AwareDatetime | None


class Form(StrEnum):
    """How a report is told."""

    JSON = "json"
    CSV = "csv"
    XLSX = "xlsx"


class Missed(BaseModel):
    """A phone that called and talked with nobody."""

    phone: str
    """In international writing; empty: it hides its number."""
    number: str
    line: str
    """Of the last call, as the following."""
    calls: int
    first: datetime
    last: datetime
    waited: float
    """Seconds."""
    reached: datetime | None
    """When somebody talked with it after that."""
    chain: str


class Level(BaseModel):
    """Calls from outside that are over."""

    by: str
    """The hour, day, line or group."""
    calls: int
    answered: int
    missed: int
    within: int
    """How many were answered within the seconds that were asked for."""
    level: float
    """The same in percent of all calls."""
    wait_average: float
    """Seconds, of those that were answered."""
    wait_longest: float
    given_up_after: float
    """Seconds on average, of those that were not."""


class Operator(BaseModel):
    """What the phones of a user did."""

    login: str
    rung: int
    answered: int
    not_answered: int
    dialled: int
    talks: int
    talked: float
    """Seconds."""
    talk_average: float


class Directory(Protocol):
    """The part of the office that is needed here."""

    @property
    def zone(self) -> ZoneInfo:
        """Where the office is."""

    def by_account(self, account: str) -> Person | None:
        """The user whose phone signs in with that account."""


def routes(reports: ReportRepository, directory: Directory, clock: Clock, access: Access) -> APIRouter:
    """The routes under /api/v1/reports. Calls count that began in the period, usually the last 31 days."""
    router = APIRouter(prefix="/api/v1/reports", tags=["reports"], dependencies=[access.to(SCOPE)])

    async def told(
        name: str, columns: Sequence[str], rows: Sequence[Row], shape: Callable[..., T], form: Form
    ) -> list[T] | Response:
        if form is Form.JSON:
            return [shape(**row) for row in rows]
        return await file_of(name, columns, rows, directory.zone, Sheet(form.value))

    @router.get("/missed", response_model=list[Missed])
    async def missed(
        since: Since = None, until: Since = None, *, every: bool = False, form: Form = Form.JSON
    ) -> list[Missed] | Response:
        """Missed and not yet reached; `every`: also those that were reached since."""
        first, last = period(since, until, clock.now())
        facts = await reports.facts(first, last)
        reached = await reports.reached([fact.first.phone for fact in facts if fact.from_outside], first)
        return await told("missed", MISSED, missed_calls(facts, reached, open_only=not every), Missed, form)

    @router.get("/service-level", response_model=list[Level])
    async def level(
        by: Grouping = Grouping.HOUR,
        within: Annotated[float, Query(ge=0, le=3600)] = 20.0,
        since: Since = None,
        until: Since = None,
        form: Form = Form.JSON,
    ) -> list[Level] | Response:
        """How many calls from outside were answered by a person, and how soon; by hour, day, line or group."""
        facts = await reports.facts(*period(since, until, clock.now()))
        rows = service_level(facts, by, directory.zone, within=within)
        return await told(f"service-level-{by.value}", LEVEL, rows, Level, form)

    @router.get("/operators", response_model=list[Operator])
    async def operators(since: Since = None, until: Since = None, form: Form = Form.JSON) -> list[Operator] | Response:
        """Rings, answers, calls and minutes of each user."""
        facts = await reports.facts(*period(since, until, clock.now()))
        return await told("operators", OPERATORS, by_operator(facts, _login), Operator, form)

    def _login(account: str) -> str:
        person = directory.by_account(account)
        return person.login if person else ""

    return router
