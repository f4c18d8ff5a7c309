"""The single writer: everything that is ever written to the database goes through here.

Twenty tasks that write for themselves wait for each other's locks for half a second; one that writes for all
commits in a millisecond. It works in a thread of its own, a group of writes at a time: a hop to the thread and a
flush to the disk are paid once a group. (400 inserts: 8 ms of the thread, against 150 ms through an asynchronous
driver, most of it on the loop that carries the calls.)
"""

import asyncio
import itertools
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import structlog
from sqlalchemy import Connection, CursorResult, Engine, Executable

from cordboard.store import postgresql
from cordboard.store.engine import trouble
from cordboard.store.errors import StoreClosedError

T = TypeVar("T")
Work = Callable[[Connection], T]
"""Reads and writes in one transaction. Runs in the writer's thread and, after a trouble, again from its start: it
must do nothing but use the connection."""

PACE = 0.005
"""Seconds between the starts of two groups, so that what comes together is committed together."""
LEISURE = 0.1
"""Seconds that rows for later wait for company if nobody waits for a commit: each costs a flush to the disk."""
GROUP = 400
"""Statements that are enough for a group, however young it is."""
LATER_LIMIT = 20_000
"""Rows that may wait to be written later."""

_log = structlog.get_logger("store")


@dataclass(frozen=True, slots=True)
class _Unit(Generic[T]):
    """One owner's work: all of it is committed, or nothing."""

    work: Work[T]
    size: int
    done: asyncio.Future[T]


@dataclass(frozen=True, slots=True)
class _Row:
    """One row to be written later."""

    statement: Executable
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Group:
    units: Sequence[_Unit[Any]]
    rows: Sequence[_Row]


@dataclass(frozen=True, slots=True)
class _Outcome:
    value: Any = None
    error: Exception | None = None


@dataclass(frozen=True, slots=True)
class _Doubt:
    """A group whose commit was asked for, and whose answer has not been heard."""

    group: _Group
    ticket: str
    result: tuple[list[_Outcome], int]


