"""Promised callbacks: listed, ordered by forms on pages and by other programs, called off."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Annotated, Literal

from fastapi import APIRouter, HTTPException, Query, Response
from pydantic import AwareDatetime, BaseModel, Field

from cordboard.api.access import Access
from cordboard.office.callbacks import (
    Callback,
    CallbackOrder,
    CallbackRepository,
    Callbacks,
    CallbackState,
    OrderResult,
    Origin,
)
from cordboard.office.ports import MAX_PRIORITY
from cordboard.office.tokens import ApiToken
from cordboard.telephony import Clock

READ, WRITE = "callbacks:read", "callbacks:write"
_FARTHEST = timedelta(days=366)

_REFUSED: Mapping[OrderResult, str] = MappingProxyType(
    {
        OrderResult.NO_NUMBER: "this is no number that can be called back: it is hidden, or one of our own",
        OrderResult.NO_TARGET: "say whom he is joined with: give a known group, a scenario or `to`, one of them",
        OrderResult.TOO_OFTEN: "this number was called as often as may be in a day",
        OrderResult.LOOP: "this number was called in vain a moment ago",
    }
)


class Promised(BaseModel):
    """A callback."""

    id: str
    phone: str
    """Canonical."""
    number: str
    """As it was ordered."""
    origin: Origin
    state: CallbackState
    ordered: datetime
    due: datetime
    """Not called before."""
    expires: datetime
    group: str
    scenario: str
    to: str
    priority: int
    since: datetime | None
    """Since when he counts as waiting in the group's queue; null: since it was ordered."""
    language: str
    chain: str
    """The call that it came of."""
    note: str
    attempts: int
    outcome: str
    """What became of the last attempt, or why it was settled."""
    settled: datetime | None


class Order(BaseModel):
    """What is ordered. One of `group`, `scenario` and `to` says whom he is joined with."""

    number: Annotated[str, Field(min_length=1, max_length=64)]
    """In any usual writing."""
    origin: Literal["web", "employee", "missed"] = "web"
    group: Annotated[str, Field(max_length=100)] = ""
    """He waits in its queue, and is called when an operator is kept free for him."""
    scenario: Annotated[str, Field(max_length=200)] = ""
    """A voice scenario."""
    to: Annotated[str, Field(pattern=r"^[0-9*#]{0,32}$")] = ""
    """An internal number."""
    after: AwareDatetime | None = None
    """Not before that moment, within a year."""
    priority: Annotated[int, Field(ge=0, le=MAX_PRIORITY)] = 0
    language: Literal["", "en", "ru", "uk"] = ""
    note: Annotated[str, Field(max_length=1000)] = ""


def routes(callbacks: Callbacks, kept: CallbackRepository, clock: Clock, access: Access) -> APIRouter:
    """The routes under /api/v1/callbacks."""
    router = APIRouter(prefix="/api/v1/callbacks", tags=["callbacks"])
    ordering = access.to(WRITE)

    @router.get("", dependencies=[access.to(READ)])
    async def listed(
        state: Annotated[Sequence[CallbackState], Query()] = (),
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> Sequence[Promised]:
        """The newest first."""
        return [_shown(each) for each in await kept.listed(states=state, limit=limit)]

    @router.get("/{id_}", dependencies=[access.to(READ)])
    async def one(id_: str) -> Promised:
        return _shown(await _known(id_))

    @router.post("", status_code=201)
    async def order(body: Order, response: Response, token: Annotated[ApiToken, ordering]) -> Promised:
        """201 for a new one; 200 for the one that stands already: two orders of one number are one."""
        if body.after is not None and body.after > clock.now() + _FARTHEST:
            raise HTTPException(422, "nobody is promised a call in more than a year: give an earlier moment")
        values = body.model_dump(exclude={"origin"})
        note = body.note or f"ordered by {token.name}"
        result, callback = await callbacks.order(CallbackOrder(origin=Origin(body.origin), **values | {"note": note}))
        if callback is None:
            raise HTTPException(409 if result in (OrderResult.TOO_OFTEN, OrderResult.LOOP) else 422, _REFUSED[result])
        if result is OrderResult.STANDS:
            response.status_code = 200
        return _shown(callback)

    @router.delete("/{id_}", status_code=204)
    async def cancel(id_: str, token: Annotated[ApiToken, ordering]) -> None:
        await _known(id_)
        if not await callbacks.cancel(id_, f"cancelled by {token.name}"):
            raise HTTPException(409, f"the callback {id_} is settled, or he is talking already")

    async def _known(id_: str) -> Callback:
        found = await kept.get(id_)
        if found is None:
            raise HTTPException(404, f"there is no callback {id_!r}")
        return found

    return router


def _shown(callback: Callback) -> Promised:
    return Promised.model_validate(asdict(callback))
