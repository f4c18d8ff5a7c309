"""The contract of `Audit`, and the users and roles of tokens, over every database."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from cordboard.office.audit import Actor, Audit, AuditEntry, entry
from cordboard.office.tokens import hashed, new_token
from cordboard.store.database import Store
from cordboard.testing.api import NOW
from cordboard.testing.store import STORES

ANNA = Actor("page", "anna")


@pytest.fixture(params=STORES)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    async with STORES[request.param](tmp_path) as opened:
        if opened.writer.dialect == "postgresql":  # the database may have been used by another test before
            await opened.writer.commit([text("TRUNCATE audit RESTART IDENTITY"), text("TRUNCATE api_tokens")])
        yield opened


def changed(name: str, minutes: int = 0, kind: str = "users", actor: Actor = ANNA) -> AuditEntry:
    at = NOW + timedelta(minutes=minutes)
    made = entry(actor, at, kind, name, before={"number": "101", "a": 1}, after={"number": "102", "a": 1})
    assert made is not None
    return made


def test_an_entry_holds_what_changed() -> None:
    assert (changed("x").action, changed("x").before, changed("x").after) == (
        "changed",
        {"number": "101"},
        {"number": "102"},
    )
    assert entry(ANNA, NOW, "users", "x", before={"a": 1}, after={"a": 1}) is None
    added, removed = (
        entry(ANNA, NOW, "users", "x", before=before, after=after)
        for before, after in ((None, {"a": 1}), ({"a": 1}, None))
    )
    assert added is not None
    assert removed is not None
    assert (added.action, added.after, removed.action, removed.before) == ("added", {"a": 1}, "removed", {"a": 1})


async def test_entries_are_found_the_newest_first(store: Store) -> None:
    audit: Audit = store.audit
    entries = [changed("anna"), changed("city", 1, "lines"), changed("anna", 2, actor=Actor("crm"))]
    await audit.note(*entries[:2])
    await audit.note(entries[2])
    kept = [replace(each, id=number) for number, each in enumerate(entries, 1)]
    assert await audit.find() == kept[::-1]
    assert await audit.find(before=3, limit=1) == [kept[1]]
    assert await audit.find(kind="users", name="anna") == [kept[2], kept[0]]
    assert await audit.find(actor="crm") == [kept[2]]
    assert await audit.find(login="anna") == [kept[1], kept[0]]
    assert await audit.find(since=NOW + timedelta(minutes=1), until=NOW + timedelta(minutes=2)) == [kept[1]]


async def test_a_token_has_a_user_and_a_role(store: Store) -> None:
    plain, token = new_token("page", [], NOW, login="anna", role="operator")
    assert await store.tokens.add(token)
    assert await store.tokens.by_hash(hashed(plain)) == token
    assert (token.login, token.role) == ("anna", "operator")
