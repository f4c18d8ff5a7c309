"""Scenarios as somebody edits them, over HTTP: texts, drafts, faults, and the components that there are."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, HTTPException, Query
from pydantic import BaseModel, Field

from cordboard.api.access import Access
from cordboard.api.languages import preferred
from cordboard.office.tokens import ApiToken
from cordboard.scenario.diff import Change, compare_texts
from cordboard.scenario.faults import Fault
from cordboard.scenario.history import NAME_LENGTH, History, OutdatedDraftsError, PublishError, Standing
from cordboard.scenario.ports import Draft, DraftConflictError, ScenarioError
from cordboard.scenario.text import read

READ, WRITE = "scenarios:read", "scenarios:write"
LONGEST = 1_000_000
"""Characters of a scenario: one of a thousand steps has 300,000."""
MOST = 2**31 - 1
"""The highest number of a revision or a release."""
T = TypeVar("T")
Json = dict[str, Any]
Name = Annotated[str, Field(min_length=1, max_length=NAME_LENGTH)]
Text = Annotated[str, Field(max_length=LONGEST)]
Reader = Annotated[str, Depends(preferred)]
"""In which language he reads."""
Tell = Callable[[str, str], str]
"""A sentence in a language."""


class FaultShown(BaseModel):
    """What is wrong with a text, in the reader's language. Lines and columns count from 1; 0 if there is no place."""

    severity: str
    message: str
    hint: str
    line: int
    column: int
    step: str
    property: str


class DraftShown(BaseModel):
    """A text that is not published yet."""

    revision: int
    """To be named by whoever saves over it."""
    author: str
    saved: datetime | None
    based_on: int
    """The release from which it was begun."""
    text: str
    """Empty: the scenario is to be taken out."""


class Head(BaseModel):
    """A scenario in a list."""

    name: str
    kind: str
    title: str
    published: bool
    draft: bool


class ScenarioShown(BaseModel):
    """A scenario as it stands."""

    name: str
    published: str | None
    draft: DraftShown | None
    faults: Sequence[FaultShown]
    """Of the draft, or of what is published if there is none."""


class Save(BaseModel):
    """A text to be kept as a draft."""

    text: Text
    """Empty: the scenario is taken out at the next publishing."""
    revision: int = Field(default=0, ge=0, le=MOST)
    """Of the draft that was read; 0 if there was none."""
    based_on: int | None = Field(default=None, ge=0, le=MOST)
    """The release that was read, if it is another than that from which the draft was begun."""


class Saved(BaseModel):
    """A draft that was kept. A broken one is kept as well; it cannot be published."""

    revision: int
    saved: datetime | None
    faults: Sequence[FaultShown]


class Check(BaseModel):
    """A text to be looked at; nothing is kept."""

    name: Name
    text: Text


def routes(
    history: Callable[[], History],
    components: Callable[[str], Iterable[Json]],
    tell: Tell,
    access: Access,
) -> APIRouter:
    """The routes under /api/v1/scenarios, /drafts and /components.

    `components` describes them all in a language.
    """
    router = APIRouter(prefix="/api/v1", tags=["editing"])
    reading, writing = access.to(READ), access.to(WRITE)

    @router.get("/components", dependencies=[reading])
    async def palette(language: Reader) -> Sequence[Json]:
        return list(components(language))

    @router.get("/scenarios", dependencies=[reading])
    async def every() -> Sequence[Head]:
        return [_head(each) for each in await history().standing()]

    @router.get("/scenarios/{name}", dependencies=[reading])
    async def one(name: str, language: Reader) -> ScenarioShown:
        past = history()
        standing = await done(past.get(name))
        faults = await past.check(name, standing.text) if standing.text else []
        return ScenarioShown(
            name=name,
            published=standing.published,
            draft=_draft(standing.draft) if standing.draft is not None else None,
            faults=faults_shown(faults, tell, language),
        )

    @router.put("/scenarios/{name}/draft")
    async def save(name: str, body: Save, by: Annotated[ApiToken, writing], language: Reader) -> Saved:
        saving = history().save(
            name, body.text, revision=body.revision, author=by.login or by.name, based_on=body.based_on
        )
        try:
            saved = await done(saving, status=422)
        except DraftConflictError as conflict:
            raise _conflict(name, body.text, conflict) from conflict
        draft = saved.draft
        return Saved(revision=draft.revision, saved=draft.saved, faults=faults_shown(saved.faults, tell, language))

    @router.delete("/scenarios/{name}/draft", status_code=204, dependencies=[writing])
    async def discard(name: str, revision: Annotated[int, Query(ge=1, le=MOST)]) -> None:
        try:
            await history().discard(name, revision)
        except DraftConflictError as conflict:
            raise _conflict(name, "", conflict) from conflict

    @router.get("/drafts", dependencies=[reading])
    async def pending() -> Sequence[Json]:
        return [each.json() for each in await history().pending()]

    @router.post("/drafts/check", dependencies=[reading])
    async def check(body: Check, language: Reader) -> Sequence[FaultShown]:
        return faults_shown(await history().check(body.name, body.text), tell, language)

    return router


async def done(doing: Awaitable[T], *, status: int = 404) -> T:
    """Raises HTTPException for what cannot be done, but for what was refused with faults."""
    try:
        return await doing
    except (PublishError, OutdatedDraftsError):
        raise
    except ScenarioError as error:
        raise HTTPException(status, str(error)) from error


def _conflict(name: str, text: str, conflict: DraftConflictError) -> HTTPException:
    """Nothing is lost: whoever saved too late is shown what stands there, and what it has otherwise."""
    theirs = conflict.theirs
    if theirs is None:
        return HTTPException(409, {"message": "the draft is gone: it was published or discarded", "theirs": None})
    differs: Sequence[Change] = compare_texts(name, theirs.text, text)
    detail = {
        "message": f"{theirs.author or 'somebody'} has saved it meanwhile: look at both, and save over that revision",
        "theirs": _draft(theirs).model_dump(mode="json"),
        "changes": [each.json() for each in differs],
    }
    return HTTPException(409, detail)


def _head(standing: Standing) -> Head:
    scenario = read(standing.text or standing.published or "").scenario
    return Head(
        name=standing.name,
        kind=scenario.kind if scenario else "",
        title=scenario.title if scenario else "",
        published=standing.published is not None,
        draft=standing.draft is not None,
    )


def _draft(draft: Draft) -> DraftShown:
    return DraftShown(**{name: getattr(draft, name) for name in DraftShown.model_fields})


def faults_shown(faults: Sequence[Fault], tell: Tell, language: str) -> list[FaultShown]:
    """What is wrong, in the reader's language."""
    return [
        FaultShown(
            severity=each.severity.value,
            message=tell(each.message, language),
            hint=" ".join(tell(each.hint, language).split()) if each.hint else "",
            line=each.line,
            column=each.column,
            step=each.step,
            property=each.property,
        )
        for each in faults
    ]
