"""Tokens over HTTP: who has one, with which rights; a new one is shown once."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, Field

from cordboard.api.access import Access
from cordboard.office.audit import Actor, Audit, entry
from cordboard.office.roles import ROLES, Role, may, scopes_of
from cordboard.office.tokens import SCOPES, ApiToken, Tokens, new_token
from cordboard.telephony import Clock

SCOPE = "tokens"
_KIND = "tokens"

Name = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[\w .@+-]+$")]


class Shown(BaseModel):
    """A token; itself it is not kept."""

    name: str
    scopes: Sequence[str]
    """Its own, beside those of its role."""
    login: str
    role: str
    created: datetime
    used: datetime | None


class New(BaseModel):
    """A token to be made."""

    name: Name
    """Whom it is for."""
    scopes: Annotated[Sequence[str], Field(max_length=100)] = ()
    login: str = Field(default="", max_length=100)
    """The user who holds it; empty: a program."""
    role: Role | None = None


class Made(Shown):
    """A new token."""

    token: str
    """What its holder gets. It is shown this once."""


class Mine(BaseModel):
    """What the token that asks may do."""

    name: str
    login: str
    role: str
    scopes: Sequence[str]


class Rights(BaseModel):
    """What there is to give."""

    scopes: Mapping[str, str]
    """With what each allows."""
    roles: Mapping[str, Sequence[str]]


def routes(tokens: Tokens, known: Callable[[str], bool], audit: Audit, clock: Clock, access: Access) -> APIRouter:
    """The routes under /api/v1/tokens. `known` tells the logins of the office."""
    router = APIRouter(prefix="/api/v1/tokens", tags=["tokens"])
    changing, any_token = access.to(SCOPE), access.to("")

    @router.get("", dependencies=[changing])
    async def show_all() -> Sequence[Shown]:
        return [_shown(each) for each in await tokens.all()]

    @router.get("/mine")
    async def mine(token: Annotated[ApiToken, any_token]) -> Mine:
        return Mine(name=token.name, login=token.login, role=token.role, scopes=sorted(scopes_of(token)))

    @router.get("/rights", dependencies=[changing])
    async def rights() -> Rights:
        return Rights(scopes=SCOPES, roles={role.value: sorted(ROLES[role]) for role in Role})

    @router.post("", status_code=201)
    async def add(body: New, by: Annotated[ApiToken, changing]) -> Made:
        _check(body, known, by)
        role = body.role.value if body.role else ""
        plain, token = new_token(body.name, sorted(set(body.scopes)), clock.now(), login=body.login, role=role)
        if not await tokens.add(token):
            raise HTTPException(409, f"there is a token {body.name!r} already: remove it first, or choose another name")
        await _note(by, token.name, None, _rights(token))
        return Made(**_shown(token).model_dump(), token=plain)

    @router.delete("/{name}", status_code=204)
    async def remove(name: str, by: Annotated[ApiToken, changing]) -> None:
        found = next((each for each in await tokens.all() if each.name == name), None)
        if found is None or not await tokens.remove(name):
            raise HTTPException(404, f"there is no token {name!r}")
        await _note(by, name, _rights(found), None)

    async def _note(
        by: ApiToken, name: str, before: Mapping[str, object] | None, after: Mapping[str, object] | None
    ) -> None:
        noted = entry(Actor(by.name, by.login), clock.now(), _KIND, name, before=before, after=after)
        if noted is not None:
            await audit.note(noted)

    return router


def _check(body: New, known: Callable[[str], bool], by: ApiToken) -> None:
    """Nobody gives away what he has not. Raises HTTPException."""
    if unknown := set(body.scopes) - SCOPES.keys():
        raise HTTPException(422, f"there is no scope {min(unknown)!r}: ask /api/v1/tokens/rights for those that are")
    if not body.scopes and body.role is None:
        raise HTTPException(422, "say what it may do: give scopes or a role")
    if body.login and not known(body.login):
        raise HTTPException(422, f"there is no user {body.login!r}")
    given = set(body.scopes) | (ROLES[body.role] if body.role else set())
    if beyond := [scope for scope in sorted(given) if not may(by, scope)]:
        raise HTTPException(403, f"the token {by.name!r} has no right to {beyond[0]!r} itself, and cannot give it")


def _rights(token: ApiToken) -> dict[str, object]:
    return {"scopes": list(token.scopes), "login": token.login, "role": token.role}


def _shown(token: ApiToken) -> Shown:
    return Shown(**{name: getattr(token, name) for name in Shown.model_fields})
