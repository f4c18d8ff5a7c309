"""Calls with a phone, found in the call log by the indexes on its canonical numbers."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, exists, func, not_, or_, select

from cordboard.office.repositories import LoggedCalls, LoggedLeg
from cordboard.store.call_log import read_leg
from cordboard.store.reader import Reader
from cordboard.store.tables import connections, legs
from cordboard.telephony import ConnectionRecord, Direction

_PHONES = {True: (Direction.INBOUND, legs.c.caller_phone), False: (Direction.OUTBOUND, legs.c.dialled_phone)}
_JOINED = exists().where(
    connections.c.chain == legs.c.chain, or_(connections.c.a_leg == legs.c.id, connections.c.b_leg == legs.c.id)
)


class StoredCallHistory:
    """Implements `office.repositories.CallHistoryRepository`."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def chains(
        self,
        phone: str,
        *,
        since: datetime | None = None,
        inbound: bool | None = None,
        talked: bool = False,
        before: str = "",
        limit: int = 1000,
    ) -> Sequence[LoggedCalls]:
        """See CallHistoryRepository."""
        bounds: list[ColumnElement[bool]] = [legs.c.line != ""]
        if since is not None:
            bounds.append(legs.c.started >= since)
        if talked:
            bounds.append(_JOINED)

        def read(connection: Connection) -> list[LoggedCalls]:
            conditions = [*bounds, *_before(connection, before)]
            found: list[tuple[datetime, str]] = []
            for way in (True, False) if inbound is None else (inbound,):
                # One query a direction: each walks down its index, newest first, and ends at the limit.
                direction, number = _PHONES[way]
                query = select(legs.c.started, legs.c.chain).where(
                    number == phone, legs.c.direction == direction.value, *conditions
                )
                newest = query.order_by(legs.c.started.desc()).limit(limit)
                found += [(row.started, row.chain) for row in connection.execute(newest)]
            found.sort(key=lambda each: each[0], reverse=True)
            return _read(connection, list(dict.fromkeys(chain for _, chain in found[:limit])))

        return await self._reader.read(read)

    async def last_dialled(self, accounts: Collection[str], since: datetime) -> str:
        """See `office.feature_codes.Redial`."""
        calls = select(legs.c.dialled).where(
            legs.c.account.in_(accounts),
            legs.c.direction == Direction.INBOUND.value,
            legs.c.started >= since,
            legs.c.dialled != "",
            not_(legs.c.dialled.startswith("*")),
        )
        newest = calls.order_by(legs.c.started.desc(), legs.c.id).limit(1)
        return await self._reader.read(lambda connection: str(connection.execute(newest).scalar() or ""))


def _before(connection: Connection, chain: str) -> Sequence[ColumnElement[bool]]:
    if not chain:
        return ()
    began = connection.execute(select(func.min(legs.c.started)).where(legs.c.chain == chain)).scalar()
    if began is None:
        return (legs.c.chain != chain,)
    return (and_(legs.c.chain != chain, legs.c.started < began),)


def _read(connection: Connection, chains: Sequence[str]) -> list[LoggedCalls]:
    if not chains:
        return []
    found_legs: dict[str, list[LoggedLeg]] = {each: [] for each in chains}
    found_talks: dict[str, list[ConnectionRecord]] = {each: [] for each in chains}
    by_start: Any = select(legs).where(legs.c.chain.in_(chains)).order_by(legs.c.started, legs.c.id)
    for row in connection.execute(by_start).mappings():
        found_legs[row["chain"]].append(LoggedLeg(read_leg(row), row["caller_phone"], row["dialled_phone"]))
    joined = select(connections).where(connections.c.chain.in_(chains)).order_by(connections.c.started)
    for row in connection.execute(joined).mappings():
        found_talks[row["chain"]].append(ConnectionRecord(**row))
    return [LoggedCalls(tuple(found_legs[each]), tuple(found_talks[each])) for each in chains]
