"""Opens the store: one file of SQLite, its writer, its reader and the repositories over them."""

import asyncio
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from cordboard.store.call_log import StoredCallLog
from cordboard.store.call_tags import StoredTags
from cordboard.store.drafts import StoredDrafts
from cordboard.store.engine import create_private, reading_engine, trouble, writing_engine
from cordboard.store.errors import StoreUnusableError
from cordboard.store.office_store import OfficeStore, StoredPinFailures
from cordboard.store.reader import CONNECTIONS, Reader
from cordboard.store.registrations import StoredRegistrations
from cordboard.store.releases import StoredReleases
from cordboard.store.run_store import StoredRuns
from cordboard.store.schema import ensure_schema
from cordboard.store.secrets import SecretBox
from cordboard.store.traces import StoredTraces
from cordboard.store.writer import Writer
from cordboard.telephony import Clock, SystemClock

KEY_FILE = "secret.key"
"""Stands beside the database."""


@dataclass(frozen=True, slots=True)
class _Engines:
    writing: Engine
    reading: Engine

    def dispose(self) -> None:
        self.reading.dispose()
        self.writing.dispose()  # last: closing the last connection of SQLite tidies the write-ahead log away


class Store:
    """The open store. Make it with `open_store`; `close` it, or use `async with`."""

    def __init__(self, path: Path, engines: _Engines, clock: Clock) -> None:
        self._engines = engines
        self.writer = Writer(engines.writing)
        self.reader = Reader(engines.reading)
        self.office = OfficeStore(self.writer, self.reader, SecretBox(path.parent / KEY_FILE))
        self.pin_failures = StoredPinFailures(self.writer, self.reader)
        self.registrations = StoredRegistrations(self.writer, self.reader, clock)
        self.call_log = StoredCallLog(self.writer, self.reader)
        self.tags = StoredTags(self.writer, self.reader, clock)
        self.runs = StoredRuns(self.writer, self.reader, clock)
        self.releases = StoredReleases(self.writer, self.reader)
        self.drafts = StoredDrafts(self.writer, self.reader)
        self.traces = StoredTraces(self.writer, self.reader)

    async def close(self) -> None:
        """Write what waits, then let go of the file."""
        await self.writer.close()
        await asyncio.to_thread(self._release)

    async def __aenter__(self) -> "Store":
        """The store itself."""
        return self

    async def __aexit__(self, *_error: object) -> None:
        """Close it."""
        await self.close()

    def _release(self) -> None:
        self.reader.close()
        self._engines.dispose()


async def open_store(url_or_path: str | Path, *, clock: Clock | None = None) -> Store:
    """Open the database, making or upgrading it if need be.

    A path, or a URL `sqlite:///path`. Raises StoreUnusableError whose text says what to do.
    """
    path = _path(url_or_path)
    engines = await asyncio.to_thread(_open, path)
    store = Store(path, engines, clock or SystemClock())
    await store.writer.start()
    return store


def _path(url_or_path: str | Path) -> Path:
    if isinstance(url_or_path, Path):
        return url_or_path
    if "://" not in url_or_path:
        return Path(url_or_path)
    scheme, _, rest = url_or_path.partition(":///")
    if scheme != "sqlite" or not rest:
        message = f"{url_or_path}: only SQLite can be used so far: give a path or sqlite:///path"
        raise StoreUnusableError(message)
    return Path(rest)


def _open(path: Path) -> _Engines:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        create_private(path)
    except OSError as error:
        message = (
            f"the database {path} cannot be made or written ({error.strerror}): name another folder or fix its rights"
        )
        raise StoreUnusableError(message) from error
    engines = _Engines(writing_engine(path), reading_engine(path, connections=CONNECTIONS))
    try:
        ensure_schema(engines.reading, engines.writing)
    except StoreUnusableError as error:
        engines.dispose()
        message = f"{path} {error}"
        raise StoreUnusableError(message) from error
    except (DBAPIError, sqlite3.DatabaseError) as error:
        engines.dispose()
        raise StoreUnusableError(_why(path, error)) from error
    return engines


def _why(path: Path, error: Exception) -> str:
    original = error.orig if isinstance(error, DBAPIError) else error
    if getattr(original, "sqlite_errorcode", None) == sqlite3.SQLITE_NOTADB:
        return f"{path} is not a database: name another file, or move this one away and a new one is made"
    return f"the database {path} cannot be opened: {trouble(error) or original}"
