"""What was talked and paid: counted as calls run, and kept so that a crash forgets at most half a minute."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple, Protocol

MICRO = 1_000_000
"""Money is counted in millionths, as whole numbers: sums stay exact."""


class UsageKey(NamedTuple):
    """Whose use it is."""

    day: str
    """2026-11-23, by the clock of the office."""
    line: str
    login: str
    """Empty: nobody's, a scenario called by itself."""


@dataclass(frozen=True, slots=True)
class Used:
    """What was used up."""

    calls: int = 0
    """Answered ones."""
    seconds: int = 0
    """As the provider counts them."""
    money: int = 0
    """Millionths."""

    def __add__(self, other: "Used") -> "Used":
        return Used(self.calls + other.calls, self.seconds + other.seconds, self.money + other.money)

    def __bool__(self) -> bool:
        return self != _NOTHING

    @property
    def minutes(self) -> float:
        """Minutes of talk."""
        return self.seconds / 60

    @property
    def amount(self) -> Decimal:
        """Money in whole units of the currency."""
        return Decimal(self.money) / MICRO


_NOTHING = Used()


class UsageRepository(Protocol):
    """Keeps what was used up. Several nodes may add to one row."""

    async def add(self, used: Mapping[UsageKey, Used]) -> None:
        """Add to what is there; all or nothing. Durable when this returns."""

    async def since(self, day: str) -> Mapping[UsageKey, Used]:
        """What was used up on that day and later ones."""

    async def forget(self, before: str) -> int:
        """Delete the rows of earlier days, and return how many there were."""


class Scope(StrEnum):
    """Whose use is asked for."""

    LINE = "line"
    USER = "user"
    OFFICE = "office"


class Ledger:
    """What was used up this month, in memory: what is kept already, and what is still to be added there."""

    def __init__(self) -> None:
        self._kept: dict[UsageKey, Used] = {}
        self._taken: Mapping[UsageKey, Used] = {}
        self._waiting: dict[UsageKey, Used] = {}
        self._totals: dict[tuple[Scope, str, str], Used] = {}

    def note(self, key: UsageKey, used: Used) -> None:
        """Count something."""
        if used:
            self._waiting[key] = self._waiting.get(key, _NOTHING) + used
            self._sum(key, used)

    def take(self) -> Mapping[UsageKey, Used]:
        """What waits to be kept, and what could not be kept the last time; then `load` or `failed` is to be called."""
        self._taken, self._waiting = self._waiting, {}
        return self._taken

    def failed(self) -> None:
        """What was taken could not be kept: it waits again."""
        taken, self._taken = self._taken, {}
        for key, used in taken.items():
            self._waiting[key] = self._waiting.get(key, _NOTHING) + used

    def load(self, kept: Mapping[UsageKey, Used]) -> None:
        """What stands in the store now, with what was taken: other nodes add to it too."""
        self._kept, self._taken = dict(kept), {}
        self._totals = {}
        for key, used in self.rows():
            self._sum(key, used)

    def used(self, scope: Scope, whose: str, period: str) -> Used:
        """What a line, a user or all have used up in a day (2026-11-23) or a month (2026-11)."""
        return self._totals.get((scope, whose, period), _NOTHING)

    def rows(self) -> Iterator[tuple[UsageKey, Used]]:
        """Everything that is known; a key may come twice."""
        for part in (self._kept, self._taken, self._waiting):
            yield from part.items()

    def _sum(self, key: UsageKey, used: Used) -> None:
        for scope, whose in ((Scope.LINE, key.line), (Scope.USER, key.login), (Scope.OFFICE, "")):
            for period in (key.day, month_of(key.day)):
                place = scope, whose, period
                self._totals[place] = self._totals.get(place, _NOTHING) + used


def month_of(day: str) -> str:
    """The month of a day: 2026-11."""
    return day[:7]
