"""Live calls over HTTP: who talks with whom, and what can be done with it; click-to-call; parking places."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, Field

from cordboard.api.access import Access, own_only
from cordboard.office.live_calls import LiveCall, LiveCalls, RefusedError
from cordboard.office.ports import Parked
from cordboard.office.roles import for_others
from cordboard.office.tokens import ApiToken
from cordboard.telephony import EndReason, LegState, Monitoring

READ, WRITE, MONITOR = "calls:read", "calls:write", "calls:monitor"

Number = Annotated[str, Field(min_length=1, max_length=64)]
Login = Annotated[str, Field(min_length=1, max_length=100)]

_STATUS = {EndReason.FORBIDDEN: 403, EndReason.NOT_FOUND: 404}
_WORDS = {
    EndReason.FORBIDDEN: "the user has no right to that",
    EndReason.NOT_FOUND: "there is no such number, or nobody talks there",
    EndReason.UNREACHABLE: "nobody can be reached there: see whether a phone is signed in and a line is up",
    EndReason.BUSY: "it is busy there",
}


class Lots(Protocol):
    """The part of the parking that is shown."""

    def parked(self) -> Sequence[Parked]:
        """The places that are taken."""


class Where(BaseModel):
    """Where a scenario stands."""

    scenario: str
    step: str
    since: datetime


class Party(BaseModel):
    """One party's end of a call."""

    id: str
    number: str
    name: str
    login: str
    line: str
    account: str
    inbound: bool
    state: LegState
    since: datetime
    answered: datetime | None
    held: bool
    recorded: bool
    talks_with: str
    """The id of the leg it talks with; empty: none of these."""
    calls: str
    """The id of the leg that is called on its behalf."""
    parked: str
    """The number of its parking place."""
    scenario: Where | None
    """The scenario that drives it."""


class Call(BaseModel):
    """All that hangs together: one chain."""

    chain: str
    since: datetime
    parties: Sequence[Party]


class Place(BaseModel):
    """A parking place that is taken."""

    number: str
    lot: str
    since: datetime
    account: str
    chain: str
    party: str
    """The number of who is parked; empty: the place is kept for somebody."""
    name: str


class Wanted(BaseModel):
    """A call that shall be made."""

    login: Login
    """Whose phones ring first, and whose rights count."""
    number: Number


class To(BaseModel):
    """Where the other party of a leg shall go."""

    number: Number


class PickUp(BaseModel):
    """A call that shall be picked up, or taken from its parking place."""

    login: Login
    number: Annotated[str, Field(max_length=64)] = ""
    """The internal number at which it rings; empty: anybody of a group of that user."""
    place: Annotated[str, Field(max_length=64)] = ""
    """Instead, a parking place."""


class Watching(BaseModel):
    """Somebody who shall be beside the talk of a colleague."""

    login: Login
    whom: Login
    mode: Monitoring = Monitoring.LISTEN


class Begun(BaseModel):
    """A call that was begun."""

    chain: str


def routes(
    calls: LiveCalls,
    parking: Lots,
    runs: Callable[[], Sequence[Mapping[str, Any]]],
    *,
    access: Access,
) -> APIRouter:
    """The routes under /api/v1/calls. A user's own token sees and steers the calls in which he takes part.

    `runs` is `Insight.live_runs`.
    """
    router = APIRouter(prefix="/api/v1/calls", tags=["calls"])
    reading, writing, monitoring = access.to(READ), access.to(WRITE), access.to(MONITOR)

    def seen_by(token: ApiToken) -> Sequence[LiveCall]:
        return [call for call in calls.calls() if for_others(token) or call.of(token.login)]

    def check(token: ApiToken, leg: str) -> None:
        """What may not be seen is not there. Of a call that he sees, a user steers his own leg."""
        for call in seen_by(token):
            for each in call.legs:
                if each.id == leg:
                    if each.login != token.login and not for_others(token):
                        raise HTTPException(403, "that is the leg of somebody else: name your own")
                    return
        raise HTTPException(404, f"there is no leg {leg!r}, or it has ended")

    @router.get("")
    async def live(token: Annotated[ApiToken, reading]) -> Sequence[Call]:
        where = {str(run.get("leg_id", "")): run for run in runs()}
        return [_shown(call, where) for call in seen_by(token)]

    @router.get("/parked")
    async def parked(_: Annotated[ApiToken, reading]) -> Sequence[Place]:
        return [
            Place(
                number=each.number,
                lot=each.lot,
                since=each.since,
                account=each.account,
                chain=each.chain,
                party=each.party.number if each.party else "",
                name=each.party.name if each.party else "",
            )
            for each in parking.parked()
        ]

    @router.post("", status_code=202)
    async def begin(wanted: Wanted, token: Annotated[ApiToken, writing]) -> Begun:
        own_only(token, wanted.login)
        with _told():
            return Begun(chain=await calls.call(wanted.login, wanted.number))

    @router.post("/pick-up", status_code=202)
    async def pick_up(wanted: PickUp, token: Annotated[ApiToken, writing]) -> Begun:
        own_only(token, wanted.login)
        with _told():
            return Begun(chain=await calls.pick_up(wanted.login, number=wanted.number, place=wanted.place))

    @router.post("/monitor", status_code=202)
    async def monitor(wanted: Watching, token: Annotated[ApiToken, monitoring]) -> Begun:
        if token.login and token.login != wanted.login:
            raise HTTPException(403, "watch over a talk yourself: name your own login")
        with _told():
            return Begun(chain=await calls.monitor(wanted.login, wanted.whom, wanted.mode))

    @router.post("/legs/{leg}/hang-up", status_code=204)
    async def hang_up(leg: str, token: Annotated[ApiToken, writing]) -> None:
        check(token, leg)
        with _told():
            await calls.hang_up(leg)

    @router.post("/legs/{leg}/transfer", status_code=202)
    async def transfer(leg: str, to: To, token: Annotated[ApiToken, writing]) -> None:
        """The party with whom the leg talks goes to a number, also to that of a parking lot."""
        check(token, leg)
        with _told():
            await calls.transfer(leg, to.number)

    @router.post("/legs/{leg}/hold", status_code=204)
    async def hold(leg: str, token: Annotated[ApiToken, writing]) -> None:
        check(token, leg)
        with _told():
            calls.hold(leg)

    @router.post("/legs/{leg}/resume", status_code=204)
    async def resume(leg: str, token: Annotated[ApiToken, writing]) -> None:
        check(token, leg)
        with _told():
            calls.resume(leg)

    return router


@contextmanager
def _told() -> Iterator[None]:
    """What cannot be done is told to who asked."""
    try:
        yield
    except RefusedError as fault:
        raise HTTPException(_STATUS.get(fault.reason, 409), _WORDS.get(fault.reason, fault.reason.value)) from fault
    except LookupError as fault:
        raise HTTPException(404, str(fault)) from fault


def _shown(call: LiveCall, where: Mapping[str, Mapping[str, Any]]) -> Call:
    parties = [Party(**asdict(leg), scenario=_where(where.get(leg.id))) for leg in call.legs]
    return Call(chain=call.chain, since=call.since, parties=parties)


def _where(run: Mapping[str, Any] | None) -> Where | None:
    return Where(scenario=run["scenario"], step=run["step"], since=run["since"]) if run is not None else None
