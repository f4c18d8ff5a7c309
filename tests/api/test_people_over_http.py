"""Who is there, over HTTP: everybody is seen, and each changes himself."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from cordboard.api import audit, people
from cordboard.api.access import Access
from cordboard.office.configuration import Configuration
from cordboard.office.directory import OfficeDirectory
from cordboard.office.people import OfficePeople
from cordboard.office.pins import PinGuard
from cordboard.office.ports import PinCheck
from cordboard.store.database import Store
from cordboard.testing.api import HeldTokens, bearer
from cordboard.testing.office import OFFICE, HandClock
from cordboard.testing.store import sqlite_store
from cordboard.wiring.user_rules import keeper

PATH = "/api/v1/people"
USER, ADMIN = bearer("user"), bearer("administrator")  # both are anna's


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with sqlite_store(tmp_path) as opened:
        await opened.office.save(OFFICE.settings, *OFFICE.users, *OFFICE.phones, *OFFICE.lines, *OFFICE.routes)
        yield opened


@pytest.fixture
async def office(store: Store) -> OfficeDirectory:
    made = OfficeDirectory(store.office, PinGuard(store.pin_failures, HandClock()))
    await made.reload()
    return made


@pytest.fixture
async def web(store: Store, office: OfficeDirectory) -> AsyncIterator[httpx2.AsyncClient]:
    clock = HandClock()
    there = OfficePeople(office, store.presence, clock, lambda account: account == "101")
    configuration, access = Configuration(store.office, clock), Access(HeldTokens(), clock)
    app = FastAPI()
    app.include_router(people.routes(office, there, keeper(configuration, office.reload), configuration, access))
    app.include_router(audit.routes(store.audit, access))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://127.0.0.1") as client:
        yield client


async def state(web: httpx2.AsyncClient, login: str) -> Any:
    return next(each for each in (await web.get(PATH, headers=USER)).json() if each["login"] == login)


async def test_everybody_is_seen_and_no_secret(web: httpx2.AsyncClient) -> None:
    answer = await web.get(PATH, headers=USER)
    assert {each["login"]: each["online"] for each in answer.json()} == {
        user.login: user.login == "anna" for user in OFFICE.users if user.enabled
    }
    assert not {"pin", "hash", "secret", "argon"} & set(answer.text.lower().replace('"', " ").split())
    assert (await state(web, "anna"))["number"] == "101"


async def test_a_user_says_what_he_is_about_and_for_how_long(web: httpx2.AsyncClient) -> None:
    said = {"presence": "break", "reason": "lunch", "until": "2026-11-23T10:30:00Z"}
    assert (await web.put(f"{PATH}/anna/presence", json=said, headers=USER)).status_code == 204
    now = await state(web, "anna")
    assert (now["presence"], now["reason"], now["until"]) == ("break", "lunch", "2026-11-23T10:30:00Z")
    naive = said | {"until": "2026-11-23T10:30:00"}
    assert (await web.put(f"{PATH}/anna/presence", json=naive, headers=USER)).status_code == 422
    assert (await web.put(f"{PATH}/boris/presence", json=said, headers=USER)).status_code == 403
    assert (await web.put(f"{PATH}/boris/presence", json=said, headers=ADMIN)).status_code == 204
    assert (await web.put(f"{PATH}/nobody/presence", json=said, headers=ADMIN)).status_code == 404


async def test_a_user_says_how_calls_reach_him_and_it_is_noted(web: httpx2.AsyncClient) -> None:
    found = (await web.get(f"{PATH}/anna/rules", headers=USER)).json()
    assert (found["name"], found["forwards"]) == ("anna", [])
    rules = {"forwards": [{"when": "busy", "number": "102"}], "call_waiting": False}
    answer = await web.put(f"{PATH}/anna/rules", json=rules, headers=USER)
    assert answer.status_code == 200
    assert (await web.get(f"{PATH}/anna/rules", headers=USER)).json() == answer.json()
    ((note,),) = [(await web.get("/api/v1/audit", params={"kind": "user_rules"}, headers=ADMIN)).json()]
    assert (note["name"], note["login"], note["actor"]) == ("anna", "anna", "user")
    wrong = {"forwards": [{"when": "busy"}]}
    refused = await web.put(f"{PATH}/anna/rules", json=wrong, headers=USER)
    assert (refused.status_code, "say where it goes" in refused.text) == (422, True)
    assert (await web.put(f"{PATH}/anna/rules", json=rules | {"name": "boris"}, headers=USER)).status_code == 422
    assert (await web.put(f"{PATH}/boris/rules", json=rules, headers=USER)).status_code == 403
    assert (await web.get(f"{PATH}/boris/rules", headers=USER)).status_code == 403
    assert (await web.put(f"{PATH}/nobody/rules", json=rules, headers=ADMIN)).status_code == 404


async def test_a_user_sets_his_pin_of_which_a_hash_is_kept(
    web: httpx2.AsyncClient, office: OfficeDirectory, store: Store
) -> None:
    assert (await web.put(f"{PATH}/anna/pin", json={"pin": "48151623"}, headers=USER)).status_code == 204
    assert await office.check_pin("anna", "48151623") is PinCheck.RIGHT
    before = next(user for user in OFFICE.users if user.login == "anna")
    after = next(user for user in (await store.office.load()).users if user.login == "anna")
    assert (after.name, after.number, after.allowed_prefixes) == (before.name, before.number, before.allowed_prefixes)
    assert "48151623" not in (await web.get("/api/v1/audit", headers=ADMIN)).text
    assert (await web.put(f"{PATH}/anna/pin", json={"pin": "12a4"}, headers=USER)).status_code == 422
    assert (await web.put(f"{PATH}/boris/pin", json={"pin": "1234"}, headers=USER)).status_code == 403
