"""Keys that come with the signalling, and those that come twice."""

import asyncio
import re
from collections import deque
from dataclasses import dataclass
from enum import Enum, auto

SAME_PRESS = 0.3
"""Seconds in which a key that came by one way and comes by the other is the same press."""

_KEY_TYPES = {"application/dtmf-relay", "application/dtmf"}
# application/dtmf-relay says "Signal=5\r\nDuration=160"; application/dtmf is the bare key.
_INFO_KEY = re.compile(rb"^(?:\s*Signal\s*=\s*)?([0-9*#A-D])\s*(?:$|[\r\n])", re.IGNORECASE | re.MULTILINE)


class KeyWay(Enum):
    """How a key came."""

    VOICE = auto()
    """With the voice (RFC 4733)."""
    SIGNALLING = auto()
    """By SIP INFO."""


def key_in_info(content_type: str, body: bytes) -> str:
    """The key that an INFO tells, empty if it tells something else."""
    if content_type.split(";", maxsplit=1)[0].strip().lower() not in _KEY_TYPES:
        return ""
    found = _INFO_KEY.search(body)
    return found[1].decode().upper() if found else ""


@dataclass(slots=True, eq=False)
class Press:
    """A key that was pressed. `twice` once it has come the other way too."""

    key: str
    way: KeyWay
    at: float
    twice: bool = False


class Presses:
    """Tells a key that a phone sends both ways from one that was pressed twice. Each press has one twin at most."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._single: deque[Press] = deque()

    def take(self, key: str, way: KeyWay) -> Press | None:
        """A key that comes now, None if it is the twin of one that has come."""
        twin = next((press for press in self._recent() if press.key == key and press.way is not way), None)
        if twin is not None:
            twin.twice = True
            self._single.remove(twin)
            return None
        press = Press(key, way, self._loop.time())
        self._single.append(press)
        return press

    def awaited(self) -> set[str]:
        """The keys that came with the signalling and may still come with the voice."""
        return {press.key for press in self._recent() if press.way is KeyWay.SIGNALLING}

    def _recent(self) -> deque[Press]:
        now = self._loop.time()
        while self._single and now - self._single[0].at > SAME_PRESS:
            self._single.popleft()
        return self._single
