"""Signing in over HTTP: the cookie, what it may be used for, and what guards it."""

import asyncio
import base64
import hmac
import struct
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from cordboard.api import events
from cordboard.api.access import COOKIE, Access
from cordboard.office.accounts import Account
from cordboard.office.live import LiveEvents
from cordboard.office.roles import Role
from cordboard.office.sessions import HeldSessions, SignIn
from cordboard.store.database import Store
from cordboard.testing.api import HeldTokens, bearer, real_app
from cordboard.testing.office import HandClock, loaded_directory
from cordboard.testing.store import sqlite_store

PATH = "/api/v1/session"
PASSWORD = "correct horse battery"
OLENA = Account(name="olena", role=Role.ADMINISTRATOR, password=Account.kept("password", PASSWORD))
PAGE = {"X-Cordboard": "1"}


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with sqlite_store(tmp_path) as opened:
        await opened.office.save(OLENA)
        yield opened


@pytest.fixture
async def app(store: Store, tmp_path: Path) -> FastAPI:
    return await real_app(store, tmp_path)


def browser(app: FastAPI, *, scheme: str = "http", agent: str = "Firefox") -> httpx2.AsyncClient:
    heads = PAGE | {"User-Agent": agent}
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=f"{scheme}://127.0.0.1", headers=heads)


@pytest.fixture
async def web(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    async with browser(app) as client:
        yield client


async def signed_in(web: httpx2.AsyncClient, password: str = PASSWORD) -> httpx2.Response:
    return await web.post(PATH, json={"login": "olena", "password": password})


async def test_who_signs_in_may_what_his_role_may_until_he_signs_out(web: httpx2.AsyncClient) -> None:
    assert (await web.get(PATH)).status_code == 401
    made = await signed_in(web)
    assert made.status_code == 200
    assert (made.json()["login"], made.json()["role"], made.json()["second_step"]) == ("olena", "administrator", False)
    cookie = made.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "secure" not in cookie, "this machine has no TLS"
    assert (await web.get("/api/v1/office/users")).status_code == 200
    assert (await web.get(PATH)).json() == made.json()
    kept = web.cookies[COOKIE]
    assert (await web.delete(PATH)).status_code == 204
    assert COOKIE not in web.cookies
    web.cookies.set(COOKIE, kept)
    ended = await web.get("/api/v1/office/users")
    assert (ended.status_code, ended.json()["detail"]) == (401, "the session is over: sign in again")


async def test_through_a_proxy_with_tls_the_cookie_is_for_tls(app: FastAPI) -> None:
    async with browser(app, scheme="https") as web:
        assert "secure" in (await signed_in(web)).headers["set-cookie"].lower()


async def test_a_page_elsewhere_changes_nothing(web: httpx2.AsyncClient) -> None:
    await signed_in(web)
    del web.headers["X-Cordboard"]
    assert (await web.get("/api/v1/office/users")).status_code == 200
    refused = await web.put("/api/v1/office/internal_numbers/710", json={"scenario": "menu"})
    assert refused.status_code == 403
    assert "X-Cordboard" in refused.json()["detail"]
    token = await web.put(
        "/api/v1/office/internal_numbers/710", json={"scenario": "menu"}, headers=bearer("administrator")
    )
    assert token.status_code in {200, 201}, "a token needs no such head: no browser sends it by itself"


async def test_what_is_wrong_is_not_told_and_guessing_ends(web: httpx2.AsyncClient) -> None:
    answers = [await web.post(PATH, json={"login": login, "password": "x"}) for login in ("olena", "nobody")]
    assert {(each.status_code, each.json()["detail"]) for each in answers} == {
        (401, "name and password do not belong together")
    }
    for _ in range(9):
        assert (await signed_in(web, "x")).status_code == 401
    refused = await signed_in(web)
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) > 800
    assert "set-cookie" not in refused.headers


async def test_a_new_password_ends_the_sessions_elsewhere_and_is_noted(web: httpx2.AsyncClient, app: FastAPI) -> None:
    await signed_in(web)
    async with browser(app) as other:
        await signed_in(other)
        change = {"old": "wrong", "new": "a new long password"}
        assert (await web.put(f"{PATH}/password", json=change)).status_code == 401
        assert (await web.put(f"{PATH}/password", json=change | {"new": "short"})).status_code == 422
        assert (await web.put(f"{PATH}/password", json=change | {"old": PASSWORD})).status_code == 204
        assert (await web.get(PATH)).status_code == 200, "here it goes on"
        assert (await other.get(PATH)).status_code == 401
        assert (await signed_in(other)).status_code == 401
        assert (await signed_in(other, "a new long password")).status_code == 200
    noted = (await web.get("/api/v1/audit", params={"kind": "accounts"})).json()
    assert [(each["action"], each["name"], each["login"]) for each in noted] == [("changed", "olena", "olena")]
    assert "long" not in str(noted)
    assert "argon2" not in str(noted)


