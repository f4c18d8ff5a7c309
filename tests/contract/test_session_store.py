"""The contract of `office.sessions.SessionRepository`, in memory and over every database."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cordboard.office.sessions import HeldSessions, Session, SessionRepository
from cordboard.testing.store import STORES

AT = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def session(name: str, login: str, at: datetime) -> Session:
    return Session(name * 64, login, at, at, "10.0.0.5", "Firefox \0 Лисиця", "proof")


async def keeps(kept: SessionRepository) -> None:
    old, young, other = session("a", "olena", AT), session("b", "olena", AT + HOUR), session("c", "ivan", AT)
    for each in (old, young, other):
        await kept.add(each)
    assert [each.id for each in await kept.of("olena")] == ["b" * 12, "a" * 12]
    assert await kept.of("nobody") == []
    found = await kept.by_hash("a" * 64)
    assert found is not None
    assert (found.login, found.created, found.seen, found.address) == ("olena", AT, AT, "10.0.0.5")
    assert found.agent.endswith("Лисиця")
    assert await kept.by_hash("d" * 64) is None
    await kept.seen("a" * 64, AT + 2 * HOUR)
    await kept.forget(AT, AT + HOUR)
    assert [each.id for each in await kept.of("olena")] == ["b" * 12, "a" * 12], "both were seen late enough"
    assert await kept.by_hash("c" * 64) is None
    await kept.forget(AT + HOUR, AT)
    assert [each.id for each in await kept.of("olena")] == ["b" * 12], "the other one is too old, seen or not"
    await kept.remove()
    await kept.remove("b" * 64, "d" * 64)
    assert await kept.of("olena") == []


async def test_in_memory() -> None:
    await keeps(HeldSessions())


@pytest.mark.parametrize("kind", STORES)
async def test_in_a_database(kind: str, tmp_path: Path) -> None:
    async with STORES[kind](tmp_path) as store:
        await keeps(store.sessions)
