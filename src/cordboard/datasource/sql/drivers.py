"""What differs between the drivers: connecting, beginning to read, time limits, errors, letting go.

A connection is one of DB-API 2.0 (PEP 249). All of this runs in threads. Every connection's transaction is rolled back
when it goes back to its pool.
"""

import os
import re
import socket
import sqlite3
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import quote
from zoneinfo import ZoneInfo

import psycopg
import pymysql
import pymysql.err

from cordboard.datasource.sql.errors import SqlError
from cordboard.datasource.sql.ports import DataSource
from cordboard.datasource.sql.texts import SqlKind
from cordboard.datasource.sql.tsql_dialects import install

CONNECT = 1.5
"""Seconds within which a source must have let us in."""
_MOST = 90
"""Seconds after which a driver gives up by itself, if nobody has told it before."""
_SECRET = re.compile(r"(?i)\b(pwd|password)\s*=\s*(\{[^}]*\}|[^;\s]*)")
_STEPS = 2_000
"""Steps of SQLite's machine between two looks at the clock; less than a millisecond."""


class BoundText(NamedTuple):
    """A text for PyMySQL, which has no way to send values apart: it is written as hexadecimal digits alone."""

    text: str


class Bounds(NamedTuple):
    """What a statement may take and do."""

    seconds: float
    rows: int
    writes: bool


@dataclass(frozen=True, slots=True)
class Driver:
    """How a kind of database is spoken to."""

    connect: Callable[[DataSource, ZoneInfo], Any]
    begin: Callable[[Any, "Bounds"], None]
    """Begin a transaction on a connection."""
    placeholder: Callable[[str], str]
    percent: bool
    """Whether the driver reads the per cent sign."""
    positional: bool = False
    cursor: Callable[[Any], Any] = lambda connection: connection.cursor()
    """A cursor that does not load all rows at once, if there is such a thing."""
    abandon: Callable[[Any], None] = lambda _connection: None
    """From another thread: make it stop waiting. The connection is of no use then."""
    timed_out: Callable[[BaseException], bool] = lambda _error: False
    lost: Callable[[BaseException], bool] = lambda _error: False
    """Whether the connection is gone, rather than the statement wrong."""


def words_of(error: BaseException, password: str) -> str:
    """What a driver says, in one line, without the password."""
    arguments = [each for each in error.args if isinstance(each, str | bytes)]
    said = arguments[-1] if arguments else str(error)
    text = said.decode(errors="replace") if isinstance(said, bytes) else said
    line = next((line.strip() for line in text.splitlines() if line.strip()), type(error).__name__)
    line = _SECRET.sub(r"\1=•••", line)
    return (line.replace(password, "•••") if password else line)[:300]


# --- SQLite ---------------------------------------------------------------------------------------------------------


def _sqlite(source: DataSource, _zone: ZoneInfo) -> sqlite3.Connection:
    return sqlite_file(Path(source.database), writes=source.writes)


def sqlite_file(path: Path, *, writes: bool = False) -> sqlite3.Connection:
    """A file of SQLite, which is never made. Raises sqlite3.Error."""
    mode = "rw" if writes else "ro"
    connection = sqlite3.connect(
        f"file:{quote(str(path.absolute()))}?mode={mode}", uri=True, isolation_level=None, check_same_thread=False
    )
    connection.execute(f"PRAGMA query_only={'OFF' if writes else 'ON'}")
    install(connection)
    return connection


def _sqlite_begin(connection: sqlite3.Connection, bounds: Bounds) -> None:
    until = time.monotonic() + bounds.seconds
    connection.execute(f"PRAGMA busy_timeout={int(bounds.seconds * 1000)}")
    connection.set_progress_handler(lambda: time.monotonic() > until, _STEPS)
    connection.execute("BEGIN IMMEDIATE" if bounds.writes else "BEGIN")


