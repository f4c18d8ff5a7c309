"""The content of a call that has ended: what the after-call scenario is told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from cordboard.office import connections as rows
from cordboard.office.after_call import CallNotes
from cordboard.office.connections import ConnectionRow, connection_rows
from cordboard.telephony import ConnectionRecord, Direction, LegRecord, PhoneNumber


@dataclass(frozen=True, slots=True)
class EndedCall:
    """A call of which the last leg has ended."""

    id: str
    """That of the last leg: the same if the same end is found again."""
    chain: str
    phone: str
    """The party outside in canonical writing; empty if there is none, or it hides its number."""
    missed: bool
    content: Mapping[str, Any]
    """By the names of `CONTENT`: texts, PhoneNumber, datetime (aware), timedelta, bool, lists and maps of them."""
    rows: Sequence[ConnectionRow] = ()
    """Its connections that were answered."""
    last: LegRecord | None = None
    """The leg with whose end it ended."""


class Directory(rows.Directory, Protocol):
    """The part of the office that is needed here."""

    def phone(self, text: str) -> PhoneNumber:
        """A number, read as this office's country writes it."""


CONTENT: Mapping[str, str] = {
    "chain": "The id under which the call stands in the log.",
    "direction": "inbound from outside, outbound, or internal.",
    "phone": "The party outside; of an internal call, who called.",
    "name": "What that party calls itself.",
    "dialled": "What the caller dialled.",
    "line": "The external line; empty for an internal call.",
    "started": "When the first leg began.",
    "ended": "When the last one ended.",
    "waited": "From the beginning until somebody talked, or until the end.",
    "talked": "How long somebody talked.",
    "connected": "Whether the party outside talked with a person.",
    "missed": "Whether it came from outside and nobody talked with it.",
    "answered": "Whether the first leg was answered, by a person or a scenario.",
    "login": "The user who talked, or who called; the last one if there were several.",
    "reason": "Why the first leg ended.",
    "connections": "A record for each talk: login, phone, line, started, seconds.",
    "legs": "A record for each leg: direction, login, phone, line, started, ended, answered, reason.",
    "scenarios": "A record for each scenario that ran in it: scenario, path (the steps in their order).",
    "keys": "The keys that were pressed; those that are a secret as a dot.",
    "recordings": "The names of the recordings that were begun.",
}
"""The names, with their meaning for the manual."""


class EndedCalls:
    """Watches legs and gives each call once its last leg has ended."""

    def __init__(self, directory: Directory, notes: CallNotes | None = None) -> None:
        """`notes` know what happened in a call beside its legs."""
        self._directory = directory
        self._notes = notes or CallNotes()
        self._legs: dict[str, dict[str, LegRecord]] = {}
        """The legs of each chain since it last had none that was up."""
        self._connections: dict[str, dict[str, ConnectionRecord]] = {}
        self._chains: dict[str, str] = {}
        """The chain of each of these legs."""

    def united(self, record: LegRecord) -> tuple[Sequence[LegRecord], Sequence[ConnectionRecord]]:
        """What else has moved with a leg that belongs to another chain now: all of its old one, as it stands now.

        Nothing for nearly all changes. Ask before the change is taken.
        """
        old = self._chains.get(record.id, record.chain)
        if old == record.chain:
            return (), ()
        self._notes.moved(old, record.chain)
        legs = [replace(leg, chain=record.chain) for leg in self._legs.pop(old).values()]
        connections = [replace(each, chain=record.chain) for each in self._connections.pop(old, {}).values()]
        own = self._legs.get(record.chain, {}) | {leg.id: leg for leg in legs}
        self._legs[record.chain] = dict(sorted(own.items(), key=lambda item: item[1].started))
        self._connections.setdefault(record.chain, {}).update({each.id: each for each in connections})
        self._chains.update({leg.id: record.chain for leg in legs})
        return legs, connections

    def leg_changed(self, record: LegRecord) -> EndedCall | None:
        """Take a change; the call that is over with it, if it is."""
        legs = self._legs.setdefault(record.chain, {})
        legs[record.id] = record
        self._chains[record.id] = record.chain
        if any(leg.ended is None for leg in legs.values()):
            return None
        del self._legs[record.chain]
        for leg in legs:
            del self._chains[leg]
        connections = self._connections.pop(record.chain, {})
        beside = self._notes.take(record.chain)
        return ended_call(list(legs.values()), list(connections.values()), self._directory, beside)

    def connection_changed(self, record: ConnectionRecord) -> ConnectionRecord:
        """Take a change; it is given back with the chain that its legs have now: it may have begun in another."""
        record = replace(record, chain=self._chains.get(record.a_leg, record.chain))
        self._connections.setdefault(record.chain, {})[record.id] = record
        return record

    def has_talked(self, chain: str, leg_id: str) -> bool:
        """Whether that leg of a living call was ever joined with another."""
        return any(leg_id in {each.a_leg, each.b_leg} for each in self._connections.get(chain, {}).values())


