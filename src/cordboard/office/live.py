"""What happens in the office at this moment, told to pages and programs that listen: calls, people, lines, runs."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any, Protocol

from cordboard.office.ports import Person
from cordboard.telephony import Clock, ConnectionRecord, Direction, LegRecord

WAITING = 1000
"""Events that wait for a slow listener; the oldest are dropped, and he is told how many."""

ENDED = "call.ended"


@dataclass(frozen=True, slots=True)
class LiveEvent:
    """Something that has just happened."""

    topic: str
    """call.ringing, line.down: what kind of thing, and what happened."""
    at: datetime
    """Aware, in UTC."""
    data: Mapping[str, Any]
    """Plain JSON."""
    logins: frozenset[str] = frozenset()
    """The users whom it concerns."""
    chain: str = ""


Wanted = Callable[[LiveEvent], bool]


class Directory(Protocol):
    """The part of the office that is needed here."""

    def by_account(self, account: str) -> Person | None:
        """The user whose phone signs in with that account."""


class LiveStream:
    """What one listener is told, in order."""

    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self.missed = 0
        """How many were dropped since `next` was called last."""
        self._waiting: deque[LiveEvent] = deque()
        self._there = asyncio.Event()

    async def next(self) -> tuple[LiveEvent, int]:
        """The next event, when it is there, and how many were dropped before it."""
        while not self._waiting:
            self._there.clear()
            await self._there.wait()
        missed, self.missed = self.missed, 0
        return self._waiting.popleft(), missed

    def put(self, event: LiveEvent) -> None:
        """Tell it."""
        if len(self._waiting) >= WAITING:
            self._waiting.popleft()
            self.missed += 1
        self._waiting.append(event)
        self._there.set()


@dataclass(slots=True)
class LiveEvents:
    """Implements `telephony.CallListener`, and takes what others `publish`. All of it is in memory and for this moment.

    `accounts` gives the accounts at which a leg rings whose own account is not known yet: there are several phones.
    """

    directory: Directory
    clock: Clock
    accounts: Callable[[str], Iterable[str]] = lambda _leg: ()
    rings: Callable[[LegRecord, Sequence[str]], None] = lambda _leg, _logins: None
    """Is told when a leg rings at users."""
    _streams: list[LiveStream] = field(default_factory=list)
    _legs: dict[str, LegRecord] = field(default_factory=dict)

    @contextmanager
    def stream(self, wanted: Wanted) -> Iterator[LiveStream]:
        """What is told from now on, while the context lasts."""
        stream = LiveStream(wanted)
        self._streams.append(stream)
        try:
            yield stream
        finally:
            self._streams.remove(stream)

    def publish(self, topic: str, data: Mapping[str, Any], *, logins: Iterable[str] = (), chain: str = "") -> None:
        """Tell everybody who wants it."""
        if not self._streams:
            return
        event = LiveEvent(topic, self.clock.now(), data, frozenset(logins), chain)
        for stream in self._streams:
            if stream.wanted(event):
                stream.put(event)

    def leg_changed(self, record: LegRecord) -> None:
        """See CallListener."""
        before = self._legs.get(record.id)
        others = [leg for leg in self._legs.values() if leg.chain == record.chain and leg.id != record.id]
        self._legs[record.id] = record
        names = self._logins(record)
        concerned = {*names, *(login for leg in others for login in self._logins(leg))}
        data = leg_told(record, names)

        def tell(topic: str, **more: Any) -> None:
            self.publish(topic, data | more, logins=concerned, chain=record.chain)

        if before is None and not others:
            tell("call.started")
        if before is not None and before.chain != record.chain:
            tell("call.joined", was=before.chain)
        if record.ringing and not (before and before.ringing) and not record.answered:
            tell("call.ringing")
        rings = (record.ringing and not (before and before.ringing)) or (record.answered and not before)
        if rings and names and record.direction is Direction.OUTBOUND:
            self.rings(record, names)
        if record.answered and not (before and before.answered):
            tell("call.answered")
        if before is not None and before.held is not record.held:
            tell("call.held" if record.held else "call.resumed")
        if record.ended is not None:
            del self._legs[record.id]
            tell("call.left", reason=record.reason.value if record.reason else "")
            if not others:
                tell(ENDED, reason=record.reason.value if record.reason else "")

    def connection_changed(self, record: ConnectionRecord) -> None:
        """See CallListener."""
        legs = [self._legs[each] for each in (record.a_leg, record.b_leg) if each in self._legs]
        logins = [login for leg in legs for login in self._logins(leg)]
        data = {"chain": record.chain, "connection": record.id, "legs": [record.a_leg, record.b_leg], "logins": logins}
        topic = "connection.ended" if record.ended else "connection.started"
        self.publish(topic, data, logins=logins, chain=record.chain)

    def _logins(self, record: LegRecord) -> Sequence[str]:
        accounts = [record.account] if record.account else [] if record.line else list(self.accounts(record.id))
        people = (self.directory.by_account(account) for account in accounts)
        return list(dict.fromkeys(person.login for person in people if person is not None))


def leg_told(record: LegRecord, logins: Sequence[str]) -> dict[str, Any]:
    """What is told of a leg, as JSON has it. `logins` are those of the users whose phone it is."""
    return {
        "chain": record.chain,
        "leg": record.id,
        "direction": record.direction.value,
        "state": record.state.value,
        "number": record.caller.number,
        "name": record.caller.name,
        "dialled": record.dialled,
        "line": record.line,
        "logins": list(logins),
    }


def wanted_topics(patterns: Sequence[str]) -> Callable[[str], bool]:
    """Whether a topic is among `call.*`, `line.down`, `run` (the same as `run.*`); none: all are."""
    written = [each if "." in each or "*" in each else f"{each}.*" for each in patterns if each]
    written += [each.removesuffix(".*") for each in written]
    return lambda topic: not written or any(fnmatchcase(topic, each) for each in written)
