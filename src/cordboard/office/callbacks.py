"""The register of promised callbacks: what is kept of each, and what may be ordered. `callback_calls` calls."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from cordboard.office.callback_orders import (
    OPEN,
    Callback,
    CallbackOrder,
    Callbacks,
    CallbackState,
    OrderResult,
    Origin,
)
from cordboard.office.callback_rules import DEFAULT, CallbackRules
from cordboard.office.directory import OfficeDirectory
from cordboard.office.queue.model import Group
from cordboard.office.queue.ports import KeptPlace
from cordboard.telephony import Clock

__all__ = [
    "ANSWERED",
    "OPEN",
    "Attempted",
    "Callback",
    "CallbackOrder",
    "CallbackRegister",
    "CallbackRepository",
    "CallbackState",
    "Callbacks",
    "OrderResult",
    "Origin",
    "QueuePlaces",
    "place_of",
    "waiting_since",
]

_log = structlog.get_logger("callbacks")

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Attempted:
    """The last call that was made to a number."""

    at: datetime
    outcome: str
    """`answered`, or why not; empty as long as it goes on, or if a crash cut it."""


class CallbackRepository(Protocol):
    """Keeps callbacks. Every method that writes is durable when it returns."""

    async def order(self, callback: Callback) -> Callback:
        """Add it, or, if there is an open one of that phone, give that one the new chain; the one that stands."""

    async def get(self, id_: str) -> Callback | None:
        """The one of that id."""

    async def open_of(self, phone: str) -> Callback | None:
        """The open one of a canonical number."""

    async def listed(self, *, states: Sequence[CallbackState] = (), limit: int = 100) -> Sequence[Callback]:
        """The newest first, in any of `states`; all, if none is given."""

    async def due(self, now: datetime, limit: int) -> Sequence[Callback]:
        """Those that wait and whose time has come, the longest waiting first."""

    async def next_due(self) -> datetime | None:
        """When the next one of those that wait is due."""

    async def begin(self, id_: str, now: datetime) -> Callback | None:
        """From waiting to calling, with one attempt more. None if it does not wait (any more)."""

    async def note_attempt(self, id_: str, outcome: str) -> None:
        """What came of the attempt that was begun last."""

    async def postpone(self, id_: str, due: datetime, outcome: str = "") -> bool:
        """Let an open one wait until then. False if it is settled."""

    async def settle(self, id_: str, state: CallbackState, outcome: str, now: datetime) -> bool:
        """End an open one. False if it was settled before."""

    async def attempts_since(self, phone: str, since: datetime) -> int:
        """How often that number was called since then."""

    async def last_attempt(self, phone: str) -> Attempted | None:
        """The last call to it."""

    async def recover(self, due: datetime) -> int:
        """Let all that were being called when the exchange died wait until `due`; how many there were."""


class CallbackRegister:
    """Orders and cancels. Implements `Callbacks` but for those that are being called, which `CallbackCalls` adds."""

    def __init__(self, repository: CallbackRepository, office: OfficeDirectory, clock: Clock) -> None:
        self._repository = repository
        self._office = office
        self._clock = clock

    @property
    def rules(self) -> CallbackRules:
        """Those that count now."""
        return self._office.documents(CallbackRules).get(DEFAULT) or CallbackRules(name=DEFAULT)

    async def order(self, order: CallbackOrder) -> tuple[OrderResult, Callback | None]:
        """See Callbacks."""
        phone, now, rules = self._office.phone(order.number), self._clock.now(), self.rules
        if not phone or phone in {self._office.phone(line.number) for line in self._office.lines() if line.number}:
            return OrderResult.NO_NUMBER, None
        if not self._has_target(order):
            return OrderResult.NO_TARGET, None
        due = max(order.after or now, now)
        callback = Callback(
            uuid.uuid4().hex,
            phone.canonical,
            order.number,
            order.origin,
            now,
            due,
            due + timedelta(hours=rules.lasts_hours),
            group=order.group,
            scenario=order.scenario,
            to=order.to,
            priority=order.priority,
            since=order.since,
            skills=order.skills,
            language=order.language,
            chain=order.chain,
            note=order.note,
        )
        if await self._repository.open_of(phone.canonical) is None:
            if await self._repository.attempts_since(phone.canonical, now - _DAY) >= rules.attempts_a_day:
                return OrderResult.TOO_OFTEN, None
            if order.origin is Origin.MISSED and await self._is_loop(phone.canonical, rules, now):
                return OrderResult.LOOP, None
        stands = await self._repository.order(callback)
        result = OrderResult.NEW if stands.id == callback.id else OrderResult.STANDS
        _log.info("a callback is ordered", number=phone.canonical, result=result, origin=order.origin, id=stands.id)
        return result, stands

    def _has_target(self, order: CallbackOrder) -> bool:
        if sum(map(bool, (order.group, order.scenario, order.to))) != 1:
            return False
        return not order.group or order.group in self._office.documents(Group)

    async def _is_loop(self, phone: str, rules: CallbackRules, now: datetime) -> bool:
        last = await self._repository.last_attempt(phone)
        return (
            last is not None
            and last.outcome != ANSWERED
            and now - last.at < timedelta(minutes=rules.loop_minutes, seconds=rules.ring_seconds)
        )


ANSWERED = "answered"
"""The outcome of an attempt that was."""


class QueuePlaces:
    """Implements `office.queue.ports.PlaceKeeper` over the register."""

    def __init__(self, callbacks: Callbacks) -> None:
        self._callbacks = callbacks

    async def keep(self, place: KeptPlace) -> bool:
        """See PlaceKeeper."""
        _, callback = await self._callbacks.order(
            CallbackOrder(
                place.number,
                Origin.QUEUE,
                group=place.group,
                priority=place.priority,
                since=place.since,
                skills=place.skills,
                language=place.language,
                chain=place.chain,
            )
        )
        return callback is not None


def waiting_since(callback: Callback) -> datetime:
    """Since when it counts as waiting in its group's queue."""
    return callback.since or callback.ordered


def place_of(callback: Callback) -> KeptPlace:
    """Its place in its group's queue."""
    return KeptPlace(
        callback.number,
        callback.group,
        waiting_since(callback),
        callback.priority,
        callback.skills,
        callback.chain,
        callback.language,
    )
