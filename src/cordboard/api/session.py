"""Signing in to the page over HTTP: the session is a cookie that no script can read.

A browser sends the cookie by itself, so whoever changes something by it must send `X-Cordboard` too: a page elsewhere
cannot, without being asked about first (CORS), and is never answered.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Annotated, TypeVar

from fastapi import APIRouter, HTTPException, Request, Response
from pydantic import BaseModel, Field

from cordboard.api.access import COOKIE, Access, address_of, session_of
from cordboard.office.accounts import LONGEST, SHORTEST, Account, address_for_phone, new_second_step
from cordboard.office.audit import Actor
from cordboard.office.configuration import Configuration
from cordboard.office.roles import scopes_of
from cordboard.office.sessions import LONGEST as LASTS
from cordboard.office.sessions import CodeNeededError, Session, SignIn, TooManyError, WrongError
from cordboard.office.tokens import ApiToken

T = TypeVar("T")
Password = Annotated[str, Field(max_length=LONGEST)]
Code = Annotated[str, Field(max_length=10)]


class Credentials(BaseModel):
    """What is typed to sign in."""

    login: str = Field(max_length=100)
    password: Password
    code: Code = ""
    """Of the second step, if there is one."""


class Mine(BaseModel):
    """Who has signed in."""

    login: str
    role: str
    scopes: Sequence[str]
    second_step: bool
    """Whether he has one."""


class Where(BaseModel):
    """A sign-in of his own."""

    id: str
    created: datetime
    seen: datetime
    address: str
    agent: str
    this: bool
    """Whether it is the one that asks."""


class NewPassword(BaseModel):
    """A change of the own password."""

    old: Password
    new: Annotated[str, Field(min_length=SHORTEST, max_length=LONGEST)]


class Confirmed(BaseModel):
    """That it is he who asks."""

    password: Password


class Secret(BaseModel):
    """A second step that is not in force yet."""

    secret: str
    """Base 32, to be typed into a phone."""
    address: str
    """otpauth://…, to be shown as a QR code."""


class SecondStep(BaseModel):
    """A second step to be put in force: a code proves that the phone has it."""

    password: Password
    secret: Annotated[str, Field(pattern=r"^[A-Z2-7]{16,64}$")]
    code: Code


def routes(
    sign_in: SignIn, configuration: Configuration, changed: Callable[[], Awaitable[None]], access: Access
) -> APIRouter:
    """The routes under /api/v1/session. `changed` is awaited when an account has, so that it counts at once."""
    router = APIRouter(prefix="/api/v1/session", tags=["session"])
    any_one = access.to("")

    @router.post("")
    async def begin(body: Credentials, request: Request, response: Response) -> Mine:
        plain = await _told(
            sign_in.sign_in(
                body.login, body.password, code=body.code, address=address_of(request), agent=_agent(request)
            )
        )
        _keep(plain, request, response)
        token = await sign_in.token(plain)
        if token is None:  # removed in this moment
            raise HTTPException(401, "sign in again")
        return _mine(token)

    @router.get("")
    async def who(token: Annotated[ApiToken, any_one]) -> Mine:
        return _mine(token)

    @router.delete("", status_code=204)
    async def end(request: Request, response: Response, token: Annotated[ApiToken, any_one]) -> None:
        if session_of(request):
            await sign_in.end(token.login, id_=token.hash[:12])
        response.delete_cookie(COOKIE, httponly=True, samesite="strict")

    @router.get("/all")
    async def everywhere(token: Annotated[ApiToken, any_one]) -> Sequence[Where]:
        return [_where(each, token) for each in await sign_in.of(token.login)]

    @router.delete("/all", status_code=204)
    async def end_others(token: Annotated[ApiToken, any_one]) -> None:
        await sign_in.end(token.login, but=token.hash)

    @router.delete("/all/{id_}", status_code=204)
    async def end_one(id_: str, token: Annotated[ApiToken, any_one]) -> None:
        if not await sign_in.end(token.login, id_=id_):
            raise HTTPException(404, "there is no such session")

    @router.put("/password", status_code=204)
    async def password(
        body: NewPassword, request: Request, response: Response, token: Annotated[ApiToken, any_one]
    ) -> None:
        account = _own(token)
        await _told(sign_in.confirmed(token.login, body.old, address=address_of(request)))
        await _change(account, {"password": body.new}, token)
        if session_of(request):  # the sessions of the old password are over, this one goes on
            plain = await _told(sign_in.renew(token.login, address=address_of(request), agent=_agent(request)))
            _keep(plain, request, response)

    @router.post("/second-step")
    async def offer(token: Annotated[ApiToken, any_one]) -> Secret:
        secret = new_second_step()
        return Secret(secret=secret, address=address_for_phone(secret, _own(token).name, "Cordboard"))

    @router.put("/second-step", status_code=204)
    async def confirm(body: SecondStep, request: Request, token: Annotated[ApiToken, any_one]) -> None:
        account = _own(token)
        await _told(sign_in.confirmed(token.login, body.password, address=address_of(request)))
        if not sign_in.proves(body.secret, body.code):
            raise HTTPException(422, "the code is not of this secret: compare the clock of the phone, and type it anew")
        await _change(account, {"second_step": body.secret}, token)

    @router.post("/second-step/off", status_code=204)
    async def switch_off(body: Confirmed, request: Request, token: Annotated[ApiToken, any_one]) -> None:
        account = _own(token)
        await _told(sign_in.confirmed(token.login, body.password, address=address_of(request)))
        await _change(account, {"second_step": ""}, token)

    def _own(token: ApiToken) -> Account:
        account = sign_in.account(token.login)
        if account is None:
            raise HTTPException(404, "this token is of nobody who signs in")
        return account

    def _mine(token: ApiToken) -> Mine:
        account = sign_in.account(token.login)
        step = account is not None and bool(account.second_step)
        return Mine(login=token.login, role=token.role, scopes=sorted(scopes_of(token)), second_step=step)

    async def _change(account: Account, fields: dict[str, str], token: ApiToken) -> None:
        body = account.model_dump(mode="json", exclude={"password", "second_step"}) | fields
        await configuration.put(Account.kind, account.name, body, Actor(token.name, token.login), accept=lambda _: None)
        await changed()

    return router


def _agent(request: Request) -> str:
    return request.headers.get("user-agent", "")


def _keep(plain: str, request: Request, response: Response) -> None:
    age, secure = int(LASTS.total_seconds()), request.url.scheme == "https"
    response.set_cookie(COOKIE, plain, max_age=age, httponly=True, samesite="strict", secure=secure)


def _where(session: Session, token: ApiToken) -> Where:
    return Where(
        id=session.id,
        created=session.created,
        seen=session.seen,
        address=session.address,
        agent=session.agent,
        this=session.hash == token.hash,
    )


async def _told(asked: Awaitable[T]) -> T:
    """Raises HTTPException with 401 or 429 for what is wrong with a sign-in."""
    try:
        return await asked
    except WrongError as error:
        raise HTTPException(401, "name and password do not belong together", {"WWW-Authenticate": "Cookie"}) from error
    except CodeNeededError as error:
        raise HTTPException(401, "give the code that your phone shows", {"WWW-Authenticate": "Code"}) from error
    except TooManyError as error:
        wait = {"Retry-After": str(error.wait)}
        raise HTTPException(429, f"too many wrong passwords: try again in {error.wait} s", wait) from error
