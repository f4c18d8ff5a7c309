"""Releases of scenarios over HTTP: what was published, by whom, what differs; publishing, and going back."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Query
from pydantic import BaseModel, Field

from cordboard.api.access import Access
from cordboard.api.editing import MOST, READ, WRITE, FaultShown, Json, Name, Reader, Tell, done, faults_shown
from cordboard.office.audit import Audit, AuditEntry
from cordboard.office.tokens import ApiToken
from cordboard.scenario.history import History, OutdatedDraftsError, Published, PublishError
from cordboard.scenario.ports import Release, ReleaseConflictError
from cordboard.telephony import Clock

Number = Annotated[int, Path(ge=1, le=MOST)]


class Publish(BaseModel):
    """What is to be published."""

    message: str = Field(default="", max_length=1000)
    names: Sequence[Name] | None = Field(default=None, max_length=1000)
    """The drafts; none named: all."""


class Back(BaseModel):
    """Why an old release is to count again."""

    message: str = Field(default="", max_length=1000)


class Made(BaseModel):
    """A new release. `number` is 0 if nothing has changed, and none was made."""

    number: int
    changes: Sequence[Json]
    faults: Mapping[str, Sequence[FaultShown]]


class ReleaseHead(BaseModel):
    """A release in a list."""

    number: int
    published: datetime | None
    author: str
    message: str


class ReleaseShown(ReleaseHead):
    """A release with its texts, by name."""

    scenarios: Mapping[str, str]


def routes(history: Callable[[], History], tell: Tell, audit: Audit, clock: Clock, access: Access) -> APIRouter:
    """The routes under /api/v1/releases."""
    router = APIRouter(prefix="/api/v1/releases", tags=["editing"])
    reading, writing = access.to(READ), access.to(WRITE)

    @router.get("", dependencies=[reading])
    async def releases(
        limit: Annotated[int, Query(ge=1, le=1000)] = 100, before: Annotated[int | None, Query(ge=1, le=MOST)] = None
    ) -> Sequence[ReleaseHead]:
        return [ReleaseHead(**_of(each)) for each in await history().releases(limit=limit, before=before)]

    @router.post("", status_code=201)
    async def publish(body: Publish, by: Annotated[ApiToken, writing], language: Reader) -> Made:
        doing = history().publish(body.message, author=by.login or by.name, names=body.names)
        return await released(doing, by, body.message, language)

    @router.get("/{number}", dependencies=[reading])
    async def release(number: Number) -> ReleaseShown:
        found = await done(history().load(number))
        return ReleaseShown(**_of(found), scenarios=found.scenarios)

    @router.get("/{before}/changes/{after}", dependencies=[reading])
    async def changes(before: Number, after: Number, layout: bool = False) -> Sequence[Json]:
        return [each.json() for each in await done(history().diff(before, after, layout=layout))]

    @router.post("/{number}/rollback", status_code=201)
    async def rollback(number: Number, body: Back, by: Annotated[ApiToken, writing], language: Reader) -> Made:
        doing = history().rollback(number, author=by.login or by.name, message=body.message)
        return await released(doing, by, f"back to release {number}", language)

    async def released(doing: Awaitable[Published], by: ApiToken, message: str, language: str) -> Made:
        try:
            made = await done(doing)
        except PublishError as error:
            found = {name: faults_shown(faults, tell, language) for name, faults in error.faults.items()}
            shown = {name: [each.model_dump() for each in faults] for name, faults in found.items()}
            raise HTTPException(409, {"message": tell(str(error), language), "faults": shown}) from error
        except OutdatedDraftsError as error:
            detail = {"message": tell(str(error), language), "outdated": list(error.names)}
            raise HTTPException(409, detail) from error
        except ReleaseConflictError as error:
            raise HTTPException(409, {"message": "others publish all the time: try again"}) from error
        if made.number:
            await audit.note(_noted(made, by, message))
        faults = {name: faults_shown(found, tell, language) for name, found in made.faults.items()}
        return Made(number=made.number, changes=[each.json() for each in made.changes], faults=faults)

    def _noted(made: Published, by: ApiToken, message: str) -> AuditEntry:
        after = {"message": message, "scenarios": sorted({each.scenario for each in made.changes})}
        return AuditEntry(clock.now(), by.name, by.login, "added", "releases", str(made.number), {}, after)

    return router


def _of(release: Release) -> Json:
    return {name: getattr(release, name) for name in ReleaseHead.model_fields}
