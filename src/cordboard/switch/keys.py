"""Keys that come with the signalling, and those that come twice."""

import asyncio
import re
from collections import deque
from enum import Enum, auto
from typing import NamedTuple

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


class _Press(NamedTuple):
    key: str
    way: KeyWay
    at: float


class Presses:
    """Tells a key that a phone sends both ways from one that was pressed twice. Each press has one twin at most."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._single: deque[_Press] = deque()

    def counts(self, key: str, way: KeyWay) -> bool:
        """Whether a key that comes now is a press of its own."""
        now = self._loop.time()
        while self._single and now - self._single[0].at > SAME_PRESS:
            self._single.popleft()
        twin = next((press for press in self._single if press.key == key and press.way is not way), None)
        if twin is not None:
            self._single.remove(twin)
            return False
        self._single.append(_Press(key, way, now))
        return True
