"""Messages cut from a TCP stream by Content-Length (RFC 3261 §18.3), and keep-alives (RFC 5626 §3.5.1)."""

import re

from cordboard.sip.parsing import MAX_MESSAGE, MalformedError

MAX_HEADERS = 16_384
"""Bytes of the header section."""

PING = b"\r\n\r\n"
PONG = b"\r\n"

_END = re.compile(rb"\r?\n\r?\n")
_LENGTH = re.compile(rb"^(?:content-length|l)[ \t]*:[ \t]*([^\r\n]*)", re.IGNORECASE | re.MULTILINE)


class Framer:
    """Collects what arrived on one connection."""

    __slots__ = ("_buffer", "pings")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self.pings = 0
        """Pings that arrived and wait for their pong."""

    def feed(self, data: bytes) -> list[bytes]:
        """Take bytes, return whole messages. Raises MalformedError: the stream is lost, close the connection."""
        self._buffer += data
        messages: list[bytes] = []
        while (message := self._next()) is not None:
            messages.append(message)
        return messages

    def _next(self) -> bytes | None:
        self._skip_keep_alives()
        end = _END.search(self._buffer)
        if end is None:
            if len(self._buffer) > MAX_HEADERS:
                raise MalformedError(f"headers longer than {MAX_HEADERS} bytes")
            return None
        if end.end() > MAX_HEADERS:
            raise MalformedError(f"headers longer than {MAX_HEADERS} bytes")
        found = _LENGTH.search(self._buffer, 0, end.end())
        length = found[1].strip() if found else b""
        if not length.isdigit():
            raise MalformedError("a stream needs Content-Length in every message")
        total = end.end() + int(length)
        if total > MAX_MESSAGE:
            raise MalformedError(f"longer than {MAX_MESSAGE} bytes")
        if len(self._buffer) < total:
            return None
        message = bytes(self._buffer[:total])
        del self._buffer[:total]
        return message

    def _skip_keep_alives(self) -> None:
        while self._buffer.startswith(PING):
            del self._buffer[:4]
            self.pings += 1
        if len(self._buffer) > 2 and self._buffer.startswith(PONG) and self._buffer[2:3] != b"\r":
            del self._buffer[:2]  # a pong, or the blank line that §7.5 allows before a message
