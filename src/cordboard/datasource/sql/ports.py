"""Databases. The docstrings are the contract.

`datasource.sql.service` implements `SqlSources`; `store.data_sources` implements `SourceSettings`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from cordboard.datasource.sql.errors import SqlAwayError, SqlError, SqlTextError, SqlTimeoutError
from cordboard.datasource.sql.texts import OWN_LOG, SqlKind, check_text, is_own_log, variables_of

__all__ = [
    "OWN_LOG",
    "DataSource",
    "LogColumn",
    "SourceSettings",
    "SqlAnswer",
    "SqlAwayError",
    "SqlError",
    "SqlKind",
    "SqlQuestion",
    "SqlSources",
    "SqlTextError",
    "SqlTimeoutError",
    "check_text",
    "is_own_log",
    "variables_of",
]


class LogColumn(StrEnum):
    """What a column of a view of the own log holds."""

    TEXT = "text"
    WHOLE = "whole"
    """A whole number."""
    MOMENT = "moment"
    """A moment in the time of the office without a zone: in SQLite a text, `2026-11-23 10:00:00.000000`, in PostgreSQL
    a `timestamp without time zone`."""


@dataclass(frozen=True, slots=True)
class SqlQuestion:
    """One question to a database."""

    source: str
    """The name of the source; empty, or `oktell`: the own call log."""
    text: str
    """Own log: T-SQL. Other sources: their own dialect. `@name` stands for a value, in either."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """What the variables of the text hold: None, bool, str, Decimal, date, time, datetime, timedelta. `@name` finds its
    value whatever the case of its letters."""
    seconds: float | None = None
    """How long all of it may take; None: as the source has it."""
    rows: int | None = None
    """How many rows are wanted at most; the source may allow fewer."""


@dataclass(frozen=True, slots=True)
class SqlAnswer:
    """What a database answered.

    Values: None, bool, str, Decimal, date, time, timedelta, and datetime, always aware: one that the database keeps
    without a zone is in the time of the office. Bytes are hexadecimal digits as text. A number that is none (NaN,
    infinity) is None.
    """

    columns: Sequence[str] = ()
    """In the order of the text. Of two columns of one name the last counts, as in a record."""
    rows: Sequence[Mapping[str, Any]] = ()
    assigned: Mapping[str, Any] = field(default_factory=dict)
    """What `SELECT @name = ...` has assigned, by names as the values had them: of the last row. Empty without a row."""
    changed: int | None = None
    """How many rows a statement that writes has changed; None: it does not write."""
    more: bool = False
    """Whether there were more rows than were taken."""

    @property
    def found(self) -> bool:
        """Whether there was a row, or one was changed."""
        return bool(self.rows or self.assigned or self.changed)


class SqlSources(Protocol):
    """Asks the company's databases and the own call log."""

    async def ask(self, question: SqlQuestion) -> SqlAnswer:
        """Ask. The statement runs in a transaction of its own; unless the source allows writes it may only read.

        Values are bound: whatever they hold, they stay values. A statement that writes is done at least once: done
        again if the exchange was stopped before the step's end.

        Raises SqlTimeoutError if no answer comes in time, SqlAwayError (which is one) if the source does not answer at
        all: the latter at once if that was so a moment ago. Raises SqlTextError if the text cannot be understood,
        SqlError if there is no such source or it refuses. All are sentences for the user, without passwords.
        """


class DataSource(Protocol):
    """A database that the administrator has named. As a Protocol, so that the store need not know this room."""

    @property
    def name(self) -> str:
        """By which scenarios name it."""

    @property
    def kind(self) -> str:
        """One of `SqlKind`."""

    @property
    def host(self) -> str:
        """Of a server."""

    @property
    def port(self) -> int:
        """0: the usual one."""

    @property
    def database(self) -> str:
        """Its name; of SQLite the path of the file; of ODBC the connection string, or the name of a DSN."""

    @property
    def user(self) -> str:
        """Who signs in."""

    @property
    def password(self) -> str:
        """His password."""

    @property
    def options(self) -> Mapping[str, str]:
        """`tls` (off, on, verify), `authority` (a PEM file), `charset`; see docs/databases.md."""

    @property
    def writes(self) -> bool:
        """Whether statements may change data."""

    @property
    def seconds(self) -> float:
        """How long a question may take, connecting included."""

    @property
    def rows(self) -> int:
        """How many rows a question may give at most."""

    @property
    def connections(self) -> int:
        """How many questions it is asked at once."""


class SourceSettings(Protocol):
    """The named sources."""

    async def source(self, name: str) -> DataSource | None:
        """The source of that name."""
