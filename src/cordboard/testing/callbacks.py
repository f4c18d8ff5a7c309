"""Promised callbacks held in memory, for tests in virtual time; `tests/contract` runs over the stored ones."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from cordboard.office.callbacks import OPEN, Attempted, Callback, CallbackState


class MemoryCallbacks:
    """Implements `office.callbacks.CallbackRepository`."""

    def __init__(self) -> None:
        self._all: dict[str, Callback] = {}
        self._attempts: list[tuple[str, str, Attempted]] = []

    async def order(self, callback: Callback) -> Callback:
        """See CallbackRepository."""
        known = await self.open_of(callback.phone)
        stands = callback if known is None else replace(known, chain=callback.chain or known.chain)
        self._all[stands.id] = stands
        return stands

    async def get(self, id_: str) -> Callback | None:
        """See CallbackRepository."""
        return self._all.get(id_)

    async def open_of(self, phone: str) -> Callback | None:
        """See CallbackRepository."""
        return next((each for each in self._all.values() if each.phone == phone and each.state in OPEN), None)

    async def listed(self, *, states: Sequence[CallbackState] = (), limit: int = 100) -> Sequence[Callback]:
        """See CallbackRepository."""
        found = [each for each in reversed(self._all.values()) if not states or each.state in states]
        return sorted(found, key=lambda each: each.ordered, reverse=True)[:limit]

    async def due(self, now: datetime, limit: int) -> Sequence[Callback]:
        """See CallbackRepository."""
        found = [each for each in self._waiting() if each.due <= now]
        return sorted(found, key=lambda each: each.since or each.ordered)[:limit]

    async def next_due(self) -> datetime | None:
        """See CallbackRepository."""
        return min((each.due for each in self._waiting()), default=None)

    async def begin(self, id_: str, now: datetime) -> Callback | None:
        """See CallbackRepository."""
        found = self._all.get(id_)
        if found is None or found.state is not CallbackState.WAITING:
            return None
        self._attempts.append((id_, found.phone, Attempted(now, "")))
        self._all[id_] = replace(found, state=CallbackState.CALLING, attempts=found.attempts + 1)
        return self._all[id_]

    async def note_attempt(self, id_: str, outcome: str) -> None:
        """See CallbackRepository."""
        index = max(number for number, (callback, *_) in enumerate(self._attempts) if callback == id_)
        _, phone, attempt = self._attempts[index]
        self._attempts[index] = (id_, phone, replace(attempt, outcome=outcome))

    async def postpone(self, id_: str, due: datetime, outcome: str = "") -> bool:
        """See CallbackRepository."""
        found = self._all[id_]
        if found.state not in OPEN:
            return False
        waiting = replace(found, state=CallbackState.WAITING, due=due)
        self._all[id_] = replace(waiting, outcome=outcome) if outcome else waiting
        return True

    async def settle(self, id_: str, state: CallbackState, outcome: str, now: datetime) -> bool:
        """See CallbackRepository."""
        found = self._all.get(id_)
        if found is None or found.state not in OPEN:
            return False
        self._all[id_] = replace(found, state=state, outcome=outcome, settled=now)
        return True

    async def attempts_since(self, phone: str, since: datetime) -> int:
        """See CallbackRepository."""
        return sum(called == phone and attempt.at >= since for _, called, attempt in self._attempts)

    async def last_attempt(self, phone: str) -> Attempted | None:
        """See CallbackRepository."""
        return next((attempt for _, called, attempt in reversed(self._attempts) if called == phone), None)

    async def recover(self, due: datetime) -> int:
        """See CallbackRepository."""
        cut = [each for each in self._all.values() if each.state is CallbackState.CALLING]
        for each in cut:
            self._all[each.id] = replace(each, state=CallbackState.WAITING, due=due, outcome="interrupted")
        return len(cut)

    def _waiting(self) -> Sequence[Callback]:
        return [each for each in self._all.values() if each.state is CallbackState.WAITING]
