from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI

from cordboard.api import audit, tokens
from cordboard.api.access import Access
from cordboard.office.tokens import SCOPES
from cordboard.store.database import Store
from cordboard.testing.api import HeldTokens, bearer, program
from cordboard.testing.office import HandClock
from cordboard.testing.store import sqlite_store

PATH = "/api/v1/tokens"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with sqlite_store(tmp_path) as opened:
        yield opened


@pytest.fixture
async def web(store: Store) -> AsyncIterator[httpx2.AsyncClient]:
    clock, held = HandClock(), HeldTokens(program("limited", "tokens", "runs"))
    app, access = FastAPI(), Access(held, clock)
    app.include_router(tokens.routes(held, lambda login: login == "anna", store.audit, clock, access))
    app.include_router(audit.routes(store.audit, access))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://127.0.0.1") as client:
        yield client


async def test_a_token_is_made_used_and_revoked(web: httpx2.AsyncClient) -> None:
    new = {"name": "desk", "role": "operator", "login": "anna", "scopes": ["log"]}
    made = await web.post(PATH, json=new, headers=bearer("administrator"))
    assert made.status_code == 201
    plain = made.json()["token"]
    mine = (await web.get(f"{PATH}/mine", headers=bearer(plain))).json()
    assert (mine["name"], mine["login"], mine["role"]) == ("desk", "anna", "operator")
    assert set(mine["scopes"]) >= {"log", "notices", "own", "screens"}
    assert not set(mine["scopes"]) & {"office:read", "office:write", "audit", "tokens", "calls:monitor"}
    listed = (await web.get(PATH, headers=bearer("administrator"))).text
    assert "desk" in listed
    assert plain not in listed
    assert (await web.post(PATH, json=new, headers=bearer("administrator"))).status_code == 409
    assert (await web.delete(f"{PATH}/desk", headers=bearer("administrator"))).status_code == 204
    assert (await web.delete(f"{PATH}/desk", headers=bearer("administrator"))).status_code == 404
    assert (await web.get(f"{PATH}/mine", headers=bearer(plain))).status_code == 401
    noted = (await web.get("/api/v1/audit", headers=bearer("auditor"))).json()
    assert [(each["action"], each["kind"], each["name"], each["login"]) for each in noted] == [
        ("removed", "tokens", "desk", "anna"),
        ("added", "tokens", "desk", "anna"),
    ]
    assert noted[1]["after"] == {"scopes": ["log"], "login": "anna", "role": "operator"}


@pytest.mark.parametrize(
    ("new", "status", "words"),
    [
        ({"name": "x", "scopes": ["all"]}, 422, "there is no scope 'all'"),
        ({"name": "x"}, 422, "give scopes or a role"),
        ({"name": "x", "role": "user", "login": "nobody"}, 422, "there is no user 'nobody'"),
        ({"name": "x", "scopes": ["log"]}, 403, "has no right to 'log' itself"),
        ({"name": "x", "role": "administrator"}, 403, "has no right"),
        ({"name": "x", "scopes": ["runs"]}, 201, "token"),
    ],
)
async def test_nobody_gives_away_what_he_has_not(
    web: httpx2.AsyncClient, new: dict[str, object], status: int, words: str
) -> None:
    answer = await web.post(PATH, json=new, headers=bearer("limited"))
    assert (answer.status_code, words in answer.text) == (status, True)


async def test_what_there_is_to_give(web: httpx2.AsyncClient) -> None:
    rights = (await web.get(f"{PATH}/rights", headers=bearer("administrator"))).json()
    assert rights["scopes"] == dict(SCOPES)
    assert set(rights["roles"]) == {"administrator", "supervisor", "operator", "user", "auditor"}
    assert rights["roles"]["administrator"] == sorted(SCOPES)
