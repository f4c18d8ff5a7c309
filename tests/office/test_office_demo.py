from pathlib import Path

import pytest

from cordboard.office.demo import seed_demo
from cordboard.office.directory import OfficeDirectory
from cordboard.office.passwords import new_pin, phone_secret
from cordboard.office.pins import PinGuard
from cordboard.office.ports import PinCheck
from cordboard.telephony import LineTarget
from cordboard.telephony.directory import Algorithm
from cordboard.testing.office import HandClock
from cordboard.testing.store import sqlite_store


@pytest.mark.slow
async def test_the_demo_office_works_and_is_made_once(tmp_path: Path) -> None:
    async with sqlite_store(tmp_path) as store:
        logins = await seed_demo(store.office)
        assert await seed_demo(store.office) == ()
        office = OfficeDirectory(store.office, PinGuard(store.pin_failures, HandClock()))
        await office.reload()
        data = await store.office.load()
        assert [login.number for login in logins] == ["101", "102", "103", "104", "105"]
        assert len({login.password for login in logins} | {login.pin for login in logins}) == 10
        for login in logins:
            account = office.account(login.account)
            assert account is not None
            assert account.secret == phone_secret(login.account, office.realm, login.password)
        assert await office.check_pin(logins[0].login, logins[0].pin) is PinCheck.RIGHT
        person = office.by_phone(office.phone("0671234567"))
        assert person is not None
        assert person.number == "101"
        assert office.destination("700").scenario == "menu"
        for dialled in ("0501234567", "90501234567"):
            assert office.destination(dialled, dialled_by="olena").targets == ((LineTarget("city", "0501234567"),),)
        stored = repr([(phone.secret, user.pin_hash) for phone, user in zip(data.phones, data.users, strict=True)])
        assert not any(login.password in stored or login.pin in stored for login in logins)
    assert not any(login.password in repr(login) or login.pin in repr(login) for login in logins)


def test_the_secret_is_ha1() -> None:
    # RFC 7616 §3.9.1: H(Mufasa:http-auth@example.org:Circle of Life) as computed by md5sum and sha256sum
    who = ("Mufasa", "http-auth@example.org", "Circle of Life")
    assert phone_secret(*who) == "3d78807defe7de2157e2b0b6573a855f"
    assert phone_secret(*who, Algorithm.SHA256) == "7987c64c30e25f1b74be53f966b49b90f2808aa92faf9a00262392d7b4794232"


def test_a_pin_has_different_digits() -> None:
    pins = [new_pin(2) for _ in range(200)]
    assert all(pin.isdigit() and pin[0] != pin[1] for pin in pins)
