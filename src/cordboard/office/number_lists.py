"""Named lists of numbers: who is not to be put through, who is to be preferred."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from cordboard.office.listing import STAR, ListedNumber, meeting
from cordboard.telephony import PhoneNumber


class NumberListRepository(Protocol):
    """Keeps the lists."""

    async def put(self, entry: ListedNumber, at: datetime) -> None:
        """Add it, or replace what stands under its list and number. Durable when this returns."""

    async def remove(self, name: str, number: str) -> bool:
        """Take it away. False if it was not there."""

    async def find(self, name: str, numbers: Sequence[str], at: datetime) -> Sequence[ListedNumber]:
        """Those of `numbers` that stand on the list, and still count at that moment."""

    async def entries(self, name: str = "") -> Sequence[ListedNumber]:
        """What stands on one list, or on all, in the order of lists and numbers; what counts no more included."""

    async def forget(self, before: datetime) -> int:
        """Delete what has counted no more since that moment, and return how many there were."""


class OfficeNumberLists:
    """Implements `office.ports.NumberLists`."""

    def __init__(self, repository: NumberListRepository, now: "Now") -> None:
        self._repository = repository
        self._now = now

    async def find(self, name: str, phone: PhoneNumber, at: datetime) -> ListedNumber | None:
        """See NumberLists."""
        if not phone:
            return None
        found = await self._repository.find(name, meeting(phone), at)
        return max(found, key=lambda entry: (not entry.number.endswith(STAR), len(entry.number)), default=None)

    async def add(self, entry: ListedNumber) -> None:
        """See NumberLists."""
        await self._repository.put(entry, self._now.now())

    async def remove(self, name: str, number: str) -> bool:
        """See NumberLists."""
        return await self._repository.remove(name, number)


class Now(Protocol):
    """A clock."""

    def now(self) -> datetime:
        """The present moment, aware."""


class HeldNumberLists:
    """Implements `NumberListRepository` in memory, for the simulator."""

    def __init__(self, *entries: ListedNumber) -> None:
        self._entries = {(entry.list, entry.number): entry for entry in entries}

    async def put(self, entry: ListedNumber, at: datetime) -> None:  # noqa: ARG002 - when it was added is not kept
        """See NumberListRepository."""
        self._entries[entry.list, entry.number] = entry

    async def remove(self, name: str, number: str) -> bool:
        """See NumberListRepository."""
        return self._entries.pop((name, number), None) is not None

    async def find(self, name: str, numbers: Sequence[str], at: datetime) -> Sequence[ListedNumber]:
        """See NumberListRepository."""
        found = [self._entries[name, number] for number in numbers if (name, number) in self._entries]
        return [entry for entry in found if entry.until is None or entry.until > at]

    async def entries(self, name: str = "") -> Sequence[ListedNumber]:
        """See NumberListRepository."""
        return [self._entries[key] for key in sorted(self._entries) if name in {"", key[0]}]

    async def forget(self, before: datetime) -> int:
        """See NumberListRepository."""
        old = [key for key, entry in self._entries.items() if entry.until is not None and entry.until <= before]
        for key in old:
            del self._entries[key]
        return len(old)
