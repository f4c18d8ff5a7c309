from dataclasses import replace

import pytest

from cordboard.office.checks import faults
from cordboard.office.model import InternalNumber, OfficeData, OfficeSettings, Route, User
from cordboard.testing.office import OFFICE

USER = User("anna", "Анна", "101", allowed_prefixes=("+380", "112"))
ROUTE = Route("world", "+", ("city",))


def test_a_sound_office() -> None:
    assert faults(OFFICE) == []


@pytest.mark.parametrize(
    ("office", "fault"),
    [
        (
            OfficeData(OfficeSettings(country="Ukraine")),
            "country 'Ukraine' is not an ISO 3166 code such as UA",
        ),
        (
            OfficeData(OfficeSettings(time_zone="Europe/Lviv")),
            "time zone 'Europe/Lviv' is not known: name one such as Europe/Kyiv",
        ),
        (
            OfficeData(OfficeSettings(time_zone="../../etc/passwd")),
            "time zone '../../etc/passwd' is not known: name one such as Europe/Kyiv",
        ),
        (
            OfficeData(users=(replace(USER, number="1 01"),)),
            "user anna: '1 01' is not an internal number: it takes 1 to 6 digits",
        ),
        (
            OfficeData(users=(replace(USER, allowed_prefixes=("",)),)),
            "user anna: '' is not the beginning of a number such as +380",
        ),
        (
            OfficeData(internal_numbers=(InternalNumber("7OO", "menu"),)),
            "'7OO' cannot be dialled: an internal number takes digits, * and #",
        ),
        (OfficeData(internal_numbers=(InternalNumber("700", ""),)), "internal number 700 has no scenario"),
        (
            OfficeData(lines=OFFICE.lines, routes=(replace(ROUTE, lines=("cyti",)),)),
            "route world: there is no line cyti",
        ),
        (
            OfficeData(lines=OFFICE.lines, routes=(replace(ROUTE, strip=2),)),
            "route world: it strips 2 characters of a prefix of 1",
        ),
        (
            OfficeData(lines=OFFICE.lines, routes=(replace(ROUTE, prefix="[0-9]"),)),
            "route world: prefix '[0-9]' takes digits and a leading plus",
        ),
        (
            OfficeData(lines=OFFICE.lines, routes=(replace(ROUTE, prepend="sip:"),)),
            "route world: 'sip:' cannot be put before a number: it takes digits and a plus",
        ),
    ],
)
def test_each_fault_is_a_sentence(office: OfficeData, fault: str) -> None:
    assert faults(office) == [fault]