class Writer:
    """Owns the write connection of `engine`. Use `start` and `close`, or `async with`."""

    def __init__(self, engine: Engine, *, pace: float = PACE, retry: float = 0.05, patience: float = 5.0) -> None:
        self._engine = engine
        self._pace = pace
        self._retry = retry
        self._patience = patience
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store-writer")
        self._units: deque[_Unit[Any]] = deque()
        self._rows: deque[_Row] = deque()
        self._work = asyncio.Event()
        self._full = asyncio.Event()
        self._urgent = asyncio.Event()
        """Set while somebody waits for a commit."""
        self._idle = asyncio.Event()
        self._idle.set()
        self._task: asyncio.Task[None] | None = None
        self._closing_since: float | None = None
        self._doubt: _Doubt | None = None
        """Only the writer's thread uses it."""
        self.trouble = ""
        """What keeps the database from being written now, for the user; empty if nothing does."""
        self.dropped = 0
        """Rows given up because too many waited or because the database refused them."""
        self.groups = 0
        """Commits so far."""

    @property
    def dialect(self) -> str:
        """The kind of database, as SQLAlchemy calls it."""
        return self._engine.dialect.name

    async def start(self) -> None:
        """Begin to write."""
        self._task = asyncio.create_task(self._run(), name="store-writer")

    async def close(self) -> None:
        """Write what waits, but no longer than `patience` seconds if the database is in trouble; then stop."""
        self._closing_since = asyncio.get_running_loop().time()
        self._work.set()
        self._full.set()
        self._urgent.set()
        if self._task is not None:
            await self._task
        self._thread.shutdown()

    async def __aenter__(self) -> "Writer":
        """Begin to write."""
        await self.start()
        return self

    async def __aexit__(self, *_error: object) -> None:
        """Write what waits and stop."""
        await self.close()

    async def commit(self, statements: Sequence[Executable]) -> list[int]:
        """Execute `statements` as one unit; returns after its commit, with the number of rows each has touched.

        A failing unit is rolled back alone and raises its error here. While the database is locked or full this
        waits. Cancelling the wait does not take the write back.
        """

        def execute(connection: Connection) -> list[int]:
            return [_touched(connection.execute(statement)) for statement in statements]

        return await self._submit(execute, len(statements))

    async def transact(self, work: Work[T]) -> T:
        """Run `work` as one unit; returns its value after the commit, or raises what it raised, rolled back."""
        return await self._submit(work, 1)

    def later(self, statement: Executable, values: Mapping[str, Any]) -> None:
        """Write a row some time soon; never waits. The oldest rows are dropped and counted if too many wait.

        Rows for the same `statement` object that follow each other are written together.
        """
        if self._closing_since is not None or len(self._rows) >= LATER_LIMIT:
            self.dropped += 1
            if self._closing_since is not None:
                return
            self._rows.popleft()
        self._rows.append(_Row(statement, values))
        self._awake()

    async def flush(self) -> None:
        """Wait until nothing waits any more, rows for later included."""
        self._urgent.set()
        await self._idle.wait()

    async def _submit(self, work: Work[T], size: int) -> T:
        if self._closing_since is not None:
            raise StoreClosedError
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._units.append(_Unit(work, size, done))
        self._urgent.set()
        self._awake()
        return await done

    def _awake(self) -> None:
        self._idle.clear()
        self._work.set()
        if len(self._rows) + len(self._units) >= GROUP:
            self._full.set()
            self._urgent.set()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while self._units or self._rows or self._closing_since is None:
            if not self._units and not self._rows:
                self._work.clear()
                self._idle.set()
                await self._work.wait()
                continue
            await self._wait_for_company()
            began = loop.time()
            await self._commit(self._next_group())
            await self._keep_pace(self._pace - (loop.time() - began))
        self._idle.set()

    async def _wait_for_company(self) -> None:
        """Rows alone are in no hurry; a unit ends the waiting."""
        if not self._units and len(self._rows) < GROUP and self._closing_since is None:
            with suppress(TimeoutError):
                async with asyncio.timeout(LEISURE):
                    await self._urgent.wait()
        self._urgent.clear()

    async def _keep_pace(self, seconds: float) -> None:
        if seconds <= 0 or self._closing_since is not None:
            return
        self._full.clear()
        if len(self._rows) + len(self._units) < GROUP:
            try:
                await asyncio.wait_for(self._full.wait(), seconds)
            except TimeoutError:
                return

    def _next_group(self) -> _Group:
        units: list[_Unit[Any]] = []
        rows: list[_Row] = []
        size = 0
        while self._units and size < GROUP:
            units.append(self._units.popleft())
            size += units[-1].size
        while self._rows and size < GROUP:
            rows.append(self._rows.popleft())
            size += 1
        return _Group(units, rows)

    async def _commit(self, group: _Group) -> None:
        """Commit `group`, however long the database makes us wait."""
        loop = asyncio.get_running_loop()
        delay = self._retry
        while True:
            try:
                outcomes, refused = await loop.run_in_executor(self._thread, self._apply, group)
            except Exception as error:  # noqa: BLE001 - whatever it is, its owners are told or it is tried again
                words = trouble(error)
                if not words:
                    _fail(group, error)
                    self.dropped += len(group.rows)
                    return
                self._tell(words)
                if self._out_of_patience():
                    _fail(group, StoreClosedError(words))
                    self.dropped += len(group.rows)
                    return
                await asyncio.sleep(delay)
                delay = min(delay * 2, 2.0)
                continue
            self._tell("")
            self.groups += 1
            self.dropped += refused
            for unit, outcome in zip(group.units, outcomes, strict=True):
                _settle(unit, outcome)
            return

    def _out_of_patience(self) -> bool:
        since = self._closing_since
        return since is not None and asyncio.get_running_loop().time() - since > self._patience

    def _tell(self, words: str) -> None:
        if words == self.trouble:
            return
        self.trouble = words
        if words:
            _log.error("the database cannot be written, trying again", trouble=words)
        else:
            _log.info("the database is written again")

    def _apply(self, group: _Group) -> tuple[list[_Outcome], int]:
        """In the writer's thread: one transaction for the group, a savepoint for each unit in it."""
        with self._engine.connect().execution_options(durable=bool(group.units)) as connection, connection.begin():
            doubt = self._doubt
            if doubt is not None and doubt.group is group and postgresql.was_committed(connection, doubt.ticket):
                return doubt.result
            self._doubt = None
            outcomes = [_attempt(connection, unit.work) for unit in group.units]
            refused = sum(
                _write_rows(connection, statement, [row.values for row in rows])
                for statement, rows in itertools.groupby(group.rows, key=lambda row: row.statement)
            )
            if ticket := postgresql.ticket(connection):
                self._doubt = _Doubt(group, ticket, (outcomes, refused))
        self._doubt = None
        return outcomes, refused


def _attempt(connection: Connection, work: Work[Any]) -> _Outcome:
    """Run one unit so that its failure leaves no trace and harms no other."""
    connection.exec_driver_sql("SAVEPOINT unit")  # by hand: begin_nested costs as much as a whole statement
    try:
        value = work(connection)
    except Exception as error:
        if trouble(error):
            raise
        connection.exec_driver_sql("ROLLBACK TO unit")
        connection.exec_driver_sql("RELEASE unit")
        return _Outcome(error=error)
    connection.exec_driver_sql("RELEASE unit")
    return _Outcome(value)


def _write_rows(connection: Connection, statement: Executable, rows: Sequence[Mapping[str, Any]]) -> int:
    """Write rows together; if that is refused, one by one. Returns how many were given up."""
    outcome = _attempt(connection, lambda c: c.execute(statement, list(rows)))
    if outcome.error is None:
        return 0
    _log.warning("a row for later was refused", error=str(outcome.error))
    if len(rows) == 1:
        return 1
    return sum(_write_rows(connection, statement, [row]) for row in rows)


def _touched(result: CursorResult[Any]) -> int:
    return result.rowcount


def _settle(unit: _Unit[Any], outcome: _Outcome) -> None:
    if unit.done.done():  # whoever waited was cancelled; what it wrote stays
        return
    if outcome.error is not None:
        unit.done.set_exception(outcome.error)
    else:
        unit.done.set_result(outcome.value)


def _fail(group: _Group, error: Exception) -> None:
    for unit in group.units:
        _settle(unit, _Outcome(error=error))
