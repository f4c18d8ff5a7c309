"""Which lines carry a number outside, and how it is written for each."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from cordboard.office.lines.barring import Trail, line_bars, no_trail, user_bars
from cordboard.office.lines.gateways import all_lines
from cordboard.office.lines.money import RULES, MoneyGuard
from cordboard.office.lines.numbers import EmergencyNumbers
from cordboard.office.lines.prefixes import begins, within
from cordboard.office.lines.rewriting import rewritten
from cordboard.office.lines.rules import LineRules
from cordboard.office.lines.said import said
from cordboard.office.model import OfficeData, OfficeLine, Route, User
from cordboard.office.ports import Refusal
from cordboard.telephony import LineTarget, PhoneNumber

_OUTSIDE = re.compile(r"\+?[0-9]{1,32}")
"""Stars and squares are keys of our own numbers: outside they could be a provider's service codes."""
_DEAREST = Decimal("Infinity")


class Outbound:
    """The routes and lines of one office that does not change."""

    def __init__(self, office: OfficeData) -> None:
        self._country = office.settings.country
        self._routes = sorted(office.routes, key=lambda route: (-len(route.prefix), route.priority, route.name))
        self._lines: Mapping[str, OfficeLine] = {each.line.name: each for each in all_lines(office)}
        self._rules = office.of(LineRules)
        self._guard = office.of(MoneyGuard).get(RULES)
        self._emergency = next(iter(office.of(EmergencyNumbers).values()), EmergencyNumbers(name=RULES))
        self._users = {user.login: user for user in office.users if user.enabled}
        self._taken = {user.number for user in office.users}
        self._taken |= {number for each in office.documents for number in each.numbers()}
        self._members = _members(office)

    def targets(
        self, number: str, *, dialled_by: str = "", at: datetime | None = None, trail: Trail = no_trail
    ) -> Sequence[LineTarget] | Refusal:
        """The lines to try, in order. `at` is by the office's clock; None: hours do not count."""
        if urgent := self.emergency(number):
            trail(said("{number} is an emergency number: every line may carry it", number=urgent))
            return list(self._urgent(number, urgent)) or Refusal.UNREACHABLE
        routes = self._routes_for(number, dialled_by, at, trail)
        if not routes:
            trail(said("no route carries {number}", number=number))
            return Refusal.UNKNOWN
        allowed = [route for route in routes if self._may(dialled_by, self._outside(route, number), at, trail)]
        if not allowed:
            return Refusal.FORBIDDEN
        found = [target for route in allowed for target in self._over(route, number, dialled_by, at, trail)]
        return list(dict.fromkeys(found)) or Refusal.UNREACHABLE

    def over(self, line: str, number: str) -> LineTarget | Refusal:
        """A number over one line, whatever the routes say."""
        if line not in self._lines or not _OUTSIDE.fullmatch(number):
            return Refusal.UNKNOWN
        return LineTarget(line, number) if self._lines[line].enabled else Refusal.UNREACHABLE

    def emergency(self, number: str) -> str:
        """The emergency number that was dialled, also behind an access code; empty: it is none.

        One that belongs to somebody or something of the office, be he switched off, is none: it was meant for him.
        """
        if number in self._taken:
            return ""
        codes = {route.strip for route in self._routes if number.startswith(route.prefix)}
        return next((number[at:] for at in sorted({0, *codes}) if number[at:] in self._emergency.emergency), "")

    def price(self, line: str, phone: PhoneNumber) -> Decimal | None:
        """What a minute costs; None: nobody has said."""
        rules = self._rules.get(line)
        return rules.price(phone.canonical) if rules is not None else None

    def _urgent(self, number: str, urgent: str) -> Iterator[LineTarget]:
        routes = [route for route in self._routes if number.startswith(route.prefix)]
        first = [*self._emergency.lines, *(name for route in routes for name in route.lines), *self._lines]
        for name in dict.fromkeys(first):
            if name in self._lines and self._lines[name].enabled:
                yield LineTarget(name, urgent)

    def _routes_for(self, number: str, login: str, at: datetime | None, trail: Trail) -> list[Route]:
        """The routes of the longest prefix that carry this number; one that is not there for him now does not count."""
        found = []
        for route in self._routes:
            if not self._carries(route, number):
                continue
            if at is not None and not within(at, route.hours, route.days):
                trail(said("the route {route} is not there at this time", route=route.name))
            elif (route.users or route.groups) and login not in self._served(route):
                trail(said("the route {route} is not there for {login}", route=route.name, login=login or "-"))
            else:
                found.append(route)
        best = [route for route in found if len(route.prefix) == len(found[0].prefix)]
        for route in best:
            trail(said("the route {route} carries it", route=route.name))
        return best

    def _carries(self, route: Route, number: str) -> bool:
        written = self._normal(number) if route.normalised else number
        outside = written[route.strip :]
        long_enough = len(outside.removeprefix("+")) >= route.shortest
        return written.startswith(route.prefix) and _OUTSIDE.fullmatch(outside) is not None and long_enough

    def _normal(self, number: str) -> str:
        return PhoneNumber.parse(number, country=self._country).canonical

    def _outside(self, route: Route, number: str) -> str:
        """The number in the world: without the access code."""
        return (self._normal(number) if route.normalised else number)[route.strip :]

    def _served(self, route: Route) -> Iterable[str]:
        return {*route.users, *(login for group in route.groups for login in self._members.get(group, ()))}

    def _may(self, login: str, outside: str, at: datetime | None, trail: Trail) -> bool:
        if not login:
            return True
        user: User | None = self._users.get(login)
        phone = PhoneNumber.parse(outside, country=self._country)
        if user is None or not begins(phone.canonical, user.allowed_prefixes):
            trail(said("{login} has no right to call {number}", login=login, number=phone.canonical))
            return False
        if barred := user_bars(self._guard, login, phone, at):
            trail(barred)
        return not barred

    def _over(self, route: Route, number: str, login: str, at: datetime | None, trail: Trail) -> Iterator[LineTarget]:
        outside = self._outside(route, number)
        phone = PhoneNumber.parse(outside, country=self._country)
        usable = []
        for name in route.lines:
            if name not in self._lines or not self._lines[name].enabled:
                trail(said("the line {line} is switched off", line=name))
            elif barred := line_bars(self._rules.get(name), phone, at):
                trail(barred)
            else:
                usable.append(name)
        if route.least_cost:
            costs = {name: self.price(name, phone) for name in usable}
            usable.sort(key=lambda name: _DEAREST if (cost := costs[name]) is None else cost)
            for name in usable:
                cost = costs[name]
                price = "?" if cost is None else f"{cost.normalize():f}"
                trail(said("a minute over the line {line} costs {price}", line=name, price=price))
        sent = route.prepend + rewritten(route.match, route.replace, outside)
        for name in usable:
            yield LineTarget(name, sent, login)


def _members(office: OfficeData) -> Mapping[str, Sequence[str]]:
    """The logins of each group that a route names."""
    named = {group for route in office.routes for group in route.groups}
    return {
        each.name: [str(member["login"]) for member in each.model_dump(include={"members"}).get("members", ())]
        for each in office.documents
        if each.kind == "groups" and each.name in named
    }
