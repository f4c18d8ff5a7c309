"""Caps: what may be used up in a day or a month, and how much of it is."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from cordboard.office.lines.calls import LineCall
from cordboard.office.lines.money import Cap, MoneyGuard
from cordboard.office.lines.rules import LineRules
from cordboard.office.lines.said import said
from cordboard.office.lines.usage import MICRO, Ledger, Scope, month_of

LEVELS = (1.0, 0.8)
"""The parts of a cap at which an alarm is raised, the highest first."""


class Unit(StrEnum):
    """What is counted."""

    MINUTES = "minutes"
    MONEY = "money"


@dataclass(frozen=True, slots=True)
class Limit:
    """One cap and what is used up of it, in seconds or millionths."""

    scope: Scope
    whose: str
    period: str
    """2026-11-23 or 2026-11."""
    unit: Unit
    cap: int
    used: int

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What it is about."""
        return self.scope, self.whose, self.period, self.unit

    @property
    def reached(self) -> bool:
        """Whether nothing is left."""
        return self.used >= self.cap

    @property
    def share(self) -> float:
        """The part that is used up; more than 1 if it went beyond."""
        return self.used / self.cap

    @property
    def level(self) -> float:
        """The highest alarm that it has reached; 0.0: none."""
        return next((level for level in LEVELS if self.share >= level), 0.0)

    def left(self, calls: Iterable[LineCall]) -> float:
        """Seconds until it is used up, if these calls, which it concerns, go on; none or less if it is."""
        rate = sum(1.0 if self.unit is Unit.MINUTES else call.money_a_second for call in calls)
        return (self.cap - self.used) / rate if rate else math.inf

    def told(self) -> str:
        """In words."""
        whole = 60 if self.unit is Unit.MINUTES else MICRO
        return said(
            "{used} of {cap} {unit} of {scope} {whose} are used up ({period})",
            used=round(self.used / whole, 2),
            cap=round(self.cap / whole, 2),
            unit=self.unit.value,
            scope=self.scope.value,
            whose=self.whose or "-",
            period=self.period,
        )


@dataclass(frozen=True, slots=True)
class Alarm:
    """A cap is nearly used up, or wholly."""

    limit: Limit
    level: float
    to: tuple[str, ...]
    """Logins."""

    @property
    def name(self) -> str:
        """Of the event."""
        return "money.cap"

    @property
    def id(self) -> str:
        """Of the event and of the notice: each alarm is told once, by whichever node or run of the program."""
        return ":".join((self.name, *self.limit.key, str(round(self.level * 100))))

    @property
    def key(self) -> str:
        """Of the event: the line or the login; empty: the whole office."""
        return self.limit.whose

    @property
    def text(self) -> str:
        """For people."""
        return self.limit.told()

    @property
    def data(self) -> dict[str, str]:
        """Of the event."""
        limit = self.limit
        return {
            "scope": limit.scope.value,
            "of": limit.whose,
            "period": limit.period,
            "unit": limit.unit.value,
            "percent": str(round(self.level * 100)),
            "text": self.text,
        }


def limits(rules: LineRules | None, guard: MoneyGuard | None, ledger: Ledger, call: LineCall, day: str) -> list[Limit]:
    """All caps that a call uses up."""
    found: list[Limit] = []

    def add(scope: Scope, whose: str, period: str, unit: Unit, cap: float) -> None:
        if cap <= 0:
            return
        used = ledger.used(scope, whose, period)
        whole = 60 if unit is Unit.MINUTES else MICRO
        amount = used.seconds if unit is Unit.MINUTES else used.money
        found.append(Limit(scope, whose, period, unit, int(cap * whole), amount))

    def add_cap(scope: Scope, whose: str, cap: Cap) -> None:
        add(scope, whose, day, Unit.MINUTES, cap.minutes)
        add(scope, whose, day, Unit.MONEY, float(cap.money))

    if rules is not None:
        add(Scope.LINE, call.line, day, Unit.MINUTES, rules.minutes_a_day)
        add(Scope.LINE, call.line, month_of(day), Unit.MINUTES, rules.minutes_a_month)
    if guard is not None:
        if call.login:
            add_cap(Scope.USER, call.login, guard.caps_of_users.get(call.login, guard.cap_of_a_user))
        add_cap(Scope.LINE, call.line, guard.cap_of_a_line)
        add_cap(Scope.OFFICE, "", guard.cap_of_the_office)
    return found


class Alarms:
    """Tells each cap's levels once."""

    def __init__(self) -> None:
        self._told: dict[tuple[str, str, str, str], float] = {}

    def look(self, found: Iterable[Limit], to: tuple[str, ...]) -> Iterator[Alarm]:
        """The alarms that are new."""
        for limit in found:
            level = limit.level
            if level > self._told.get(limit.key, 0.0):
                self._told[limit.key] = level
                yield Alarm(limit, level, to)

    def forget(self, day: str) -> None:
        """A new day has begun: what is over is told no more."""
        self._told = {key: level for key, level in self._told.items() if key[2] in (day, month_of(day))}
