"""The calls that go over lines just now: who pays for each, and what it has cost so far."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from cordboard.office.lines.usage import MICRO, Used
from cordboard.telephony import Direction, LegRecord, PhoneNumber

_REMEMBERED = 1000
"""Beginnings of calls, by line: as many as may be allowed in a second."""


@dataclass(slots=True)
class LineCall:
    """A call over a line, in either direction."""

    leg: str
    chain: str
    line: str
    outward: bool
    login: str
    """Who pays; empty: nobody of the office, or the call came in."""
    phone: PhoneNumber
    urgent: bool = False
    """An emergency call: nothing ends it."""
    price: Decimal = Decimal(0)
    """Of a minute."""
    charged_by: int = 1
    """Seconds by which it is counted."""
    answered: datetime | None = None
    warned: bool = False
    ending: bool = False
    counted: Used = field(default_factory=Used)

    @property
    def costs(self) -> bool:
        """Whether it is one that somebody pays for, now."""
        return self.outward and self.answered is not None

    @property
    def money_a_second(self) -> float:
        """Millionths."""
        return float(self.price) * MICRO / 60

    def paid_ahead(self, now: datetime) -> float:
        """Seconds that are counted already and not yet talked."""
        return self.counted.seconds - (now - self.answered).total_seconds() if self.answered is not None else 0.0

    def count(self, until: datetime) -> Used:
        """What has come since the last counting."""
        if self.answered is None or not self.outward:
            return Used()
        talked = max((until - self.answered).total_seconds(), 0.001)
        seconds = max(math.ceil(talked / self.charged_by) * self.charged_by, self.counted.seconds)
        total = Used(1, seconds, int(self.price * seconds * MICRO / 60))
        more = Used(
            total.calls - self.counted.calls,
            total.seconds - self.counted.seconds,
            max(total.money - self.counted.money, 0),
        )
        self.counted += more
        return more


@dataclass(slots=True)
class _Chain:
    legs: set[str]
    login: str = ""
    """Whose phone is in it."""
    from_outside: bool = False
    phone: bool = False


class Chains:
    """Who has begun each chain: a phone of the office, somebody outside, or the exchange by itself."""

    def __init__(self) -> None:
        self._chains: dict[str, _Chain] = {}
        self._legs: dict[str, str] = {}
        """The chain of each leg."""
        self._partners: dict[str, str] = {}

    def leg_changed(self, record: LegRecord, owner: str) -> None:
        """`owner`: the login behind its account."""
        before = self._legs.get(record.id, record.chain)
        if record.ended is not None or before != record.chain:  # a transfer joins two chains
            self._leave(before, record.id)
        if record.ended is not None:
            self._partners.pop(record.id, None)
            self._legs.pop(record.id, None)
            return
        self._legs[record.id] = record.chain
        chain = self._chains.setdefault(record.chain, _Chain(set()))
        chain.legs.add(record.id)
        if record.account and not chain.phone:
            chain.phone, chain.login = True, owner
        if record.line and record.direction is Direction.INBOUND:
            chain.from_outside = True

    def _leave(self, chain: str, leg: str) -> None:
        known = self._chains.get(chain)
        if known is not None:
            known.legs.discard(leg)
            if not known.legs:
                del self._chains[chain]

    def joined(self, a: str, b: str) -> None:
        """Two legs talk."""
        self._partners[a], self._partners[b] = b, a

    def partner(self, leg: str) -> str:
        """With whom a leg talks, or talked last; empty: nobody."""
        return self._partners.get(leg, "")

    def login(self, chain: str) -> str:
        """Whose phone is in the chain; empty: nobody's."""
        known = self._chains.get(chain)
        return known.login if known is not None else ""

    def has_phone(self, chain: str) -> bool:
        """Whether a phone of the office is in it."""
        return (known := self._chains.get(chain)) is not None and known.phone

    def from_outside(self, chain: str) -> bool:
        """Whether somebody outside is in it who has called us."""
        return (known := self._chains.get(chain)) is not None and known.from_outside


class Pace:
    """Calls that began just now, by line."""

    def __init__(self) -> None:
        self._begun: dict[str, list[float]] = {}

    def begin(self, line: str, now: float) -> None:
        """One has begun; `now` in seconds."""
        self._begun[line] = [*self._begun.get(line, ())[-_REMEMBERED:], now]

    def too_fast(self, line: str, a_second: float, now: float) -> bool:
        """Whether another one would be more than `a_second` calls a second."""
        if a_second <= 0:
            return False
        window, most = max(1.0, 1 / a_second), max(1, int(a_second))
        recent = [at for at in self._begun.get(line, ()) if now - at < window]
        self._begun[line] = recent
        return len(recent) >= most


def over(calls: Iterable[LineCall], line: str) -> tuple[int, int]:
    """How many came in over a line, and how many go out."""
    ways = [call.outward for call in calls if call.line == line and not call.ending]
    return ways.count(False), ways.count(True)
