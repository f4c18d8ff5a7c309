"""Asks databases: the named sources in their own dialects, the own call log in T-SQL."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from cordboard.datasource.sql.drivers import DRIVERS, BoundText, postgresql_url, sqlite_file
from cordboard.datasource.sql.errors import SqlError, SqlTextError
from cordboard.datasource.sql.pool import Outcome, SourcePool, Work
from cordboard.datasource.sql.ports import DataSource, SourceSettings, SqlAnswer, SqlQuestion
from cordboard.datasource.sql.statement import Statement
from cordboard.datasource.sql.texts import LONGEST, SqlKind, is_own_log
from cordboard.datasource.sql.tsql import Compiler, typed_views
from cordboard.datasource.sql.tsql_dialects import Dialect, PostgresqlDialect, SqliteDialect
from cordboard.datasource.sql.tsql_reading import read
from cordboard.datasource.sql.tsql_types import Holds
from cordboard.datasource.sql.values import from_driver, to_driver

_HINT = ", or correct its address with `cordboard source set`"
_LONGEST_WAIT = 60.0
_UNNAMED = "column"


@dataclass(frozen=True, slots=True)
class OwnLog:
    """The own call log: where the store is, and what of it may be read."""

    store: str | Path
    """A path of SQLite, `sqlite:///path`, or `postgresql://…`."""
    views: Mapping[str, Mapping[str, str]]
    """Views by name, with columns and what they hold, see `ports.LogColumn`."""
    first: int = 7
    """DATEFIRST, the first day of a week: 1 Monday … 7 Sunday, as MS SQL has it unless told otherwise."""
    seconds: float = 1.5
    rows: int = 1000
    connections: int = 2


@dataclass(slots=True)
class _Open:
    source: DataSource
    kind: SqlKind
    pool: SourcePool = field(repr=False)


class SqlService:
    """Implements `SqlSources`. `zone` gives the zone of the office, `now` the present moment there."""

    def __init__(
        self,
        settings: SourceSettings,
        *,
        zone: Callable[[], ZoneInfo],
        own: OwnLog | None = None,
        now: Callable[[], datetime] | None = None,
    ) -> None:
        self._settings = settings
        self._zone = zone
        self._own = own
        self._now = now or (lambda: datetime.now(zone()))
        self._views = typed_views(own.views) if own else {}
        self._sources: dict[str, _Open] = {}
        self._log: tuple[Callable[[], Dialect], SourcePool] | None = None

    async def ask(self, question: SqlQuestion) -> SqlAnswer:
        """See `SqlSources`."""
        if len(question.text) > LONGEST:
            raise SqlTextError(f"the query is longer than {LONGEST} characters: shorten it")
        if is_own_log(question.source):
            return await self._ask_own(question)
        return await self._ask_source(await self._source(question.source), question)

    def close(self) -> None:
        """Let go of all connections."""
        for each in self._sources.values():
            each.pool.close()
        self._sources.clear()
        if self._log is not None:
            self._log[1].close()
            self._log = None

    # --- the own log ----------------------------------------------------------------------------------------------

    async def _ask_own(self, question: SqlQuestion) -> SqlAnswer:
        own = self._own
        if own is None:
            raise SqlError("there is no call log here")
        query = read(question.text)
        dialect, pool = self._own_log(own)
        compiler = Compiler(dialect(), self._views, question.values, now=self._now(), first=own.first)
        compiled = compiler.compile(query)
        work = Work(
            compiled.sql,
            compiled.parameters,
            _seconds(question.seconds, own.seconds),
            _rows(question.rows, own.rows),
            last=bool(compiled.assigned),
        )
        outcome = await pool.ask(work)
        zone = self._zone()
        kinds = [holds for _, holds in compiled.columns]
        rows = [
            tuple(_of_log(value, holds, zone) for value, holds in zip(row, kinds, strict=True)) for row in outcome.rows
        ]
        return _answer([name for name, _ in compiled.columns], rows, compiled.assigned, outcome)

    def _own_log(self, own: OwnLog) -> tuple[Callable[[], Dialect], SourcePool]:
        if self._log is None:
            store = str(own.store)
            if store.startswith(("postgresql:", "postgres:")):
                pool = SourcePool(
                    "call log",
                    DRIVERS[SqlKind.POSTGRESQL],
                    lambda: postgresql_url(store, self._zone()),
                    size=own.connections,
                )
                self._log = PostgresqlDialect, pool
            else:
                path = Path(store.removeprefix("sqlite:///"))
                pool = SourcePool("call log", DRIVERS[SqlKind.SQLITE], lambda: sqlite_file(path), size=own.connections)
                self._log = SqliteDialect, pool
        return self._log

    # --- named sources --------------------------------------------------------------------------------------------

    async def _source(self, name: str) -> _Open:
        found = await self._settings.source(name)
        there = self._sources.get(name)
        if there is not None and there.source == found:
            return there
        if there is not None:
            there.pool.close()
            del self._sources[name]
        if found is None:
            raise SqlError(
                f"there is no data source {name!r}: name it with `cordboard source set`, or correct the name"
            )
        try:
            kind = SqlKind(found.kind)
        except ValueError:
            raise SqlError(f"the data source {name!r} is of an unknown kind, {found.kind!r}: set it anew") from None
        driver = DRIVERS[kind]
        pool = SourcePool(
            name,
            driver,
            lambda: driver.connect(found, self._zone()),
            size=found.connections,
            password=found.password,
            hint=_HINT,
        )
        opened = _Open(found, kind, pool)
        self._sources[name] = opened
        return opened

    async def _ask_source(self, opened: _Open, question: SqlQuestion) -> SqlAnswer:
        source, driver, zone = opened.source, DRIVERS[opened.kind], self._zone()
        statement = Statement.of(question.text, opened.kind)
        if statement.writes and not source.writes:
            raise SqlError(
                f"the data source {source.name!r} is only read: set it with --writes if scenarios may change its data"
            )
        values = {name.casefold(): (name, value) for name, value in question.values.items()}
        numbers: dict[str, str] = {}
        for name in (*statement.variables, *statement.assigned):
            if name.casefold() not in values:
                raise SqlTextError(f"the scenario has no variable {name!r}: declare it, or correct @{name}")
            numbers.setdefault(name.casefold(), f"p{len(numbers) + 1}")
        bound = {
            key: _bound(to_driver(*values[key], opened.kind, zone), opened.kind)
            for key in dict.fromkeys(name.casefold() for name in statement.variables)
        }
        sql = statement.build(lambda name: driver.placeholder(numbers[name.casefold()]), percent=driver.percent)
        parameters: Mapping[str, Any] | Sequence[Any] = {numbers[key]: value for key, value in bound.items()}
        if driver.positional:
            parameters = [bound[name.casefold()] for name in statement.variables]
        work = Work(
            sql,
            parameters,
            _seconds(question.seconds, source.seconds),
            _rows(question.rows, source.rows),
            writes=statement.writes,
            last=bool(statement.assigned),
        )
        outcome = await opened.pool.ask(work)
        rows = [tuple(from_driver(value, zone) for value in row) for row in outcome.rows]
        assigned = [values[name.casefold()][0] for name in statement.assigned]
        return _answer(outcome.columns, rows, assigned, outcome)


def _answer(
    columns: Sequence[str], rows: Sequence[Sequence[Any]], assigned: Sequence[str], outcome: Outcome
) -> SqlAnswer:
    if assigned:
        given = dict(zip(assigned, rows[-1], strict=True)) if rows else {}
        return SqlAnswer(assigned=given, changed=outcome.changed)
    names = tuple(name or f"{_UNNAMED}{place}" for place, name in enumerate(columns, 1))
    records = tuple(dict(zip(names, row, strict=True)) for row in rows)
    return SqlAnswer(names, records, changed=outcome.changed, more=outcome.more)


def _of_log(value: Any, holds: Holds, zone: ZoneInfo) -> Any:
    if isinstance(value, str) and holds in {Holds.MOMENT, Holds.DATE}:
        value = datetime.fromisoformat(value)
    value = from_driver(value, zone)
    return value.date() if holds is Holds.DATE and isinstance(value, datetime) else value


def _bound(value: Any, kind: SqlKind) -> Any:
    return BoundText(value) if kind is SqlKind.MYSQL and isinstance(value, str) else value


def _seconds(wanted: float | None, usual: float) -> float:
    return min(wanted if wanted is not None else usual, _LONGEST_WAIT)


def _rows(wanted: int | None, most: int) -> int:
    return min(wanted, most) if wanted is not None else most
