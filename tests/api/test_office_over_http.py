from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from cordboard.api import office
from cordboard.api.access import Access
from cordboard.office.audit import MASK
from cordboard.office.configuration import Configuration
from cordboard.office.kinds import KINDS
from cordboard.office.model import OfficeData
from cordboard.store.database import Store
from cordboard.testing.api import HeldTokens, bearer
from cordboard.testing.office import HandClock
from cordboard.testing.store import sqlite_store

PATH = "/api/v1/office"
ANNA = {"name": "Анна", "number": "101"}
LINE = {"mode": "register", "host": "sip.example.com", "username": "u", "password": "S3cret"}


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with sqlite_store(tmp_path, clock=HandClock()) as opened:
        yield opened


@pytest.fixture
async def web(store: Store) -> AsyncIterator[httpx2.AsyncClient]:
    clock, app = HandClock(), FastAPI()
    app.include_router(office.routes(Configuration(store.office, clock), Access(HeldTokens(), clock)))
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(
        transport=transport, base_url=f"http://127.0.0.1{PATH}", headers=bearer("administrator")
    ) as client:
        yield client


async def loaded(store: Store) -> OfficeData:
    return await store.office.load()


async def test_a_user_is_added_changed_and_removed(web: httpx2.AsyncClient, store: Store) -> None:
    added = await web.put("/users/anna", json=ANNA | {"pin": "4821"})
    assert added.status_code == 201
    assert added.json()["item"] == ANNA | {
        "login": "anna",
        "mobile": "",
        "language": "",
        "allowed_prefixes": [],
        "enabled": True,
        "pin": MASK,
    }
    etag = added.headers["etag"]
    assert (await web.get("/users/anna")).headers["etag"] == etag == added.json()["etag"]
    (user,) = (await loaded(store)).users
    assert user.pin_hash.startswith("$argon2")
    changed = await web.put("/users/anna", json=added.json()["item"] | {"number": "102"}, headers={"If-Match": etag})
    assert (changed.status_code, changed.json()["item"]["number"]) == (200, "102")
    assert (await loaded(store)).users[0].pin_hash == user.pin_hash
    assert [each["key"] for each in (await web.get("/users")).json()] == ["anna"]
    assert (await web.delete("/users/anna")).json() == {"warnings": []}
    assert (await web.delete("/users/anna")).status_code == 404
    assert (await web.get("/users/anna")).status_code == 404


async def test_who_has_not_seen_the_last_state_changes_nothing(web: httpx2.AsyncClient, store: Store) -> None:
    old = (await web.put("/users/anna", json=ANNA)).headers["etag"]
    assert (await web.put("/users/anna", json=ANNA | {"number": "102"})).status_code == 428
    assert (await web.put("/users/anna", json=ANNA | {"number": "103"}, headers={"If-Match": old})).status_code == 200
    late = await web.put("/users/anna", json=ANNA | {"number": "104"}, headers={"If-Match": old})
    assert (late.status_code, late.headers["etag"] != old) == (412, True)
    assert (await web.delete("/users/anna", headers={"If-Match": old})).status_code == 412
    assert (await web.put("/users/boris", json=ANNA, headers={"If-Match": old})).status_code == 412
    assert [user.number for user in (await loaded(store)).users] == ["103"]
    any_state = await web.put("/users/anna", json=ANNA | {"number": "105"}, headers={"If-Match": "*"})
    assert any_state.status_code == 200


async def test_a_number_that_is_taken_is_told_in_words(web: httpx2.AsyncClient) -> None:
    await web.put("/users/anna", json=ANNA)
    taken = await web.put("/internal_numbers/101", json={"scenario": "menu"})
    assert taken.status_code == 409
    assert taken.json()["detail"] == "the number 101 is taken by Анна: choose another or free it first"


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("/users/anna", {"name": "Анна"}, ["number: Field required"]),
        ("/users/anna", ANNA | {"pin_hash": "x"}, ["pin_hash: there is no such field"]),
        ("/users/anna", ANNA | {"pin": "12a"}, ["pin: write 4 to 32 digits: it is typed on a telephone"]),
        ("/users/anna", ANNA | {"pin": 1234}, ["pin: write a text"]),
        ("/users/anna", ANNA | {"login": "boris"}, ["login: it is 'anna': add another one, and remove this"]),
        ("/users/anna", ANNA | {"name": "a\0"}, ["name: a character cannot be kept: write the text anew"]),
        ("/lines/city", LINE | {"port": 2**40}, ["port: the number is too large"]),
        ("/lines/city", LINE | {"mode": "x"}, ["mode: Input should be 'register' or 'address'"]),
        (f"/users/{'a' * 101}", ANNA, ["login: write 1 to 100 characters"]),
        ("/settings", {"country": "UA", "size": 4}, ["size: Extra inputs are not permitted"]),
        ("/groups/Sales", {"strategy": "loud"}, None),
    ],
)
async def test_what_is_wrong_is_said_and_nothing_changes(
    web: httpx2.AsyncClient, store: Store, path: str, body: dict[str, Any], words: list[str] | None
) -> None:
    before = await store.office.version()
    refused = await web.put(path, json=body, headers={"If-Match": "*"} if path == "/settings" else {})
    assert refused.status_code == 422
    assert words is None or refused.json()["detail"] == words
    assert await store.office.version() == before


