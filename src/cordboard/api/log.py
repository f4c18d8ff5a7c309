"""The call log over HTTP: found by filters, page by page; one call with all that is known of it; as a file."""

import base64
import binascii
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Protocol
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, HTTPException, Query
from pydantic import AwareDatetime, BaseModel
from starlette.responses import Response

from cordboard.api.access import Access
from cordboard.api.sheets import Sheet, file_of
from cordboard.office.ended_calls import Directory as Addresses
from cordboard.office.ended_calls import ended_call
from cordboard.office.reports import LogQuery, ReportRepository
from cordboard.office.repositories import LoggedChain
from cordboard.scenario.ports import TraceLog
from cordboard.telephony import Clock, LegRecord

SCOPE = "log"
USUAL = timedelta(days=31)
"""The period if none is given."""
_LARGEST_FILE = 50_000
_EARLIEST, _LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
COLUMNS = (
    "started", "ended", "direction", "number", "name", "dialled", "line", "user", "waited", "talked", "missed",
    "reason", "recorded", "tags", "chain",
)  # fmt: skip
"""Of a file."""


class Directory(Addresses, Protocol):
    """The part of the office that is needed here."""

    @property
    def zone(self) -> ZoneInfo:
        """Where the office is."""

    def phones_of(self, login: str) -> Sequence[str]:
        """The accounts of a user's phones."""


Recordings = Callable[[str], Awaitable[Sequence[Mapping[str, Any]]]]
"""The recordings of a chain: id, leg, started, seconds."""


class Way(StrEnum):
    """Where a call came from and went to."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"
    INTERNAL = "internal"


class Leg(BaseModel):
    """One party's end."""

    id: str
    direction: str
    number: str
    """Of who calls on it."""
    name: str
    dialled: str
    account: str
    login: str
    """The user whose phone it is."""
    line: str
    state: str
    started: datetime
    ringing: datetime | None
    answered: datetime | None
    ended: datetime | None
    reason: str
    recorded: bool


class Connection(BaseModel):
    """Two parties who talked."""

    a_leg: str
    b_leg: str
    started: datetime
    ended: datetime | None


class Call(BaseModel):
    """All that hangs together."""

    chain: str
    direction: str
    number: str
    """The party outside, or who called inside, as it was received or dialled."""
    phone: str
    """The same in international writing."""
    name: str
    dialled: str
    line: str
    user: str
    """The login of who talked last, or of who called."""
    started: datetime
    ended: datetime | None
    """null while it goes on."""
    waited: float
    """Seconds until somebody talked, or until the end."""
    talked: float
    """Seconds."""
    missed: bool
    reason: str
    recorded: bool
    tags: Mapping[str, str]
    legs: Sequence[Leg]
    connections: Sequence[Connection]


class Page(BaseModel):
    """Calls, the youngest first."""

    calls: Sequence[Call]
    next: str
    """For `cursor`, to have those that began earlier; empty: there are no more."""


class ScenarioPath(BaseModel):
    """A scenario that ran in a call, and its way."""

    run: str
    scenario: str
    release: int
    kind: str
    started: datetime
    ended: datetime | None
    outcome: str
    error: str
    steps: Sequence[str]
    """The steps in the order in which they ended; empty once the trace is forgotten."""


class WholeCall(Call):
    """A call with what happened in it."""

    scenarios: Sequence[ScenarioPath]
    recordings: Sequence[Mapping[str, Any]]


def routes(
    reports: ReportRepository,
    directory: Directory,
    traces: TraceLog,
    recordings: Recordings,
    *,
    clock: Clock,
    access: Access,
) -> APIRouter:
    """The routes under /api/v1/log."""
    router = APIRouter(prefix="/api/v1/log", tags=["log"], dependencies=[access.to(SCOPE)])
    asked = _asked(directory, clock)

    @router.get("")
    async def found(
        query: Annotated[LogQuery, Depends(asked)],
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
        cursor: Annotated[str, Query(max_length=500)] = "",
    ) -> Page:
        chains = await reports.search(_with(query, limit=limit + 1, before=read_cursor(cursor)))
        calls = [call_of(chain, directory) for chain in chains[:limit]]
        return Page(calls=calls, next=_cursor(calls[-1]) if len(chains) > limit else "")

    @router.get("/file")
    async def as_file(query: Annotated[LogQuery, Depends(asked)], form: Sheet = Sheet.XLSX) -> Response:
        chains = await reports.search(_with(query, limit=_LARGEST_FILE))
        rows = [_row(call_of(chain, directory)) for chain in chains]
        return await file_of("calls", COLUMNS, rows, directory.zone, form)

    @router.get("/{chain}")
    async def whole(chain: str) -> WholeCall:
        query = LogQuery(_EARLIEST, _LATEST, chain=chain, limit=1)
        there = await reports.search(query)
        if not there:
            raise HTTPException(404, f"there is no call {chain!r}")
        call = call_of(there[0], directory)
        paths = [await _path(traces, run.run_id) for run in await traces.find(chain=chain, limit=100)]
        known = [path for path in paths if path is not None]
        return WholeCall(
            **dict(call),
            scenarios=sorted(known, key=lambda path: path.started),
            recordings=list(await recordings(chain)),
        )

    return router


