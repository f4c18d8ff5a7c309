"""What the rules themselves forbid, at one moment: whatever was used up meanwhile is another matter (`guard`)."""

from collections.abc import Callable
from datetime import datetime

from cordboard.office.lines.money import Allowed, MoneyGuard
from cordboard.office.lines.prefixes import begins, within
from cordboard.office.lines.rules import LineRules
from cordboard.office.lines.said import said
from cordboard.telephony import PhoneNumber

Trail = Callable[[str], None]
"""Takes a sentence for each step of a decision, for whoever wants to know why."""


def no_trail(_: str) -> None:
    """Nobody wants to know."""


def line_bars(rules: LineRules | None, phone: PhoneNumber, at: datetime | None) -> str:
    """Why the line may not carry a number; empty: it may. `at` is by the office's clock; None: hours do not count."""
    if rules is None:
        return ""
    if rules.allowed and not begins(phone.canonical, rules.allowed):
        return said("the line {line} may not carry {number}", line=rules.name, number=phone.canonical)
    if at is not None and rules.quiet_hours and within(at, rules.quiet_hours, rules.quiet_days):
        return said("the line {line} has quiet hours: {hours}", line=rules.name, hours=rules.quiet_hours)
    return ""


def user_bars(guard: MoneyGuard | None, login: str, phone: PhoneNumber, at: datetime | None) -> str:
    """Why a user may not call a number now, by the guard of money; empty: he may."""
    if guard is None:
        return ""
    if not guard.users.get(login, guard.everybody).holds(phone):
        return said("the guard of money does not let {login} call {number}", login=login, number=phone.canonical)
    return night_bars(guard, login, at)


def night_bars(guard: MoneyGuard, login: str, at: datetime | None) -> str:
    """Why nobody, or not this user, may call outside now; empty: he may."""
    if at is None or not guard.night or login in guard.night_users or not within(at, guard.night, guard.night_days):
        return ""
    return said("the night lock is on: {hours}", hours=guard.night)


def purpose_bars(allowed: Allowed, phone: PhoneNumber) -> str:
    """Why a call that no user of ours makes may not go there; empty: it may."""
    if allowed.holds(phone):
        return ""
    return said("the guard of money does not let {number} be called from here", number=phone.canonical)
