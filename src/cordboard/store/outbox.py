"""The outbox in the database: effects become deliveries, and each is handed over by one node at a time.

A transaction of the writer has no rival, on any node (see `postgresql.py`): plain readings, then plain writings.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, and_, case, delete, exists, func, insert, or_, select, update

from cordboard.outbox.orders import KINDS, PATIENCE, read_order
from cordboard.outbox.ports import Delivery, State, Verdict
from cordboard.store.outbox_tables import deliveries
from cordboard.store.reader import Reader
from cordboard.store.scenario_tables import effects
from cordboard.store.tables import storable
from cordboard.store.writer import Writer

_MOST = 1000
_PIECE = 500
_COLUMNS = [column for column in deliveries.c if column.name not in ("same", "lease_until", "postponed")]
_NEW = {
    "tries": 0,
    "doubts": 0,
    "error": "",
    "receipt": "",
    "settled": None,
    "node": "",
    "epoch": 0,
    "postponed": False,
}
_NOBODYS = {"node": "", "lease_until": None}
_OPEN = deliveries.c.due.is_not(None)
_SENDING = deliveries.c.state == State.SENDING.value
_SETTLED = (State.DELIVERED, State.FAILED, State.DROPPED)


class StoredOutbox:
    """Implements `outbox.ports.Outbox`."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader

    async def take_in(self, now: datetime, limit: int = 100) -> int:
        """Make deliveries of effects. Looks first: the writer is not troubled when there is nothing."""
        waiting = (
            select(effects).where(~effects.c.taken, effects.c.kind.in_(KINDS)).order_by(effects.c.seq).limit(limit)
        )
        if not await self._reader.read(lambda connection: connection.execute(waiting.with_only_columns(1)).first()):
            return 0

        def write(connection: Connection) -> int:
            found = connection.execute(waiting).mappings().all()
            for effect in found:
                connection.execute(insert(deliveries), _rows(connection, effect, now))
            seqs = [effect["seq"] for effect in found]
            connection.execute(update(effects).where(effects.c.seq.in_(seqs)).values(taken=True))
            return len(found)

        return await self._writer.transact(write)

    async def claim(self, kind: str, now: datetime, node: str, lease_until: datetime, limit: int) -> Sequence[Delivery]:
        """Take deliveries that may be handed over now."""
        older = deliveries.alias()
        held_back = exists().where(
            older.c.recipient == deliveries.c.recipient,
            older.c.kind == kind,
            older.c.id < deliveries.c.id,
            older.c.due.is_not(None),
            older.c.deadline > now,
            ~(older.c.postponed & (older.c.due > now)),
        )
        lost = and_(_SENDING, deliveries.c.lease_until.is_(None) | (deliveries.c.lease_until <= now))
        ready = and_(~_SENDING, deliveries.c.due <= now)
        query = (
            select(*_COLUMNS)
            .where(deliveries.c.kind == kind, _OPEN, deliveries.c.deadline > now, or_(lost, ready), ~held_back)
            .order_by(deliveries.c.id)
            .limit(limit)
        )

        def write(connection: Connection) -> list[Delivery]:
            claimed = []
            for row in connection.execute(query).mappings().all():
                values = {
                    "state": State.SENDING.value,
                    "tries": row["tries"] + 1,
                    "doubts": row["doubts"] + (row["state"] == State.SENDING.value),
                    "epoch": row["epoch"] + 1,
                    "node": node,
                }
                unseen = {"lease_until": lease_until, "postponed": False}
                mine = update(deliveries).where(deliveries.c.id == row["id"])
                connection.execute(mine.values(values | unseen))
                claimed.append(_delivery({**row, **values}))
            return claimed

        return await self._writer.transact(write)

    async def settle(self, id_: int, epoch: int, verdict: Verdict, at: datetime) -> bool:
        """Write down what came of an attempt."""
        values: dict[str, Any] = {
            "state": verdict.state.value,
            "due": verdict.due,
            "error": storable(verdict.error),
            "receipt": storable(verdict.receipt),
            "settled": at if verdict.state in _SETTLED else None,
            "postponed": verdict.postponed,
            **_NOBODYS,
        }
        if verdict.state is State.UNCERTAIN:
            values["doubts"] = deliveries.c.doubts + 1
        if verdict.postponed:
            values["tries"] = deliveries.c.tries - 1
        mine = update(deliveries).where(deliveries.c.id == id_, deliveries.c.epoch == epoch, _SENDING)
        (touched,) = await self._writer.commit([mine.values(values)])
        return touched > 0

    async def expire(self, now: datetime) -> int:
        """End those whose deadline is over."""
        free = or_(~_SENDING, deliveries.c.lease_until.is_(None), deliveries.c.lease_until <= now)
        over = (_OPEN, deliveries.c.deadline <= now, free)
        doubtful = or_(deliveries.c.doubts > 0, _SENDING)
        told = case((deliveries.c.error != "", " The last attempt: " + deliveries.c.error), else_="")
        statement = (
            update(deliveries)
            .where(*over)
            .values(
                state=case((doubtful, State.UNCERTAIN.value), else_=State.FAILED.value),
                settled=case((doubtful, None), else_=now),
                error="its deadline is over." + told,
                due=None,
                **_NOBODYS,
            )
        )
        (touched,) = await self._writer.commit([statement])
        return touched

    async def release(self, node: str) -> int:
        """Give up the leases of a node that begins anew."""
        held = update(deliveries).where(_OPEN, _SENDING, deliveries.c.node == node)
        (touched,) = await self._writer.commit([held.values(lease_until=None)])
        return touched

    async def next_due(self) -> datetime | None:
        """The earliest moment at which there may be something to do."""
        leased = and_(_SENDING, deliveries.c.lease_until.is_not(None))
        free = or_(~_SENDING, deliveries.c.lease_until.is_(None))
        query = select(
            func.min(case((leased, deliveries.c.lease_until))),
            func.min(case((free, deliveries.c.due))),
            func.min(case((free, deliveries.c.deadline))),
        ).where(_OPEN)

        def read(connection: Connection) -> datetime | None:
            moments = connection.execute(query).one()
            return min((moment for moment in moments if moment is not None), default=None)

        return await self._reader.read(read)

    async def find(
        self, *, states: Sequence[State] = (), kind: str = "", recipient: str = "", before: int = 0, limit: int = 100
    ) -> Sequence[Delivery]:
        """Deliveries, youngest first."""
        query = select(*_COLUMNS).order_by(deliveries.c.id.desc()).limit(min(limit, _MOST))
        if states:
            query = query.where(deliveries.c.state.in_([state.value for state in states]))
        if kind:
            query = query.where(deliveries.c.kind == storable(kind))
        if recipient:
            query = query.where(deliveries.c.recipient == storable(recipient))
        if before:
            query = query.where(deliveries.c.id < before)

        def read(connection: Connection) -> list[Delivery]:
            return [_delivery(row) for row in connection.execute(query).mappings()]

        return await self._reader.read(read)

    async def get(self, id_: int) -> Delivery | None:
        """One delivery."""
        query = select(*_COLUMNS).where(deliveries.c.id == id_)

        def read(connection: Connection) -> Delivery | None:
            row = connection.execute(query).mappings().one_or_none()
            return _delivery(row) if row else None

        return await self._reader.read(read)

    async def again(self, id_: int, now: datetime) -> bool:
        """Let it be tried at once."""
        refused = (State.SENDING.value, State.DELIVERED.value)
        query = select(deliveries.c.ordered, deliveries.c.deadline).where(
            deliveries.c.id == id_, deliveries.c.state.not_in(refused)
        )

        def write(connection: Connection) -> bool:
            row = connection.execute(query).mappings().one_or_none()
            if row is None:
                return False
            patience = max(row["deadline"] - row["ordered"], timedelta(minutes=1))
            values = {
                "state": State.WAITING.value,
                "due": now,
                "deadline": now + patience,
                "settled": None,
                "doubts": 0,
                "postponed": False,
            }
            connection.execute(update(deliveries).where(deliveries.c.id == id_).values(values))
            return True

        return await self._writer.transact(write)

    async def drop(self, id_: int, now: datetime) -> bool:
        """Let it be."""
        open_ = [state.value for state in (State.WAITING, State.UNCERTAIN, State.FAILED)]
        mine = update(deliveries).where(deliveries.c.id == id_, deliveries.c.state.in_(open_))
        (touched,) = await self._writer.commit([mine.values(state=State.DROPPED.value, due=None, settled=now)])
        return touched > 0

    async def counts(self) -> Mapping[tuple[str, State], int]:
        """How many there are of each kind and state."""
        query = select(deliveries.c.kind, deliveries.c.state, func.count()).group_by(
            deliveries.c.kind, deliveries.c.state
        )

        def read(connection: Connection) -> dict[tuple[str, State], int]:
            return {(kind, State(state)): count for kind, state, count in connection.execute(query)}

        return await self._reader.read(read)

    async def forget(self, before: datetime) -> int:
        """Delete what is old, a piece at a time, so that nobody waits for it."""
        old = select(deliveries.c.id).where(deliveries.c.settled < before).limit(_PIECE)
        forgotten = 0
        while gone := sum(await self._writer.commit([delete(deliveries).where(deliveries.c.id.in_(old))])):
            forgotten += gone
        return forgotten