async def test_passwords_are_set_and_never_shown(web: httpx2.AsyncClient, store: Store) -> None:
    await web.put("/users/anna", json=ANNA)
    assert (await web.put("/phones/101", json={"login": "anna"})).status_code == 422
    phone = await web.put("/phones/101", json={"login": "anna", "password": "rose-4"})
    assert phone.json()["item"]["password"] == MASK
    (kept,) = (await loaded(store)).phones
    assert kept.secret == "76c02b01addd8f7f504f101097bcb5c8"  # md5 of 101:cordboard:rose-4
    sha = await web.put(
        "/phones/101", json={"login": "anna", "algorithm": "SHA-256"}, headers={"If-Match": phone.headers["etag"]}
    )
    assert (sha.status_code, sha.json()["detail"][0][:9]) == (422, "password:")
    line = await web.put("/lines/city", json=LINE)
    assert line.json()["item"]["password"] == MASK
    again = await web.put("/lines/city", json=line.json()["item"] | {"port": 5070}, headers={"If-Match": "*"})
    assert (again.json()["item"]["port"], (await loaded(store)).lines[0].line.password) == (5070, "S3cret")
    everything = [(await web.get(f"/{kind}")).text for kind in ("users", "phones", "lines")]
    noted = repr(await store.audit.find())
    for secret in ("rose-4", "S3cret", kept.secret):
        assert secret not in "".join(everything) + noted


async def test_faults_of_the_office_are_warnings(web: httpx2.AsyncClient) -> None:
    answer = await web.put("/routes/world", json={"prefix": "+", "lines": ["city"]})
    assert (answer.status_code, answer.json()["warnings"]) == (201, ["route world: there is no line city"])


async def test_every_change_is_noted(web: httpx2.AsyncClient, store: Store) -> None:
    await web.put("/users/anna", json=ANNA)
    await web.put("/users/anna", json=ANNA | {"number": "102"}, headers={"If-Match": "*"})
    await web.put("/users/anna", json=ANNA | {"number": "102", "pin": "4821"}, headers={"If-Match": "*"})
    await web.put("/users/anna", json=ANNA | {"number": "102", "pin": "4822"}, headers={"If-Match": "*"})
    await web.put("/phones/101", json={"login": "anna", "password": "x"})
    await web.put("/settings", json={"country": "PL"}, headers={"If-Match": "*"})
    await web.delete("/users/anna")
    noted = [(each.action, each.kind, each.name, each.before, each.after) for each in await store.audit.find()][::-1]
    assert noted[1:4] == [
        ("changed", "users", "anna", {"number": "101"}, {"number": "102"}),
        ("changed", "users", "anna", {"pin": ""}, {"pin": MASK}),
        ("changed", "users", "anna", {}, {"pin": None}),
    ]
    assert noted[5] == ("changed", "settings", "", {"country": "UA"}, {"country": "PL"})
    assert [each[:3] for each in noted[6:]] == [("removed", "users", "anna"), ("removed", "phones", "101")]
    assert {(each.actor, each.login) for each in await store.audit.find()} == {("administrator", "anna")}


async def test_an_office_in_which_no_call_could_be_led_is_refused(web: httpx2.AsyncClient, store: Store) -> None:
    before = await store.office.version()
    await web.put("/routes/odd", json={"prefix": "0", "lines": [], "match": "("})
    usable = await store.office.version()
    assert usable in {before, before + 1}
    assert (await web.get("/routes")).status_code == 200


async def test_every_kind_of_document_is_there_with_its_schema(web: httpx2.AsyncClient) -> None:
    kinds = {each["kind"]: each for each in (await web.get(f"http://127.0.0.1{PATH}")).json()}
    assert list(kinds) == ["settings", "users", "phones", "lines", "internal_numbers", "routes", *KINDS]
    assert kinds["phones"]["secrets"] == ["password"]
    for kind, shape in KINDS.items():
        assert set(kinds[kind]["schema_"]["properties"]) == set(shape.model_fields)
        assert (await web.get(f"/{kind}")).json() == []
    added = await web.put("/groups/Sales", json={"number": "600", "members": []})
    assert (added.status_code, added.json()["item"]["number"]) == (201, "600")
    assert (await web.get("/groups/Sales")).json()["item"]["strategy"] == added.json()["item"]["strategy"]


async def test_a_name_with_a_slash_is_a_name(web: httpx2.AsyncClient) -> None:
    assert (await web.put("/routes/a%2Fb c", json={"prefix": "0", "lines": []})).status_code == 201
    assert (await web.get("/routes/a/b c")).json()["key"] == "a/b c"


async def test_half_a_character_is_refused(web: httpx2.AsyncClient) -> None:
    body = b'{"name": "\\ud800", "number": "101"}'
    refused = await web.put("/users/anna", content=body, headers={"Content-Type": "application/json"})
    assert (refused.status_code, refused.json()["detail"][0][:5]) == (422, "name:")
