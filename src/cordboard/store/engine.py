"""Where the database is: a file of SQLite, or a PostgreSQL. What differs between the two ends here."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from cordboard.store import postgresql, sqlite
from cordboard.store.errors import StoreUnusableError
from cordboard.store.schema import ensure_schema

CONNECTIONS = 2
"""How many readings go on at once."""


@dataclass(frozen=True, slots=True)
class Engines:
    """The open database."""

    writing: Engine
    reading: Engine

    def dispose(self) -> None:
        """Let go of it."""
        self.reading.dispose()
        self.writing.dispose()  # last: closing the last connection of SQLite tidies the write-ahead log away


@dataclass(frozen=True, slots=True)
class Place:
    """Where a database is, and how it is opened."""

    shown: str
    engines: Callable[[], Engines]
    why_unusable: Callable[[str, Exception], str]
    file: Path | None = None
    """Of SQLite."""


def trouble(error: BaseException) -> str:
    """What is wrong with the database as a whole, in words for the user; empty if `error` is the statement's own.

    A trouble goes away when somebody does something about it, so what waits for it is tried again.
    """
    original = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(original, sqlite3.Error):
        return sqlite.trouble(original)
    return postgresql.trouble(error) if isinstance(error, DBAPIError) else ""


def place_of(url_or_path: str | Path) -> Place:
    """What a path, `sqlite:///path` or `postgresql://user:password@host/name` means. Raises StoreUnusableError."""
    text = str(url_or_path)
    scheme, separator, rest = text.partition("://")
    if isinstance(url_or_path, Path) or not separator:
        return _file(Path(url_or_path))
    if scheme in ("postgresql", "postgres"):
        return _server(text)
    if scheme != "sqlite" or not rest.startswith("/") or rest == "/":
        message = f"{text}: only SQLite and PostgreSQL can be used: give a path, sqlite:///path or postgresql://user:password@host/name"
        raise StoreUnusableError(message)
    return _file(Path(rest.removeprefix("/")))


def open_engines(place: Place) -> Engines:
    """Open it, making or upgrading the tables if need be. Raises StoreUnusableError whose text says what to do."""
    engines = place.engines()
    try:
        if place.file is None:
            postgresql.check_server(engines.reading)
        ensure_schema(engines.reading, engines.writing)
    except StoreUnusableError as error:
        engines.dispose()
        message = f"{place.shown} {error}"
        raise StoreUnusableError(message) from error
    except (DBAPIError, sqlite3.DatabaseError) as error:
        engines.dispose()
        raise StoreUnusableError(place.why_unusable(place.shown, error)) from error
    return engines


def _file(path: Path) -> Place:
    def engines() -> Engines:
        sqlite.make_private(path)
        return Engines(sqlite.writing_engine(path), sqlite.reading_engine(path, connections=CONNECTIONS))

    return Place(str(path), engines, sqlite.why_unusable, path)


def _server(text: str) -> Place:
    url = postgresql.read_url(text)

    def engines() -> Engines:
        return Engines(postgresql.writing_engine(url), postgresql.reading_engine(url, connections=CONNECTIONS))

    return Place(postgresql.shown(url), engines, postgresql.why_unusable)
