"""Promised callbacks as components and programs order them: a part of `office.ports`, which hands it on."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class Origin(StrEnum):
    """Who wants it. The value is stored and must not change."""

    MISSED = "missed"
    """Somebody called, and nobody talked with him."""
    QUEUE = "queue"
    """He pressed a key while he waited, and keeps his place."""
    EMPLOYEE = "employee"
    """An employee wants to dial through the exchange, or has ordered it for a client."""
    WEB = "web"
    """A form on a page, or another program."""


class CallbackState(StrEnum):
    """How it stands. The value is stored and must not change."""

    WAITING = "waiting"
    CALLING = "calling"
    """He is being called, or talks."""
    DONE = "done"
    """He was called, and joined with whom he was promised."""
    FAILED = "failed"
    """He was not reached as often, or as long, as it was to be tried."""
    CANCELLED = "cancelled"


OPEN = (CallbackState.WAITING, CallbackState.CALLING)
"""Of these there is one for a number at most."""


@dataclass(frozen=True, slots=True)
class Callback:
    """A promise. Moments are aware, in UTC. One of `group`, `scenario` and `to` says what he is joined with."""

    id: str
    phone: str
    """Canonical: of two open ones no two have the same."""
    number: str
    """As it is dialled, by the routes of the office."""
    origin: Origin
    ordered: datetime
    due: datetime
    """Not called before."""
    expires: datetime
    state: CallbackState = CallbackState.WAITING
    group: str = ""
    """The name of the group in whose queue he stands."""
    scenario: str = ""
    """The voice scenario that takes the answered call."""
    to: str = ""
    """An internal number: an employee, for one."""
    priority: int = 0
    since: datetime | None = None
    """Since when he counts as waiting in the group's queue; None: since it was ordered."""
    skills: tuple[str, ...] = ()
    language: str = ""
    chain: str = ""
    """The call that it came of; later ones of the same wish take its place."""
    note: str = ""
    attempts: int = 0
    outcome: str = ""
    """What became of the last attempt, or why it was settled."""
    settled: datetime | None = None
    """When it was done, failed or cancelled."""


class OrderResult(StrEnum):
    """What came of an order."""

    NEW = "new"
    STANDS = "stands"
    """He was to be called back already: that is one callback."""
    NO_NUMBER = "no_number"
    """The number is hidden, or nobody's, or our own."""
    NO_TARGET = "no_target"
    """There is no such group, or nothing to join him with was said."""
    TOO_OFTEN = "too_often"
    """He was called as often as may be in a day."""
    LOOP = "loop"
    """We have just called him in vain, and his call was the answer."""


@dataclass(frozen=True, slots=True)
class CallbackOrder:
    """What is ordered: see Callback."""

    number: str
    origin: Origin
    group: str = ""
    scenario: str = ""
    to: str = ""
    after: datetime | None = None
    """Not before that moment; aware."""
    priority: int = 0
    since: datetime | None = None
    skills: tuple[str, ...] = ()
    language: str = ""
    chain: str = ""
    note: str = ""


class Callbacks(Protocol):
    """What components and the API may ask of the register."""

    async def order(self, order: CallbackOrder) -> tuple[OrderResult, Callback | None]:
        """Promise a callback. Durable when it returns; None if it was refused."""

    async def cancel(self, id_: str, why: str) -> bool:
        """Call it off. False if there is none, it is settled, or he talks already."""

    async def cancel_number(self, number: str, why: str) -> bool:
        """The same for the open one of a number, however it is written."""
