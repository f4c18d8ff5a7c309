"""Queues tried without telephones: operators who act by rule in virtual time, and people whose state is set by hand."""

import asyncio
import heapq
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count

from cordboard.office.ports import Presence, UserState
from cordboard.office.queue.engine import QueueEngine, Standing, Waiting
from cordboard.office.queue.model import Group


class HeldPeople:
    """Implements `office.ports.People`, held in memory: everybody named is ready and online until it is said otherwise.

    `until` of a presence is obeyed by the running loop, as the real ones do.
    """

    def __init__(self, *logins: str) -> None:
        self._states = {login: UserState(online=True) for login in logins}
        self._changed = asyncio.Event()
        self.told: list[tuple[str, Presence]] = []
        """What was set by `set_presence`, in order."""

    def state(self, login: str) -> UserState:
        """See People."""
        return self._states.get(login, UserState(Presence.AWAY))

    async def set_presence(
        self, login: str, presence: Presence, *, reason: str = "", until: datetime | None = None
    ) -> None:
        """See People."""
        if login not in self._states:
            raise LookupError(login)
        self.told.append((login, presence))
        self.put(login, replace(self._states[login], presence=presence, reason=reason, until=until))

    def put(self, login: str, state: UserState) -> None:
        """From now on it is so."""
        self._states[login] = state
        self._changed.set()
        self._changed = asyncio.Event()

    async def changed(self) -> None:
        """See People."""
        await self._changed.wait()


@dataclass(frozen=True, slots=True)
class Coming:
    """A caller of a drill."""

    id: str
    at: float
    priority: int = 0
    group: str = "sales"
    skills: tuple[str, ...] = ()
    gives_up: float | None = None
    """After how many seconds of waiting."""


Behaviour = Callable[[random.Random], tuple[str, float]]
"""What an operator does with a call: ("answers", seconds of talk), or ("misses", seconds of ringing)."""


@dataclass(slots=True)
class Drill:
    """Callers and operators around an engine; time is a number that jumps from one event to the next.

    `served` are the ids in the order in which they were answered, `rung` every (moment, caller, login). `faults` are
    sentences about what must never be.
    """

    engine: QueueEngine
    groups: Mapping[str, Group]
    behaviour: Behaviour
    chance: random.Random
    now: float = 0.0
    served: list[str] = field(default_factory=list)
    waited: dict[str, float] = field(default_factory=dict)
    rung: list[tuple[float, str, str]] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    _heap: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    _ids: "count[int]" = field(default_factory=count)
    _occupied: dict[str, str] = field(default_factory=dict)
    _looks: set[float] = field(default_factory=set)

    def run(self, callers: Sequence[Coming], *, until: float = 1e7) -> None:
        """Let everybody come, and go on until nothing more happens."""
        for caller in callers:
            self._later(caller.at, self._coming(caller))
        while self._heap and self._heap[0][0] <= until:
            self.now, _, act = heapq.heappop(self._heap)
            act()
            self._decide()

    def _coming(self, caller: Coming) -> Callable[[], None]:
        def come() -> None:
            self.engine.join(Waiting(caller.id, caller.group, self.now, caller.priority, caller.skills))
            if caller.gives_up is not None:
                self._later(self.now + caller.gives_up, give_up)

        def give_up() -> None:
            if caller.id not in self.served:
                self.engine.leave(caller.id)
                self.gone.append(caller.id)
                for login in [login for login, busy in self._occupied.items() if busy == caller.id]:
                    del self._occupied[login]

        return come

    def _decide(self) -> None:
        before = {each.id: each for each in self.engine.waiting() if not each.ringing}
        for ring in self.engine.decide(self.now, self.groups, lambda _: Standing.FREE):
            self._check_order(ring.caller, before)
            for login in ring.logins:
                if login in self._occupied:
                    self.faults.append(f"{login} is rung for {ring.caller} while busy with {self._occupied[login]}")
                self._occupied[login] = ring.caller
                self.rung.append((self.now, ring.caller, login))
                does, seconds = self.behaviour(self.chance)
                self._later(self.now + seconds, self._done(does, ring.caller, login))
        moment = self.engine.next_moment(self.now)
        if moment is not None and moment not in self._looks:
            self._looks.add(moment)
            self._later(moment, lambda: None)

    def _done(self, does: str, caller: str, login: str) -> Callable[[], None]:
        def done() -> None:
            if self._occupied.get(login) != caller:
                return  # the caller has gone, or another one was faster
            if does == "misses":
                del self._occupied[login]
                self.engine.missed(caller, login, self.now)
                return
            self.engine.answered(caller, login)
            self.served.append(caller)
            for other in [each for each, busy in self._occupied.items() if busy == caller and each != login]:
                del self._occupied[other]
            self._later(self.now + 60.0, over)

        def over() -> None:
            del self._occupied[login]
            self.engine.over(caller, login, self.now, group="sales", seconds=60.0)

        return done

    def _check_order(self, caller: str, before: dict[str, Waiting]) -> None:
        """Nobody is passed by one who came more than the difference of the priorities x the ageing after him."""
        chosen = before.pop(caller)
        ageing = self.groups[chosen.group].ageing_seconds
        for other in before.values():
            late = (chosen.priority - other.priority) * ageing
            if (
                other.group == chosen.group
                and not other.skills
                and not chosen.head
                and chosen.since > other.since + late
            ):
                self.faults.append(f"{chosen.id} has passed {other.id}")

    def _later(self, moment: float, act: Callable[[], None]) -> None:
        heapq.heappush(self._heap, (moment, next(self._ids), act))
