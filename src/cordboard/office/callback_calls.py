"""Keeps the promises of the register: calls back when it is time, and an operator is free."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial

import structlog

from cordboard.office.callbacks import (
    ANSWERED,
    Callback,
    CallbackOrder,
    CallbackRegister,
    CallbackRepository,
    CallbackState,
    OrderResult,
    place_of,
)
from cordboard.office.directory import OfficeDirectory
from cordboard.office.ended_calls import EndedCall
from cordboard.office.ports import Calendar
from cordboard.office.queue.model import Group
from cordboard.office.queue.ports import QueueExit
from cordboard.office.queue.service import QueueService
from cordboard.office.switchboard import OfficeSwitchboard
from cordboard.telephony import Clock, Direction, EndReason, Exchange, Leg, Party, PhoneNumber, Target

LOOK = 0.5
"""Seconds between two looks whether he calls us while we call him."""
ON_THE_LINE = timedelta(seconds=10)
"""After which it is looked again whether somebody who talks with us just now still does."""
AGAIN = timedelta(minutes=1)
"""After which what a crash or a fault has cut is tried again."""
_DAY = timedelta(days=1)
_MOST = 1000
_POLL = 5.0
"""Seconds between two looks at what waits for a line or an operator."""
_SELDOM = 60.0
"""Seconds between two looks where nothing waits: another process may have ordered one."""
LATE = "he was not reached in time"
CROSSED = "he called us meanwhile"
REACHED = "he was reached otherwise"
CALLED = "he has called again"

_log = structlog.get_logger("callbacks")


class CallbackCalls:
    """Implements `office.callbacks.Callbacks`. Give it `run` for as long as it shall work."""

    def __init__(
        self,
        repository: CallbackRepository,
        office: OfficeDirectory,
        exchange: Exchange,
        *,
        queues: QueueService,
        switchboard: OfficeSwitchboard,
        calendar: Calendar,
        clock: Clock,
    ) -> None:
        self.repository = repository
        self._register = CallbackRegister(repository, office, clock)
        self._office = office
        self._exchange = exchange
        self._queues = queues
        self._switchboard = switchboard
        self._calendar = calendar
        self._clock = clock
        self._ended: list[EndedCall] = []
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._queued: set[str] = set()
        """Those that wait for an operator, or have one."""
        self._talking: set[str] = set()
        """Those who have answered; nobody calls them off any more."""
        self._woken = asyncio.Event()

    # --- office.callbacks.Callbacks ---------------------------------------------------------------------------

    async def order(self, order: CallbackOrder) -> tuple[OrderResult, Callback | None]:
        """See Callbacks."""
        ordered = await self._register.order(order)
        self._woken.set()
        return ordered

    async def cancel(self, id_: str, why: str) -> bool:
        """See Callbacks."""
        if id_ in self._talking:
            return False
        if not await self.repository.settle(id_, CallbackState.CANCELLED, why, self._clock.now()):
            return False
        _log.info("a callback is called off", id=id_, why=why)
        if (task := self._tasks.get(id_)) is not None:
            task.cancel()
        return True

    async def cancel_number(self, number: str, why: str) -> bool:
        """See Callbacks."""
        phone = self._office.phone(number)
        found = await self.repository.open_of(phone.canonical) if phone else None
        return found is not None and await self.cancel(found.id, why)

    # --- what happens -----------------------------------------------------------------------------------------

    def call_ended(self, ended: EndedCall) -> None:
        """A call is over: if somebody talked with a client who was to be called back, that is not needed any more.

        A call of his that was missed again calls nothing off: he still wants to be called.
        """
        if ended.phone and ended.content.get("connected"):
            self._ended.append(ended)
            self._woken.set()

    async def run(self) -> None:
        """Call back, until cancelled. What was being called when the exchange died waits again."""
        if cut := await self.repository.recover(self._clock.now() + AGAIN):
            _log.warning("callbacks that a crash has cut are tried again", callbacks=cut)
        try:
            while True:
                self._woken.clear()
                try:
                    seconds = await self._look()
                except Exception:  # noqa: BLE001  (a database that is away delays callbacks, and ends nothing)
                    _log.exception("the callbacks cannot be read, it is tried again")
                    seconds = _POLL
                await self._wait(seconds)
        finally:
            tasks = list(self._tasks.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        except TimeoutError:
            pass

    # --- what is due ------------------------------------------------------------------------------------------

    async def _look(self) -> float:
        """Begin what is due, and return after how many seconds to look again."""
        while self._ended:
            await self._call_off(self._ended[0])
            del self._ended[0]
        for callback in await self.repository.due(self._clock.now(), _MOST):
            if callback.id in self._tasks:
                await self._give_up_if_late(callback)
            elif await self._may_begin(callback):
                task = asyncio.create_task(self._attend(callback))
                self._tasks[callback.id] = task
                if callback.group:
                    self._queued.add(callback.id)
                task.add_done_callback(partial(self._over, callback.id))
        due = await self.repository.next_due()
        if due is None:
            return _SELDOM
        seconds = (due - self._clock.now()).total_seconds()
        return min(seconds, _SELDOM) if seconds > 0 else _POLL

    def _over(self, id_: str, _task: asyncio.Task[None]) -> None:
        del self._tasks[id_]
        self._talking.discard(id_)
        self._queued.discard(id_)
        self._woken.set()

    async def _call_off(self, ended: EndedCall) -> None:
        found = await self.repository.open_of(ended.phone)
        if found is None or found.chain == ended.chain or ended.content["ended"] < found.ordered:
            return
        await self.cancel(found.id, CALLED if ended.content["direction"] == "inbound" else REACHED)

    async def _give_up_if_late(self, callback: Callback) -> None:
        """No operator was free for him as long as the promise lasts."""
        now = self._clock.now()
        if now >= callback.expires and await self.repository.settle(callback.id, CallbackState.FAILED, LATE, now):
            self._tasks[callback.id].cancel()

    async def _may_begin(self, callback: Callback) -> bool:
        """Whether it can be begun now; else it is put off, or settled."""
        rules, now = self._register.rules, self._clock.now()
        fault = ""
        if now >= callback.expires:
            fault = LATE
        elif callback.attempts >= rules.attempts:
            fault = callback.outcome
        elif callback.group and callback.group not in self._office.documents(Group):
            fault = f"there is no group {callback.group}"
        elif await self.repository.attempts_since(callback.phone, now - _DAY) >= rules.attempts_a_day:
            fault = "he was called as often as may be in a day"
        if fault:
            await self.repository.settle(callback.id, CallbackState.FAILED, fault, now)
            return False
        if (due := self._later(callback, now)) is not None:
            await self.repository.postpone(callback.id, min(due, callback.expires))
            return False
        # In a queue he stands from the first moment on, also while he is being told so.
        return bool(callback.group) or len(self._tasks.keys() - self._queued) < rules.at_once

    def _later(self, callback: Callback, now: datetime) -> datetime | None:
        """When the hours allow it, if they do not now."""
        phone = self._office.phone(callback.phone)
        moment = self._register.rules.next_moment(phone, now, self._office.zone, self._calendar)
        return moment if moment > now else None

    def _legs_of(self, phone: PhoneNumber, *, inbound: bool = False) -> Iterator[Leg]:
        """The legs with that number outside."""
        for leg in self._exchange.legs():
            record = leg.record
            came = record.direction is Direction.INBOUND
            number = record.caller.number if came else record.dialled
            if record.line and (came or not inbound) and self._office.phone(number) == phone:
                yield leg

    # --- one callback -----------------------------------------------------------------------------------------

    async def _attend(self, callback: Callback) -> None:
        reached: list[Leg] = []

        async def call() -> Leg | None:
            leg = await self._reach(callback)
            if leg is not None:
                reached.append(leg)
                self._talking.add(callback.id)
            return leg

        try:
            if callback.group:
                result = await self._queues.call_back(place_of(callback), call)
                joined, outcome = result is QueueExit.ANSWERED, result.value
            else:
                leg = await call()
                joined, outcome = leg is not None and await self._lead(leg, callback), "unreachable"
            if reached:  # not before: who has answered does not wait for a database that is locked
                await self.repository.note_attempt(callback.id, ANSWERED)
            if joined:
                await self.repository.settle(callback.id, CallbackState.DONE, ANSWERED, self._clock.now())
            elif reached:
                await self._try_again(callback.id, outcome)
        except Exception:  # noqa: BLE001  (one callback's fault is not that of the others)
            _log.exception("a callback has failed", id=callback.id)
            await self.repository.postpone(callback.id, self._clock.now() + AGAIN, "error")
        finally:
            for leg in reached:
                await asyncio.shield(leg.hang_up())

    async def _lead(self, leg: Leg, callback: Callback) -> bool:
        if callback.scenario:
            return await self._switchboard.enter(callback.scenario, leg) is None
        return await self._switchboard.connect(leg, callback.to) is None

    async def _reach(self, callback: Callback) -> Leg | None:
        """His turn has come. His answered leg, or None, and then it is known how it goes on."""
        now, rules = self._clock.now(), self._register.rules
        due = self._later(callback, now)
        if due is None and any(self._legs_of(self._office.phone(callback.phone))):
            due = now + ON_THE_LINE
        if due is not None:
            await self.repository.postpone(callback.id, due)
            return None
        if await self.repository.begin(callback.id, now) is None:
            return None
        outcome = EndReason.UNREACHABLE.value
        for targets in self._ways(callback):
            leg, outcome = await self._call(callback, targets, float(rules.ring_seconds))
            if leg is not None:
                return leg
            if outcome != EndReason.UNREACHABLE:
                break
        await self.repository.note_attempt(callback.id, outcome)
        if outcome == CROSSED:
            await self.repository.settle(callback.id, CallbackState.CANCELLED, outcome, self._clock.now())
        else:
            await self._try_again(callback.id, outcome)
        return None

    def _ways(self, callback: Callback) -> Sequence[Sequence[Target]]:
        """How he is reached: as his number was written, or as it is written in the world."""
        written = self._office.destination(callback.number).targets
        return written or self._office.destination(callback.phone).targets

    async def _call(self, callback: Callback, targets: Sequence[Target], ring_time: float) -> tuple[Leg | None, str]:
        show = self._office.shown_party(dialled_by="", targets=targets, original=Party(""))
        leg = await self._exchange.originate(targets, caller=show, chain=callback.chain, ring_time=ring_time)
        crossing = asyncio.create_task(self._crossing(self._office.phone(callback.phone)))
        answering = asyncio.create_task(leg.answer())
        answered = False
        try:
            await asyncio.wait({crossing, answering}, return_when=asyncio.FIRST_COMPLETED)
            answered = answering.done() and answering.result()
            if answered:
                return leg, ANSWERED
            return None, CROSSED if crossing.done() else (await leg.ended()).value
        finally:
            for task in (crossing, answering):
                task.cancel()
            if not answered:
                await asyncio.shield(leg.hang_up(EndReason.CANCELLED))

    async def _crossing(self, phone: PhoneNumber) -> None:
        """Return when that number calls us: two exchanges that call each other back would meet engaged for ever."""
        while not any(self._legs_of(phone, inbound=True)):  # noqa: ASYNC110  (nothing tells of foreign legs)
            await asyncio.sleep(LOOK)

    async def _try_again(self, id_: str, outcome: str) -> None:
        found, rules, now = await self.repository.get(id_), self._register.rules, self._clock.now()
        if found is None:
            return
        due = now + timedelta(minutes=rules.pause_minutes)
        if found.attempts >= rules.attempts or due >= found.expires:
            await self.repository.settle(id_, CallbackState.FAILED, outcome, now)
        else:
            await self.repository.postpone(id_, due, outcome)
