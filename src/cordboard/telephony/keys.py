"""Keys that a party presses: kept in order, collected by a rule. Shared by the real and the simulated leg."""

import asyncio
from collections import deque
from dataclasses import dataclass
from enum import StrEnum

ALL_KEYS = "0123456789*#ABCD"


class CollectEnd(StrEnum):
    """Why collecting stopped."""

    COMPLETE = "complete"
    """`max_digits` were pressed, or the terminator."""
    TIMEOUT = "timeout"
    """Nothing more came in time; `digits` holds what there was."""
    ENDED = "ended"
    """The leg ended."""


@dataclass(frozen=True, slots=True)
class KeyRule:
    """How many keys to take and how long to wait for them. Times are in seconds."""

    max_digits: int = 1
    terminator: str = "#"
    """Keys that end the input and are not part of it; empty if there are none."""
    first_timeout: float = 5.0
    between_timeout: float = 3.0


@dataclass(frozen=True, slots=True)
class Collected:
    """The digits, without the terminator."""

    digits: str
    end: CollectEnd
    terminator: str = ""


class KeyBuffer:
    """Type-ahead: keys pressed during a prompt wait here until somebody collects them."""

    def __init__(self) -> None:
        self._keys: deque[str] = deque()
        self._changed = asyncio.Event()
        self._closed = False

    def press(self, key: str) -> None:
        """Add a key. Ignored once closed."""
        if not self._closed:
            self._keys.append(key)
            self._changed.set()

    def first_of(self, keys: str) -> str:
        """The oldest waiting key that is one of `keys`, or an empty text. It stays where it is."""
        return next((key for key in self._keys if key in keys), "")

    def drop(self, key: str) -> None:
        """Take the oldest `key` out, if there is one."""
        if key in self._keys:
            self._keys.remove(key)

    def clear(self) -> None:
        """Forget what was pressed so far."""
        self._keys.clear()

    def close(self) -> None:
        """No key will come any more: whoever collects is told at once."""
        self._closed = True
        self._changed.set()

    async def collect(self, rule: KeyRule) -> Collected:
        """Take keys by `rule`, those already waiting first."""
        digits = ""
        while len(digits) < rule.max_digits:
            key = await self._next(rule.between_timeout if digits else rule.first_timeout)
            if key is None:
                return Collected(digits, CollectEnd.ENDED if self._closed else CollectEnd.TIMEOUT)
            if key in rule.terminator:
                return Collected(digits, CollectEnd.COMPLETE, key)
            digits += key
        return Collected(digits, CollectEnd.COMPLETE)

    async def _next(self, timeout: float) -> str | None:
        try:
            async with asyncio.timeout(timeout):
                while not self._keys:
                    if self._closed:
                        return None
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            return None
        return self._keys.popleft()
