"""Messages of callers over HTTP: listed, heard, marked, deleted by those whose they are."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel
from starlette.responses import FileResponse

from cordboard.api.access import Access
from cordboard.office.roles import Role
from cordboard.office.tokens import ApiToken
from cordboard.office.voicemail import VoicemailMessage
from cordboard.office.voicemail_desk import VoicemailDesk

SCOPE = "voicemail"


class Shown(BaseModel):
    """A message."""

    id: int
    box: str
    chain: str
    caller: str
    """As received; empty: hidden."""
    caller_name: str
    at: datetime
    seconds: float
    heard: datetime | None
    """null until it was heard."""


class Listed(BaseModel):
    """Those that were not heard first."""

    new: int
    old: int
    messages: Sequence[Shown]


class Mark(BaseModel):
    """Whether it was heard."""

    heard: bool


def routes(desk: VoicemailDesk, access: Access) -> APIRouter:
    """The routes under /api/v1/voicemail. Messages are private: only their owners, administrators and programs hear."""
    router = APIRouter(prefix="/api/v1/voicemail")
    asking = access.to(SCOPE)

    async def one(id_: int, token: ApiToken) -> VoicemailMessage:
        found = await desk.kept.get(id_)
        if found is None or not (_sees_all(token) or found.box in desk.boxes_of(token.login)):
            raise HTTPException(404, f"there is no message {id_}")
        return found

    @router.get("")
    async def listed(token: Annotated[ApiToken, asking], user: Annotated[str, Query(max_length=100)] = "") -> Listed:
        """Of `user`, with those of his groups; empty: of whoever asks."""
        login = user or token.login
        if login != token.login and not _sees_all(token):
            raise HTTPException(403, "messages are for their owners alone")
        boxes = desk.boxes_of(login)
        found = await desk.kept.of(boxes)
        new, old = await desk.kept.counts(boxes)
        return Listed(new=new, old=old, messages=[_shown(each) for each in found])

    @router.get("/{id_}/audio")
    async def audio(id_: int, token: Annotated[ApiToken, asking]) -> FileResponse:
        path = desk.recordings.path((await one(id_, token)).file)
        if not path.is_file():
            raise HTTPException(404, f"the file of the message {id_} is lost")
        return FileResponse(path, media_type="audio/wav", filename=path.name)

    @router.post("/{id_}/heard")
    async def mark(id_: int, body: Mark, token: Annotated[ApiToken, asking]) -> Shown:
        found = await one(id_, token)
        await desk.mark(found, heard=body.heard)
        return _shown(await one(id_, token))

    @router.delete("/{id_}", status_code=204)
    async def delete(id_: int, token: Annotated[ApiToken, asking]) -> None:
        await desk.delete(await one(id_, token))

    return router


def _sees_all(token: ApiToken) -> bool:
    return not token.login or token.role == Role.ADMINISTRATOR


def _shown(message: VoicemailMessage) -> Shown:
    return Shown(**{name: getattr(message, name) for name in Shown.model_fields})
