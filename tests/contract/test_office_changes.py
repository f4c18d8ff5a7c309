"""The contract of `OfficeChanges`, over every database."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from cordboard.office.audit import AuditEntry
from cordboard.office.configuration import OfficeChanges
from cordboard.office.model import InternalNumber, OfficeItem, Route, User, UserPhone
from cordboard.office.repositories import ClashError
from cordboard.store.database import Store
from cordboard.testing.store import STORES

NOTE = AuditEntry(datetime(2026, 11, 23, tzinfo=UTC), "page", "anna", "added", "users", "anna")
ANNA, BORIS = User("anna", "Анна", "101"), User("boris", "Борис", "102")


@pytest.fixture(params=STORES)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    async with STORES[request.param](tmp_path) as opened:
        await opened.writer.commit([text("DELETE FROM audit")])  # the database may have been used by another test
        yield opened


async def test_a_change_is_made_whole_and_noted_or_not_at_all(store: Store) -> None:
    changes: OfficeChanges = store.office
    version = await changes.version()
    assert await changes.change([ANNA, UserPhone("101", "anna", "x")], [], [NOTE], version=version)
    assert [each.name for each in await store.audit.find()] == ["anna"]
    assert not await changes.change([BORIS], [], [NOTE], version=version)
    with pytest.raises(ClashError, match="101"):
        await changes.change([BORIS, InternalNumber("101", "menu")], [], [NOTE], version=await changes.version())
    office = await changes.load()
    assert (office.users, len(await store.audit.find())) == ((ANNA,), 1)
    assert await changes.change([Route("r", "0", ())], [ANNA], [], version=await changes.version())
    office = await changes.load()
    assert (office.users, office.phones, [route.name for route in office.routes]) == ((), (), ["r"])


async def test_numbers_change_places(store: Store) -> None:
    everything: list[OfficeItem] = [ANNA, BORIS, UserPhone("desk", "anna", "x"), InternalNumber("700", "menu")]
    assert await store.office.change(everything, [], [], version=await store.office.version())
    swapped: list[OfficeItem] = [
        User("anna", "Анна", "102"),
        User("boris", "Борис", "700"),
        InternalNumber("101", "menu"),
        UserPhone("desk", "boris", "y"),
    ]
    gone = [InternalNumber("700", "menu")]
    assert await store.office.change(swapped, gone, [], version=await store.office.version())
    office = await store.office.load()
    assert [(user.login, user.number) for user in office.users] == [("anna", "102"), ("boris", "700")]
    assert [each.number for each in office.internal_numbers] == ["101"]
    assert [(each.account, each.login) for each in office.phones] == [("desk", "boris")]
