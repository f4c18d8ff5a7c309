"""Who is there and what he is about; how calls reach him; his PIN. A user sees everybody and changes himself."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException
from pydantic import AwareDatetime, BaseModel, Field

from cordboard.api.access import Access
from cordboard.office.audit import Actor
from cordboard.office.configuration import Configuration
from cordboard.office.configuration_parts import USERS, ConfigurationError
from cordboard.office.directory import OfficeDirectory
from cordboard.office.forwarding import UserRules
from cordboard.office.ports import People, Presence, UserState
from cordboard.office.tokens import ApiToken

READ, WRITE = "people:read", "people:write"
Login = Annotated[str, Field(max_length=100)]


class PersonShown(BaseModel):
    """A user as he stands now."""

    login: str
    name: str
    number: str
    presence: Presence
    reason: str
    """Of a break."""
    since: datetime | None
    """None: since the exchange knows him."""
    until: datetime | None
    """When he is ready again by himself."""
    calls: int
    """In how many his phones are, ringing ones included."""
    online: bool
    """Whether a phone of his is signed in."""


class Said(BaseModel):
    """What somebody is about."""

    presence: Presence
    reason: str = Field(default="", max_length=200)
    until: AwareDatetime | None = None
    """When he is ready again by himself."""


class Pin(BaseModel):
    """A new PIN; empty: none."""

    pin: Annotated[str, Field(pattern=r"^[0-9]{0,20}$")]


def routes(
    office: OfficeDirectory,
    people: People,
    keep: Callable[[UserRules, Actor], Awaitable[None]],
    configuration: Configuration,
    access: Access,
) -> APIRouter:
    """The routes under /api/v1/people. `keep`: see `office.feature_codes.Keep`."""
    router = APIRouter(prefix="/api/v1/people", tags=["people"])
    reading, writing = access.to(READ), access.to(WRITE)

    @router.get("", dependencies=[reading])
    async def everybody() -> Sequence[PersonShown]:
        return [_shown(each.login, each.name, each.number, people.state(each.login)) for each in office.users()]

    @router.put("/{login}/presence", status_code=204, dependencies=[writing])
    async def say(login: Login, body: Said) -> None:
        try:
            await people.set_presence(login, body.presence, reason=body.reason, until=body.until)
        except LookupError as error:
            raise _nobody(login) from error

    @router.get("/{login}/rules", dependencies=[writing])
    async def rules(login: Login) -> UserRules:
        _there(login)
        return office.documents(UserRules).get(login) or UserRules(name=login)

    @router.put("/{login}/rules")
    async def set_rules(login: Login, body: Mapping[str, Any], by: Annotated[ApiToken, writing]) -> UserRules:
        _there(login)
        if body.get("name", login) != login:
            raise HTTPException(422, f"these are the rules of {login!r}: leave the name out")
        try:
            wanted = UserRules.model_validate({**body, "name": login})
            await keep(wanted, Actor(by.name, by.login))
        except ValueError as error:
            raise HTTPException(422, str(error)) from error
        return wanted

    @router.put("/{login}/pin", status_code=204)
    async def set_pin(login: Login, body: Pin, by: Annotated[ApiToken, writing]) -> None:
        _there(login)
        fields = (await configuration.one(USERS, login)).fields
        try:
            await configuration.put(
                USERS, login, {**fields, "pin": body.pin}, Actor(by.name, by.login), accept=lambda _: None
            )
        except ConfigurationError as error:
            raise HTTPException(422, list(error.faults)) from error
        await office.reload()

    def _there(login: str) -> None:
        if not office.knows(login):
            raise _nobody(login)

    return router


def _nobody(login: str) -> HTTPException:
    return HTTPException(404, f"there is no user {login!r}")


def _shown(login: str, name: str, number: str, state: UserState) -> PersonShown:
    kept = {each: getattr(state, each) for each in PersonShown.model_fields if each not in {"login", "name", "number"}}
    return PersonShown(login=login, name=name, number=number, **kept)
