"""Queues tried without telephones: operators who act by rule in virtual time, and people whose state is set by hand."""

import asyncio
import heapq
import random
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count
from typing import Self

from cordboard.office.directory import OfficeDirectory
from cordboard.office.documents import Document
from cordboard.office.model import OfficeData, OfficeLine, OfficeSettings, Route, User, UserPhone
from cordboard.office.ports import CallHistory, Presence, UserState
from cordboard.office.queue.engine import QueueEngine, Standing, Waiting
from cordboard.office.queue.model import Group, Overflow
from cordboard.office.queue.ports import KeptPlace, Offer, QueueExit, Wish
from cordboard.office.queue.service import QueueService
from cordboard.simulation.exchange import SimulatedExchange
from cordboard.simulation.far_end import FarEnd
from cordboard.simulation.phone import SimulatedPhone
from cordboard.simulation.virtual_time import VirtualClock
from cordboard.telephony import Clip, Clock, EndReason, Leg, Line, PhoneTarget, Sound, Target, Tone
from cordboard.telephony.directory import LineMode
from cordboard.testing.exchange import Listened, serving
from cordboard.testing.office import HeldOffice, loaded_directory


class HeldPeople:
    """Implements `office.ports.People`, held in memory: everybody named is ready and online until it is said otherwise.

    With a `clock` a presence that has an end is over then.
    """

    def __init__(self, *logins: str, clock: Clock | None = None) -> None:
        self._clock = clock
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
        if until is not None and self._clock is not None:
            ready = replace(self._states[login], presence=Presence.READY, reason="", until=None)
            seconds = (until - self._clock.now()).total_seconds()
            asyncio.get_running_loop().call_later(seconds, self.put, login, ready)

    def put(self, login: str, state: UserState) -> None:
        """From now on it is so."""
        self._states[login] = state
        self._changed.set()
        self._changed = asyncio.Event()

    async def changed(self) -> None:
        """See People."""
        await self._changed.wait()


MUSIC = Tone((440.0,), on=3600.0)
_OPERATORS = {"anna": "101", "boris": "102", "vera": "103", "olena": "104"}


def queue_office(*documents: Document) -> OfficeData:
    """Anna, Boris, Vera and Olena with a phone each (101 to 104), a line, and a way out over it."""
    return OfficeData(
        OfficeSettings(country="UA", time_zone="Europe/Kyiv"),
        users=tuple(User(login, login.title(), number) for login, number in _OPERATORS.items()),
        phones=tuple(UserPhone(number, login, "secret") for login, number in _OPERATORS.items()),
        lines=(OfficeLine(Line("city", LineMode.ADDRESS, "127.0.0.1", number="+380322327757")),),
        routes=(Route("world", "+", ("city",)), Route("national", "0", ("city",))),
        documents=documents,
    )


async def queue_directory(*documents: Document) -> OfficeDirectory:
    """The directory of `queue_office`."""
    return await loaded_directory(HeldOffice(queue_office(*documents)))


class HeldAnnouncer:
    """Implements `office.queue.ports.Announcer`: says what it has to as texts of three seconds."""

    async def music(self, name: str, language: str) -> Sequence[Sound]:  # noqa: ARG002  (one music for all)
        """See Announcer."""
        return (MUSIC,)

    async def position(self, leg: Leg, place: int, wait: float | None, language: str, *, key: str = "") -> None:
        """See Announcer."""
        told = "nothing" if wait is None else f"{wait:.0f} s"
        words = (f"place {place},", told, language, f"press {key}" if key else "")
        await leg.play([Clip(None, " ".join(filter(None, words)))])

    async def promised(self, leg: Leg, language: str) -> None:
        """See Announcer."""
        await leg.play([Clip(None, f"we call back {language}".rstrip())])


class HeldKeeper:
    """Implements `office.queue.ports.PlaceKeeper`: keeps every place."""

    def __init__(self) -> None:
        self.kept: list[KeptPlace] = []

    async def keep(self, place: KeptPlace) -> bool:
        """See PlaceKeeper."""
        self.kept.append(place)
        return True


