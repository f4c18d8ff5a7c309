"""What was talked and paid: counted as calls run, and kept so that a crash forgets at most half a minute."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple, Protocol, Self

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


class Ledger:
    """What was used up this month, in memory: what is kept already, and what is still to be added there."""

    def __init__(self) -> None:
        self._kept: dict[UsageKey, Used] = {}
        self._waiting: dict[UsageKey, Used] = {}

    def note(self, key: UsageKey, used: Used) -> None:
        """Count something."""
        if used:
            self._waiting[key] = self._waiting.get(key, _NOTHING) + used

    def take(self) -> Mapping[UsageKey, Used]:
        """What waits to be kept; the caller says `kept` when it is."""
        return dict(self._waiting)

    def kept(self, taken: Mapping[UsageKey, Used]) -> None:
        """It was added to what is kept."""
        for key, used in taken.items():
            self._kept[key] = self._kept.get(key, _NOTHING) + used
            left = self._waiting.get(key, _NOTHING)
            rest = Used(left.calls - used.calls, left.seconds - used.seconds, left.money - used.money)
            if rest:
                self._waiting[key] = rest
            else:
                self._waiting.pop(key, None)

    def load(self, kept: Mapping[UsageKey, Used]) -> Self:
        """What stands in the store, in place of what was known of it: other nodes add to it too."""
        self._kept = dict(kept)
        return self

    def used(self, *, since: str, line: str | None = None, login: str | None = None) -> Used:
        """What was used up from a day on, by one line, by one user, or by all."""
        total = _NOTHING
        for key, used in self.items():
            if key.day >= since and line in (None, key.line) and login in (None, key.login):
                total += used
        return total

    def items(self) -> Iterator[tuple[UsageKey, Used]]:
        """Everything that is known; a key may come twice."""
        yield from self._kept.items()
        yield from self._waiting.items()
