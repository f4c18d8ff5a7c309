"""Which line a number takes: hours, people, transformations, price, emergency, and the words of why."""

from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cordboard.office.checks import faults
from cordboard.office.lines.gateways import Gateway, Modem, all_lines
from cordboard.office.lines.money import MoneyGuard
from cordboard.office.lines.numbers import EmergencyNumbers, InboundNumber
from cordboard.office.lines.rules import LineRules
from cordboard.office.model import OfficeData, Route, UserPhone
from cordboard.office.numbering import NumberingPlan
from cordboard.office.ports import Refusal
from cordboard.telephony import LineTarget, Party
from cordboard.testing.office import OFFICE

KYIV = ZoneInfo("Europe/Kyiv")
MONDAY = datetime(2026, 11, 23, 12, 0, tzinfo=KYIV)
NIGHT = MONDAY.replace(hour=23, minute=30)
BOX = Gateway(
    name="box",
    host="10.0.0.5",
    modems=(
        Modem(line="kyivstar", number="+380671111111", prefix="01"),
        Modem(line="vodafone", number="+380502222222", prefix="02", called="gsm2"),
        Modem(line="spare", port=5062, enabled=False),
    ),
)


def office(*routes: Route, documents: tuple[Any, ...] = (), **changes: Any) -> OfficeData:
    return replace(OFFICE, routes=routes or OFFICE.routes, documents=documents, **changes)


def sent(plan: NumberingPlan, number: str, login: str = "carl", at: datetime = MONDAY) -> list[tuple[str, str]]:
    """Line and number of each alternative."""
    found = plan.destination(number, dialled_by=login, at=at).targets
    return [(each.line, each.number) for (each,) in found if isinstance(each, LineTarget)]


@pytest.mark.parametrize("dialled", ["0671234567", "380671234567", "+380671234567", "00380671234567"])
def test_a_normalised_route_takes_every_writing_and_sends_one(dialled: str) -> None:
    plan = NumberingPlan(office(Route("ukraine", "+380", ("city",), normalised=True)))
    assert sent(plan, dialled) == [("city", "+380671234567")]


@pytest.mark.parametrize(
    ("route", "number"),
    [
        (Route("r", "0", ("city",), match=r"0(\d{2})(\d{7})", replace="+380{1}{2}"), "+380671234567"),
        (Route("r", "0", ("city",), strip=1, match=r"(\d{9})", replace="8{1}", prepend="9*"), "9*8671234567"),
        (Route("r", "0", ("city",), match=r"1(\d+)", replace="{1}"), "0671234567"),  # it does not meet the number
        (Route("r", "0", ("city",), match=r"0(\d+)", replace="{2}"), "0671234567"),  # there is no second group
    ],
)
def test_numbers_are_rewritten(route: Route, number: str) -> None:
    assert sent(NumberingPlan(office(route)), "0671234567") == [("city", number)]


def test_a_route_is_there_in_its_hours_only() -> None:
    day = Route("day", "+380", ("city",), hours="08:00-20:00", days="mon-fri")
    plan = NumberingPlan(office(day, Route("always", "+", ("gsm",))))
    number = "+380671234567"
    assert sent(plan, number) == [("city", number)]
    assert sent(plan, number, at=NIGHT) == [("gsm", number)]
    assert sent(plan, number, at=MONDAY.replace(day=22)) == [("gsm", number)]  # a Sunday
    assert len(plan.destination(number).targets) == 1  # without a moment hours do not count


def test_a_route_of_some_people_is_none_for_others() -> None:
    plan = NumberingPlan(office(Route("managers", "0", ("gsm",), users=("anna",)), Route("all", "", ("city",))))
    assert sent(plan, "0671234567", "anna") == [("gsm", "0671234567")]
    assert sent(plan, "0671234567") == [("city", "0671234567")]


