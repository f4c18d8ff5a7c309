"""One file of SQLite: an engine that may write, an engine that may only read."""

import os
import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError

from cordboard.store.errors import StoreUnusableError

LOCK_WAIT = 1.0
"""Seconds that SQLite itself waits for another process's write before it reports a lock."""

_TROUBLE = {
    sqlite3.SQLITE_BUSY: "the database is locked by another program: close what has it open",
    sqlite3.SQLITE_LOCKED: "the database is locked by another program: close what has it open",
    sqlite3.SQLITE_FULL: "the disk is full: free some space",
    sqlite3.SQLITE_IOERR: "the disk cannot be read or written: check it, and the space on it",
    sqlite3.SQLITE_NOMEM: "there is no memory left",
    sqlite3.SQLITE_READONLY: "the database may only be read: check the rights of the file and its folder",
    sqlite3.SQLITE_CANTOPEN: "the database cannot be opened: check the file, its folder and their rights",
}


def trouble(error: sqlite3.Error) -> str:
    """See `engine.trouble`."""
    code = getattr(error, "sqlite_errorcode", None)
    if not isinstance(code, int):
        return ""
    return _TROUBLE.get(code & 0xFF, "")  # the low byte is the primary code: sqlite.org/rescode.html


def why_unusable(path: str, error: Exception) -> str:
    """Why the file cannot be opened, and what to do."""
    original = error.orig if isinstance(error, DBAPIError) else error
    if getattr(original, "sqlite_errorcode", None) == sqlite3.SQLITE_NOTADB:
        return f"{path} is not a database: name another file, or move this one away and a new one is made"
    words = trouble(original) if isinstance(original, sqlite3.Error) else ""
    return f"the database {path} cannot be opened: {words or original}"


def make_private(path: Path) -> None:
    """Make sure the file exists and that nobody else may read it; SQLite gives its other files the same rights.

    Raises StoreUnusableError.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        message = (
            f"the database {path} cannot be made or written ({error.strerror}): name another folder or fix its rights"
        )
        raise StoreUnusableError(message) from error


def writing_engine(path: Path) -> Engine:
    """An engine whose transactions take the write lock at once (BEGIN IMMEDIATE), so that none fails halfway.

    The execution option `durable` (default true) chooses how a commit reaches the disk. kill -9 harms neither
    way: the write-ahead log is in the system's hands. Only FULL also waits for the disk (about 1 ms, a flush per
    group of writes) and so survives a loss of power; NORMAL may then lose the last moments, never break the file.
    """
    engine = _engine(path, pool_size=1)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        durable = connection.get_execution_options().get("durable", True)
        connection.exec_driver_sql(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def reading_engine(path: Path, *, connections: int) -> Engine:
    """An engine whose transactions see one committed state and cannot write."""
    engine = _engine(path, pool_size=connections)

    @event.listens_for(engine, "connect")
    def _connect(connection: sqlite3.Connection, _record: Any) -> None:
        connection.execute("PRAGMA query_only=ON")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    return engine


def _engine(path: Path, *, pool_size: int) -> Engine:
    engine = create_engine(
        f"sqlite:///{path}",
        pool_size=pool_size,
        max_overflow=0,
        # The driver must not begin transactions by itself: it would begin the wrong kind, too late.
        connect_args={"timeout": LOCK_WAIT, "isolation_level": None},
    )

    @event.listens_for(engine, "connect")
    def _connect(connection: sqlite3.Connection, _record: Any) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA foreign_keys=ON")

    return engine
