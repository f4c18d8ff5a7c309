"""The contract of `office.people.PresenceRepository`, in memory and over every database."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cordboard.office.people import HeldPresence, KeptPresence, PresenceRepository
from cordboard.office.ports import Presence
from cordboard.testing.store import STORES

AT = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
LUNCH = KeptPresence("anna", Presence.BREAK, AT, "обед", AT + timedelta(minutes=30))


async def keeps(kept: PresenceRepository) -> None:
    assert list(await kept.all()) == []
    await kept.put(LUNCH)
    away = KeptPresence("boris", Presence.AWAY, AT)
    await kept.put(away)
    assert list(await kept.all()) == [LUNCH, away]
    ready = KeptPresence("anna", Presence.READY, AT + timedelta(hours=1))
    await kept.put(ready)
    assert list(await kept.all()) == [ready, away]


async def test_in_memory() -> None:
    await keeps(HeldPresence())


@pytest.mark.parametrize("kind", STORES)
async def test_in_a_database(kind: str, tmp_path: Path) -> None:
    async with STORES[kind](tmp_path) as store:
        await keeps(store.presence)
