"""Releases of scenarios in the database."""

import time
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, func, insert, select
from sqlalchemy.exc import DBAPIError

from cordboard.scenario.ports import Release, ReleaseConflictError, ScenarioError
from cordboard.store.engine import trouble
from cordboard.store.reader import Reader
from cordboard.store.scenario_tables import releases
from cordboard.store.tables import storable
from cordboard.store.writer import Writer

FRESH = 0.25
"""Seconds for which the newest number is remembered: each call asks for it, and another process may publish."""


class StoredReleases:
    """Implements `scenario.ports.Releases`."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader
        self._current = 0
        self._asked = -FRESH

    async def current(self) -> int:
        """The number of the youngest release; 0 if there is none. One of another process is seen within `FRESH`.

        While the database is away this is the one that was known before: calls go on.
        """
        now = time.monotonic()
        if now - self._asked >= FRESH:
            try:
                self._current = await self._reader.read(_youngest)
            except DBAPIError as error:
                if not (self._current and trouble(error)):
                    raise
            self._asked = now
        return self._current

    async def load(self, number: int) -> Release:
        """One release."""
        query = select(releases).where(releases.c.number == number)

        def read(connection: Connection) -> Release | None:
            row = connection.execute(query).mappings().one_or_none()
            return Release(**row) if row else None

        found = await self._reader.read(read)
        if found is None:
            message = f"there is no release {number}"
            raise ScenarioError(message)
        return found

    async def publish(
        self, scenarios: Mapping[str, str], *, message: str, at: datetime, author: str = "", after: int | None = None
    ) -> int:
        """Make the next release."""
        row = {
            "scenarios": dict(scenarios),
            "message": storable(message),
            "published": at,
            "author": storable(author),
        }

        def write(connection: Connection) -> int:
            youngest = _youngest(connection)
            if after is not None and after != youngest:
                raise ReleaseConflictError
            number = youngest + 1
            connection.execute(insert(releases), row | {"number": number})
            return number

        try:
            self._current = await self._writer.transact(write)
        except ReleaseConflictError:
            self._asked = -FRESH  # what we remember is stale
            raise
        return self._current

    async def list(self, *, limit: int = 100, before: int | None = None) -> Sequence[Release]:
        """Releases without their texts, youngest first."""
        columns = (column for column in releases.c if column.name != "scenarios")
        query = select(*columns).order_by(releases.c.number.desc()).limit(limit)
        if before is not None:
            query = query.where(releases.c.number < before)

        def read(connection: Connection) -> Sequence[Release]:
            return [Release(scenarios={}, **row) for row in connection.execute(query).mappings()]

        return await self._reader.read(read)


def _youngest(connection: Connection) -> int:
    return connection.execute(select(func.max(releases.c.number))).scalar() or 0
