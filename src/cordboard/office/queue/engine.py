"""The rules of the queues: who is rung for whom, and in which order. No I/O, no clock: moments are handed in.

Moments are seconds on any clock that only goes forward. One engine serves all groups of the office, because an operator
may be in several and is rung for one caller at a time.
"""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from enum import StrEnum

from cordboard.office.queue.model import Group, Member
from cordboard.office.queue.strategies import Candidate, choose

USUAL_TALK = 180.0
"""Seconds that a talk is expected to last in a group that has had none."""
_LATEST = 0.2
"""The share of the latest talk in what is expected of the next."""


class Standing(StrEnum):
    """How an operator stands, as far as the engine does not know it by itself."""

    FREE = "free"
    BUSY = "busy"
    """He is there, but cannot take a call now."""
    ABSENT = "absent"


Standings = Callable[[str], Standing]
"""Tells how the user of a login stands now."""


@dataclass(slots=True)
class Waiting:
    """A caller in the queue; a `virtual` one has hung up and is called when his turn comes."""

    id: str
    group: str
    since: float
    priority: int = 0
    skills: tuple[str, ...] = ()
    """What his operator must be able to do."""
    first: str = ""
    """The login of who is asked before all others: his own manager."""
    first_until: float = 0.0
    """Until when only that one is."""
    virtual: bool = False
    head: bool = False
    """He had his turn, and was cut off: he stands before all."""
    ringing: tuple[str, ...] = ()
    """Who is rung for him, or reserved."""
    number: int = 0
    """In the order of joining, which decides between equals."""


@dataclass(frozen=True, slots=True)
class Ring:
    """A decision: ring these operators for this caller, or, if he is virtual, keep the one free and call him."""

    caller: str
    logins: tuple[str, ...]


@dataclass(slots=True)
class Seat:
    """What the engine knows of an operator."""

    standing: Standing = Standing.ABSENT
    busy_with: str = ""
    """The caller for whom he is rung, or with whom he talks."""
    idle_since: float = 0.0
    passed_over: float = 0.0
    """Until when he is not rung."""
    misses: int = 0
    """Calls in a row that he has rejected or let ring."""


@dataclass(slots=True)
class _Counts:
    """What has happened in one group."""

    turns: dict[str, int] = field(default_factory=dict)
    answered: dict[str, int] = field(default_factory=dict)
    talk: float = USUAL_TALK