def test_the_cheapest_line_first_and_what_has_no_price_last() -> None:
    cheap = LineRules.model_validate({"name": "gsm", "prices": {"+380": "1.20", "+38067": "0.10"}})
    dear = LineRules.model_validate({"name": "city", "prices": {"+380": "0.80"}})
    route = Route("r", "0", ("new", "city", "gsm"), least_cost=True)
    new = replace(OFFICE.lines[0], line=replace(OFFICE.lines[0].line, name="new"))
    plan = NumberingPlan(office(route, documents=(cheap, dear), lines=(*OFFICE.lines, new)))
    assert [line for line, _ in sent(plan, "0671234567")] == ["gsm", "city", "new"]
    assert [line for line, _ in sent(plan, "0501234567")] == ["city", "gsm", "new"]


def test_a_line_carries_what_it_may_and_rests_in_its_quiet_hours() -> None:
    rules = LineRules(name="gsm", allowed=("+38067", "+38097"), quiet_hours="22:00-08:00")
    plan = NumberingPlan(office(Route("r", "0", ("gsm", "city")), documents=(rules,)))
    assert [line for line, _ in sent(plan, "0671234567")] == ["gsm", "city"]
    assert [line for line, _ in sent(plan, "0501234567")] == ["city"]
    assert [line for line, _ in sent(plan, "0671234567", at=NIGHT)] == ["city"]


def test_everybody_may_call_for_help_at_any_time_over_every_line() -> None:
    guard = MoneyGuard(name="rules", night="20:00-08:00")
    emergency = EmergencyNumbers(name="rules", emergency=("112", "911"), lines=("gsm",))
    plan = NumberingPlan(office(documents=(guard, emergency)))
    assert sent(plan, "112", "boris", NIGHT) == [("gsm", "112"), ("city", "112")]
    assert sent(plan, "9911", "boris", NIGHT) == [("gsm", "911"), ("city", "911")]  # behind the access code 9
    assert plan.destination("101").user == "anna"  # an internal number comes first
    assert plan.destination("104").refusal is Refusal.UNKNOWN  # and was meant for a user, though he has left
    assert faults(office(documents=(EmergencyNumbers(name="rules"),)))[0] == (
        "the number 101 of the user anna is an emergency number: give him another"
    )


@pytest.mark.parametrize(
    ("guard", "login", "number", "at", "allowed"),
    [
        ({"everybody": {"countries": ["UA"]}}, "carl", "0671234567", MONDAY, True),
        ({"everybody": {"countries": ["UA"]}}, "carl", "+48221234567", MONDAY, False),
        ({"everybody": {"countries": ["UA"], "prefixes": ["+4822"]}}, "carl", "+48221234567", MONDAY, True),
        ({"users": {"carl": {"countries": ["PL"]}}}, "carl", "0671234567", MONDAY, False),
        ({"users": {"carl": {"countries": ["PL"]}}}, "anna", "0671234567", MONDAY, True),
        ({"night": "22:00-07:00"}, "carl", "0671234567", NIGHT, False),
        ({"night": "22:00-07:00"}, "carl", "0671234567", MONDAY, True),
        ({"night": "22:00-07:00", "night_users": ["carl"]}, "carl", "0671234567", NIGHT, True),
        ({"night": "22:00-07:00", "night_days": "sat"}, "carl", "0671234567", NIGHT, True),
    ],
)
def test_the_guard_of_money_refuses_early(
    guard: dict[str, Any], login: str, number: str, at: datetime, allowed: bool
) -> None:
    plan = NumberingPlan(office(documents=(MoneyGuard.model_validate({"name": "rules", **guard}),)))
    assert plan.destination(number, dialled_by=login, at=at).refusal is (None if allowed else Refusal.FORBIDDEN)


def test_the_modems_of_a_gateway_are_lines() -> None:
    data = office(Route("r", "0", ("kyivstar", "spare", "vodafone")), documents=(BOX,))
    plan = NumberingPlan(data)
    assert sent(plan, "0671234567") == [("kyivstar", "0671234567"), ("vodafone", "0671234567")]
    lines = {each.line.name: each.line for each in all_lines(data)}
    assert (lines["kyivstar"].host, lines["kyivstar"].port, lines["kyivstar"].prefix) == ("10.0.0.5", 5060, "01")
    assert (lines["spare"].port, lines["vodafone"].called) == (5062, "gsm2")
    assert plan.shown_party(
        dialled_by="carl", targets=[LineTarget("kyivstar", "0671234567")], original=Party("1")
    ) == Party("+380671111111")
    assert faults(data) == []