class HeldElsewhere:
    """Implements `office.queue.ports.Elsewhere`: leads everybody wherever it is, unless told to fail."""

    def __init__(self) -> None:
        self.led: list[Overflow] = []
        self.can = True

    async def lead(self, leg: Leg, overflow: Overflow) -> bool:  # noqa: ARG002  (where to is all)
        """See Elsewhere."""
        self.led.append(overflow)
        return self.can


class HeldOffers:
    """Implements `office.queue.ports.Listener`."""

    def __init__(self) -> None:
        self.offers: list[Offer] = []

    def offered(self, offer: Offer) -> None:
        """See Listener."""
        self.offers.append(offer)


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


class QueueTrial:
    """A queue over the simulated exchange, by default in virtual time. Inbound calls enter `sales`, by `wishes`.

    A context. `exits` are how each number's waiting has ended, with the moment (seconds of the loop), in that order.
    Whoever is still up then is hung up. Operators answer after two seconds and talk for a minute unless `far_ends` says
    otherwise, by login.
    """

    def __init__(
        self,
        *groups: Document,
        far_ends: Mapping[str, FarEnd] | None = None,
        outside: Mapping[Target, FarEnd] | None = None,
        wishes: Mapping[str, Wish] | None = None,
        history: CallHistory | None = None,
        by_number: bool = False,
        clock: Clock | None = None,
    ) -> None:
        self.clock = clock or VirtualClock()
        self.tags: list[tuple[str, str, str]] = []
        """Chain, name and value of each."""
        self.listened = Listened()
        ends = {login: FarEnd.answers(hangs_up_after=60.0) for login in _OPERATORS} | dict(far_ends or {})
        targets: dict[Target, FarEnd] = {PhoneTarget(_OPERATORS[login]): end for login, end in ends.items()}
        self.exchange = SimulatedExchange(self.listened, self.clock, targets | dict(outside or {}))
        self.people = HeldPeople(*_OPERATORS, clock=self.clock)
        self.keeper, self.elsewhere, self.offers = HeldKeeper(), HeldElsewhere(), HeldOffers()
        self.exits: list[tuple[str, QueueExit, float]] = []
        self.told: list[EndReason | None] = []
        """What the group's number told those who called it, if they come `by_number`."""
        self._by_number = by_number
        self._groups = groups
        self._wishes = wishes or {}
        self._history = history
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        self.office = await queue_directory(*self._groups)
        self.queues = QueueService(
            self.exchange,
            self.office,
            self.people,
            HeldAnnouncer(),
            clock=self.clock,
            elsewhere=self.elsewhere,
            keeper=self.keeper,
            history=self._history,
            listener=self.offers,
            tags=self,
            chance=random.Random(7),
        )
        running = asyncio.create_task(self.queues.run())
        self._stack.push_async_callback(asyncio.wait, [running])
        self._stack.callback(running.cancel)
        await self._stack.enter_async_context(serving(self.exchange, self._take))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def tag(self, chain: str, name: str, value: str) -> None:
        """Remember it. Implements Tags."""
        self.tags.append((chain, name, value))

    def call(self, number: str, dialled: str = "600") -> SimulatedPhone:
        """Somebody calls; who dials 700 is answered, and that is all."""
        return self.exchange.call_in(number, dialled, line="city")

    def rung(self) -> list[str]:
        """The accounts that were rung so far, in order."""
        return [phone.target.account for phone in self.exchange.called if isinstance(phone.target, PhoneTarget)]

    def leg_of(self, account: str) -> Leg:
        """The last leg to that phone which has not ended."""
        return [leg for leg in self.exchange.legs() if leg.record.account == account][-1]

    async def _take(self, leg: Leg) -> None:
        if leg.record.dialled == "700":
            await leg.answer()
            await leg.ended()
            return
        if self._by_number:
            self.told.append(await self.queues.serve(leg, leg.record.dialled, ""))
            return
        number = leg.record.caller.number
        result = await self.queues.enter(leg, "sales", self._wishes.get(number))
        self.exits.append((number, result, round(asyncio.get_running_loop().time(), 1)))