class QueueEngine:
    """See `model.Group` for the order and its bound. Every method takes effect at once; `decide` says what follows."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._waiting: dict[str, Waiting] = {}
        self._seats: dict[str, Seat] = {}
        self._counts: dict[str, _Counts] = {}
        self._joined = 0
        self._turns = 0
        self._groups: Mapping[str, Group] = {}

    # --- callers ----------------------------------------------------------------------------------------------

    def join(self, caller: Waiting) -> None:
        """He waits from now on. Raises ValueError if one of his id waits already."""
        if caller.id in self._waiting:
            raise ValueError(f"the caller {caller.id!r} waits already")
        self._joined += 1
        caller.number = self._joined
        self._waiting[caller.id] = caller

    def leave(self, caller: str) -> None:
        """He waits no longer. Whoever was rung for him is free again. Nothing if he does not wait."""
        if (waiting := self._waiting.pop(caller, None)) is not None:
            for login in waiting.ringing:
                self._free(login, caller)

    def arrived(self, caller: str) -> None:
        """A virtual one was called, and is there: he stands first until who was kept for him has answered."""
        if (waiting := self._waiting.get(caller)) is not None:
            waiting.virtual, waiting.head = False, True

    def waiting(self, group: str = "") -> Sequence[Waiting]:
        """Who waits, in the order of being served; with a `group` of that one alone."""
        return sorted((each for each in self._waiting.values() if group in ("", each.group)), key=self._order)

    def place(self, caller: str) -> int:
        """How he stands in his group, from 1; 0 if he does not wait."""
        waiting = self._waiting.get(caller)
        if waiting is None:
            return 0
        order = self._order(waiting)
        return 1 + sum(each.group == waiting.group and self._order(each) < order for each in self._waiting.values())

    def expected_wait(self, caller: str, standings: Standings) -> float:
        """Seconds that he will wait, as far as one can tell from the talks of his group and who is there."""
        waiting = self._waiting.get(caller)
        group = self._groups.get(waiting.group) if waiting else None
        if waiting is None or group is None:
            return 0.0
        there = sum(standings(member.login) is not Standing.ABSENT for member in group.members)
        return self.place(caller) * self._of(group.name).talk / max(1, there)

    def can_be_served(self, caller: str, standings: Standings) -> bool:
        """Whether somebody is there who could take him now or later."""
        waiting = self._waiting.get(caller)
        group = self._groups.get(waiting.group) if waiting else None
        if waiting is None or group is None:
            return False
        if waiting.first and standings(waiting.first) is not Standing.ABSENT:
            return True
        return any(standings(member.login) is not Standing.ABSENT for member in _able(group, waiting.skills))

    # --- operators --------------------------------------------------------------------------------------------

    def missed(self, caller: str, login: str, now: float) -> bool:
        """He has rejected this caller, or let him ring. True if he counts as away from now on."""
        waiting = self._waiting.get(caller)
        group = self._groups.get(waiting.group) if waiting else None
        seat = self._seat(login)
        if waiting is not None:
            waiting.ringing = tuple(each for each in waiting.ringing if each != login)
            if waiting.first == login:
                waiting.first = ""
        self._free(login, caller)
        seat.misses += 1
        if group is None:
            return False
        seat.passed_over = now + group.pass_over_seconds
        if 0 < group.misses_until_away <= seat.misses:
            seat.misses = 0
            return True
        return False

    def answered(self, caller: str, login: str) -> None:
        """He talks with this caller, who waits no longer; who else was rung for him is free again."""
        waiting = self._waiting.pop(caller, None)
        seat = self._seat(login)
        seat.misses = 0
        seat.busy_with = caller
        if waiting is not None:
            counts = self._of(waiting.group)
            counts.answered[login] = counts.answered.get(login, 0) + 1
            for other in waiting.ringing:
                if other != login:
                    self._free(other, caller)

    def over(
        self,
        caller: str,
        login: str,
        now: float,
        *,
        group: str = "",
        seconds: float | None = None,
        pass_over: float = 0.0,
    ) -> None:
        """The talk with this caller is over; `seconds` long, for what is expected of the next in `group`.

        `pass_over` is for how many seconds he is not rung, because his phone has died.
        """
        seat = self._seat(login)
        if self._free(login, caller):
            seat.idle_since = now
        if pass_over:
            seat.passed_over = now + pass_over
        if group and seconds is not None:
            counts = self._of(group)
            counts.talk += _LATEST * (seconds - counts.talk)

    def seat(self, login: str) -> Seat:
        """What is known of an operator. Not to be changed."""
        return self._seat(login)

    def answered_by(self, group: str, login: str) -> int:
        """How many calls of a group he has answered."""
        return self._of(group).answered.get(login, 0)

    # --- decisions --------------------------------------------------------------------------------------------

    def decide(self, now: float, groups: Mapping[str, Group], standings: Standings) -> Sequence[Ring]:
        """Whom to ring for whom, now. The operators named are taken until one of the methods above frees them."""
        self._groups = groups
        self._look(now, standings)
        return list(self._rings(now))

    def next_moment(self, now: float) -> float | None:
        """When `decide` may say something else though nothing has happened until then."""
        moments = [each.passed_over for each in self._seats.values()]
        moments += [each.first_until for each in self._waiting.values() if each.first]
        return min((moment for moment in moments if moment > now), default=None)

    def _rings(self, now: float) -> Iterator[Ring]:
        free = {login for login, seat in self._seats.items() if _can_ring(seat, now)}
        for caller in self.waiting():
            if not free:
                return
            group = self._groups.get(caller.group)
            if caller.ringing or group is None:
                continue
            logins = self._asked(caller, group, free, now)
            if not logins:
                continue
            free.difference_update(logins)
            self._turns += 1
            for login in logins:
                self._seat(login).busy_with = caller.id
                self._of(group.name).turns[login] = self._turns
            caller.ringing = logins
            yield Ring(caller.id, logins)

    def _asked(self, caller: Waiting, group: Group, free: Set[str], now: float) -> tuple[str, ...]:
        if caller.first and now < caller.first_until and self._seat(caller.first).standing is not Standing.ABSENT:
            return (caller.first,) if caller.first in free else ()
        counts = self._of(group.name)
        able = {member.login for member in _able(group, caller.skills)}
        candidates = [
            Candidate(
                member,
                place,
                self._seat(member.login).idle_since,
                counts.turns.get(member.login, 0),
                counts.answered.get(member.login, 0),
            )
            for place, member in enumerate(group.members)
            if member.login in able and member.login in free
        ]
        chosen = choose(group.strategy, candidates, caller.skills, self._chance, one=caller.virtual)
        return tuple(each.member.login for each in chosen)

    def _look(self, now: float, standings: Standings) -> None:
        """See how everybody stands who may be rung; who has become free is idle since now."""
        logins = {member.login for group in self._groups.values() for member in group.members}
        logins |= {each.first for each in self._waiting.values() if each.first}
        for login in logins:
            seat, standing = self._seat(login), standings(login)
            if standing is Standing.FREE is not seat.standing:
                seat.idle_since = now
            seat.standing = standing

    def _order(self, caller: Waiting) -> tuple[bool, float, int]:
        group = self._groups.get(caller.group)
        ageing = group.ageing_seconds if group is not None else 0
        return (not caller.head, caller.since - caller.priority * ageing, caller.number)

    def _free(self, login: str, caller: str) -> bool:
        """Whether he was busy with this caller."""
        seat = self._seat(login)
        if seat.busy_with != caller:
            return False
        seat.busy_with = ""
        return True

    def _seat(self, login: str) -> Seat:
        return self._seats.setdefault(login, Seat())

    def _of(self, group: str) -> _Counts:
        return self._counts.setdefault(group, _Counts())


def _able(group: Group, skills: Sequence[str]) -> Iterator[Member]:
    """The members who have all these skills."""
    return (member for member in group.members if all(name in member.skills for name in skills))


def _can_ring(seat: Seat, now: float) -> bool:
    return seat.standing is Standing.FREE and not seat.busy_with and seat.passed_over <= now
