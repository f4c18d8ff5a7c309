from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from cordboard.office.tokens import SCOPES, hashed, new_token
from cordboard.testing.store import sqlite_store

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


async def test_a_token_is_found_by_its_hash_until_it_is_revoked(tmp_path: Path) -> None:
    plain, token = new_token("crm", ["scenarios"], NOW)
    async with sqlite_store(tmp_path) as store:
        assert await store.tokens.add(token)
        assert not await store.tokens.add(new_token("crm", ["runs"], NOW)[1])
        await store.tokens.used("crm", NOW)
        assert await store.tokens.by_hash(hashed(plain)) == replace(token, used=NOW)
        assert await store.tokens.by_hash(hashed(plain + "x")) is None
        assert [each.name for each in await store.tokens.all()] == ["crm"]
        assert await store.tokens.remove("crm")
        assert not await store.tokens.remove("crm")
        assert await store.tokens.by_hash(hashed(plain)) is None


def test_only_the_hash_is_kept_and_no_two_tokens_are_alike() -> None:
    plain, token = new_token("crm", list(SCOPES), NOW)
    assert plain not in repr(token)
    assert token.hash != plain
    assert len(plain) > 40
    assert new_token("crm", [], NOW)[0] != plain
