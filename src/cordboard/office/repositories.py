"""What the office needs kept. The store implements it; these docstrings are the contract."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from cordboard.office.ended_calls import EndedCall
from cordboard.office.model import OfficeData, OfficeItem
from cordboard.telephony import ConnectionRecord, EndReason, LegRecord, PhoneNumber


class ClashError(Exception):
    """What was to be saved contradicts what is there; the text names the clash."""


class OfficeRepository(Protocol):
    """Keeps the office."""

    async def load(self) -> OfficeData:
        """The office as it stands, at one moment."""

    async def version(self) -> int:
        """A number that changes with every change of the office, by whatever process; cheap to ask each second."""

    async def save(self, *items: OfficeItem) -> None:
        """Add each item, or replace the one of the same key (login, account, name, number); all or none, durably.

        Of a document the key is its kind and name. Raises ClashError if a number is taken by somebody else.
        """

    async def remove(self, item: OfficeItem) -> bool:
        """Remove what has the item's key, a user with his phones. False if it was not there. Settings stay."""


@dataclass(frozen=True, slots=True)
class PinFailures:
    """Wrong PINs in a row."""

    wrong: int = 0
    locked_until: datetime | None = None
    """Aware, in UTC."""


class PinFailureRepository(Protocol):
    """Counts wrong PINs so that a restart forgives none."""

    async def get(self, login: str) -> PinFailures:
        """None in a row if nothing is known."""

    async def put(self, login: str, failures: PinFailures) -> None:
        """Durable when this returns."""


@dataclass(frozen=True, slots=True)
class LoggedLeg:
    """A leg with its numbers in canonical form, by which it is found however a number is written."""

    record: LegRecord
    caller_phone: str = ""
    dialled_phone: str = ""


@dataclass(frozen=True, slots=True)
class LoggedChain:
    """All that hangs together, in the order in which it began."""

    id: str
    legs: tuple[LegRecord, ...]
    connections: tuple[ConnectionRecord, ...]
    tags: Mapping[str, str] = field(default_factory=dict)
    """What scenarios have noted about it, by name."""


@dataclass(frozen=True, slots=True)
class Order:
    """Something for the outbox to deliver, exactly once for each `kind` and `key`."""

    kind: str
    key: str
    payload: Mapping[str, str]
    chain: str = ""


Ended = tuple[Sequence[EndedCall], Sequence[Order]]
"""Calls that are over, and what is ordered because of that."""


class CallLogRepository(Protocol):
    """Keeps the call log."""

    async def save(
        self,
        legs: Sequence[LoggedLeg],
        connections: Sequence[ConnectionRecord],
        ended: Sequence[EndedCall] = (),
        orders: Sequence[Order] = (),
    ) -> None:
        """Add each, or replace the one of the same id. Durable when this returns.

        Of each of `ended` the events `call.ended` and, if it was missed, `call.missed` are posted in the same
        transaction: a call whose end stands in the log is told to the scenarios that wait for it, once. So are its
        `rows` written: the scenarios find them. So is what is ordered.
        """

    async def close_open(
        self, reason: EndReason, told: Callable[[Sequence[LoggedChain]], Ended] = lambda _: ((), ())
    ) -> Sequence[LoggedChain]:
        """End what a crash has left open and return the chains that it cut.

        The moment of the crash is not known: they end at the last moment of which the log knows anything. What `told`
        makes of the chains is written and posted as `save` does it, in the same transaction. It may be called by
        another thread.
        """

    async def recent(
        self, limit: int, *, chain: str | None = None, number: PhoneNumber | None = None
    ) -> Sequence[LoggedChain]:
        """The newest chains first; of one id, or in which `number` called or was called on some leg."""


class CallHistoryRepository(Protocol):
    """Finds calls with somebody outside in the call log."""

    async def chains(
        self,
        phone: str,
        *,
        since: datetime | None = None,
        inbound: bool | None = None,
        talked: bool = False,
        before: str = "",
        limit: int = 1000,
    ) -> Sequence["LoggedCalls"]:
        """The chains with a leg of an external line to (or, `inbound`, from) the canonical `phone`, the newest first.

        `since` bounds the beginning of that leg, and so does `before`, the id of a chain, which is left out itself:
        only what began before its first leg. `talked`: only where that leg was joined with another. At most `limit`
        such legs are looked at.
        """


@dataclass(frozen=True, slots=True)
class LoggedCalls:
    """A chain with its canonical numbers, in the order in which it began."""

    legs: tuple[LoggedLeg, ...]
    connections: tuple[ConnectionRecord, ...]


class CallTagRepository(Protocol):
    """Keeps what scenarios note about a call: the language he chose, the reason why he called."""

    async def set(self, chain: str, name: str, value: str) -> None:
        """Note it, in place of what was noted under this name. Durable when this returns."""

    async def of(self, chains: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
        """The tags of each of `chains`, by name, in the order of the names; a chain without any is missing."""
