"""Tags of calls on their way into the call log."""

import asyncio

import structlog

from cordboard.office.repositories import CallTagRepository

_log = structlog.get_logger("office")

_PATIENCE = 1.0
"""Seconds that a call waits for a slow database; the tag is written all the same."""


class CallTags:
    """Implements `office.ports.Tags`."""

    def __init__(self, repository: CallTagRepository) -> None:
        self._repository = repository
        self._writing: set[asyncio.Task[None]] = set()

    async def tag(self, chain: str, name: str, value: str) -> None:
        """See Tags. What cannot be written is logged: a call goes on without its tag."""
        task = asyncio.create_task(self._write(chain, name, value))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)
        await asyncio.wait({task}, timeout=_PATIENCE)

    async def close(self) -> None:
        """Wait until all are written."""
        while self._writing:
            await asyncio.wait(self._writing)

    async def _write(self, chain: str, name: str, value: str) -> None:
        try:
            await self._repository.set(chain, name, value)
        except Exception:  # noqa: BLE001  (the store has many ways to fail, and a call can do nothing about any)
            _log.exception("a call could not be tagged", call=chain, tag=name)
