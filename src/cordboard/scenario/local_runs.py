"""What runs in memory on this node: work that outlives who waits for it, and the effects of runs without checkpoint."""

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from typing import Any

from cordboard.scenario.mailroom import Mailroom
from cordboard.scenario.ports import Effect, Message, RunStore

log = logging.getLogger(__name__)

_PATIENCE = 2.0
"""Seconds that a call waits for the commit of its effects."""
_ATTEMPTS = 30


class LocalWork:
    """Owns the tasks that outlive who waits for them: branches after a hang-up, and effects on their way."""

    def __init__(self, store: RunStore, mailroom: Mailroom) -> None:
        self._store = store
        self._mailroom = mailroom
        self._tasks: set[asyncio.Task[None]] = set()

    def own(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """Begin a piece of work that is waited for when the runner is closed."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def emit(self, effects: Sequence[Effect], messages: Sequence[Message]) -> None:
        """Commit what a run without a checkpoint asked for. A store that is slow delays it and not the call."""
        task = self.own(self._emit_in_the_end(effects, messages))
        await asyncio.wait({task}, timeout=_PATIENCE)

    async def close(self) -> None:
        """Wait until all is done."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def _emit_in_the_end(self, effects: Sequence[Effect], messages: Sequence[Message]) -> None:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                await self._store.emit(effects, messages)
            except Exception:  # it is logged and tried again
                asked = [effect.key for effect in effects] + [message.name for message in messages]
                log.exception("effects %s: not committed, attempt %d", asked, attempt)
                await asyncio.sleep(_PATIENCE)
            else:
                if messages:
                    self._mailroom.ring()
                return


async def end(task: "asyncio.Task[Any]") -> None:
    """Cancel a task that is not done, and wait until it is. What it ended with is of no interest here."""
    if not task.done():
        task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.wait({task})
    if task.done() and not task.cancelled():
        task.exception()