async def test_sessions_are_listed_and_ended_one_by_one_or_all_others(web: httpx2.AsyncClient, app: FastAPI) -> None:
    await signed_in(web)
    for agent in ("Chromium", "Opera"):
        async with browser(app, agent=agent) as other:
            await signed_in(other)
    listed = (await web.get(f"{PATH}/all")).json()
    assert {each["agent"]: each["this"] for each in listed} == {"Firefox": True, "Chromium": False, "Opera": False}
    opera = next(each["id"] for each in listed if each["agent"] == "Opera")
    assert (await web.delete(f"{PATH}/all/{opera}")).status_code == 204
    assert (await web.delete(f"{PATH}/all/{opera}")).status_code == 404
    assert len((await web.get(f"{PATH}/all")).json()) == 2
    assert (await web.delete(f"{PATH}/all")).status_code == 204
    (left,) = (await web.get(f"{PATH}/all")).json()
    assert left["this"]


async def test_a_second_step_is_put_in_force_by_a_code_and_switched_off_by_the_password(
    web: httpx2.AsyncClient,
) -> None:
    await signed_in(web)
    offered = (await web.post(f"{PATH}/second-step")).json()
    assert offered["address"].startswith("otpauth://totp/Cordboard:olena?")
    step = {"password": PASSWORD, "secret": offered["secret"], "code": "000000"}
    assert (await web.put(f"{PATH}/second-step", json=step)).status_code == 422
    code = code_now(offered["secret"])
    assert (await web.put(f"{PATH}/second-step", json=step | {"code": code})).status_code == 204
    assert (await web.get(PATH)).json()["second_step"]
    asked = await signed_in(web)
    assert (asked.status_code, asked.headers["www-authenticate"]) == (401, "Code")
    given = {"login": "olena", "password": PASSWORD, "code": code_now(offered["secret"])}
    assert (await web.post(PATH, json=given)).status_code == 200
    assert (await web.post(f"{PATH}/second-step/off", json={"password": "wrong"})).status_code == 401
    assert (await web.post(f"{PATH}/second-step/off", json={"password": PASSWORD})).status_code == 204
    assert (await signed_in(web)).status_code == 200


def code_now(secret: str) -> str:
    """What a phone's application shows, by an independent reckoning of RFC 6238."""
    key, step = base64.b32decode(secret), int(time.time()) // 30
    digest = hmac.digest(key, struct.pack(">Q", step), "sha1")
    offset = digest[-1] & 15
    return f"{(int.from_bytes(digest[offset : offset + 4]) & 0x7FFFFFFF) % 10**6:06}"


@pytest.mark.parametrize(
    ("origin", "let_in"), [("http://testserver", True), ("http://evil.example", False), ("", False)]
)
def test_a_websocket_is_opened_by_a_page_of_ours_alone(origin: str, let_in: bool) -> None:
    clock = HandClock()
    sign_in = SignIn(lambda: {"olena": OLENA}, HeldSessions(), clock)
    app = FastAPI()
    live = LiveEvents(asyncio.run(loaded_directory()), clock)
    app.include_router(events.routes(live, Access(HeldTokens(), clock, sign_in.token)))
    cookie = f"{COOKIE}={asyncio.run(sign_in.sign_in('olena', PASSWORD))}"
    heads = {"cookie": cookie} | ({"origin": origin} if origin else {})
    with TestClient(app).websocket_connect("/api/v1/events", headers=heads) as socket:
        socket.send_json({})
        if let_in:
            assert socket.receive_json() == {"topic": "hello"}
        else:
            with pytest.raises(WebSocketDisconnect):
                socket.receive_json()


async def test_a_token_of_a_program_has_no_password_to_change(web: httpx2.AsyncClient) -> None:
    change = {"old": PASSWORD, "new": "a new long password"}
    refused = await web.put(f"{PATH}/password", json=change, headers=bearer("auditor"))
    assert refused.status_code == 404
