"""Scenarios are edited, looked at, published and brought back over HTTP; nobody's work is lost."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from cordboard.testing.api import bearer, real_app
from cordboard.testing.store import sqlite_store
from cordboard.testing.stories import DEMO

MENU = (DEMO / "menu.yaml").read_text(encoding="utf-8")
HANGS = """\
scenario: hangs
kind: voice
title: Hangs up
start: bye
steps:
  bye:
    component: hang_up
"""
BROKEN = HANGS.replace("component: hang_up", "component: hang_upp")
ADMIN = dict(bearer("administrator"))


@pytest.fixture
async def web(tmp_path: Path) -> AsyncIterator[httpx2.AsyncClient]:
    async with sqlite_store(tmp_path) as store:
        transport = httpx2.ASGITransport(app=await real_app(store, tmp_path))
        async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1/api/v1", headers=ADMIN) as client:
            yield client


async def draft(web: httpx2.AsyncClient, text: str, revision: int = 0, name: str = "hangs") -> httpx2.Response:
    return await web.put(f"/scenarios/{name}/draft", json={"text": text, "revision": revision})


async def published(web: httpx2.AsyncClient, message: str = "") -> Any:
    answer = await web.post("/releases", json={"message": message})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_from_a_draft_to_a_release_and_back(web: httpx2.AsyncClient) -> None:
    saved = (await draft(web, HANGS)).json()
    assert (saved["revision"], saved["faults"]) == (1, [])
    assert (await web.get("/scenarios")).json() == [
        {"name": "hangs", "kind": "voice", "title": "Hangs up", "published": False, "draft": True}
    ]
    (change,) = (await web.get("/drafts")).json()
    assert (change["scenario"], change["what"]) == ("hangs", "added")
    assert (await published(web, "first"))["number"] == 1
    shown = (await web.get("/scenarios/hangs")).json()
    assert (shown["published"], shown["draft"], shown["faults"]) == (HANGS, None, [])

    await draft(web, HANGS.replace("Hangs up", "Says good-bye"))
    made = await published(web, "second")
    assert [(each["part"], each["name"], each["after"]) for each in made["changes"]] == [
        ("meta", "title", "Says good-bye")
    ]
    listed = (await web.get("/releases")).json()
    assert [(each["number"], each["author"], each["message"]) for each in listed] == [
        (2, "anna", "second"), (1, "anna", "first"),
    ]  # fmt: skip
    between = (await web.get("/releases/1/changes/2")).json()
    assert [each["before"] for each in between] == ["Hangs up"]
    back = (await web.post("/releases/1/rollback", json={"message": "it was better"})).json()
    assert back["number"] == 3
    assert (await web.get("/releases/3")).json()["scenarios"] == {"hangs": HANGS}
    noted = (await web.get("/audit", params={"kind": "releases"})).json()
    assert [(each["name"], each["login"], each["after"]["scenarios"]) for each in noted] == [
        (number, "anna", ["hangs"]) for number in ("3", "2", "1")
    ]


async def test_two_editors_get_a_conflict_that_shows_both(web: httpx2.AsyncClient) -> None:
    await draft(web, HANGS)
    await draft(web, HANGS.replace("Hangs up", "Hers"), revision=1)
    late = await draft(web, HANGS.replace("Hangs up", "His"), revision=1)
    assert late.status_code == 409
    told = late.json()["detail"]
    assert told["message"] == "anna has saved it meanwhile: look at both, and save over that revision"
    assert (told["theirs"]["revision"], "Hers" in told["theirs"]["text"]) == (2, True)
    assert [(each["before"], each["after"]) for each in told["changes"]] == [("Hers", "His")]
    over = await draft(web, HANGS.replace("Hangs up", "His"), revision=2)
    assert over.json()["revision"] == 3
    assert (await web.delete("/scenarios/hangs/draft", params={"revision": 2})).status_code == 409
    assert (await web.delete("/scenarios/hangs/draft", params={"revision": 3})).status_code == 204
    assert (await web.get("/scenarios/hangs")).status_code == 404
    gone = await draft(web, HANGS, revision=3)
    assert (gone.status_code, gone.json()["detail"]["theirs"]) == (409, None)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "unknown component 'hang_upp'"),
        ("ru", "неизвестный компонент 'hang_upp'"),
        ("uk", "невідомий компонент 'hang_upp'"),
    ],
)
async def test_a_broken_draft_is_kept_told_in_the_readers_language_and_not_published(
    web: httpx2.AsyncClient, language: str, words: str
) -> None:
    web.headers["Accept-Language"] = f"{language},de;q=0.5"
    (fault,) = (await draft(web, BROKEN)).json()["faults"]
    assert words in fault["message"]
    assert (fault["severity"], fault["line"], fault["step"]) == ("error", 7, "bye")
    refused = await web.post("/releases", json={})
    assert refused.status_code == 409
    assert refused.json()["detail"]["faults"] == {"hangs": [fault]}
    assert (await web.get("/releases")).json() == []
    assert (await web.get("/scenarios/hangs")).json()["draft"]["text"] == BROKEN
    checked = (await web.post("/drafts/check", json={"name": "other", "text": BROKEN})).json()
    assert words in checked[-1]["message"]


async def test_a_draft_begun_before_another_release_is_not_published_unseen(web: httpx2.AsyncClient) -> None:
    await draft(web, HANGS)
    await published(web)
    await web.put("/scenarios/hangs/draft", json={"text": HANGS.replace("Hangs up", "Old"), "based_on": 0})
    refused = await web.post("/releases", json={"names": ["hangs"]})
    assert (refused.status_code, refused.json()["detail"]["outdated"]) == (409, ["hangs"])
    assert (await web.post("/releases", json={"names": ["nothing"]})).status_code == 404


async def test_a_scenario_is_taken_out_by_an_empty_draft(web: httpx2.AsyncClient) -> None:
    await draft(web, HANGS)
    await draft(web, MENU, name="menu")
    await published(web)
    await draft(web, "", name="hangs")
    made = await published(web)
    assert [(each["scenario"], each["what"]) for each in made["changes"]] == [("hangs", "removed")]
    assert [each["name"] for each in (await web.get("/scenarios")).json()] == ["menu"]


async def test_components_are_described_in_the_readers_language(web: httpx2.AsyncClient) -> None:
    titles = {}
    for language in ("en", "ru", "uk"):
        described = (await web.get("/components", params={"lang": language})).json()
        titles[language] = {each["kind"]: each["title"] for each in described}
    assert [titles[language]["hang_up"] for language in titles] == ["Hang up", "Разрыв связи", "Розрив зв'язку"]
    assert titles["en"].keys() == titles["ru"].keys()


@pytest.mark.parametrize("name", [".hidden", "a" * 101, "new%0Aline"])
async def test_a_name_that_is_none_is_refused(web: httpx2.AsyncClient, name: str) -> None:
    refused = await draft(web, HANGS, name=name)
    assert (refused.status_code, "is no name for a scenario" in refused.json()["detail"]) == (422, True)


async def test_who_may_read_may_not_write(web: httpx2.AsyncClient) -> None:
    web.headers.update(bearer("auditor"))
    assert (await web.get("/scenarios")).status_code == 200
    assert (await draft(web, HANGS)).status_code == 403
    assert (await web.post("/releases", json={})).status_code == 403
    web.headers.update(bearer("operator"))
    assert (await web.get("/scenarios")).status_code == 403
