"""Where numbers lead: the rules, over one snapshot of the office and without I/O."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from cordboard.office.lines.barring import Trail, no_trail
from cordboard.office.lines.caller_id import CallerIds
from cordboard.office.lines.gateways import all_lines
from cordboard.office.lines.outbound import Outbound
from cordboard.office.lines.said import said
from cordboard.office.model import OfficeData, OfficeLine, User
from cordboard.office.ports import Destination, Refusal
from cordboard.telephony import LineTarget, Party, PhoneTarget, Target

_DIALLABLE = re.compile(r"\+?[0-9*#]{1,32}")


class NumberingPlan:
    """Follows a dialled number through one office that does not change.

    In this order: internal numbers that scenarios answer, users' numbers, emergency numbers, outbound routes. So an
    extension wins over a number of the world that is written the same.
    """

    def __init__(self, office: OfficeData) -> None:
        self.outbound = Outbound(office)
        self._callers = CallerIds(office)
        self._scenarios = {internal.number: internal.scenario for internal in office.internal_numbers}
        self._users = {user.number: user for user in office.users if user.enabled}
        self._logins = {user.login: user for user in office.users if user.enabled}
        self._lines: Mapping[str, OfficeLine] = {line.line.name: line for line in all_lines(office)}
        self._phones: dict[str, list[Target]] = {}
        for phone in office.phones:
            self._phones.setdefault(phone.login, []).append(PhoneTarget(phone.account))

    def destination(
        self, number: str, *, dialled_by: str = "", at: datetime | None = None, trail: Trail = no_trail
    ) -> Destination:
        """See `office.ports.Numbering`. `at` is by the office's clock; None: hours do not count."""
        if not _DIALLABLE.fullmatch(number):
            trail(said("{number} cannot be dialled", number=number))
            return _refused(number, Refusal.UNKNOWN)
        if scenario := self._scenarios.get(number):
            trail(said("{number} leads to the scenario {scenario}", number=number, scenario=scenario))
            return Destination(number, scenario=scenario)
        if user := self._users.get(number):
            trail(said("{number} is the number of {login}", number=number, login=user.login))
            return self._to_user(number, user)
        return _over(number, self.outbound.targets(number, dialled_by=dialled_by, at=at, trail=trail))

    def over_line(self, line: str, number: str) -> Destination:
        """See `office.ports.Numbering`."""
        found = self.outbound.over(line, number)
        return _over(number, found if isinstance(found, Refusal) else [found])

    def shown_party(self, *, dialled_by: str, targets: Sequence[Target], original: Party) -> Party:
        """See `office.ports.Numbering`.

        If one of `targets` is outside, all see what the rules of its line show: an internal number means nothing there,
        and providers refuse numbers that are not theirs.
        """
        user = self._logins.get(dialled_by)
        for target in targets:
            if isinstance(target, LineTarget) and (known := self._lines.get(target.line)):
                return self._callers.shown(known.line, user, original)
        if user is not None:
            return Party(user.number, user.name)
        return original

    def _to_user(self, number: str, user: User) -> Destination:
        phones = tuple(self._phones.get(user.login, ()))
        if not phones:
            return Destination(number, user=user.login, refusal=Refusal.UNREACHABLE)
        return Destination(number, targets=(phones,), user=user.login)


def _over(number: str, found: Sequence[LineTarget] | Refusal) -> Destination:
    if isinstance(found, Refusal):
        return _refused(number, found)
    return Destination(number, targets=tuple((target,) for target in found))


def _refused(number: str, refusal: Refusal) -> Destination:
    return Destination(number, refusal=refusal)