def ended_call(
    legs: Sequence[LegRecord],
    connections: Sequence[ConnectionRecord],
    directory: Directory,
    beside: Mapping[str, Any] | None = None,
) -> EndedCall:
    """What `legs` (all ended, in the order of their beginning) and `connections` make together.

    `beside` is what `CallNotes` has taken; without it nothing is known of scenarios, keys and recordings.
    """
    first, last = legs[0], max(legs, key=lambda leg: leg.ended or leg.started)
    by_id = {leg.id: leg for leg in legs}
    talks = [
        _talk(by_id[each.a_leg], by_id[each.b_leg], each, directory)
        for each in connections
        if each.a_leg in by_id and each.b_leg in by_id
    ]
    outside = next((leg for leg in legs if leg.line), None)
    direction = ("inbound" if first is outside and _came_in(first) else "outbound") if outside else "internal"
    number = _number(outside or first)
    ended = last.ended or last.started
    began = min((talk["started"] for talk in talks), default=ended)
    talkers = [talk["login"] for talk in talks if talk["login"]] or [_login(leg, directory) for leg in legs]
    missed = not talks and _came_in(first) and bool(first.line)
    phone = directory.phone(number)
    content = {
        "chain": first.chain,
        "direction": direction,
        "phone": phone,
        "name": first.caller.name if _came_in(first) else "",
        "dialled": first.dialled,
        "line": outside.line if outside else "",
        "started": first.started,
        "ended": ended,
        "waited": began - first.started,
        "talked": sum((talk["talked"] for talk in talks), timedelta()),
        "connected": bool(talks) and outside is not None,
        "missed": missed,
        "answered": first.answered is not None,
        "login": next((login for login in reversed(talkers) if login), ""),
        "reason": first.reason.value if first.reason else "",
        "connections": talks,
        "legs": [_leg(leg, directory) for leg in legs],
        **(beside if beside is not None else CallNotes().take("")),
    }
    return EndedCall(
        last.id, first.chain, phone.canonical, missed, content, connection_rows(legs, connections, directory), last
    )


def _talk(a: LegRecord, b: LegRecord, connection: ConnectionRecord, directory: Directory) -> dict[str, Any]:
    ended: datetime = connection.ended or max(leg.ended or leg.started for leg in (a, b))
    outside = next((leg for leg in (a, b) if leg.line), a)
    logins = [login for leg in (b, a) if (login := _login(leg, directory))]
    return {
        "login": logins[0] if logins else "",
        "phone": directory.phone(_number(outside)),
        "line": outside.line,
        "started": connection.started,
        "talked": ended - connection.started,
    }


def _leg(leg: LegRecord, directory: Directory) -> dict[str, Any]:
    return {
        "direction": leg.direction.value,
        "login": _login(leg, directory),
        "phone": directory.phone(_number(leg)),
        "line": leg.line,
        "started": leg.started,
        "ended": leg.ended or leg.started,
        "answered": leg.answered is not None,
        "reason": leg.reason.value if leg.reason else "",
    }


def _login(leg: LegRecord, directory: Directory) -> str:
    person = directory.by_account(leg.account) if leg.account else None
    return person.login if person else ""


def _number(leg: LegRecord) -> str:
    """The far end's number."""
    return leg.caller.number if _came_in(leg) else leg.dialled


def _came_in(leg: LegRecord) -> bool:
    return leg.direction is Direction.INBOUND
