"""Messages between runs, and events: their order, and whom they wake. Part of each transaction of `run_store.py`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Delete, Select, Update, delete, exists, insert, or_, select, update

from cordboard.scenario.ports import Awaited, Message
from cordboard.store.put import add_unknown
from cordboard.store.scenario_tables import awaited, counters, messages, runs
from cordboard.store.tables import storable

_COUNTER = counters.c.name == "messages"
_LAST = select(counters.c.value).where(_COUNTER)
_COLUMNS = [column for column in messages.c if column.name != "taken"]
_FOR_ALL = messages.c.run_id == ""


def post(connection: Connection, posted: Sequence[Message]) -> None:
    """Add those whose id is not known, and make due whoever awaits one of them."""
    if not posted:
        return
    # Locked until the commit: a reader that has seen a number will never find a lower one that it has not seen.
    before = seq = connection.execute(_LAST.with_for_update()).scalar_one()
    for message in posted:
        row = _row(message, seq + 1)
        if add_unknown(connection, messages, row, by=("id",)):
            seq += 1
            _wake(connection, row)
    if seq > before:
        connection.execute(update(counters).where(_COUNTER).values(value=seq))


def wait_for(connection: Connection, run_id: str, wanted: Sequence[Awaited]) -> None:
    """Let `wanted` wake a run that goes to sleep, at once if one of them is there already."""
    wait_no_more(connection, [run_id])
    if not wanted:
        return
    rows = [
        {"run_id": run_id, "name": storable(w.name), "key": storable(w.key), "after": w.after, "own": w.own}
        for w in wanted
    ]
    connection.execute(insert(awaited), rows)
    if any(connection.execute(select(_there(row))).scalar() for row in rows):
        connection.execute(update(runs).where(runs.c.id == run_id).values(wake=runs.c.started))


def wait_no_more(connection: Connection, run_ids: Sequence[str]) -> None:
    """Nothing wakes these runs before their time."""
    connection.execute(delete(awaited).where(awaited.c.run_id.in_(run_ids)))


def query(*, after: int, own: int, name: str, key: str | None, run_id: str) -> Select[Any]:
    """See RunStore.messages."""
    wanted: ColumnElement[bool] = _FOR_ALL & (messages.c.seq > after)
    if run_id:
        wanted = or_(wanted, (messages.c.run_id == storable(run_id)) & (messages.c.seq > own))
    found = select(*_COLUMNS).where(wanted).order_by(messages.c.seq)
    if name:
        found = found.where(messages.c.name == storable(name))
    if key is not None:
        found = found.where(messages.c.key == storable(key))
    return found


def waiting(names: Sequence[str]) -> Select[Any]:
    """See RunStore.take_messages."""
    return select(*_COLUMNS).where(messages.c.name.in_(names), ~messages.c.taken, _FOR_ALL).order_by(messages.c.seq)


def mark(seqs: Sequence[int]) -> Update:
    """See RunStore.taken."""
    return update(messages).where(messages.c.seq.in_(seqs)).values(taken=True)


def forgetting(before: datetime, unfinished: Select[Any], limit: int) -> Delete:
    """Deletes some of the messages that were posted before and that no run of `unfinished` is to get."""
    old = select(messages.c.seq).where(messages.c.posted < before, messages.c.run_id.not_in(unfinished)).limit(limit)
    return delete(messages).where(messages.c.seq.in_(old))


def fetch(connection: Connection, found: Select[Any]) -> list[Message]:
    """The messages that a query finds."""
    return [Message(**row) for row in connection.execute(found).mappings()]


def last(connection: Connection) -> int:
    """The highest number so far."""
    seq: int = connection.execute(_LAST).scalar_one()
    return seq


def _wake(connection: Connection, row: dict[str, Any]) -> None:
    mine: ColumnElement[bool] = awaited.c.after < row["seq"]
    if row["run_id"]:
        mine = (awaited.c.run_id == row["run_id"]) & (awaited.c.own < row["seq"])
    sleepers = select(awaited.c.run_id).where(awaited.c.name == row["name"], awaited.c.key == row["key"], mine)
    connection.execute(update(runs).where(runs.c.id.in_(sleepers)).values(wake=runs.c.started))


def _there(row: dict[str, Any]) -> Any:
    for_all = _FOR_ALL & (messages.c.seq > row["after"])
    for_it = (messages.c.run_id == row["run_id"]) & (messages.c.seq > row["own"])
    return exists().where(messages.c.name == row["name"], messages.c.key == row["key"], or_(for_all, for_it))


def _row(message: Message, seq: int) -> dict[str, Any]:
    return {
        "seq": seq,
        "id": storable(message.id),
        "name": storable(message.name),
        "key": storable(message.key),
        "data": dict(message.data),
        "run_id": storable(message.run_id),
        "chain": storable(message.chain),
        "posted": message.posted,
        "taken": False,
    }
