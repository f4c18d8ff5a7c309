"""The call log in the database."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, func, or_, select, update

from cordboard.office.connections import ConnectionRow
from cordboard.office.ended_calls import EndedCall
from cordboard.office.repositories import Ended, LoggedChain, LoggedLeg, Order
from cordboard.scenario.ports import Effect, Message
from cordboard.scenario.values import normal, to_json
from cordboard.store import messages
from cordboard.store.call_tables import connection_rows
from cordboard.store.call_tags import tags_of
from cordboard.store.put import put
from cordboard.store.reader import Reader
from cordboard.store.run_store import add_effects, effect_row
from cordboard.store.tables import connections, legs, storable
from cordboard.store.writer import Writer
from cordboard.telephony import ConnectionRecord, Direction, EndReason, LegRecord, LegState, Party, PhoneNumber


class StoredCallLog:
    """Implements `office.repositories.CallLogRepository`."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader

    async def save(
        self,
        logged: Sequence[LoggedLeg],
        joined: Sequence[ConnectionRecord],
        ended: Sequence[EndedCall] = (),
        orders: Sequence[Order] = (),
    ) -> None:
        """Add or replace all of them, and post what has ended, in one transaction."""
        leg_rows = [_leg_row(each) for each in logged]
        joined_rows = [asdict(each) for each in joined]

        def write(connection: Connection) -> None:
            put(connection, legs, *leg_rows)
            put(connection, connections, *joined_rows)
            _tell(connection, ended, orders)

        await self._writer.transact(write)

    async def close_open(
        self, reason: EndReason, told: Callable[[Sequence[LoggedChain]], Ended] = lambda _: ((), ())
    ) -> Sequence[LoggedChain]:
        """End what a crash has left open."""

        def write(connection: Connection) -> list[LoggedChain]:
            cut = connection.execute(select(legs.c.chain).where(legs.c.ended.is_(None)).distinct()).scalars().all()
            if not cut:
                return []
            last = _last_known(connection)
            connection.execute(update(connections).where(connections.c.ended.is_(None)).values(ended=last))
            connection.execute(
                update(legs)
                .where(legs.c.ended.is_(None))
                .values(ended=last, state=LegState.ENDED.value, reason=reason.value, held=False)
            )
            chains = chains_of(connection, cut)
            _tell(connection, *told(chains))
            return chains

        return await self._writer.transact(write)

    async def recent(
        self, limit: int, *, chain: str | None = None, number: PhoneNumber | None = None
    ) -> Sequence[LoggedChain]:
        """The newest chains first."""
        newest = select(legs.c.chain).order_by(legs.c.started.desc())
        if chain is not None:
            newest = newest.where(legs.c.chain == chain)
        if number is not None:
            canonical = number.canonical
            newest = newest.where(or_(legs.c.caller_phone == canonical, legs.c.dialled_phone == canonical))

        def read(connection: Connection) -> list[LoggedChain]:
            return chains_of(connection, _first_chains(connection, newest, limit))

        return await self._reader.read(read)


def _tell(connection: Connection, ended: Sequence[EndedCall], orders: Sequence[Order]) -> None:
    put(connection, connection_rows, *(_connection_row(row) for call in ended for row in call.rows))
    messages.post(connection, [event for call in ended for event in _events(call)])
    effects = [Effect(each.kind, each.key, each.payload, chain=each.chain) for each in orders]
    add_effects(connection, [effect_row(each) for each in effects])


def chains_of(connection: Connection, ids: Sequence[str]) -> list[LoggedChain]:
    """The chains of these ids, in their order."""
    found_legs: dict[str, list[LegRecord]] = {each: [] for each in ids}
    found_connections: dict[str, list[ConnectionRecord]] = {each: [] for each in ids}
    by_start = select(legs).where(legs.c.chain.in_(ids)).order_by(legs.c.started, legs.c.id)
    for row in connection.execute(by_start).mappings():
        found_legs[row["chain"]].append(read_leg(row))
    joined = select(connections).where(connections.c.chain.in_(ids)).order_by(connections.c.started)
    for row in connection.execute(joined).mappings():
        found_connections[row["chain"]].append(ConnectionRecord(**row))
    tags = tags_of(connection, ids)
    return [
        LoggedChain(each, tuple(found_legs[each]), tuple(found_connections[each]), tags.get(each, {})) for each in ids
    ]


def _events(call: EndedCall) -> list[Message]:
    """`call.ended` for every call, `call.missed` as well for one that nobody of the office talked with."""
    data = {name: to_json(normal(value)) for name, value in call.content.items()}
    names = ["call.ended", "call.missed"] if call.missed else ["call.ended"]
    return [
        Message(name, call.phone, data, chain=call.chain, id=f"{name}:{call.id}", posted=call.content["ended"])
        for name in names
    ]


def _first_chains(connection: Connection, newest: Select[str], limit: int) -> list[str]:
    """The first `limit` different chains; the walk along the index ends there, however long the log is."""
    ids: dict[str, None] = {}
    with connection.execute(newest.execution_options(yield_per=200)) as found:
        for chain in found.scalars():
            ids[chain] = None
            if len(ids) >= limit:
                break
    return list(ids)


def _last_known(connection: Connection) -> datetime:
    """The latest moment that any row tells of; there is one at least."""
    columns = (legs.c.started, legs.c.ringing, legs.c.answered, legs.c.ended, connections.c.started)
    known = (connection.execute(select(func.max(column))).scalar() for column in columns)
    moments: list[datetime] = [moment for moment in known if moment is not None]
    return max(moments)


def _leg_row(logged: LoggedLeg) -> dict[str, Any]:
    record = logged.record
    return {
        "id": record.id,
        "chain": record.chain,
        "direction": record.direction.value,
        "state": record.state.value,
        "caller_number": storable(record.caller.number),
        "caller_name": storable(record.caller.name),
        "caller_phone": storable(logged.caller_phone),
        "dialled": storable(record.dialled),
        "dialled_phone": storable(logged.dialled_phone),
        "account": record.account,
        "line": record.line,
        "started": record.started,
        "ringing": record.ringing,
        "answered": record.answered,
        "ended": record.ended,
        "reason": record.reason.value if record.reason else None,
        "held": record.held,
        "recorded": record.recorded,
    }


def _connection_row(row: ConnectionRow) -> dict[str, Any]:
    written = {name: storable(value) if isinstance(value, str) else value for name, value in asdict(row).items()}
    return written | {"recorded": int(row.recorded)}


def read_leg(row: RowMapping) -> LegRecord:
    """A row of `legs` as what it was made of."""
    return LegRecord(
        id=row["id"],
        chain=row["chain"],
        direction=Direction(row["direction"]),
        state=LegState(row["state"]),
        caller=Party(row["caller_number"], row["caller_name"]),
        dialled=row["dialled"],
        account=row["account"],
        line=row["line"],
        started=row["started"],
        ringing=row["ringing"],
        answered=row["answered"],
        ended=row["ended"],
        reason=EndReason(row["reason"]) if row["reason"] else None,
        held=row["held"],
        recorded=row["recorded"],
    )
