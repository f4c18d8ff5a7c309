"""Where numbers lead: the rules, over one snapshot of the office and without I/O."""

import re
from collections.abc import Mapping, Sequence

from cordboard.office.model import OfficeData, OfficeLine, Route, User
from cordboard.office.ports import Destination, Refusal
from cordboard.telephony import LineTarget, Party, PhoneNumber, PhoneTarget, Target

_DIALLABLE = re.compile(r"\+?[0-9*#]{1,32}")
_OUTSIDE = re.compile(r"\+?[0-9]{1,32}")
"""Stars and squares are keys of our own numbers: outside they could be a provider's service codes."""


class NumberingPlan:
    """Follows a dialled number through one office that does not change.

    In this order: internal numbers that scenarios answer, users' numbers, outbound routes. So an extension wins
    over a number of the world that is written the same.
    """

    def __init__(self, office: OfficeData) -> None:
        self._country = office.settings.country
        self._scenarios = {internal.number: internal.scenario for internal in office.internal_numbers}
        self._users = {user.number: user for user in office.users if user.enabled}
        self._logins = {user.login: user for user in office.users if user.enabled}
        self._lines: Mapping[str, OfficeLine] = {line.line.name: line for line in office.lines}
        self._routes = sorted(office.routes, key=lambda route: (-len(route.prefix), route.priority, route.name))
        self._phones: dict[str, list[Target]] = {}
        for phone in office.phones:
            self._phones.setdefault(phone.login, []).append(PhoneTarget(phone.account))

    def destination(self, number: str, *, dialled_by: str = "") -> Destination:
        """See `office.ports.Numbering`."""
        if not _DIALLABLE.fullmatch(number):
            return _refused(number, Refusal.UNKNOWN)
        if scenario := self._scenarios.get(number):
            return Destination(number, scenario=scenario)
        if user := self._users.get(number):
            return self._to_user(number, user)
        return self._outside(number, dialled_by)

    def over_line(self, line: str, number: str) -> Destination:
        """See `office.ports.Numbering`."""
        if line not in self._lines or not _OUTSIDE.fullmatch(number):
            return _refused(number, Refusal.UNKNOWN)
        return _over(number, [LineTarget(line, number)] if self._lines[line].enabled else [])

    def shown_party(self, *, dialled_by: str, targets: Sequence[Target], original: Party) -> Party:
        """See `office.ports.Numbering`. A line that has no number of its own shows the name it signs in with.

        If one of `targets` is outside, all see the line: an internal number means nothing there, and providers
        refuse numbers that are not theirs.
        """
        for target in targets:
            if isinstance(target, LineTarget) and (known := self._lines.get(target.line)):
                return Party(known.line.number or known.line.username)
        if user := self._logins.get(dialled_by):
            return Party(user.number, user.name)
        return original

    def _to_user(self, number: str, user: User) -> Destination:
        phones = tuple(self._phones.get(user.login, ()))
        if not phones:
            return Destination(number, user=user.login, refusal=Refusal.UNREACHABLE)
        return Destination(number, targets=(phones,), user=user.login)

    def _outside(self, number: str, dialled_by: str) -> Destination:
        routes = self._routes_for(number)
        if not routes:
            return _refused(number, Refusal.UNKNOWN)
        allowed = [route for route in routes if self._may(dialled_by, number[route.strip :])]
        if not allowed:
            return _refused(number, Refusal.FORBIDDEN)
        return _over(
            number,
            [
                LineTarget(name, route.prepend + number[route.strip :])
                for route in allowed
                for name in route.lines
                if name in self._lines and self._lines[name].enabled
            ],
        )

    def _routes_for(self, number: str) -> list[Route]:
        """The routes of the longest prefix that carry this number."""
        found = [route for route in self._routes if number.startswith(route.prefix) and _carries(route, number)]
        return [route for route in found if len(route.prefix) == len(found[0].prefix)]

    def _may(self, dialled_by: str, outside: str) -> bool:
        if not dialled_by:
            return True
        user = self._logins.get(dialled_by)
        if user is None:
            return False
        canonical = PhoneNumber.parse(outside, country=self._country).canonical
        return any(prefix and canonical.startswith(prefix) for prefix in user.allowed_prefixes)


def _carries(route: Route, number: str) -> bool:
    outside = number[route.strip :]
    return _OUTSIDE.fullmatch(outside) is not None and len(outside.removeprefix("+")) >= route.shortest


def _over(number: str, targets: Sequence[Target]) -> Destination:
    if not targets:
        return _refused(number, Refusal.UNREACHABLE)
    return Destination(number, targets=tuple((target,) for target in targets))


def _refused(number: str, refusal: Refusal) -> Destination:
    return Destination(number, refusal=refusal)