def _sqlite_timed_out(error: BaseException) -> bool:
    codes = {sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in codes


# --- PostgreSQL -----------------------------------------------------------------------------------------------------

_PG_TLS = MappingProxyType({"off": "disable", "on": "require", "verify": "verify-full"})


def _postgresql(source: DataSource, zone: ZoneInfo) -> "psycopg.Connection[Any]":
    options = source.options
    connection = psycopg.connect(
        host=source.host or "localhost",
        port=source.port or 5432,
        dbname=source.database,
        user=source.user or None,
        password=source.password or None,
        sslmode=_PG_TLS.get(options.get("tls", ""), "prefer"),
        sslrootcert=options.get("authority") or None,
        **_PG_PATIENCE,
    )
    return _in_zone(connection, zone)


def postgresql_url(url: str, zone: ZoneInfo) -> "psycopg.Connection[Any]":
    """The own store's database. Raises psycopg.Error."""
    return _in_zone(psycopg.connect(url, **_PG_PATIENCE), zone)


_PG_PATIENCE: Mapping[str, Any] = MappingProxyType(
    {"connect_timeout": 2, "tcp_user_timeout": 5000, "application_name": "cordboard"}
)


def _in_zone(connection: "psycopg.Connection[Any]", zone: ZoneInfo) -> "psycopg.Connection[Any]":
    connection.execute("SELECT set_config('TimeZone', %s, false)", [zone.key])
    connection.commit()
    connection.prepare_threshold = None  # plans of queries of unknown number are not kept
    return connection


def _pg_begin(connection: "psycopg.Connection[Any]", bounds: Bounds) -> None:
    connection.read_only = not bounds.writes
    limit = str(max(int(bounds.seconds * 1000), 1))
    connection.execute(
        "SELECT set_config('statement_timeout', %s, true), set_config('lock_timeout', %s, true)", [limit] * 2
    )


def _pg_abandon(connection: "psycopg.Connection[Any]") -> None:
    with suppress(Exception):
        _shut(connection.fileno())


def _pg_lost(error: BaseException) -> bool:
    state = getattr(error, "sqlstate", None)
    return isinstance(error, psycopg.OperationalError) and (
        state is None or (state[:2] in {"08", "57"} and state != "57014")
    )


# --- MySQL, MariaDB -------------------------------------------------------------------------------------------------


def _hexadecimal(value: BoundText, *_: object) -> str:
    return f"_utf8mb4 X'{value.text.encode().hex()}'"


_MYSQL_LOST = frozenset({0, 2006, 2013, 2014, 2055, 1053, 1927})
_MYSQL_LATE = frozenset({1969, 3024, 1317, 1205})


def _mysql(source: DataSource, zone: ZoneInfo) -> Any:
    tls = source.options.get("tls", "off")
    secure: dict[str, Any] = {}
    if tls == "off":
        secure["ssl_disabled"] = True
    else:
        secure["ssl"] = {"ca": source.options.get("authority") or None, "check_hostname": tls == "verify"}
        secure["ssl_verify_cert"] = tls == "verify"
    socket_file = source.options.get("socket")
    connection = pymysql.Connection(
        host=source.host or "127.0.0.1",
        port=source.port or 3306,
        unix_socket=socket_file or None,
        user=source.user or None,
        password=source.password,
        database=source.database or None,
        charset="utf8mb4",
        connect_timeout=CONNECT,
        read_timeout=_MOST,
        write_timeout=_MOST,
        local_infile=False,
        **secure,
    )
    connection.encoders = {**connection.encoders, BoundText: _hexadecimal}
    with connection.cursor() as cursor:
        for name in (zone.key, _offset(zone)):
            try:
                cursor.execute("SET time_zone = %s", [name])
            except pymysql.err.MySQLError:
                continue  # its tables of zones are not filled: the offset of now is the best there is
            break
    return connection


def _offset(zone: ZoneInfo) -> str:
    from datetime import datetime  # noqa: PLC0415 - for the one line

    text = datetime.now(zone).strftime("%z")
    return f"{text[:3]}:{text[3:]}"


def _mysql_begin(connection: Any, bounds: Bounds) -> None:
    maria = "mariadb" in str(connection.get_server_info()).lower()
    with connection.cursor() as cursor:
        if maria:
            cursor.execute("SET SESSION max_statement_time = %s", [max(bounds.seconds, 0.001)])
        else:
            cursor.execute("SET SESSION MAX_EXECUTION_TIME = %s", [max(int(bounds.seconds * 1000), 1)])
        # It cuts what has no LIMIT of its own. Reading piece by piece would not do: a cursor of PyMySQL that was not
        # read to its end reads the rest when it is closed.
        cursor.execute("SET SESSION sql_select_limit = %s", [bounds.rows + 1])
        cursor.execute("SET SESSION innodb_lock_wait_timeout = %s", [max(int(bounds.seconds), 1)])
        cursor.execute("START TRANSACTION READ WRITE" if bounds.writes else "START TRANSACTION READ ONLY")


def _mysql_abandon(connection: Any) -> None:
    wire = getattr(connection, "_sock", None)
    if wire is not None:
        with suppress(OSError):
            wire.shutdown(socket.SHUT_RDWR)


def _mysql_number(error: BaseException) -> int:
    return error.args[0] if error.args and isinstance(error.args[0], int) else -1


# --- MS SQL ---------------------------------------------------------------------------------------------------------


def _mssql(source: DataSource, _zone: ZoneInfo) -> Any:
    import pymssql  # noqa: PLC0415 - a large library that few need

    return pymssql.connect(
        server=source.host or "localhost",
        port=str(source.port or 1433),
        user=source.user or None,
        password=source.password or None,
        database=source.database or "",
        login_timeout=2,
        timeout=max(int(source.seconds + 0.999), 1),
        charset="UTF-8",
        appname="cordboard",
        autocommit=False,
        encryption={"off": "off", "on": "require", "verify": "require"}.get(source.options.get("tls", ""), "request"),
    )


def _mssql_begin(connection: Any, bounds: Bounds) -> None:
    # MS SQL has no transaction that only reads: the statement's words are checked, and it is rolled back.
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCK_TIMEOUT {max(int(bounds.seconds * 1000), 1)}")


def _says(*words: str) -> Callable[[BaseException], bool]:
    return lambda error: any(word in str(error).lower() for word in words)


# --- ODBC -----------------------------------------------------------------------------------------------------------


def _odbc(source: DataSource, _zone: ZoneInfo) -> Any:
    try:
        import pyodbc  # type: ignore[import-not-found,unused-ignore] # noqa: PLC0415 - needs libodbc, so it is no dependency
    except ImportError as error:
        raise SqlError(
            "sources of the kind odbc need pyodbc: install it with pip, and unixodbc with the driver of the database"
        ) from error
    text = source.database if "=" in source.database else f"DSN={source.database}"
    if source.user:
        text += f";UID={_braced(source.user)};PWD={_braced(source.password)}"
    connection = pyodbc.connect(text, autocommit=False, timeout=2, readonly=not source.writes)
    connection.timeout = max(int(source.seconds + 0.999), 1)
    return connection


def _braced(text: str) -> str:
    return "{" + text.replace("}", "}}") + "}"


def _shut(handle: int) -> None:
    """Close the line of a socket that another thread waits for; the handle stays its owner's."""
    with socket.socket(fileno=os.dup(handle)) as line:
        line.shutdown(socket.SHUT_RDWR)


def _named(name: str) -> str:
    return f"%({name})s"


DRIVERS: Mapping[SqlKind, Driver] = MappingProxyType(
    {
        SqlKind.SQLITE: Driver(
            _sqlite,
            _sqlite_begin,
            lambda name: f":{name}",
            percent=False,
            abandon=lambda connection: connection.interrupt(),
            timed_out=_sqlite_timed_out,
        ),
        SqlKind.POSTGRESQL: Driver(
            _postgresql,
            _pg_begin,
            _named,
            percent=True,
            cursor=lambda connection: connection.cursor("cordboard"),
            abandon=_pg_abandon,
            timed_out=lambda error: getattr(error, "sqlstate", "") in {"57014", "55P03"},
            lost=_pg_lost,
        ),
        SqlKind.MYSQL: Driver(
            _mysql,
            _mysql_begin,
            _named,
            percent=True,
            abandon=_mysql_abandon,
            timed_out=lambda error: _mysql_number(error) in _MYSQL_LATE,
            lost=lambda error: (
                isinstance(error, pymysql.err.InterfaceError | pymysql.err.OperationalError)
                and _mysql_number(error) in _MYSQL_LOST
            ),
        ),
        SqlKind.MSSQL: Driver(
            _mssql,
            _mssql_begin,
            _named,
            percent=True,
            timed_out=_says("timed out", "timeout", "lock request time out"),
            lost=_says("dbprocess is dead", "not connected", "connection reset", "unexpected eof"),
        ),
        SqlKind.ODBC: Driver(
            _odbc,
            lambda _connection, _bounds: None,
            lambda _name: "?",
            percent=False,
            positional=True,
            timed_out=_says("hyt00", "hyt01", "timeout"),
            lost=_says("08s01", "08003", "08007"),
        ),
    }
)
