"""Tells a message that an SMSC brings again, because our answer was lost with the connection, from a new one. Pure.

SMPP has no name for a message that comes in; but what is repeated so is alike to the last octet, and comes soon.
"""

from collections import Counter, deque
from hashlib import sha256

LOST = 60.0
"""Seconds before the end of a connection in which an answer may have been lost: longer, and it would have asked."""
SOON = 900.0
"""Seconds after which what is alike is another message."""


class Repeats:
    """`kept` what was taken, `lost` the connection; `known` tells, once for each, what comes again after that."""

    def __init__(self) -> None:
        self._kept: deque[tuple[float, bytes]] = deque()
        self._doubtful: Counter[bytes] = Counter()
        self._until = 0.0

    def kept(self, body: bytes, now: float) -> None:
        """It is kept, and the answer leaves."""
        self._kept.append((now, _mark(body)))
        while self._kept[0][0] < now - LOST:
            self._kept.popleft()

    def lost(self, now: float) -> None:
        """The connection has ended: what was answered last may not have been heard."""
        if now > self._until:
            self._doubtful.clear()
        self._doubtful.update(mark for at, mark in self._kept if at >= now - LOST)
        self._kept.clear()
        self._until = now + SOON

    def known(self, body: bytes, now: float) -> bool:
        """Whether it has been kept already."""
        mark = _mark(body)
        if now > self._until or not self._doubtful[mark]:
            return False
        self._doubtful[mark] -= 1
        return True


def _mark(body: bytes) -> bytes:
    return sha256(body).digest()
