from dataclasses import replace

import pytest

from cordboard.office.numbering import NumberingPlan
from cordboard.office.ports import Destination, Refusal
from cordboard.telephony import LineTarget, Party, PhoneTarget, Target
from cordboard.testing.office import OFFICE

CITY, GSM = "city", "gsm"
UNKNOWN, FORBIDDEN, UNREACHABLE = Refusal.UNKNOWN, Refusal.FORBIDDEN, Refusal.UNREACHABLE


@pytest.fixture
def plan() -> NumberingPlan:
    return NumberingPlan(OFFICE)


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("700", Destination("700", scenario="menu")),
        ("*1", Destination("*1", scenario="status")),
        ("101", Destination("101", ((PhoneTarget("101"), PhoneTarget("101-mobile")),), user="anna")),
        ("102", Destination("102", ((PhoneTarget("102"),),), user="boris")),
        ("105", Destination("105", user="phoneless", refusal=UNREACHABLE)),
        ("104", Destination("104", refusal=UNKNOWN)),  # disabled
        ("199", Destination("199", refusal=UNKNOWN)),
    ],
)
def test_numbers_of_the_office(plan: NumberingPlan, number: str, expected: Destination) -> None:
    assert plan.destination(number) == expected
    assert plan.destination(number, dialled_by="boris") == expected  # inside, all may call all


@pytest.mark.parametrize(
    ("number", "lines"),
    [
        ("0671234567", [(CITY, "0671234567"), (GSM, "0671234567")]),  # the broken line is passed over
        ("+380671234567", [(GSM, "+380671234567")]),
        ("90671234567", [(CITY, "0671234567")]),  # the access code is stripped
        ("+48221234567", [(CITY, "0048221234567"), (GSM, "+48221234567")]),  # the longest prefix, by priority
        ("112", [(CITY, "112"), (GSM, "112")]),  # an emergency number: after its routes every other line
    ],
)
def test_routes(plan: NumberingPlan, number: str, lines: list[tuple[str, str]]) -> None:
    expected = tuple((LineTarget(line, sent),) for line, sent in lines)
    assert plan.destination(number) == Destination(number, targets=expected)


@pytest.mark.parametrize(
    ("number", "refusal"),
    [
        ("067123", UNKNOWN),  # a mistyped extension does not leave the office
        ("9106", UNKNOWN),
        ("671234567", UNKNOWN),  # no route begins so
        ("+12125550100", UNREACHABLE),  # its only line is switched off
        ("", UNKNOWN),
        ("+", UNKNOWN),
        ("067 123 45 67", UNKNOWN),
        ("0671234567;phone-context=evil", UNKNOWN),
        ("0671234567@evil.example", UNKNOWN),
        ("0671234567\r\nVia: x", UNKNOWN),
        ("0671234567\n", UNKNOWN),
        ("٠٦٧١٢٣٤٥٦٧", UNKNOWN),  # digits, but not ours
        ("067+1234567", UNKNOWN),
        ("*670671234567", UNKNOWN),
        ("0671234567#99", UNKNOWN),
        ("0" * 33, UNKNOWN),
    ],
)
def test_what_leads_nowhere(plan: NumberingPlan, number: str, refusal: Refusal) -> None:
    assert plan.destination(number) == Destination(number, refusal=refusal)


@pytest.mark.parametrize(
    ("login", "number", "allowed"),
    [
        ("anna", "0671234567", True),  # +380 however it is dialled
        ("anna", "+380671234567", True),
        ("anna", "90671234567", True),
        ("anna", "+48221234567", False),
        ("anna", "0048221234567", False),  # the same, by the international prefix
        ("anna", "90048221234567", False),
        ("anna", "112", True),
        ("boris", "0671234567", False),  # no prefixes: he calls inside only
        ("boris", "112", True),  # everybody may call for help
        ("carl", "+48221234567", True),  # the whole world
        ("carl", "112", True),
        ("gone", "0671234567", False),
        ("nobody", "0671234567", False),
        ("", "+48221234567", True),  # what the administrator drew
    ],
)
def test_rights_count_in_international_form(plan: NumberingPlan, login: str, number: str, allowed: bool) -> None:
    destination = plan.destination(number, dialled_by=login)
    assert destination.refusal == (None if allowed else FORBIDDEN)
    assert bool(destination.targets) is allowed


def test_an_empty_prefix_is_no_right_to_the_whole_world() -> None:
    users = tuple(replace(user, allowed_prefixes=("",)) for user in OFFICE.users)
    plan = NumberingPlan(replace(OFFICE, users=users))
    assert plan.destination("0671234567", dialled_by="anna").refusal is FORBIDDEN


@pytest.mark.parametrize(
    ("line", "number", "expected"),
    [
        ("gsm", "123", Destination("123", ((LineTarget("gsm", "123"),),))),
        ("broken", "0671234567", Destination("0671234567", refusal=UNREACHABLE)),
        ("other", "0671234567", Destination("0671234567", refusal=UNKNOWN)),
        ("gsm", "*100#", Destination("*100#", refusal=UNKNOWN)),
    ],
)
def test_over_one_line(plan: NumberingPlan, line: str, number: str, expected: Destination) -> None:
    assert plan.over_line(line, number) == expected


@pytest.mark.parametrize(
    ("by", "targets", "shown"),
    [
        ("anna", [PhoneTarget("102")], Party("101", "Анна")),
        ("anna", [LineTarget("city", "0671234567")], Party("+380322327757")),
        ("anna", [PhoneTarget("102"), LineTarget("city", "0671234567")], Party("+380322327757")),
        ("", [LineTarget("gsm", "0671234567")], Party("gsm-user")),
        ("", [PhoneTarget("102")], Party("+48221234567", "Kunde")),
        ("nobody", [PhoneTarget("102")], Party("+48221234567", "Kunde")),
    ],
)
def test_who_is_shown(plan: NumberingPlan, by: str, targets: list[Target], shown: Party) -> None:
    assert plan.shown_party(dialled_by=by, targets=targets, original=Party("+48221234567", "Kunde")) == shown