def _asked(directory: Directory, clock: Clock) -> Callable[..., LogQuery]:
    def asked(  # noqa: PLR0917  (each is a parameter of the query)
        since: AwareDatetime | None = None,
        until: AwareDatetime | None = None,
        number: Annotated[str, Query(max_length=50)] = "",
        holder: Annotated[str, Query(alias="login", max_length=100)] = "",
        line: Annotated[str, Query(max_length=100)] = "",
        direction: Way | None = None,
        missed: bool | None = None,
        text: Annotated[str, Query(max_length=100)] = "",
    ) -> LogQuery:
        first, last = period(since, until, clock.now())
        digits = "".join(char for char in number if char.isdigit())
        return LogQuery(
            first,
            last,
            number=directory.phone(number).canonical if len(digits) > 6 else "",
            digits=number.strip(),
            accounts=tuple(directory.phones_of(holder)) if holder else (),
            login=holder,
            line=line,
            direction=direction.value if direction else "",
            missed=missed,
            text=text.replace("\0", ""),
        )

    return asked


def period(since: datetime | None, until: datetime | None, now: datetime) -> tuple[datetime, datetime]:
    """What is asked for, or the last days. Raises HTTPException for what cannot be counted with."""
    last = until or now + timedelta(minutes=1)
    if not _EARLIEST <= last <= _LATEST or (since is not None and not _EARLIEST <= since <= _LATEST):
        raise HTTPException(422, "the period must lie between the years 2000 and 2200")
    return since or max(_EARLIEST, last - USUAL), last


def call_of(chain: LoggedChain, directory: Directory) -> Call:
    """A call as it is shown."""
    content = ended_call(chain.legs, chain.connections, directory).content
    over = all(leg.ended is not None for leg in chain.legs)
    phone = content["phone"]
    return Call(
        chain=chain.id,
        direction=content["direction"],
        number=phone.written,
        phone=phone.canonical,
        name=content["name"],
        dialled=content["dialled"],
        line=content["line"],
        user=content["login"],
        started=content["started"],
        ended=content["ended"] if over else None,
        waited=round(content["waited"].total_seconds(), 1),
        talked=round(content["talked"].total_seconds(), 1),
        missed=over and content["missed"],
        reason=content["reason"],
        recorded=any(leg.recorded for leg in chain.legs),
        tags=dict(chain.tags),
        legs=[_leg(leg, directory) for leg in chain.legs],
        connections=[
            Connection(a_leg=each.a_leg, b_leg=each.b_leg, started=each.started, ended=each.ended)
            for each in chain.connections
        ],
    )


def _leg(leg: LegRecord, directory: Directory) -> Leg:
    person = directory.by_account(leg.account) if leg.account else None
    return Leg(
        id=leg.id,
        direction=leg.direction.value,
        number=leg.caller.number,
        name=leg.caller.name,
        dialled=leg.dialled,
        account=leg.account,
        login=person.login if person else "",
        line=leg.line,
        state=leg.state.value,
        started=leg.started,
        ringing=leg.ringing,
        answered=leg.answered,
        ended=leg.ended,
        reason=leg.reason.value if leg.reason else "",
        recorded=leg.recorded,
    )


def _row(call: Call) -> dict[str, Any]:
    tags = "; ".join(f"{name}: {text}" for name, text in call.tags.items())
    return {name: getattr(call, name) for name in COLUMNS} | {"tags": tags}


async def _path(traces: TraceLog, run_id: str) -> ScenarioPath | None:
    traced = await traces.load(run_id)
    if traced is None:
        return None
    run = traced.run
    return ScenarioPath(
        run=run.run_id,
        scenario=run.scenario,
        release=run.release,
        kind=run.kind,
        started=run.started,
        ended=run.ended,
        outcome=run.outcome.value if run.outcome else "",
        error=run.error,
        steps=[step.step for step in traced.steps],
    )


def _with(query: LogQuery, **more: Any) -> LogQuery:
    return LogQuery(**{name: more.get(name, getattr(query, name)) for name in LogQuery.__dataclass_fields__})


def _cursor(call: Call) -> str:
    return base64.urlsafe_b64encode(json.dumps([call.started.isoformat(), call.chain]).encode()).decode()


def read_cursor(cursor: str) -> tuple[datetime, str] | None:
    """What `next` of a page stands for. Raises HTTPException."""
    if not cursor:
        return None
    try:
        moment, chain = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        at = datetime.fromisoformat(moment)
        if at.tzinfo is None or not _EARLIEST <= at <= _LATEST:
            raise ValueError(moment)
        return at, str(chain)
    except (ValueError, TypeError, binascii.Error) as fault:
        raise HTTPException(422, "cursor: give the `next` of the page before") from fault