def test_faults_of_gateways_rules_and_routes_are_told() -> None:
    box = Gateway(name="box", host="h", modems=(Modem(line="city"), Modem(line="b", called="x"), Modem(line="c")))
    data = office(
        Route("bad", "", ("c",), match="(", hours="9-18", users=("nobody",), groups=("sales",)),
        documents=(
            box,
            LineRules(name="none", gateway="nowhere"),
            InboundNumber(name="d", number="0322327757", user="x"),
            MoneyGuard(name="other", tell=("nobody",)),
        ),
    )
    assert faults(data) == [
        "route bad: '(' is no regular expression: missing ), unterminated subpattern at position 0",
        "route bad: there is no user nobody",
        "route bad: there is no group sales",
        "gateway box: there are two lines city: give one of them another name",
        "gateway box: nothing tells a call of c apart: give it a port or a user part",
        "rules of the line none: there is no such line",
        "rules of the line none: there is no gateway nowhere",
        "inbound number d: there is no user x",
        "money guard other: only the entry that is named `rules` counts",
        "money guard other: there is no user nobody",
    ]


@pytest.mark.parametrize(
    ("rules", "login", "shown"),
    [
        ({"number": "0800"}, "anna", Party("0800")),
        ({"caller_id": "user"}, "anna", Party("0322000101", "Анна")),
        ({"caller_id": "user"}, "carl", Party("+380322327757")),
        ({"caller_id": "caller"}, "", Party("+48221234567", "Kunde")),
        ({"caller_id": "caller"}, "anna", Party("+380322327757")),
        ({"caller_id": "fixed", "shown": "0800"}, "anna", Party("0800")),
        ({"caller_id": "anonymous"}, "anna", Party("")),
        (
            {"caller_id": "transformed", "shown_match": r"1(\d\d)", "shown_replace": "+38032232{1}"},
            "anna",
            Party("+3803223201", "Анна"),
        ),
    ],
)
def test_whom_the_called_side_sees(rules: dict[str, Any], login: str, shown: Party) -> None:
    documents = (
        LineRules.model_validate({"name": "city", **rules}),
        InboundNumber(name="anna's", number="0322000101", user="anna"),
    )
    plan = NumberingPlan(office(documents=documents))
    target = LineTarget("city", "0671234567")
    assert plan.shown_party(dialled_by=login, targets=[target], original=Party("+48221234567", "Kunde")) == shown


@pytest.mark.parametrize(
    "rules",
    [
        {"caller_id": "fixed"},
        {"caller_id": "transformed", "shown_match": "(", "shown_replace": "1"},
        {"caller_id": "transformed", "shown_match": "1", "shown_replace": "sip:x@y"},
        {"quiet_hours": "9-18"},
        {"quiet_days": "someday"},
        {"prices": {"abc": "1"}},
        {"allowed": [""]},
        {"calls": -1},
    ],
)
def test_rules_that_cannot_be_are_refused(rules: dict[str, Any]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - each has words of its own
        LineRules.model_validate({"name": "city", **rules})


def test_why_is_told_in_words() -> None:
    rules = LineRules.model_validate({"name": "gsm", "quiet_hours": "22:00-08:00", "prices": {"+": "2"}})
    city = LineRules.model_validate({"name": "city", "prices": {"+380": "0.50"}})
    routes = (Route("day", "0", ("city",), hours="08:00-20:00"), Route("r", "", ("gsm", "city"), least_cost=True))
    plan = NumberingPlan(office(*routes, documents=(rules, city)))
    told: list[str] = []
    plan.destination("0671234567", dialled_by="anna", at=NIGHT, trail=told.append)
    assert told == [
        "the route day is not there at this time",
        "the route r carries it",
        "the line gsm has quiet hours: 22:00-08:00",
        "a minute over the line city costs 0.5",
    ]


def test_phones_of_the_office_are_as_before() -> None:
    plan = NumberingPlan(office(phones=(UserPhone("101", "anna", "s"),)))
    assert plan.destination("101").targets != ()
