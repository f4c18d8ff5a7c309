"""Notices to users: kept until they are read, and told at once to the pages that are open."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import structlog

from cordboard.telephony import Clock

POLL = 1.0
"""Seconds after which the notices are looked at anyhow: another node may have taken one."""
_WAITING = 100
"""Notices that one page may be behind; it then asks for the list anew."""

_log = structlog.get_logger("notices")


@dataclass(frozen=True, slots=True)
class Notice:
    """What a user is told. Times are aware, in UTC."""

    id: int
    """In the order in which they were ordered."""
    login: str
    at: datetime
    text: str
    data: Mapping[str, Any]
    """Values as JSON has them."""
    urgent: bool
    read: datetime | None = None
    run_id: str = ""
    chain: str = ""


class Notices(Protocol):
    """Keeps notices. Every method that writes is durable when it returns."""

    async def take_in(self, now: datetime, limit: int = 100) -> int:
        """Make notices of the oldest effects of kind NOTICE that were not taken yet; how many effects.

        One for each login. Effects and notices change together: none is lost or told twice. An effect that cannot be
        read is taken, and makes none.
        """

    async def of(self, login: str, *, unread: bool = False, before: int = 0, limit: int = 100) -> Sequence[Notice]:
        """A user's notices, those that are unread first, each part with the youngest first.

        `before` is the id of the last one of the page before.
        """

    async def after(self, id_: int, limit: int = 1000) -> Sequence[Notice]:
        """The notices of everybody that came behind `id_`, in order."""

    async def last(self) -> int:
        """The highest id; 0 if there is none."""

    async def unread(self, login: str) -> int:
        """How many a user has not read."""

    async def mark_read(self, login: str, ids: Sequence[int], at: datetime) -> int:
        """Note that the user has read these (without any: all of his); how many were unread and are his."""

    async def forget(self, before: datetime) -> int:
        """Delete those that were ordered before, read or not. Returns how many."""


class Stream:
    """What one open page is told."""

    def __init__(self, login: str) -> None:
        self.login = login
        self._waiting: asyncio.Queue[Notice] = asyncio.Queue(_WAITING)
        self.missed = False
        """Whether there were more than it could take: the list has them."""

    async def next(self) -> Notice:
        """The next notice, when it is there."""
        return await self._waiting.get()

    def put(self, notice: Notice) -> None:
        """Tell it."""
        try:
            self._waiting.put_nowait(notice)
        except asyncio.QueueFull:
            self.missed = True


class NoticeDesk:
    """Takes notices in and tells them. `run` it until it is cancelled."""

    def __init__(self, notices: Notices, clock: Clock) -> None:
        self._notices = notices
        self._clock = clock
        self._streams: set[Stream] = set()
        self._look = asyncio.Event()

    def wake(self) -> None:
        """Something was ordered here: look at once."""
        self._look.set()

    @contextmanager
    def stream(self, login: str) -> Iterator[Stream]:
        """What a user is told from now on, while the context lasts."""
        stream = Stream(login)
        self._streams.add(stream)
        try:
            yield stream
        finally:
            self._streams.discard(stream)

    async def run(self) -> None:
        """Take in and tell, until cancelled. While the store is away nothing is lost."""
        last: int | None = None
        while True:
            self._look.clear()
            more = False
            try:
                if last is None:
                    last = await self._notices.last()
                more = bool(await self._notices.take_in(self._clock.now()))
                for notice in await self._notices.after(last):
                    last = notice.id
                    self._tell(notice)
            except Exception:  # noqa: BLE001 - the store has many ways to fail; all pass, and nothing is lost
                _log.exception("notices cannot be read or written; trying again")
            if more:
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL):
                    await self._look.wait()

    def _tell(self, notice: Notice) -> None:
        for stream in self._streams:
            if stream.login == notice.login:
                stream.put(notice)
