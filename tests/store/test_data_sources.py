"""Data sources are kept, their passwords encrypted, on both databases."""

import asyncio
from pathlib import Path

import pytest

from cordboard.store.data_sources import StoredSource
from cordboard.store.database import open_store
from cordboard.testing.postgres import postgres_store

PASSWORD = "s3cret-Пароль"
CRM = StoredSource(
    "crm", "postgresql", "db.company.com", 5433, "crm", "reader", PASSWORD, {"tls": "verify"}, seconds=0.75, rows=50
)


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
async def test_a_source_is_kept_replaced_and_forgotten(tmp_path: Path, kind: str) -> None:
    opened = await open_store(tmp_path / "a.sqlite") if kind == "sqlite" else postgres_store(tmp_path)
    async with opened as store:
        assert await store.data_sources.source("crm") is None
        await store.data_sources.set_source(CRM)
        await store.data_sources.set_source(StoredSource("archive", "sqlite", database="/srv/old.db"))
        assert await store.data_sources.source("crm") == CRM
        assert [(each.name, each.password) for each in await store.data_sources.sources()] == [
            ("archive", ""),
            ("crm", ""),
        ]
        await store.data_sources.set_source(StoredSource("crm", "mysql", writes=True))
        assert await store.data_sources.source("crm") == StoredSource("crm", "mysql", writes=True)
        assert await store.data_sources.remove_source("crm")
        assert not await store.data_sources.remove_source("crm")
        assert await store.data_sources.source("crm") is None


def test_the_password_is_neither_in_the_file_nor_in_a_log_line(tmp_path: Path) -> None:
    async def keep() -> None:
        async with await open_store(tmp_path / "a.sqlite") as store:
            await store.data_sources.set_source(CRM)

    asyncio.run(keep())
    kept = b"".join(file.read_bytes() for file in tmp_path.glob("a.sqlite*"))
    assert b"reader" in kept
    assert PASSWORD.encode() not in kept
    assert PASSWORD not in repr(CRM)
