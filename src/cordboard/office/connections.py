"""The connections of an ended call as rows: two parties who talked, or one who talked with a scenario.

Attempts are no rows, they stand in the log as legs. What the columns mean was settled by an older exchange, so that
SQL that was written for its table goes on working: see `ConnectionRow`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Protocol
from zoneinfo import ZoneInfo

from cordboard.office.ports import Person
from cordboard.telephony import ConnectionRecord, Direction, LegRecord

ROBOT = "IVR"
"""What stands as the line of a side that is no party but a scenario."""
HANDED_OVER = timedelta(seconds=2)
"""Within this, two who have both answered are joined, if one was called for the other. Who is alone with the exchange
for longer talks with a scenario."""


class Reason(IntEnum):
    """Why a connection came to be."""

    DIALLED = 1
    """The one side dialled the other."""
    SWITCHED = 2
    """The one side had talked before, with a scenario or a person, and was switched to the other."""
    PLACED = 3
    """The exchange itself called."""


@dataclass(frozen=True, slots=True)
class ConnectionRow:
    """One connection. A is who called, B who was called. Times are in the zone of the office, naive."""

    id: str
    """Of the connection; of one with a scenario, that of the leg."""
    chain: str
    started: datetime
    """When B was called; when A came in, if B is a scenario."""
    answered: datetime
    stopped: datetime
    type: int
    """1 inside → outside, 2 inside → scenario, 3 inside → inside, 4 outside → scenario, 5 outside → inside,
    6 outside → outside, 7 scenario → outside, 8 scenario → inside."""
    reason: int
    """A `Reason`."""
    recorded: bool
    a_line: str
    """The external line, the account of the office's phone, or `ROBOT`."""
    a_number: str
    """What shows A: a user's own number; of who called from outside, as received; of who was called, as sent to the
    line. Never normalised. Of a scenario, what it showed."""
    dialled: str
    """What A dialled; empty if it was called itself."""
    a_user: str | None
    """The login, if A is one of the office."""
    b_line: str
    b_number: str
    """As `a_number`; of a scenario, the number at which it answered."""
    b_user: str | None


class Directory(Protocol):
    """The part of the office that is needed here."""

    @property
    def zone(self) -> ZoneInfo:
        """Where the office is."""

    def by_account(self, account: str) -> Person | None:
        """The user whose phone signs in with that account."""


@dataclass(frozen=True, slots=True)
class _Side:
    kind: str
    """inside, outside or robot."""
    line: str
    number: str
    user: str | None


_TYPES = {
    ("inside", "outside"): 1,
    ("inside", "robot"): 2,
    ("inside", "inside"): 3,
    ("outside", "robot"): 4,
    ("outside", "inside"): 5,
    ("outside", "outside"): 6,
    ("robot", "outside"): 7,
    ("robot", "inside"): 8,
}


def connection_rows(
    legs: Sequence[LegRecord], connections: Sequence[ConnectionRecord], directory: Directory
) -> tuple[ConnectionRow, ...]:
    """The rows of a call whose `legs` have all ended, in the order of their answers."""
    by_id = {leg.id: leg for leg in legs}
    talks = [each for each in connections if each.a_leg in by_id and each.b_leg in by_id]
    rows = [row for leg in legs if (row := _with_scenario(leg, legs, talks, directory)) is not None]
    robots = {row.id for row in rows}
    for talk in sorted(talks, key=lambda each: each.started):
        a, b = sorted((by_id[talk.a_leg], by_id[talk.b_leg]), key=_calling_first)
        earlier = any(each.started < talk.started for each in _of(a, talks))
        reason = Reason.SWITCHED if a.id in robots or earlier else Reason.DIALLED
        rows.append(_between(talk, a, b, reason, directory))
    return tuple(sorted(rows, key=lambda row: (row.answered, row.id)))


def _between(talk: ConnectionRecord, a: LegRecord, b: LegRecord, reason: Reason, directory: Directory) -> ConnectionRow:
    """Two parties."""
    stopped = talk.ended or min(leg.ended or talk.started for leg in (a, b))
    times = (max(a.started, b.started), talk.started, stopped)
    sides = (_side(a, directory), _side(b, directory))
    return _row(talk.id, times, reason, sides, a, b, zone=directory.zone)


def _with_scenario(
    leg: LegRecord, legs: Sequence[LegRecord], talks: Sequence[ConnectionRecord], directory: Directory
) -> ConnectionRow | None:
    """The time that a leg spent with a scenario before it talked with anybody; None if there was none.

    What it hears after a talk (a menu once more, a survey) is no connection of its own.
    """
    if leg.answered is None:
        return None
    first = min(_of(leg, talks), key=lambda each: each.started, default=None)
    if first is not None:
        until = first.started
        other = next(each for each in legs if each is not leg and each.id in {first.a_leg, first.b_leg})
        called_later = other.started > leg.answered
        if not called_later and until - max(leg.answered, other.answered or until) < HANDED_OVER:
            return None
    else:
        until = leg.ended or leg.answered
        if until - leg.answered < HANDED_OVER and _others_at(leg.answered, leg, legs):
            return None  # one of two gave up just as the other answered
    times = (leg.started, leg.answered, until)
    party = _side(leg, directory)
    if leg.direction is Direction.INBOUND:
        robot = _Side("robot", ROBOT, leg.dialled, None)
        return _row(leg.id, times, Reason.DIALLED, (party, robot), leg, zone=directory.zone)
    robot = _Side("robot", ROBOT, leg.caller.number, None)
    return _row(leg.id, times, Reason.PLACED, (robot, party), leg, zone=directory.zone)


def _row(
    row_id: str,
    times: tuple[datetime, datetime, datetime],
    reason: Reason,
    sides: tuple[_Side, _Side],
    *legs: LegRecord,
    zone: ZoneInfo,
) -> ConnectionRow:
    """`legs`: who called first, if it is a leg."""
    started, answered, stopped = (moment.astimezone(zone).replace(tzinfo=None) for moment in times)
    calling, (a, b) = legs[0], sides
    return ConnectionRow(
        id=row_id,
        chain=calling.chain,
        started=started,
        answered=answered,
        stopped=stopped,
        type=_TYPES[a.kind, b.kind],
        reason=int(reason),
        recorded=any(leg.recorded for leg in legs),
        a_line=a.line,
        a_number=a.number,
        dialled=calling.dialled if calling.direction is Direction.INBOUND else "",
        a_user=a.user,
        b_line=b.line,
        b_number=b.number,
        b_user=b.user,
    )


def _side(leg: LegRecord, directory: Directory) -> _Side:
    shown = leg.caller.number if leg.direction is Direction.INBOUND else leg.dialled
    if leg.line:
        return _Side("outside", leg.line, shown, None)
    person = directory.by_account(leg.account) if leg.account else None
    return _Side("inside", leg.account, person.number if person else shown, person.login if person else None)


def _others_at(moment: datetime, leg: LegRecord, legs: Sequence[LegRecord]) -> bool:
    """Whether another leg of the call was there then."""
    return any(
        other is not leg and other.started <= moment and (other.ended is None or other.ended >= moment)
        for other in legs
    )


def _of(leg: LegRecord, talks: Iterable[ConnectionRecord]) -> list[ConnectionRecord]:
    return [talk for talk in talks if leg.id in {talk.a_leg, talk.b_leg}]


def _calling_first(leg: LegRecord) -> tuple[bool, datetime]:
    """Who came in called; of two alike, the older one."""
    return leg.direction is not Direction.INBOUND, leg.started
