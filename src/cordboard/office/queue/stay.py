"""One caller's time in a queue: what he hears, what he presses, and how he is joined with an operator."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import structlog

from cordboard.office.queue.engine import Ring
from cordboard.office.queue.model import Group, Overflow, OverflowWhen
from cordboard.office.queue.ports import KeptPlace, QueueExit, Wish
from cordboard.telephony import Dialled, Digit, Ended, EndReason, Leg, LegState, PhoneTarget, Sound, Target, dial
from cordboard.telephony.sounds import RINGBACK

if TYPE_CHECKING:
    from cordboard.office.queue.service import QueueService

NOBODY_FOR = 10.0
"""Seconds for which nobody must be there before a caller who waits is told so: phones sign in anew now and then."""
LOST = (EndReason.UNREACHABLE, EndReason.VANISHED, EndReason.MEDIA_LOST)
"""Ends of an operator's leg that are no wish of his: his phone has died."""

_log = structlog.get_logger("queue")

Placed = Callable[[Leg], Awaitable[None]]
_Event = Ring | Digit | Ended | None


class Stay:
    """A caller from his coming until he is served, led elsewhere or gone. `inbox` takes decisions of the engine."""

    def __init__(self, queues: "QueueService", group: Group, wish: Wish, since: datetime, number: str) -> None:
        self.group = group
        self.wish = wish
        self.since = since
        self.number = number
        self.name = ""
        self.leg: Leg | None = None
        """None as long as he is still to be called back."""
        self.talking = False
        self.inbox: asyncio.Queue[_Event] = asyncio.Queue()
        self._queues = queues
        self._answers = True
        """Whether he hears music: he was answered, by the queue or before."""
        self._music: Sequence[Sound] = ()
        self._saying: asyncio.Task[None] | None = None
        self._nobody_since: float | None = None
        self._next_announcement = 0.0
        self.id = queues.new_id()

    async def wait(self, leg: Leg, first: Ring | None = None) -> QueueExit | Overflow:
        """Let him wait. `first` is a decision that was made before he was called back."""
        self.leg, self.name = leg, leg.record.caller.name
        if not await self._open(leg):
            return QueueExit.GONE
        listening = asyncio.create_task(self._listen(leg))
        try:
            if first is not None:
                self.inbox.put_nowait(first)
            return await self._until_over(leg)
        finally:
            listening.cancel()
            self.hush()
            await asyncio.gather(listening, return_exceptions=True)
            await leg.background(())

    def hush(self) -> None:
        """Break off what is being announced."""
        if self._saying is not None:
            self._saying.cancel()
            self._saying = None

    # --- within -----------------------------------------------------------------------------------------------

    async def _open(self, leg: Leg) -> bool:
        self._answers = self.group.answers or leg.state is LegState.ANSWERED
        if not self._answers:
            await leg.ring()
            return leg.state is not LegState.ENDED
        if not await leg.answer():
            return False
        music = await self._queues.announcer.music(self.group.music, self.wish.language)
        self._music = music or (RINGBACK,)
        await leg.background(self._music)
        self._next_announcement = self._queues.now() + self.group.announce_seconds
        return True

    async def _listen(self, leg: Leg) -> None:
        with leg.events() as events:
            if leg.state is LegState.ENDED:
                self.inbox.put_nowait(Ended(EndReason.CANCELLED))
            async for event in events:
                if isinstance(event, Digit | Ended):
                    self.inbox.put_nowait(event)

    async def _until_over(self, leg: Leg) -> QueueExit | Overflow:
        while True:
            match await self._next_event():
                case Ring() as ring:
                    if await self._ring(leg, ring):
                        return QueueExit.ANSWERED
                case Digit(key) if key == self.group.callback_key and await self._promise(leg):
                    return QueueExit.CALLBACK
                case Ended():
                    return QueueExit.GONE
                case None:
                    if (over := self._what_time_brings()) is not None:
                        return over
                    self._announce_if_due(leg)
                case _:
                    pass

    async def _next_event(self) -> _Event:
        """What happens next; None when the time has come to look at the clock."""
        try:
            async with asyncio.timeout(max(0.05, self._next_look() - self._queues.now())):
                return await self.inbox.get()
        except TimeoutError:
            return None

    def _next_look(self) -> float:
        came, group = self.since.timestamp(), self.group
        looks = [self._queues.now() + NOBODY_FOR / 2]
        looks += [came + each.after for each in group.overflow if each.when is OverflowWhen.WAITED]
        if group.longest_wait:
            looks.append(came + group.longest_wait)
        if self._answers and group.announce_seconds:
            looks.append(self._next_announcement)
        return min(looks)

    def _what_time_brings(self) -> QueueExit | Overflow | None:
        now, group = self._queues.now(), self.group
        waited = now - self.since.timestamp()
        for overflow in group.overflow:
            if overflow.when is OverflowWhen.WAITED and waited >= overflow.after:
                return overflow
        if group.longest_wait and waited >= group.longest_wait:
            return QueueExit.TIMEOUT
        if self._queues.can_be_served(self.id):
            self._nobody_since = None
            return None
        if self._nobody_since is None:
            self._nobody_since = now
        return self.nobody() if now - self._nobody_since >= NOBODY_FOR else None

    def nobody(self) -> QueueExit | Overflow:
        """What becomes of who cannot be served by anybody."""
        overflows = (each for each in self.group.overflow if each.when is OverflowWhen.NO_OPERATORS)
        return next(overflows, QueueExit.NO_OPERATORS)

    def _announce_if_due(self, leg: Leg) -> None:
        group, now = self.group, self._queues.now()
        if not (self._answers and group.announce_seconds) or now < self._next_announcement:
            return
        self._next_announcement = now + group.announce_seconds
        self.hush()
        self._saying = asyncio.create_task(self._say(leg))

    async def _say(self, leg: Leg) -> None:
        place, wait = self._queues.outlook(self.id)
        group = self.group
        try:
            await self._queues.announcer.position(
                leg,
                place if group.announce_place else 0,
                wait if group.announce_wait else None,
                self.wish.language,
                # Who hides his number cannot be called back.
                key=group.callback_key if self._queues.keeper is not None and leg.record.caller.number else "",
            )
        except Exception:  # noqa: BLE001  (who waits goes on waiting, whatever cannot be said)
            _log.exception("the place in the queue could not be announced", chain=leg.chain, group=group.name)
        if not self.talking:
            await leg.background(self._music)

    async def _promise(self, leg: Leg) -> bool:
        """Keep his place for a callback. False if he cannot be called back: he goes on waiting."""
        keeper = self._queues.keeper
        place = KeptPlace(
            leg.record.caller.number,
            self.group.name,
            self.since,
            self.wish.priority,
            self.wish.skills,
            leg.chain,
            self.wish.language,
        )
        try:
            if keeper is None or not await keeper.keep(place):
                return False
        except Exception:  # noqa: BLE001  (what cannot be promised costs nobody the place that he has)
            _log.exception("a callback could not be promised", chain=leg.chain, group=self.group.name)
            return False
        self.hush()
        await self._queues.announcer.promised(leg, self.wish.language)
        return True

    async def _ring(self, leg: Leg, ring: Ring) -> bool:
        """Ring these operators. True after a talk; false if he goes on waiting, or has hung up meanwhile."""
        queues = self._queues
        targets = [PhoneTarget(account) for login in ring.logins for account in queues.phones_of(login)]
        self.talking = False

        async def placed(callee: Leg) -> None:
            queues.follow(self, leg, callee, ring)

        try:
            return await self._dial(leg, ring, targets, placed)
        except Exception:  # noqa: BLE001  (a fault in one attempt must not cost a caller his place)
            _log.exception("operators could not be rung", chain=leg.chain, group=self.group.name, logins=ring.logins)
            await queues.missed(self, ring)
            return False

    async def _dial(self, leg: Leg, ring: Ring, targets: Sequence[Target], placed: Placed) -> bool:
        queues = self._queues
        result = await dial(
            queues.exchange,
            leg,
            targets,
            show=queues.shown(targets, leg),
            ring_time=float(self.group.ring_seconds),
            ringback=None if self._answers else (RINGBACK,),
            placed=placed,
        )
        if leg.state is LegState.ENDED:
            return result.outcome is Dialled.ANSWERED
        if result.outcome is not Dialled.ANSWERED:
            await queues.missed(self, ring)
            return False
        if result.leg is None or result.leg.record.reason not in LOST:
            return True
        _log.warning("an operator's phone has died in a talk: the caller stands first again", chain=leg.chain)
        self.talking = False
        while not self.inbox.empty():
            if isinstance(event := self.inbox.get_nowait(), Ended):
                self.inbox.put_nowait(event)
                break
        await leg.background(self._music)
        queues.put_first(self)
        return False
