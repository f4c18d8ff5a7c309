"""Promised callbacks in the database. A transaction of the writer has no rival: plain readings, then plain writings."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, func, insert, select, update

from cordboard.office.callbacks import Attempted, Callback, CallbackState, Origin
from cordboard.store.callback_tables import callback_attempts, callbacks
from cordboard.store.reader import Reader
from cordboard.store.tables import storable
from cordboard.store.writer import Writer

_OPEN = callbacks.c.settled.is_(None)
_WAITING = callbacks.c.state == CallbackState.WAITING.value


class StoredCallbacks:
    """Implements `office.callbacks.CallbackRepository`."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader

    async def order(self, callback: Callback) -> Callback:
        """Look, then write."""
        row = _row(callback)
        known = select(callbacks).where(callbacks.c.phone == row["phone"], _OPEN)

        def write(connection: Connection) -> Callback:
            found = connection.execute(known).mappings().first()
            if found is None:
                connection.execute(insert(callbacks), row)
                return _callback(row)
            chain = row["chain"] or found["chain"]
            connection.execute(update(callbacks).where(callbacks.c.id == found["id"]).values(chain=chain))
            return _callback({**found, "chain": chain})

        return await self._writer.transact(write)

    async def get(self, id_: str) -> Callback | None:
        """By the primary key."""
        query = select(callbacks).where(callbacks.c.id == storable(id_))
        return await self._one(query)

    async def open_of(self, phone: str) -> Callback | None:
        """By the index of those that are open."""
        return await self._one(select(callbacks).where(callbacks.c.phone == storable(phone), _OPEN))

    async def listed(self, *, states: Sequence[CallbackState] = (), limit: int = 100) -> Sequence[Callback]:
        """The newest first."""
        query = select(callbacks).order_by(callbacks.c.ordered.desc(), callbacks.c.id).limit(limit)
        if states:
            query = query.where(callbacks.c.state.in_([state.value for state in states]))
        return await self._all(query)

    async def due(self, now: datetime, limit: int) -> Sequence[Callback]:
        """The longest waiting first."""
        since = func.coalesce(callbacks.c.since, callbacks.c.ordered)
        query = select(callbacks).where(_OPEN, _WAITING, callbacks.c.due <= now).order_by(since, callbacks.c.id)
        return await self._all(query.limit(limit))

    async def next_due(self) -> datetime | None:
        """The earliest."""
        query = select(callbacks.c.due).where(_OPEN, _WAITING).order_by(callbacks.c.due).limit(1)
        found: datetime | None = await self._reader.read(
            lambda connection: connection.execute(query).scalar_one_or_none()
        )
        return found

    async def begin(self, id_: str, now: datetime) -> Callback | None:
        """The attempt is counted before the call is made."""

        def write(connection: Connection) -> Callback | None:
            query = select(callbacks).where(callbacks.c.id == id_, _OPEN, _WAITING)
            found = connection.execute(query).mappings().first()
            if found is None:
                return None
            changed = {"state": CallbackState.CALLING.value, "attempts": found["attempts"] + 1}
            connection.execute(update(callbacks).where(callbacks.c.id == id_).values(changed))
            attempt = {"callback": id_, "phone": found["phone"], "at": now, "outcome": ""}
            connection.execute(insert(callback_attempts), attempt)
            return _callback({**found, **changed})

        return await self._writer.transact(write)

    async def note_attempt(self, id_: str, outcome: str) -> None:
        """Of the last one."""
        last = select(func.max(callback_attempts.c.id)).where(callback_attempts.c.callback == id_).scalar_subquery()
        change = update(callback_attempts).where(callback_attempts.c.id == last).values(outcome=storable(outcome))
        await self._writer.transact(lambda connection: connection.execute(change))

    async def postpone(self, id_: str, due: datetime, outcome: str = "") -> bool:
        """To waiting."""
        values: dict[str, Any] = {"state": CallbackState.WAITING.value, "due": due}
        if outcome:
            values["outcome"] = storable(outcome)
        return await self._change(id_, values)

    async def settle(self, id_: str, state: CallbackState, outcome: str, now: datetime) -> bool:
        """To its end."""
        return await self._change(id_, {"state": state.value, "outcome": storable(outcome), "settled": now})

    async def attempts_since(self, phone: str, since: datetime) -> int:
        """By the index of attempts."""
        query = select(func.count()).where(
            callback_attempts.c.phone == storable(phone), callback_attempts.c.at >= since
        )
        return await self._reader.read(lambda connection: connection.execute(query).scalar_one())

    async def last_attempt(self, phone: str) -> Attempted | None:
        """The newest."""
        query = select(callback_attempts.c.at, callback_attempts.c.outcome).where(
            callback_attempts.c.phone == storable(phone)
        )
        query = query.order_by(callback_attempts.c.at.desc(), callback_attempts.c.id.desc()).limit(1)
        found = await self._reader.read(lambda connection: connection.execute(query).first())
        return Attempted(found.at, found.outcome) if found is not None else None

    async def recover(self, due: datetime) -> int:
        """From calling to waiting."""
        cut = update(callbacks).where(_OPEN, callbacks.c.state == CallbackState.CALLING.value)
        change = cut.values(state=CallbackState.WAITING.value, due=due, outcome="interrupted")
        return await self._writer.transact(lambda connection: connection.execute(change).rowcount)

    async def _change(self, id_: str, values: Mapping[str, Any]) -> bool:
        change = update(callbacks).where(callbacks.c.id == storable(id_), _OPEN).values(**values)
        return await self._writer.transact(lambda connection: connection.execute(change).rowcount > 0)

    async def _one(self, query: Any) -> Callback | None:
        row = await self._reader.read(lambda connection: connection.execute(query).mappings().first())
        return _callback(row) if row is not None else None

    async def _all(self, query: Any) -> Sequence[Callback]:
        rows = await self._reader.read(lambda connection: connection.execute(query).mappings().all())
        return [_callback(row) for row in rows]


def _row(callback: Callback) -> dict[str, Any]:
    row = {name: storable(value) if isinstance(value, str) else value for name, value in asdict(callback).items()}
    return row | {
        "origin": callback.origin.value,
        "state": callback.state.value,
        "skills": [storable(skill) for skill in callback.skills],
    }


def _callback(row: RowMapping | Mapping[str, Any]) -> Callback:
    values = dict(row)
    values |= {
        "origin": Origin(values["origin"]),
        "state": CallbackState(values["state"]),
        "skills": tuple(values["skills"]),
    }
    return Callback(**values)
