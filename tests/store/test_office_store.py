import sqlite3
import stat
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from cordboard.office.model import (
    InternalNumber,
    OfficeData,
    OfficeLine,
    OfficeSettings,
    Route,
    User,
    UserPhone,
)
from cordboard.office.repositories import PinFailures
from cordboard.store.database import Store
from cordboard.store.errors import ConflictError, StoreError
from cordboard.telephony import Line, Registration
from cordboard.telephony.directory import Algorithm, LineMode
from cordboard.testing.store import STORES, Opened, sqlite_store

SETTINGS = OfficeSettings("АйТи-СФЕРА", "UA", "Europe/Kyiv", "ru", "main", "office")
ANNA = User("anna", "Анна", "101", "+380671234567", "uk", "$argon2id$x", ("+380", "+48"), enabled=True)
BORIS = User("boris", "Борис", "102", enabled=False)
PHONE = UserPhone("101", "anna", "a" * 32, Algorithm.SHA256, behind_nat=True)
LINE = OfficeLine(
    Line("city", LineMode.REGISTER, "sip.example.net", 5080, "tcp", "+380322327757", "us", "qwerty", True, 120),
    "night",
    enabled=False,
)
MENU = InternalNumber("700", "menu", "Меню")
ROUTE = Route("ua", "0", ("city", "gsm"), 1, "38", 5, 3)


@pytest.fixture(params=STORES)
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Opened:
    return partial(STORES[request.param], tmp_path)


@pytest.fixture
async def store(opened: Opened) -> AsyncIterator[Store]:
    async with opened() as store:
        yield store


async def test_everything_comes_back_as_it_was(store: Store) -> None:
    await store.office.save(PHONE, ROUTE, MENU, LINE, BORIS, ANNA, SETTINGS)
    assert await store.office.load() == OfficeData(SETTINGS, (ANNA, BORIS), (PHONE,), (LINE,), (MENU,), (ROUTE,))


async def test_an_empty_office_has_the_usual_settings(store: Store) -> None:
    assert await store.office.load() == OfficeData()


async def test_saving_replaces_by_key(store: Store) -> None:
    await store.office.save(ANNA, PHONE)
    await store.office.save(replace(ANNA, name="Анна Ивановна", number="110"))
    office = await store.office.load()
    assert [(user.name, user.number) for user in office.users] == [("Анна Ивановна", "110")]
    assert office.phones == (PHONE,)


async def test_removing_a_user_takes_his_phones_and_his_wrong_pins(store: Store) -> None:
    await store.office.save(ANNA, PHONE)
    await store.pin_failures.put("anna", PinFailures(3))
    assert await store.office.remove(ANNA) is True
    assert await store.office.load() == OfficeData()
    assert await store.pin_failures.get("anna") == PinFailures()
    assert await store.office.remove(ANNA) is False


@pytest.mark.parametrize(
    ("taken", "wanted", "owner"),
    [
        (ANNA, replace(BORIS, number="101"), "Анна"),
        (MENU, replace(BORIS, number="700"), "menu"),
        (ANNA, InternalNumber("101", "menu"), "Анна"),
    ],
)
async def test_a_number_has_one_owner(
    store: Store, taken: User | InternalNumber, wanted: User | InternalNumber, owner: str
) -> None:
    await store.office.save(taken)
    with pytest.raises(ConflictError, match=f"the number {wanted.number} is taken by {owner}: choose another"):
        await store.office.save(ROUTE, wanted)
    assert (await store.office.load()).routes == ()  # all or none


async def test_a_phone_needs_its_user(store: Store) -> None:
    with pytest.raises(ConflictError):
        await store.office.save(PHONE)


async def test_an_account_does_not_change_hands(store: Store) -> None:
    await store.office.save(ANNA, BORIS, PHONE)
    with pytest.raises(ConflictError, match="the account 101 belongs to anna"):
        await store.office.save(replace(PHONE, login="boris"))


async def test_each_change_of_the_office_is_a_new_version_and_a_call_is_none(store: Store) -> None:
    versions = [await store.office.version()]
    await store.office.save(ANNA)
    versions.append(await store.office.version())
    await store.office.remove(ANNA)
    versions.append(await store.office.version())
    await store.pin_failures.put("anna", PinFailures(1))
    versions.append(await store.office.version())
    assert versions == [0, 1, 2, 2]


async def test_another_process_sees_the_new_version(store: Store, opened: Opened) -> None:
    async with opened() as other:
        await other.office.save(ANNA)
        assert await store.office.version() == 1
        assert (await store.office.load()).users == (ANNA,)


async def test_a_lines_password_is_encrypted_by_a_private_key(tmp_path: Path) -> None:
    async with sqlite_store(tmp_path) as store:
        await store.office.save(LINE)
    key = tmp_path / "secret.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    connection = sqlite3.connect(tmp_path / "cordboard.db")
    (stored,) = connection.execute("SELECT password FROM lines").fetchone()
    connection.close()
    assert stored.startswith("fernet:")
    assert "qwerty" not in stored


async def test_another_key_is_told(tmp_path: Path) -> None:
    async with sqlite_store(tmp_path) as store:
        await store.office.save(LINE)
    (tmp_path / "secret.key").write_bytes(b"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")
    async with sqlite_store(tmp_path) as store:
        with pytest.raises(StoreError, match=r"secret\.key is not the key of this database"):
            await store.office.load()
    (tmp_path / "secret.key").unlink()
    async with sqlite_store(tmp_path) as store:
        with pytest.raises(StoreError, match="cannot be read: put it back from a backup"):
            await store.office.load()


async def test_wrong_pins_survive_a_restart(opened: Opened) -> None:
    failures = PinFailures(5, datetime(2026, 11, 23, 10, 15, tzinfo=UTC))
    async with opened() as store:
        await store.pin_failures.put("anna", failures)
    async with opened() as store:
        assert await store.pin_failures.get("anna") == failures
        assert await store.pin_failures.get("boris") == PinFailures()


class _Clock:
    def __init__(self) -> None:
        self.time = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time


async def test_registrations_survive_a_restart_until_they_expire(opened: Opened) -> None:
    clock = _Clock()
    first = Registration("101", "sip:101@10.0.0.5", "udp:10.0.0.5:5060", clock.time + timedelta(60), "baresip", "c1", 7)
    second = replace(first, contact="sip:101@10.0.0.6", expires=clock.time + timedelta(seconds=30))
    async with opened(clock=clock) as store:
        await store.registrations.save(first)
        await store.registrations.save(second)
        await store.registrations.save(replace(first, cseq=8))
    async with opened(clock=clock) as store:
        assert {each.contact: each for each in await store.registrations.load()} == {
            first.contact: replace(first, cseq=8),
            second.contact: second,
        }
        clock.time += timedelta(seconds=30)
        assert await store.registrations.load() == [replace(first, cseq=8)]
        await store.registrations.remove("101", first.contact)
        await store.registrations.remove("101", "sip:nobody")
        assert await store.registrations.load() == []
