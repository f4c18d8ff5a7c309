"""Where the phones are, kept for the exchange that comes after a restart."""

from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import Connection, delete, select

from cordboard.store.put import put
from cordboard.store.reader import Reader
from cordboard.store.tables import registrations, storable
from cordboard.store.writer import Writer
from cordboard.telephony import Clock, Registration


class StoredRegistrations:
    """Implements `telephony.Registrations`."""

    def __init__(self, writer: Writer, reader: Reader, clock: Clock) -> None:
        self._writer = writer
        self._reader = reader
        self._clock = clock

    async def load(self) -> Sequence[Registration]:
        """All that have not expired."""
        alive = select(registrations).where(registrations.c.expires > self._clock.now())

        def read(connection: Connection) -> list[Registration]:
            return [Registration(**row) for row in connection.execute(alive).mappings()]

        return await self._reader.read(read)

    async def save(self, registration: Registration) -> None:
        """Add or replace; what has expired since is swept away with it."""
        row = {
            name: storable(value) if isinstance(value, str) else value for name, value in asdict(registration).items()
        }
        expired = delete(registrations).where(registrations.c.expires <= self._clock.now())

        def write(connection: Connection) -> None:
            connection.execute(expired)
            put(connection, registrations, row)

        await self._writer.transact(write)

    async def remove(self, account: str, contact: str) -> None:
        """Forget one."""
        c = registrations.c
        await self._writer.commit([delete(registrations).where(c.account == account, c.contact == storable(contact))])
