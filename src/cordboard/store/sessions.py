"""Sessions of the page, in the database: whoever has signed in stays so through a restart."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, RowMapping, delete, or_, select, update

from cordboard.office.sessions import Session
from cordboard.store.put import put
from cordboard.store.reader import Reader
from cordboard.store.session_tables import sessions
from cordboard.store.tables import storable
from cordboard.store.writer import Writer


class StoredSessions:
    """Implements `office.sessions.SessionRepository`."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader

    async def add(self, session: Session) -> None:
        """See SessionRepository."""
        row = {
            "hash": session.hash,
            "login": session.login,
            "created": session.created,
            "seen": session.seen,
            "address": session.address,
            "agent": storable(session.agent),
            "proof": session.proof,
        }
        await self._writer.transact(lambda connection: put(connection, sessions, row))

    async def by_hash(self, digest: str) -> Session | None:
        """See SessionRepository."""
        query = select(sessions).where(sessions.c.hash == digest)

        def read(connection: Connection) -> Session | None:
            row = connection.execute(query).mappings().first()
            return _session(row) if row is not None else None

        return await self._reader.read(read)

    async def of(self, login: str) -> Sequence[Session]:
        """See SessionRepository."""
        query = select(sessions).where(sessions.c.login == storable(login)).order_by(sessions.c.created.desc(), "hash")
        return await self._reader.read(
            lambda connection: [_session(row) for row in connection.execute(query).mappings()]
        )

    async def seen(self, digest: str, at: datetime) -> None:
        """See SessionRepository."""
        change = update(sessions).where(sessions.c.hash == digest).values(seen=at)
        await self._writer.transact(lambda connection: connection.execute(change))

    async def remove(self, *digests: str) -> None:
        """See SessionRepository."""
        if digests:
            gone = delete(sessions).where(sessions.c.hash.in_(digests))
            await self._writer.transact(lambda connection: connection.execute(gone))

    async def forget(self, created_before: datetime, seen_before: datetime) -> None:
        """See SessionRepository."""
        over = delete(sessions).where(or_(sessions.c.created < created_before, sessions.c.seen < seen_before))
        await self._writer.transact(lambda connection: connection.execute(over))


def _session(row: RowMapping) -> Session:
    return Session(row["hash"], row["login"], row["created"], row["seen"], row["address"], row["agent"], row["proof"])