def _rows(connection: Connection, effect: RowMapping, now: datetime) -> list[dict[str, Any]]:
    """The deliveries of an effect."""
    shared = {name: effect[name] for name in ("kind", "key", "payload", "run_id", "chain")} | _NEW
    try:
        order = read_order(effect["kind"], effect["payload"], now)
    except ValueError as fault:
        failed = {"state": State.FAILED.value, "error": storable(str(fault)), "due": None, "settled": now}
        unread = {"recipient": "", "same": "", "ordered": now, "deadline": now + PATIENCE}
        return [shared | failed | unread | {"lease_until": None}]
    begun = {"state": State.WAITING.value, "due": now, "lease_until": None, "same": storable(order.same)}
    times = {"ordered": order.ordered, "deadline": order.deadline}
    if order.same and order.window and (first := _ordered_before(connection, effect["kind"], order.same, order)):
        begun |= {"state": State.DROPPED.value, "due": None, "settled": now, "error": f"It repeats No. {first}."}
    return [shared | begun | times | {"recipient": recipient} for recipient in order.recipients]


def _ordered_before(connection: Connection, kind: str, same: str, order: Any) -> int | None:
    """The number of the delivery that says the same, if it was ordered within the window."""
    query = select(func.min(deliveries.c.id)).where(
        deliveries.c.kind == kind,
        deliveries.c.same == storable(same),
        deliveries.c.ordered > order.ordered - order.window,
        deliveries.c.state != State.DROPPED.value,
    )
    first: int | None = connection.execute(query).scalar()
    return first


def _delivery(row: RowMapping | dict[str, Any]) -> Delivery:
    return Delivery(**{**row, "state": State(row["state"])})
