"""Databases for tests of SQL: a prepared call log, and sources in memory."""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from cordboard.datasource.sql.service import OwnLog, SqlService
from cordboard.store.call_views import CALL_VIEWS, CONNECTIONS
from cordboard.store.data_sources import StoredSource
from cordboard.testing.postgres import postgres_server

KYIV = ZoneInfo("Europe/Kyiv")
LOG_NOW = datetime(2026, 11, 18, 12, 0, tzinfo=KYIV)
"""A Wednesday of week 47, as MS SQL counts with DATEFIRST 7."""
VIEWS: Mapping[str, Mapping[str, str]] = {view.name: dict(view.columns) for view in CALL_VIEWS}
_SQL_TYPES = {
    "sqlite": {"text": "TEXT", "whole": "INTEGER", "moment": "TEXT"},
    "postgresql": {"text": "text", "whole": "integer", "moment": "timestamp"},
}
_USUAL: Mapping[str, Any] = {
    "ConnectionType": 5,
    "ReasonStart": 1,
    "IsRecorded": 0,
    "ALineNum": "city",
    "AOutNumber": "",
    "ANumberDialed": "",
    "AUserId": None,
    "BLineNum": "101",
    "BOutNumber": "101",
    "BUserId": "anna",
}


@dataclass
class Sources:
    """`SourceSettings` in memory."""

    named: dict[str, StoredSource] = field(default_factory=dict)

    async def source(self, name: str) -> StoredSource | None:
        """One."""
        return self.named.get(name)


def logged(id_: str, answered: str, **columns: Any) -> dict[str, Any]:
    """A row of the log: a talk of a minute that was answered then (`2026-11-18 10:00:00`)."""
    moment = datetime.fromisoformat(answered)
    times = {
        "TimeStart": moment,
        "TimeAnswer": moment,
        "TimeStop": moment.replace(second=59),
    }
    return {**_USUAL, "Id": id_, "IdChain": f"chain-{id_}", **times, **columns}


def prepared_log(kind: str, folder: Path, rows: Sequence[Mapping[str, Any]]) -> str:
    """A database of that kind with a table of the view's shape and these rows. Returns its address."""
    columns = ", ".join(f'"{name}" {_SQL_TYPES[kind][type_]}' for name, type_ in CONNECTIONS.columns.items())
    make = f'CREATE TABLE "{CONNECTIONS.name}" ({columns})'
    if kind == "sqlite":
        path = folder / "log.sqlite"
        with sqlite3.connect(path) as database:
            database.execute(make)
            places = ", ".join("?" for _ in CONNECTIONS.columns)
            database.executemany(
                f'INSERT INTO "{CONNECTIONS.name}" VALUES ({places})',
                [tuple(_sqlite_value(row[name]) for name in CONNECTIONS.columns) for row in rows],
            )
        database.close()
        return str(path)
    server = postgres_server()
    name = f"log_{folder.name.lower().replace('-', '_')}"[:60]
    server.execute(f'DROP DATABASE IF EXISTS "{name}"')
    server.execute(f'CREATE DATABASE "{name}"')
    server.execute(make, name)
    for row in rows:
        values = ", ".join(_pg_value(row[column]) for column in CONNECTIONS.columns)
        server.execute(f'INSERT INTO "{CONNECTIONS.name}" VALUES ({values})', name)
    return server.url(name)


def log_service(store: str, *, now: datetime = LOG_NOW, first: int = 7, seconds: float = 20.0) -> SqlService:
    """The service over a prepared log, with time enough for a slow machine. Close it."""
    return SqlService(
        Sources(), zone=lambda: KYIV, own=OwnLog(store, VIEWS, first=first, seconds=seconds), now=lambda: now
    )


def _sqlite_value(value: Any) -> Any:
    return value.strftime("%Y-%m-%d %H:%M:%S.%f") if isinstance(value, datetime) else value


def _pg_value(value: Any) -> str:
    if value is None:
        return "NULL"
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"
