"""What tests of web services share: a real HTTP server on loopback that answers as it is told, and a memory."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime

from cordboard.datasource.web.ports import PlainRules, PlainSecret

HERE = PlainRules(("127.0.0.0/8", "::1"))
"""Rules that allow loopback."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came."""

    method: str
    target: str
    headers: Mapping[str, str]
    """By names in small letters."""
    body: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered."""

    body: bytes = b""
    content_type: str = ""
    status: str = "200 OK"
    headers: Mapping[str, str] = field(default_factory=dict)
    silent: bool = False
    """Nothing is answered, and the connection stays."""
    cut: bool = False
    """The connection is closed instead."""


def json_reply(text: str, **more: object) -> Reply:
    """An answer in JSON."""
    return replace(Reply(text.encode(), "application/json"), **more)  # type: ignore[arg-type]  # fields by their names


def packed(reply: Reply) -> Reply:
    """The same answer, gzipped."""
    return replace(reply, body=gzip.compress(reply.body), headers={**reply.headers, "Content-Encoding": "gzip"})


Answering = Callable[[Asked], Reply]


class WebServer:
    """Answers each request as `answer` says, or as the next of `replies` does (the last one again and again)."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = list(replies) or [Reply()]
        self.answer: Answering = self._next
        self.asked: list[Asked] = []
        self.url = ""
        self.busy = asyncio.Event()
        """Set by the first request."""
        self.held = asyncio.Event()
        """While it is cleared, answers wait."""
        self.held.set()
        self._open: set[asyncio.StreamWriter] = set()

    @property
    def host(self) -> str:
        """Host and port."""
        return self.url.removeprefix("http://")

    @property
    def port(self) -> int:
        """Its port."""
        return int(self.url.rpartition(":")[2])

    def _next(self, _asked: Asked) -> Reply:
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, one request."""
        self._open.add(writer)
        try:
            reply = await self._reply(reader)
            while reply.silent:
                if not await reader.read(100):
                    return
            if not reply.cut:
                head = {"Content-Length": str(len(reply.body)), "Connection": "close", **reply.headers}
                if reply.content_type:
                    head["Content-Type"] = reply.content_type
                lines = [f"HTTP/1.1 {reply.status}", *(f"{name}: {value}" for name, value in head.items())]
                writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + reply.body)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            return  # the other side has gone away, as some tests want it
        finally:
            self._open.discard(writer)
            writer.close()

    async def _reply(self, reader: asyncio.StreamReader) -> Reply:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        method, target, _ = head[0].split(" ")
        fields = {name.lower(): value for name, value in (line.split(": ", 1) for line in head[1:] if line)}
        body = await reader.readexactly(int(fields.get("content-length", "0")))
        asked = Asked(method, target, fields, body)
        self.asked.append(asked)
        self.busy.set()
        await self.held.wait()
        return self.answer(asked)

    def hang_up(self) -> None:
        """Cut every connection."""
        for writer in self._open:
            writer.close()


@asynccontextmanager
async def web_server(*replies: Reply) -> AsyncIterator[WebServer]:
    """A server on loopback, `http://127.0.0.1:PORT`."""
    there = WebServer(*replies)
    server = await asyncio.start_server(there.take, "127.0.0.1", 0)
    there.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield there
    finally:
        server.close()
        there.hang_up()
        await server.wait_closed()


@dataclass(frozen=True, slots=True)
class Kept:
    """Implements `KeptAnswer`."""

    at: datetime
    status: int
    content_type: str
    body: bytes
    until: datetime


@dataclass(slots=True)
class MemoryOfAnswers:
    """Implements `WebMemory` in memory."""

    kept: dict[str, Kept] = field(default_factory=dict)

    async def recall(self, key: str) -> Kept | None:
        """See WebMemory."""
        return self.kept.get(key)

    async def remember(
        self, key: str, at: datetime, until: datetime, *, status: int, content_type: str, body: bytes
    ) -> None:
        """See WebMemory."""
        self.kept[key] = Kept(at, status, content_type, body, until)

    async def forget(self, before: datetime) -> int:
        """See WebMemory."""
        old = [key for key, kept in self.kept.items() if kept.until < before]
        for key in old:
            del self.kept[key]
        return len(old)


@dataclass(slots=True)
class HeldSettings:
    """Implements `WebSettings` in memory."""

    allowed: PlainRules = HERE
    secrets: dict[str, PlainSecret] = field(default_factory=dict)

    async def rules(self) -> PlainRules:
        """See WebSettings."""
        return self.allowed

    async def secret(self, name: str) -> PlainSecret | None:
        """See WebSettings."""
        return self.secrets.get(name)
