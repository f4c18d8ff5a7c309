"""Releases of scenarios in the database."""

import time
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, func, insert, select

from cordboard.scenario.ports import Release, ScenarioError
from cordboard.store.reader import Reader
from cordboard.store.tables import releases, storable
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
        """The number of the youngest release; 0 if there is none. One of another process is seen within `FRESH`."""
        now = time.monotonic()
        if now - self._asked >= FRESH:
            self._current = await self._reader.read(_youngest)
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

    async def publish(self, scenarios: Mapping[str, str], *, message: str, at: datetime) -> int:
        """Make the next release."""
        row = {"scenarios": dict(scenarios), "message": storable(message), "published": at}

        def write(connection: Connection) -> int:
            number = _youngest(connection) + 1
            connection.execute(insert(releases), row | {"number": number})
            return number

        self._current = await self._writer.transact(write)
        return self._current


def _youngest(connection: Connection) -> int:
    return connection.execute(select(func.max(releases.c.number))).scalar() or 0
