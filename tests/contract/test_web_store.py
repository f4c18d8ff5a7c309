"""The contracts of `WebMemory`, `WebSettings` and `Notices`, over every database."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from cordboard.datasource.web.ports import KeptAnswer, WebMemory, WebSecret, WebSettings
from cordboard.office.notices import Notice, Notices
from cordboard.outbox.ports import WebhookRules
from cordboard.scenario.ports import Effect
from cordboard.store.database import Store
from cordboard.store.web import StoredSecret
from cordboard.testing.outbox import TEN
from cordboard.testing.store import STORES

HOUR = timedelta(hours=1)
CRM = StoredSecret("crm", "basic", "crm.test", "anna", "S3cret")


@pytest.fixture(params=STORES)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    async with STORES[request.param](tmp_path) as opened:
        if opened.writer.dialect == "postgresql":  # the database may have been used by another test before
            await opened.writer.commit([text("ALTER SEQUENCE notices_id_seq RESTART")])
        yield opened


# --- web -------------------------------------------------------------------------------------------------------------


async def test_the_last_answer_is_kept(store: Store) -> None:
    memory: WebMemory = store.web_answers
    assert await memory.recall("k") is None
    for body in (b"\x00\xff", b"\x01" * 100_000):
        await memory.remember("k", TEN, TEN + HOUR, status=200, content_type="text/xml", body=body)
    kept: KeptAnswer | None = await memory.recall("k")
    assert kept is not None
    assert (kept.at, kept.status, kept.content_type, kept.body) == (TEN, 200, "text/xml", b"\x01" * 100_000)


async def test_an_answer_that_is_of_no_use_any_more_is_forgotten(store: Store) -> None:
    for key, until in (("old", TEN), ("young", TEN + HOUR)):
        await store.web_answers.remember(key, TEN - HOUR, until, status=200, content_type="", body=b"")
    assert await store.web_answers.forget(TEN + HOUR / 2) == 1
    assert await store.web_answers.recall("old") is None
    assert await store.web_answers.recall("young") is not None


async def test_secrets_are_encrypted(store: Store) -> None:
    settings: WebSettings = store.web_settings
    assert await settings.secret("crm") is None
    await store.web_settings.set_secret(replace(CRM, value="old"))
    await store.web_settings.set_secret(CRM)
    found: WebSecret | None = await settings.secret("crm")
    assert found == CRM
    assert [(each.name, each.value) for each in await store.web_settings.secrets()] == [("crm", "")]
    raw = await store.reader.read(lambda connection: connection.execute(text("SELECT * FROM web_secrets")).all())
    assert "S3cret" not in str(raw) + repr(found)
    assert await store.web_settings.remove_secret("crm")
    assert not await store.web_settings.remove_secret("crm")


async def test_rules_are_those_of_webhooks_and_an_authority(store: Store) -> None:
    settings: WebSettings = store.web_settings
    rules = await settings.rules()
    assert (rules.local, rules.authority) == ((), "")
    await store.outbox_settings.set_webhooks(WebhookRules(("10.0.0.0/8",), "x"))
    await store.web_settings.set_authority("own.pem")
    rules = await settings.rules()
    assert (rules.local, rules.authority) == (("10.0.0.0/8",), "own.pem")


# --- notices ---------------------------------------------------------------------------------------------------------


async def told(store: Store, key: str, *to: str, **more: Any) -> None:
    await store.runs.emit([Effect("notice", key, {"to": list(to), "text": key, **more}, run_id="run-1", chain="c-1")])
    assert await store.notices.take_in(TEN) == 1


def ids(found: Any) -> list[int]:
    return [each.id for each in found]


async def test_an_effect_becomes_a_notice_for_each_login(store: Store) -> None:
    notices: Notices = store.notices
    assert await notices.take_in(TEN) == 0
    await told(store, "Мовчить", "anna", "olena", "anna", data={"sum": 12.5}, urgent=True)
    assert await notices.take_in(TEN) == 0
    assert await store.runs.effects() == []
    expected = Notice(1, "anna", TEN, "Мовчить", {"sum": 12.5}, urgent=True, run_id="run-1", chain="c-1")
    assert await notices.of("anna") == [expected]
    assert [each.login for each in await notices.after(0)] == ["anna", "olena"]
    assert (await notices.last(), ids(await notices.after(1))) == (2, [2])


@pytest.mark.parametrize("payload", [{}, {"to": None}, {"to": [5, "", None]}, {"to": {"a": 1}}])
async def test_an_effect_that_cannot_be_read_is_taken(store: Store, payload: dict[str, Any]) -> None:
    await store.runs.emit([Effect("notice", "k", payload)])
    assert await store.notices.take_in(TEN) == 1
    assert await store.notices.last() == 0


async def test_the_unread_ones_come_first_page_by_page(store: Store) -> None:
    for key in "abcdef":
        await told(store, key, "anna")
    await told(store, "other", "olena")
    assert await store.notices.mark_read("anna", [5, 2, 7, 99], TEN) == 2
    assert await store.notices.mark_read("anna", [5], TEN + HOUR) == 0
    assert ids(await store.notices.of("anna")) == [6, 4, 3, 1, 5, 2]
    assert ids(await store.notices.of("anna", unread=True)) == [6, 4, 3, 1]
    pages = [[6, 4], [3, 1], [5, 2], []]
    before = 0
    for page in pages:
        found = ids(await store.notices.of("anna", before=before, limit=2))
        assert found == page
        before = (found or [0])[-1]
    assert [await store.notices.unread(login) for login in ("anna", "olena", "nobody")] == [4, 1, 0]
    assert (await store.notices.of("anna"))[-1].read == TEN
    assert await store.notices.mark_read("anna", [], TEN) == 4
    assert await store.notices.unread("olena") == 1


async def test_old_notices_are_forgotten(store: Store) -> None:
    await told(store, "a", "anna")
    assert await store.notices.forget(TEN) == 0
    assert await store.notices.forget(TEN + HOUR) == 1
    assert await store.notices.of("anna") == []
