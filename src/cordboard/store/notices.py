"""Notices to users in the database."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, func, select, update

from cordboard.office.notices import Notice
from cordboard.office.ports import NOTICE
from cordboard.store.notice_tables import notices
from cordboard.store.put import add_unknown
from cordboard.store.reader import Reader
from cordboard.store.scenario_tables import effects
from cordboard.store.tables import storable
from cordboard.store.writer import Writer

_MOST = 1000
_PIECE = 500
_COLUMNS = [column for column in notices.c if column.name != "key"]


class StoredNotices:
    """Implements `office.notices.Notices`."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader

    async def take_in(self, now: datetime, limit: int = 100) -> int:
        """Make notices of effects. Looks first: the writer is not troubled when there is nothing."""
        waiting = select(effects).where(~effects.c.taken, effects.c.kind == NOTICE).order_by(effects.c.seq).limit(limit)
        if not await self._reader.read(lambda connection: connection.execute(waiting.with_only_columns(1)).first()):
            return 0

        def write(connection: Connection) -> int:
            found = connection.execute(waiting).mappings().all()
            for effect in found:
                for row in _rows(effect, now):
                    add_unknown(connection, notices, row, by=("key", "login"))
            seqs = [effect["seq"] for effect in found]
            connection.execute(update(effects).where(effects.c.seq.in_(seqs)).values(taken=True))
            return len(found)

        return await self._writer.transact(write)

    async def of(self, login: str, *, unread: bool = False, before: int = 0, limit: int = 100) -> Sequence[Notice]:
        """A user's notices, those that are unread first."""
        unread_ = notices.c.read.is_(None)
        order = (~unread_, notices.c.id.desc())
        query = select(*_COLUMNS).where(notices.c.login == storable(login)).order_by(*order).limit(min(limit, _MOST))
        if unread:
            query = query.where(unread_)

        def read(connection: Connection) -> list[Notice]:
            asked = query
            if before:
                is_unread = connection.execute(select(notices.c.id).where(notices.c.id == before, unread_)).first()
                further = notices.c.id < before
                asked = query.where(further | ~unread_ if is_unread else further & ~unread_)
            return [Notice(**row) for row in connection.execute(asked).mappings()]

        return await self._reader.read(read)

    async def after(self, id_: int, limit: int = 1000) -> Sequence[Notice]:
        """Those that came behind one."""
        query = select(*_COLUMNS).where(notices.c.id > id_).order_by(notices.c.id).limit(min(limit, _MOST))
        return await self._reader.read(
            lambda connection: [Notice(**row) for row in connection.execute(query).mappings()]
        )

    async def last(self) -> int:
        """The highest id."""
        query = select(func.max(notices.c.id))
        return await self._reader.read(lambda connection: connection.execute(query).scalar() or 0)

    async def unread(self, login: str) -> int:
        """How many a user has not read."""
        query = select(func.count()).where(notices.c.login == storable(login), notices.c.read.is_(None))
        return await self._reader.read(lambda connection: connection.execute(query).scalar() or 0)

    async def mark_read(self, login: str, ids: Sequence[int], at: datetime) -> int:
        """Note that they were read."""
        mine = update(notices).where(notices.c.login == storable(login), notices.c.read.is_(None))
        if ids:
            mine = mine.where(notices.c.id.in_(ids))
        (touched,) = await self._writer.commit([mine.values(read=at)])
        return touched

    async def forget(self, before: datetime) -> int:
        """Delete what is old, a piece at a time."""
        old = select(notices.c.id).where(notices.c.at < before).limit(_PIECE)
        forgotten = 0
        while gone := sum(await self._writer.commit([delete(notices).where(notices.c.id.in_(old))])):
            forgotten += gone
        return forgotten


def _rows(effect: RowMapping, now: datetime) -> list[dict[str, Any]]:
    """A notice for each login."""
    payload = effect["payload"]
    to, data = payload.get("to"), payload.get("data")
    logins = to if isinstance(to, list) else [to]
    said: Mapping[str, Any] = {
        "key": effect["key"],
        "at": now,
        "text": storable(str(payload.get("text", ""))),
        "data": data if isinstance(data, dict) else {},
        "urgent": payload.get("urgent") is True,
        "read": None,
        "run_id": effect["run_id"],
        "chain": effect["chain"],
    }
    known = dict.fromkeys(storable(login) for login in logins if isinstance(login, str) and login)
    return [{**said, "login": login} for login in known]
