"""Recordings over HTTP: found, heard (also in pieces, RFC 9110 section 14), deleted; begun and paused in a talk."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Protocol

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import FileResponse

from cordboard.api.access import Access
from cordboard.office.directory import OfficeDirectory
from cordboard.office.recording_rules import RecordingRights, hears
from cordboard.office.recordings_kept import Hearing, KeptRecording, RecordingRepository
from cordboard.office.roles import for_others, may
from cordboard.office.tokens import ApiToken
from cordboard.telephony import Clock

READ, WRITE = "recordings:read", "recordings:write"
HEARD, DELETED = "heard", "deleted"
_TYPES = {".wav": "audio/wav", ".ogg": "audio/ogg", ".mp3": "audio/mpeg"}


class Files(Protocol):
    """The folder of recordings."""

    def path(self, name: str) -> Path:
        """Where it lies. Raises ValueError for a name that leads out of the folder."""

    def discard(self, name: str) -> None:
        """Delete it."""


class Desk(Protocol):
    """What is asked of the desk that records."""

    def switch(self, chain: str, *, on: bool) -> int:
        """See RecordingDesk.switch."""


class Shown(BaseModel):
    """A recording."""

    id: int
    chain: str
    started: datetime
    ended: datetime | None
    """null while it goes on."""
    seconds: float
    size: int
    """Bytes."""
    format: str
    rule: str
    number: str
    """Of the other party, in canonical writing."""
    shown: str
    """The same as it was received or dialled."""
    line: str
    user: str
    peer: str
    keep_until: datetime | None


class HeardBy(BaseModel):
    """Who did what with a recording."""

    at: datetime
    who: str
    what: str


class Whole(Shown):
    """A recording, and who has heard it."""

    hearings: Sequence[HeardBy]


class Wanted(BaseModel):
    """What is wanted of the talks of a call."""

    on: bool
    """Whether they are recorded from now on; false pauses: for the number of a card."""


class Switched(BaseModel):
    """What came of it."""

    talks: int


def routes(
    kept: RecordingRepository,
    files: Files,
    desk: Desk,
    office: OfficeDirectory,
    members: Callable[[], Mapping[str, Collection[str]]],
    *,
    access: Access,
    clock: Clock,
) -> APIRouter:
    """The routes under /api/v1/recordings. `members` gives the logins of each group."""
    router = APIRouter(prefix="/api/v1/recordings")
    reading, writing = access.to(READ), access.to(WRITE)

    def rights_of(token: ApiToken) -> RecordingRights | None:
        return office.documents(RecordingRights).get(token.login) if token.login else None

    def heard_by(token: ApiToken) -> Collection[str] | None:
        return hears(rights_of(token), token.login, members(), leads=for_others(token))

    async def one(id_: int, token: ApiToken) -> KeptRecording:
        """A recording that may be heard; what may not be heard is not there."""
        found = await kept.get(id_)
        whose = heard_by(token)
        if found is None or found.gone or (whose is not None and not {found.user, found.peer} & {*whose}):
            raise HTTPException(404, f"there is no recording {id_}")
        return found

    @router.get("")
    async def listed(
        token: Annotated[ApiToken, reading],
        *,
        chain: str = "",
        number: str = "",
        talker: str = "",
        day: date | None = None,
        before: Annotated[int, Query(ge=0, le=2**53)] = 0,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> Sequence[Shown]:
        """The youngest first. `talker` is a login, `day` one of the office, `before` the last id of the page before."""
        whose = heard_by(token)
        if talker:
            whose = {talker} if whose is None or talker in whose else ()
        since = datetime.combine(day, time(), office.zone) if day else None
        found = await kept.find(
            chain=chain,
            number=office.phone(number).canonical if number else "",
            users=whose,
            since=since,
            until=since + timedelta(days=1) if since else None,
            before=before,
            limit=limit,
        )
        return [Shown(**_shown(each)) for each in found]

    @router.get("/{id_}")
    async def whole(id_: int, token: Annotated[ApiToken, reading]) -> Whole:
        found = await one(id_, token)
        hearings = [HeardBy(at=each.at, who=each.who, what=each.what) for each in await kept.hearings(id_)]
        return Whole(**_shown(found), hearings=hearings)

    @router.get("/{id_}/audio")
    async def audio(id_: int, request: Request, token: Annotated[ApiToken, reading]) -> FileResponse:
        found = await one(id_, token)
        if found.ended is None:
            raise HTTPException(409, "the talk is still being recorded: ask again when it is over")
        path = files.path(found.file)
        if not path.is_file():
            raise HTTPException(404, f"the file of the recording {id_} is lost")
        # A player asks for piece after piece: it has heard it once.
        if request.headers.get("range", "bytes=0-").replace(" ", "").startswith("bytes=0-"):
            await kept.heard(id_, Hearing(clock.now(), _who(token), HEARD))
        return FileResponse(path, media_type=_TYPES.get(path.suffix, "application/octet-stream"), filename=path.name)

    @router.delete("/{id_}", status_code=204)
    async def delete(id_: int, token: Annotated[ApiToken, reading]) -> None:
        found = await one(id_, token)
        rights = rights_of(token)
        allowed = rights.may_delete if rights else may(token, WRITE)
        if not allowed:
            raise HTTPException(403, f"the token {token.name!r} may hear recordings and not delete them")
        if found.ended is None:
            raise HTTPException(409, "the talk is still being recorded: delete it when it is over")
        files.discard(found.file)
        await kept.gone(id_, clock.now(), DELETED)
        await kept.heard(id_, Hearing(clock.now(), _who(token), DELETED))

    @router.post("/calls/{chain}", dependencies=[writing])
    async def switch(chain: str, wanted: Wanted) -> Switched:
        if not (talks := desk.switch(chain, on=wanted.on)):
            raise HTTPException(404, f"nobody talks in the call {chain!r}")
        return Switched(talks=talks)

    return router


def _who(token: ApiToken) -> str:
    return token.login or token.name


def _shown(recording: KeptRecording) -> dict[str, object]:
    fields = {name: getattr(recording, name) for name in Shown.model_fields if name != "format"}
    return fields | {"format": Path(recording.file).suffix.removeprefix(".")}
