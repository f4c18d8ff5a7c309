"""Recorded talks in the database. The files lie elsewhere."""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, func, insert, or_, select, update

from cordboard.office.recordings_kept import Hearing, KeptRecording
from cordboard.store.reader import Reader
from cordboard.store.recording_tables import hearings, recordings
from cordboard.store.tables import storable
from cordboard.store.writer import Writer

_MOST = 1000
_THERE = recordings.c.gone.is_(None)
_COMPLETE = recordings.c.ended.is_not(None)


class StoredRecordings:
    """Implements `office.recordings_kept.RecordingRepository`."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader

    async def begin(self, recording: KeptRecording) -> int:
        """Add one."""
        row = {name: storable(value) if isinstance(value, str) else value for name, value in asdict(recording).items()}
        del row["id"]

        def write(connection: Any) -> int:
            connection.execute(insert(recordings).values(row))
            added: int = connection.execute(
                select(recordings.c.id).where(recordings.c.file == row["file"])
            ).scalar_one()
            return added

        return await self._writer.transact(write)

    async def finish(self, id_: int, *, file: str, seconds: float, size: int, ended: datetime) -> None:
        """Note its end."""
        values = {"file": storable(file), "seconds": seconds, "size": size, "ended": ended}
        await self._writer.commit([update(recordings).where(recordings.c.id == id_).values(values)])

    async def drop(self, id_: int) -> None:
        """Take it away."""
        await self._writer.commit([delete(recordings).where(recordings.c.id == id_)])

    async def move(self, chain: str, to: str) -> None:
        """Give those of a chain to another."""
        await self._writer.commit([update(recordings).where(recordings.c.chain == chain).values(chain=to)])

    async def unfinished(self) -> Sequence[KeptRecording]:
        """Those without an end."""
        return await self._read(select(recordings).where(recordings.c.ended.is_(None)).order_by(recordings.c.id))

    async def get(self, id_: int) -> KeptRecording | None:
        """One of them."""
        return next(iter(await self._read(select(recordings).where(recordings.c.id == id_))), None)

    async def find(
        self,
        *,
        chain: str = "",
        number: str = "",
        users: Collection[str] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        before: int = 0,
        limit: int = 100,
    ) -> Sequence[KeptRecording]:
        """The youngest first."""
        query = select(recordings).where(_THERE).order_by(recordings.c.id.desc()).limit(min(limit, _MOST))
        if chain:
            query = query.where(recordings.c.chain == storable(chain))
        if number:
            query = query.where(recordings.c.number == storable(number))
        if users is not None:
            logins = [storable(login) for login in users if login]
            query = query.where(or_(recordings.c.user.in_(logins), recordings.c.peer.in_(logins)))
        if since is not None:
            query = query.where(recordings.c.started >= since)
        if until is not None:
            query = query.where(recordings.c.started < until)
        if before:
            query = query.where(recordings.c.id < before)
        return await self._read(query)

    async def heard(self, id_: int, hearing: Hearing) -> None:
        """Add a row."""
        row = {"recording": id_, "at": hearing.at, "who": storable(hearing.who), "what": hearing.what}
        await self._writer.commit([insert(hearings).values(row)])

    async def hearings(self, id_: int) -> Sequence[Hearing]:
        """In order."""
        columns = (hearings.c.at, hearings.c.who, hearings.c.what)
        query = select(*columns).where(hearings.c.recording == id_).order_by(hearings.c.id)
        return await self._reader.read(
            lambda connection: [Hearing(**row) for row in connection.execute(query).mappings()]
        )

    async def expired(self, now: datetime, limit: int = 100) -> Sequence[KeptRecording]:
        """Those whose time is over."""
        due = recordings.c.keep_until <= now
        return await self._read(select(recordings).where(_THERE, _COMPLETE, due).order_by(recordings.c.id).limit(limit))

    async def oldest(self, limit: int = 100) -> Sequence[KeptRecording]:
        """The oldest first."""
        return await self._read(select(recordings).where(_THERE, _COMPLETE).order_by(recordings.c.id).limit(limit))

    async def total(self) -> int:
        """Bytes."""
        query = select(func.sum(recordings.c.size)).where(_THERE)
        return await self._reader.read(lambda connection: int(connection.execute(query).scalar() or 0))

    async def gone(self, id_: int, at: datetime, why: str) -> bool:
        """Mark it."""
        there = update(recordings).where(recordings.c.id == id_, _THERE)
        (touched,) = await self._writer.commit([there.values(gone=at, gone_why=storable(why))])
        return touched > 0

    async def _read(self, query: Select[Any]) -> list[KeptRecording]:
        return await self._reader.read(
            lambda connection: [KeptRecording(**row) for row in connection.execute(query).mappings()]
        )
