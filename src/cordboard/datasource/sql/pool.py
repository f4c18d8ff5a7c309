"""One source at work: its connections, its threads, its time limits, and the memory of its being away.

Each source has threads of its own, so one that hangs makes nobody wait but those who ask it.
"""

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass
from enum import Enum
from typing import Any

from sqlalchemy.pool import QueuePool

from cordboard.datasource.sql.drivers import CONNECT, Bounds, Driver, words_of
from cordboard.datasource.sql.errors import SqlAwayError, SqlError, SqlTimeoutError

AWAY = 5.0
"""Seconds for which a source that did not answer is not asked again."""
_QUEUE = 8
"""How many may wait for each connection."""
_SHARE = 0.9
"""The part of the time that the server gets, so that its own limit comes first."""
_PIECE = 500
_MOST_READ = 1_000_000
"""Rows of a query of which the last one counts."""


@dataclass(frozen=True, slots=True)
class Work:
    """One statement."""

    sql: str
    parameters: Mapping[str, Any] | Sequence[Any]
    seconds: float
    rows: int
    writes: bool = False
    last: bool = False
    """Whether only the last row is wanted."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it, as the driver gives it."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    changed: int | None
    more: bool


class _Stage(Enum):
    QUEUED = 0
    CONNECTING = 1
    ASKING = 2


class _Job:
    """One statement in its thread."""

    def __init__(self, pool: "SourcePool", work: Work, loop: asyncio.AbstractEventLoop) -> None:
        self._pool = pool
        self._work = work
        self._loop = loop
        self.stage = _Stage.QUEUED
        self.connected = loop.create_future()
        self._lock = threading.Lock()
        self._connection: Any = None
        self._abandoned = False

    def abandon(self) -> None:
        """Nobody waits any more: let the thread go."""
        with self._lock:
            self._abandoned = True
            if self._connection is not None:
                with suppress(Exception):
                    self._pool.driver.abandon(self._connection.driver_connection)

    def run(self) -> Outcome:
        """In the thread."""
        if self._is_abandoned():
            raise SqlTimeoutError(self._pool.busy)
        self.stage = _Stage.CONNECTING
        connection = self._connect()
        fresh = self._pool.is_fresh(connection)
        try:
            return self._ask(connection)
        except Exception as error:
            if self._is_abandoned() or fresh or self._work.writes or not self._pool.driver.lost(error):
                raise self._told(error) from error
        # It had lain in the pool while the server was started anew.
        connection = self._connect()
        try:
            return self._ask(connection)
        except Exception as error:
            raise self._told(error) from error

    def _is_abandoned(self) -> bool:
        return self._abandoned  # by another thread, at any time

    def _connect(self) -> Any:
        try:
            connection = self._pool.connections.connect()
        except SqlError:
            raise
        except Exception as error:
            raise SqlAwayError(self._pool.away(error)) from error
        with self._lock:
            self._connection = connection
        self.stage = _Stage.ASKING
        with suppress(RuntimeError):  # the loop is gone
            self._loop.call_soon_threadsafe(self._set_connected)
        return connection

    def _set_connected(self) -> None:
        if not self.connected.done():
            self.connected.set_result(None)

    def _ask(self, connection: Any) -> Outcome:
        work, driver = self._work, self._pool.driver
        good = False
        try:
            raw = connection.driver_connection
            driver.begin(raw, Bounds(work.seconds * _SHARE, _MOST_READ if work.last else work.rows, work.writes))
            with closing(raw.cursor() if work.writes else driver.cursor(raw)) as cursor:
                cursor.execute(work.sql, work.parameters)
                outcome = _fetched(cursor, work)
            if work.writes:
                raw.commit()
            good = True
            return outcome
        finally:
            with self._lock:
                self._connection = None
                if not good or self._abandoned:
                    connection.invalidate()
            with suppress(Exception):
                connection.close()

    def _told(self, error: Exception) -> SqlError:
        pool = self._pool
        if isinstance(error, SqlError):
            return error
        if self._abandoned or pool.driver.timed_out(error):
            return SqlTimeoutError(pool.late(self._work.seconds))
        if pool.driver.lost(error):
            return SqlAwayError(pool.away(error))
        return SqlError(pool.refuses(error))


def _fetched(cursor: Any, work: Work) -> Outcome:
    if cursor.description is None:
        return Outcome((), (), max(cursor.rowcount, 0) if work.writes else None, more=False)
    columns = tuple(str(column[0]) for column in cursor.description)
    rows: list[Sequence[Any]] = []
    more = False
    if work.last:
        read = 0
        while read < _MOST_READ and (piece := cursor.fetchmany(_PIECE)):
            rows = [piece[-1]]
            read += len(piece)
    else:
        while len(rows) <= work.rows and (piece := cursor.fetchmany(min(_PIECE, work.rows + 1 - len(rows)))):
            rows.extend(piece)
        more = len(rows) > work.rows
    changed = max(cursor.rowcount, 0) if work.writes else None
    return Outcome(columns, rows[: work.rows] if not work.last else rows, changed, more)


class SourcePool:
    """See above. `name` is how sentences call the source."""

    def __init__(
        self, name: str, driver: Driver, connect: Callable[[], Any], *, size: int, password: str = "", hint: str = ""
    ) -> None:
        self.driver = driver
        self._name = name
        self._password = password
        self._hint = hint
        self._size = size
        self._jobs: set[_Job] = set()
        self._away_until = 0.0
        self._away_words = ""
        self.connections = QueuePool(connect, pool_size=size, max_overflow=0, timeout=CONNECT, recycle=900)
        self._threads = ThreadPoolExecutor(size, thread_name_prefix=f"sql-{name[:20]}")

    async def ask(self, work: Work) -> Outcome:
        """Run one statement. Raises SqlError."""
        loop = asyncio.get_running_loop()
        if loop.time() < self._away_until:
            raise SqlAwayError(self._away_words)
        if len(self._jobs) >= self._size * (1 + _QUEUE):
            raise SqlTimeoutError(self.busy)
        job = _Job(self, work, loop)
        self._jobs.add(job)
        future = loop.run_in_executor(self._threads, job.run)
        future.add_done_callback(lambda done: self._over(job, done))
        until = loop.time() + work.seconds
        try:
            await asyncio.wait(
                {future, job.connected},
                timeout=min(CONNECT, work.seconds),
                return_when=asyncio.FIRST_COMPLETED,
            )
            if not future.done() and job.stage is not _Stage.CONNECTING:
                await asyncio.wait({future}, timeout=max(until - loop.time(), 0))
            if not future.done():
                raise self._given_up(job, work, loop)
            return future.result()
        except SqlAwayError as error:
            self._remember(str(error), loop)
            raise
        finally:
            if not future.done():
                job.abandon()

    def close(self) -> None:
        """Let go of everything, whatever is under way."""
        for job in list(self._jobs):
            job.abandon()
        self._threads.shutdown(wait=False, cancel_futures=True)
        self.connections.dispose()

    def is_fresh(self, connection: Any) -> bool:
        """Whether a connection has just been made; asked once."""
        fresh = not connection.info.get("used")
        connection.info["used"] = True
        return fresh

    @property
    def busy(self) -> str:
        """Too many ask."""
        return f"the database {self._name!r} is asked too much at once: give it more connections, or ask it less"

    def late(self, seconds: float) -> str:
        """It takes too long."""
        return f"the database {self._name!r} has not answered within {seconds:g} s: give it more time, or ask for less"

    def away(self, error: BaseException) -> str:
        """It does not answer."""
        why = words_of(error, self._password)
        return f"the database {self._name!r} does not answer ({why}): start it{self._hint}"

    def refuses(self, error: BaseException) -> str:
        """It does not want to."""
        return f"the database {self._name!r} refuses: {words_of(error, self._password)}"

    def _given_up(self, job: _Job, work: Work, loop: asyncio.AbstractEventLoop) -> SqlTimeoutError:
        if job.stage is _Stage.QUEUED:
            return SqlTimeoutError(self.busy)
        if job.stage is _Stage.CONNECTING:
            return SqlAwayError(f"the database {self._name!r} does not answer: start it{self._hint}")
        # Its own limit should have come first: it is frozen, or the network swallows what is sent.
        self._remember(f"the database {self._name!r} has not answered: look at its server", loop)
        return SqlTimeoutError(self.late(work.seconds))

    def _remember(self, words: str, loop: asyncio.AbstractEventLoop) -> None:
        if loop.time() >= self._away_until:
            self._away_until, self._away_words = loop.time() + AWAY, words

    def _over(self, job: _Job, done: "asyncio.Future[Outcome]") -> None:
        self._jobs.discard(job)
        if not job.connected.done():
            job.connected.cancel()
        if not done.cancelled():
            done.exception()  # whoever has waited has gone: it is not "never retrieved"
