"""What the call log tells a manager: missed and not yet called back, service level, waits, who did what.

Pure: facts of calls in, rows out. The store gives the facts.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from cordboard.office.repositories import LoggedChain
from cordboard.telephony import EndReason

Row = Mapping[str, Any]
GROUP_TAG = "group"
"""The tag of a call that was led to a group: its name."""

_COUNTED = ("rung", "answered", "not_answered", "dialled", "talks", "talked")
_LET_RING = frozenset({EndReason.NO_ANSWER.value, EndReason.REJECTED.value})
"""Why a leg ended at a user who could have answered; BUSY and answered elsewhere are no fault of his."""


@dataclass(frozen=True, slots=True)
class LegFact:
    """One leg, as far as reports need it."""

    inbound: bool
    line: str
    account: str
    phone: str
    """The number outside in canonical writing; empty for a phone of the office."""
    shown: str
    """The same as it was received or dialled."""
    started: datetime
    answered: datetime | None
    ended: datetime | None
    reason: str
    talks: tuple[tuple[datetime, datetime | None], ...] = ()
    """When it was joined with another one, and parted."""


@dataclass(frozen=True, slots=True)
class CallFact:
    """One call: its legs in the order of their beginning."""

    chain: str
    legs: tuple[LegFact, ...]
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def began(self) -> datetime:
        """When its first leg did."""
        return self.legs[0].started

    @property
    def first(self) -> LegFact:
        """Its first leg."""
        return self.legs[0]

    @property
    def from_outside(self) -> bool:
        """Whether somebody outside called us."""
        return self.first.inbound and bool(self.first.line)

    @property
    def over(self) -> bool:
        """Whether all of its legs have ended."""
        return all(leg.ended is not None for leg in self.legs)

    @property
    def talked_at(self) -> datetime | None:
        """When two parties were joined first; None: nobody talked with anybody."""
        return min((start for leg in self.legs for start, _ in leg.talks), default=None)

    @property
    def waited(self) -> float:
        """Seconds until somebody talked, or until the end."""
        until = self.talked_at or max(leg.ended or leg.started for leg in self.legs)
        return max(0.0, (until - self.began).total_seconds())


class Grouping(StrEnum):
    """By what calls are counted together."""

    HOUR = "hour"
    """Of the day, by the clock of the office."""
    DAY = "day"
    LINE = "line"
    GROUP = "group"
    """The group that the call was led to: its tag `group`."""
    ALL = "all"


@dataclass(frozen=True, slots=True)
class LogQuery:
    """Which calls of the log are asked for; what is left out does not matter."""

    since: datetime
    """Aware; the call began then or later."""
    until: datetime
    """Aware; it began before."""
    number: str = ""
    """Canonical: somebody called from it, or was called at it."""
    digits: str = ""
    """Of a number as it was written: any part of it."""
    accounts: tuple[str, ...] = ()
    """Phones of which one was in it."""
    login: str = ""
    """A user who talked, by the connections of the log: also if his phones are others now."""
    line: str = ""
    direction: str = ""
    """inbound, outbound or internal."""
    missed: bool | None = None
    """Whether it came from outside and nobody talked with it."""
    text: str = ""
    """In a name, or in a tag."""
    before: tuple[datetime, str] | None = None
    """Beginning and chain of the last one seen: what began earlier."""
    limit: int = 100
    chain: str = ""
    """That call alone."""


class ReportRepository(Protocol):
    """Reads the call log for lists and reports."""

    async def search(self, query: LogQuery) -> Sequence[LoggedChain]:
        """The calls that meet a query, the youngest first."""

    async def facts(self, since: datetime, until: datetime) -> Sequence[CallFact]:
        """The calls that began within a period, the oldest first."""

    async def reached(self, phones: Iterable[str], since: datetime) -> Mapping[str, datetime]:
        """When each of these canonical phones was last talked with since then, whoever called; others are missing."""


def missed_calls(facts: Sequence[CallFact], reached: Mapping[str, datetime], *, open_only: bool = True) -> list[Row]:
    """Who called from outside and talked with nobody, one row a phone; `open_only`: and was not reached since.

    Hidden numbers stand alone: nobody can call them back.
    """
    by_phone: dict[str, list[CallFact]] = defaultdict(list)
    for fact in facts:
        if fact.from_outside and fact.over and fact.talked_at is None:
            by_phone[fact.first.phone or f"?{fact.chain}"].append(fact)
    rows = []
    for phone, calls in by_phone.items():
        last = calls[-1]
        back = reached.get(phone)
        done = back if back is not None and back >= last.began else None
        if done is None or not open_only:
            rows.append(
                {
                    "phone": last.first.phone,
                    "number": last.first.shown,
                    "line": last.first.line,
                    "calls": len(calls),
                    "first": calls[0].began,
                    "last": last.began,
                    "waited": round(last.waited, 1),
                    "reached": done,
                    "chain": last.chain,
                }
            )
    return sorted(rows, key=lambda row: row["last"], reverse=True)


def service_level(facts: Sequence[CallFact], by: Grouping, zone: ZoneInfo, *, within: float = 20.0) -> list[Row]:
    """Calls from outside that are over: how many were answered by a person, and within how many seconds."""
    together: dict[str, list[CallFact]] = defaultdict(list)
    for fact in facts:
        if fact.from_outside and fact.over:
            together[_key(fact, by, zone)].append(fact)
    return [_level(key, calls, within) for key, calls in sorted(together.items())]


def _level(key: str, calls: Sequence[CallFact], within: float) -> Row:
    answered = [call.waited for call in calls if call.talked_at is not None]
    given_up = [call.waited for call in calls if call.talked_at is None]
    quick = sum(1 for seconds in answered if seconds <= within)
    return {
        "by": key,
        "calls": len(calls),
        "answered": len(answered),
        "missed": len(given_up),
        "within": quick,
        "level": round(100 * quick / len(calls), 1),
        "wait_average": _average(answered),
        "wait_longest": round(max(answered, default=0.0), 1),
        "given_up_after": _average(given_up),
    }


def _key(fact: CallFact, by: Grouping, zone: ZoneInfo) -> str:
    local = fact.began.astimezone(zone)
    match by:
        case Grouping.HOUR:
            return f"{local:%H}:00"
        case Grouping.DAY:
            return f"{local:%Y-%m-%d}"
        case Grouping.LINE:
            return fact.first.line
        case Grouping.GROUP:
            return fact.tags.get(GROUP_TAG, "")
        case Grouping.ALL:
            return ""


def by_operator(facts: Sequence[CallFact], login_of: Callable[[str], str]) -> list[Row]:
    """What each user's phones did: rung, answered, not answered, dialled outside, and how long he talked."""
    rows: dict[str, dict[str, Any]] = {}
    for leg in (leg for fact in facts for leg in fact.legs):
        login = login_of(leg.account) if leg.account else ""
        if not login:
            continue
        row = rows.setdefault(login, {"login": login} | dict.fromkeys(_COUNTED, 0))
        if leg.inbound:
            row["dialled"] += 1
        else:
            row["rung"] += 1
            row["answered"] += leg.answered is not None
            row["not_answered"] += leg.answered is None and leg.reason in _LET_RING
        row["talks"] += len(leg.talks)
        row["talked"] += sum(((stop or leg.ended or start) - start).total_seconds() for start, stop in leg.talks)
    for row in rows.values():
        row["talk_average"] = round(row["talked"] / row["talks"], 1) if row["talks"] else 0.0
        row["talked"] = round(row["talked"], 1)
    return [row for _, row in sorted(rows.items())]


def _average(seconds: Sequence[float]) -> float:
    return round(sum(seconds) / len(seconds), 1) if seconds else 0.0
