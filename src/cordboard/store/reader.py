"""Reading beside the writer: each reading sees one committed state and never waits for a write."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from cordboard.store.engine import CONNECTIONS
from cordboard.store.writer import Work

T = TypeVar("T")


class Reader:
    """Runs readings in a few threads of its own, each with a connection that cannot write."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._threads = ThreadPoolExecutor(max_workers=CONNECTIONS, thread_name_prefix="store-reader")

    async def read(self, work: Work[T]) -> T:
        """Run `work` in one transaction and return its value."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._apply, work)

    def close(self) -> None:
        """Wait for the readings under way."""
        self._threads.shutdown()

    def _apply(self, work: Work[T]) -> T:
        try:
            return self._once(work)
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
        return self._once(work)  # the connection had lain there while the server was started anew

    def _once(self, work: Work[T]) -> T:
        with self._engine.begin() as connection:
            return work(connection)
