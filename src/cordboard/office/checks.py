"""What is wrong with an office as it is written down: nothing that stops it, everything that somebody should know."""

import re
from collections.abc import Iterator
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cordboard.office.lines.gateways import all_lines
from cordboard.office.lines.numbers import InboundNumber
from cordboard.office.lines.prefixes import checked_days, checked_hours
from cordboard.office.lines.rewriting import Rewriting
from cordboard.office.model import InternalNumber, OfficeData, OfficeSettings, Route, User

_PREFIX = re.compile(r"\+?[0-9]*")


def faults(office: OfficeData) -> list[str]:
    """One sentence for each fault, each naming what to set right."""
    found = [*_of_settings(office.settings)]
    for user in office.users:
        found += _of_user(user)
    for internal in office.internal_numbers:
        found += _of_internal_number(internal)
    known = {line.line.name for line in all_lines(office)}
    for route in office.routes:
        found += _of_route(route, known)
        found += _of_conditions(route, office)
    for document in office.documents:
        found += document.faults(office)
    return [*found, *_taken_twice(office)]


def _taken_twice(office: OfficeData) -> Iterator[str]:
    owners: dict[str, str] = {}
    owned = [(user.number, f"the user {user.login}") for user in office.users]
    owned += [(each.number, f"the scenario {each.scenario}") for each in office.internal_numbers]
    owned += [(number, f"{each.kind}/{each.name}") for each in office.documents for number in each.numbers()]
    for number, owner in owned:
        if owners.setdefault(number, owner) != owner:
            yield f"the number {number} leads to {owners[number]} and to {owner}: give one of them another"


def _of_settings(settings: OfficeSettings) -> Iterator[str]:
    if not re.fullmatch("[A-Z]{2}", settings.country):
        yield f"country {settings.country!r} is not an ISO 3166 code such as UA"
    try:
        ZoneInfo(settings.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        yield f"time zone {settings.time_zone!r} is not known: name one such as Europe/Kyiv"


def _of_user(user: User) -> Iterator[str]:
    if not re.fullmatch("[0-9]{1,6}", user.number):
        yield f"user {user.login}: {user.number!r} is not an internal number: it takes 1 to 6 digits"
    for prefix in user.allowed_prefixes:
        if not prefix or not _PREFIX.fullmatch(prefix):
            yield f"user {user.login}: {prefix!r} is not the beginning of a number such as +380"


def _of_internal_number(internal: InternalNumber) -> Iterator[str]:
    if not re.fullmatch("[0-9*#]{1,32}", internal.number):
        yield f"{internal.number!r} cannot be dialled: an internal number takes digits, * and #"
    if not internal.scenario:
        yield f"internal number {internal.number} has no scenario"


def _of_route(route: Route, lines: set[str]) -> Iterator[str]:
    if not _PREFIX.fullmatch(route.prefix):
        yield f"route {route.name}: prefix {route.prefix!r} takes digits and a leading plus"
    if not re.fullmatch(r"\+?[0-9*#]*", route.prepend):
        yield f"route {route.name}: {route.prepend!r} cannot be put before a number: it takes digits and a plus"
    if not 0 <= route.strip <= len(route.prefix):
        yield f"route {route.name}: it strips {route.strip} characters of a prefix of {len(route.prefix)}"
    for name in route.lines:
        if name not in lines:
            yield f"route {route.name}: there is no line {name}"


def _of_conditions(route: Route, office: OfficeData) -> Iterator[str]:
    try:
        Rewriting(route.match, route.replace)
        checked_hours(route.hours)
        checked_days(route.days)
    except ValueError as fault:
        yield f"route {route.name}: {fault}"
    for login in sorted(set(route.users) - {user.login for user in office.users}):
        yield f"route {route.name}: there is no user {login}"
    for group in sorted(set(route.groups) - {each.name for each in office.documents if each.kind == "groups"}):
        yield f"route {route.name}: there is no group {group}"


def dead_ends(office: OfficeData, scenarios: set[str]) -> Iterator[str]:
    """A sentence for each place of the office that leads to a scenario which is not among `scenarios`."""
    places = [(f"Number {each.number}", each.scenario) for each in office.internal_numbers]
    lines = all_lines(office)
    if lines:
        places += [("Inbound calls", office.settings.main_scenario)]
    places += [(f"Line {each.line.name}", each.scenario) for each in lines if each.scenario]
    places += [(f"Number {each.number}", each.scenario) for each in office.of(InboundNumber).values() if each.scenario]
    for place, scenario in places:
        if scenario not in scenarios:
            yield f"{place} should enter the scenario {scenario}, which is not published: such calls will fail."
