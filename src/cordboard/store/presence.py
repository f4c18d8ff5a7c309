"""What users are about, in the database."""

from collections.abc import Sequence

from sqlalchemy import Connection, select

from cordboard.office.people import KeptPresence
from cordboard.office.ports import Presence
from cordboard.store.presence_tables import presences
from cordboard.store.put import put
from cordboard.store.reader import Reader
from cordboard.store.writer import Writer


class StoredPresence:
    """Implements `office.people.PresenceRepository`."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader

    async def all(self) -> Sequence[KeptPresence]:
        """See PresenceRepository."""

        def read(connection: Connection) -> list[KeptPresence]:
            rows = connection.execute(select(presences).order_by(presences.c.login)).mappings()
            return [
                KeptPresence(row["login"], Presence(row["presence"]), row["since"], row["reason"], row["until"])
                for row in rows
            ]

        return await self._reader.read(read)

    async def put(self, presence: KeptPresence) -> None:
        """See PresenceRepository."""
        row = {
            "login": presence.login,
            "presence": presence.presence.value,
            "reason": presence.reason,
            "since": presence.since,
            "until": presence.until,
        }
        await self._writer.transact(lambda connection: put(connection, presences, row))
