"""Messages on their way to who waits for them on this node."""

import asyncio
import logging
from collections.abc import Callable, Sequence

from cordboard.scenario.ports import Awaited, Message, RunStore

log = logging.getLogger(__name__)

_POLL = 1.0
"""Seconds until messages that other nodes posted are looked for. However many wait, one of them looks."""


class Mailroom:
    """Rings when something was posted here, and looks each second for what others posted while somebody waits."""

    def __init__(self, store: RunStore) -> None:
        self._store = store
        self._bell = asyncio.Event()
        self._listeners: list[Callable[[], None]] = []
        self._last = -1
        self._looked = float("-inf")

    def listen(self, listener: Callable[[], None]) -> None:
        """Call this, too, whenever something was posted here. It must return at once."""
        self._listeners.append(listener)

    def ring(self) -> None:
        """Something was posted and is committed."""
        self._bell.set()
        self._bell = asyncio.Event()
        for listener in self._listeners:
            listener()

    def bell(self) -> asyncio.Event:
        """To be taken before one looks for a message, and given to `wait` if there was none."""
        return self._bell

    async def wait(self, bell: asyncio.Event, seconds: float) -> None:
        """Return when there may be news since the bell was taken, or after these seconds."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while not bell.is_set() and (left := end - loop.time()) > 0:
            try:
                async with asyncio.timeout(min(left, _POLL)):
                    await bell.wait()
            except TimeoutError:
                await self._look(loop.time())

    async def first(self, awaited: Awaited, run_id: str) -> Message | None:
        """The first message that a run waits for, if it is there."""
        found: Sequence[Message] = await self._store.messages(
            after=awaited.after, own=awaited.own, name=awaited.name, key=awaited.key, run_id=run_id, limit=1
        )
        return found[0] if found else None

    async def before(self, awaited: Awaited, moment: float) -> int:
        """The `seq` after which messages of a name and key were posted since a moment (a POSIX timestamp)."""
        last = await self._store.last_message()
        recent = await self._store.messages(
            after=max(0, last - _RECENT), name=awaited.name, key=awaited.key, limit=_RECENT
        )
        for message in recent:
            if message.posted is not None and message.posted.timestamp() >= moment:
                return message.seq - 1
        return last

    async def _look(self, now: float) -> None:
        if now - self._looked < _POLL:
            return
        self._looked = now
        try:
            last = await self._store.last_message()
        except Exception:  # the database may be away for a while; who waits goes on waiting
            log.exception("messages: the store failed; trying again")
            return
        if last != self._last:
            self._last = last
            self.ring()


_RECENT = 1000
"""Messages among which one is looked for that was posted between the entering of a step and its waiting."""
