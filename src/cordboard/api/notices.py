"""Notices to users: the list, what was read, and a WebSocket on which new ones come at once."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, HTTPException, Query, WebSocket
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse

from cordboard.api.access import Access, address_of, own_only
from cordboard.api.sockets import accept, tell_until_gone, token_of
from cordboard.office.notices import Notice, Notices, Stream
from cordboard.office.tokens import ApiToken
from cordboard.telephony import Clock

SCOPE = "notices"

Known = Callable[[str], bool]


class Desk(Protocol):
    """What is asked of the desk."""

    def stream(self, login: str) -> AbstractContextManager[Stream]:
        """See NoticeDesk.stream."""


class Shown(BaseModel):
    """A notice."""

    id: int
    at: datetime
    text: str
    data: Mapping[str, Any]
    urgent: bool
    read: datetime | None
    """null until it was read."""
    run_id: str
    chain: str


class Listed(BaseModel):
    """A page of a user's notices, those that are unread first."""

    unread: int
    """How many he has not read, on this page and behind it."""
    notices: Sequence[Shown]


class Read(BaseModel):
    """What a user has read."""

    user: str = Field(min_length=1)
    ids: Annotated[Sequence[int], Field(max_length=1000)] = ()
    """Empty: all of his."""


class Unread(BaseModel):
    """What is left."""

    unread: int


def routes(notices: Notices, desk: Desk, known: Known, clock: Clock, access: Access) -> APIRouter:
    """The routes under /api/v1/notices. `known` tells the logins of the office."""
    router = APIRouter(prefix="/api/v1/notices")
    may = access.to(SCOPE)

    @router.get("", dependencies=[may])
    async def listed(
        user: str,
        *,
        unread: bool = False,
        before: Annotated[int, Query(ge=0, le=2**53)] = 0,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> Listed:
        _check(user, known)
        found = await notices.of(user, unread=unread, before=before, limit=limit)
        return Listed(unread=await notices.unread(user), notices=[_shown(each) for each in found])

    @router.post("/read")
    async def read(body: Read, token: Annotated[ApiToken, may]) -> Unread:
        own_only(token, body.user)
        _check(body.user, known)
        await notices.mark_read(body.user, body.ids, clock.now())
        return Unread(unread=await notices.unread(body.user))

    @router.websocket("/ws")
    async def stream(socket: WebSocket, user: str = "") -> None:
        try:
            own_only(await access.holder(token_of(socket), SCOPE, address=address_of(socket)), user)
            _check(user, known)
        except HTTPException as refused:
            await socket.send_denial_response(JSONResponse({"detail": refused.detail}, refused.status_code))
            return
        await accept(socket)
        with desk.stream(user) as told:
            await tell_until_gone(socket, _tell(socket, told, notices))

    return router


async def _tell(socket: WebSocket, told: Stream, notices: Notices) -> None:
    await socket.send_json({"unread": await notices.unread(told.login)})
    while True:
        notice = await told.next()
        await socket.send_json({"notice": _shown(notice).model_dump(mode="json"), "missed": told.missed})
        told.missed = False


def _check(user: str, known: Known) -> None:
    if not known(user):
        raise HTTPException(404, f"there is no user {user!r}")


def _shown(notice: Notice) -> Shown:
    return Shown(**{name: value for name, value in asdict(notice).items() if name != "login"})
