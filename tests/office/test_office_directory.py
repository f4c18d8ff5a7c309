import asyncio
from dataclasses import replace

import pytest
import structlog

from cordboard.office.model import OfficeData
from cordboard.office.ports import Person
from cordboard.simulation.virtual_time import virtual_time
from cordboard.telephony import Account, PhoneNumber
from cordboard.testing.office import HeldOffice, loaded_directory

ANNA = Person("anna", "Анна", "101", "uk")


async def test_accounts_belong_to_enabled_users() -> None:
    office = await loaded_directory()
    assert office.account("101-mobile") == Account("101-mobile", "101", "Анна", "s2", behind_nat=True)
    assert office.account("104") is None
    assert office.account("nobody") is None
    assert office.realm == "cordboard"


async def test_lines_that_are_switched_on() -> None:
    office = await loaded_directory()
    assert [line.name for line in office.lines()] == ["city", "gsm"]
    assert office.line("gsm") is not None
    assert office.line("broken") is None


async def test_a_line_without_a_scenario_uses_the_main_one() -> None:
    office = await loaded_directory()
    assert [office.inbound_scenario(name) for name in ("city", "gsm", "?")] == ["main", "night", "main"]


async def test_people() -> None:
    office = await loaded_directory()
    assert office.by_login("anna") == ANNA
    assert office.by_account("101-mobile") == ANNA
    assert office.by_account("102") == Person("boris", "Борис", "102", "ru")  # the office's language
    assert office.by_login("gone") is None
    assert office.by_account("104") is None


@pytest.mark.parametrize("written", ["+380671234567", "0671234567", "380671234567", "(067) 123-45-67"])
async def test_a_mobile_is_recognised_however_it_is_written(written: str) -> None:
    office = await loaded_directory()
    # Boris has the same number; the lower internal number owns it.
    assert office.by_phone(office.phone(written)) == ANNA


@pytest.mark.parametrize("written", ["", "anonymous", "+380501112233", "101"])
async def test_no_one_is_recognised_by_a_hidden_a_strange_or_a_disabled_users_number(
    written: str,
) -> None:
    office = await loaded_directory()
    assert office.by_phone(PhoneNumber.parse(written, country="UA")) is None


@virtual_time
async def test_a_change_by_another_process_is_seen_within_a_second() -> None:
    held = HeldOffice()
    office = await loaded_directory(held)
    watching = asyncio.create_task(office.watch())
    held.change(replace(held.office, users=()))
    await asyncio.sleep(0.9)
    assert office.by_login("anna") is not None
    await asyncio.sleep(0.2)
    assert office.by_login("anna") is None
    watching.cancel()


@virtual_time
async def test_while_the_office_cannot_be_read_its_last_state_holds() -> None:
    held = HeldOffice()
    office = await loaded_directory(held)
    watching = asyncio.create_task(office.watch())
    held.fails = "the disk is gone"
    with structlog.testing.capture_logs() as logs:
        await asyncio.sleep(3.5)
        assert office.by_login("anna") == ANNA
        held.fails = ""
        held.change(OfficeData())
        await asyncio.sleep(1.1)
    assert office.by_login("anna") is None
    assert [entry["log_level"] for entry in logs] == ["error", "info"]  # told once
    watching.cancel()


@pytest.mark.parametrize(("name", "zone"), [("Europe/Warsaw", "Europe/Warsaw"), ("Mars/Olympus", "UTC"), ("", "UTC")])
async def test_a_time_zone_that_nobody_knows_stops_no_call(name: str, zone: str) -> None:
    held = HeldOffice()
    held.change(replace(held.office, settings=replace(held.office.settings, time_zone=name)))
    assert (await loaded_directory(held)).zone.key == zone
