"""Releases of scenarios in the database."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, func, insert, select

from cordboard.scenario.ports import Release, ScenarioError
from cordboard.store.reader import Reader
from cordboard.store.tables import releases, storable
from cordboard.store.writer import Writer


class StoredReleases:
    """Implements `scenario.ports.Releases`."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader

    async def current(self) -> int:
        """The number of the youngest release; 0 if there is none."""
        return await self._reader.read(_youngest)

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

        return await self._writer.transact(write)


def _youngest(connection: Connection) -> int:
    return connection.execute(select(func.max(releases.c.number))).scalar() or 0
