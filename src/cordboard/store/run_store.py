"""Service runs and their effects in the database: leases, fencing, and a step's end as one transaction.

A transaction of the writer has no rival, on any node (see `postgresql.py`): what it reads stays true until its commit.
So the run modes are plain readings followed by plain writings.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, case, delete, func, insert, or_, select, update

from cordboard.scenario.ports import (
    Awaited,
    Checkpoint,
    ClaimedRun,
    Effect,
    Ending,
    LeaseLostError,
    Message,
    NewRun,
    RunInfo,
)
from cordboard.scenario.results import Outcome
from cordboard.scenario.run_mode import RunMode
from cordboard.store import messages as post_office
from cordboard.store.put import add_unknown
from cordboard.store.reader import Reader
from cordboard.store.scenario_tables import effects as effects_table
from cordboard.store.scenario_tables import runs
from cordboard.store.tables import storable
from cordboard.store.writer import Writer
from cordboard.telephony import Clock

_MOST = 1000
_PIECE = 500
"""Rows that are forgotten at a time."""
_UNFINISHED = runs.c.outcome.is_(None)
_ENDED = runs.c.outcome.is_not(None)
_NOBODYS = {"lease_until": None, "node": ""}


class StoredRuns:
    """Implements `scenario.ports.RunStore`."""

    def __init__(self, writer: Writer, reader: Reader, clock: Clock) -> None:
        self._writer = writer
        self._reader = reader
        self._clock = clock

    async def start(self, run: NewRun, mode: RunMode = RunMode.PARALLEL) -> str:
        """Add a run as its mode says, unless it is known."""
        key = storable(run.key)
        waits = mode in (RunMode.QUEUED, RunMode.AT_MOST)
        row = {
            "id": run.id,
            "scenario": run.scenario,
            "release": run.release,
            "chain": run.chain,
            "key": key,
            "checkpoint": dict(run.checkpoint),
            "started": run.started,
            "wake": None if waits else run.started,
            "places": run.at_most if mode is RunMode.AT_MOST else 1,
            "epoch": 0,
            "error": "",
            **_NOBODYS,
        }
        known = select(runs.c.id).where(runs.c.id == run.id)
        rivals = select(runs.c.id).where(runs.c.scenario == run.scenario, runs.c.key == key, _UNFINISHED)

        def write(connection: Connection) -> str:
            if mode is RunMode.PARALLEL:
                add_unknown(connection, runs, row, by=("id",))
                return run.id
            if connection.execute(known).scalar() is not None:
                return run.id
            if mode is RunMode.SINGLE:
                oldest: str | None = connection.execute(rivals.order_by(runs.c.seq).limit(1)).scalar()
                if oldest is not None:
                    return oldest
            if mode is RunMode.RESTART:
                _cancel(connection, connection.execute(rivals).scalars().all(), run.started)
            connection.execute(insert(runs), row)
            if waits:
                _give_places(connection, run.scenario, key)
            return run.id

        return await self._writer.transact(write)

    async def claim(self, now: datetime, node: str, lease_until: datetime, limit: int = 100) -> Sequence[ClaimedRun]:
        """Take due runs that nobody holds."""
        free = or_(runs.c.lease_until.is_(None), runs.c.lease_until <= now)
        due = select(runs).where(_UNFINISHED, runs.c.wake <= now, free).order_by(runs.c.wake, runs.c.seq).limit(limit)

        def write(connection: Connection) -> list[ClaimedRun]:
            rows = connection.execute(due).mappings().all()
            if rows:
                connection.execute(
                    update(runs)
                    .where(runs.c.seq.in_([row["seq"] for row in rows]))
                    .values(epoch=runs.c.epoch + 1, node=node, lease_until=lease_until)
                )
                post_office.wait_no_more(connection, [row["id"] for row in rows])
            return [_claimed(row) for row in rows]

        return await self._writer.transact(write)

    async def renew(self, epochs: Mapping[str, int], lease_until: datetime) -> Sequence[str]:
        """Prolong leases."""
        # One that was put to sleep meanwhile is nobody's: a lease would make it oversleep.
        leased = select(runs.c.id, runs.c.epoch).where(
            runs.c.id.in_(list(epochs)), _UNFINISHED, runs.c.lease_until.is_not(None)
        )

        def write(connection: Connection) -> list[str]:
            held = [row.id for row in connection.execute(leased) if epochs[row.id] == row.epoch]
            connection.execute(update(runs).where(runs.c.id.in_(held)).values(lease_until=lease_until))
            return sorted(epochs.keys() - set(held))

        return await self._writer.transact(write)

    async def release(self, node: str) -> int:
        """Give up the leases of a node that begins anew."""
        held = update(runs).where(_UNFINISHED, runs.c.node == node, runs.c.lease_until.is_not(None)).values(_NOBODYS)
        (released,) = await self._writer.commit([held])
        return released

    async def finish_step(
        self,
        run_id: str,
        epoch: int,
        checkpoint: Checkpoint,
        effects: Sequence[Effect] = (),
        *,
        messages: Sequence[Message] = (),
        wake: datetime | None = None,
        awaited: Sequence[Awaited] = (),
        ending: Ending | None = None,
    ) -> None:
        """Commit all of it together. Cancelling the wait does not take it back."""
        values: dict[str, Any] = {"checkpoint": dict(checkpoint)}
        if ending is not None:
            values |= {"wake": None, "ended": self._clock.now(), **_NOBODYS}
            values |= {"outcome": ending.outcome.value, "value": ending.value, "error": storable(ending.error)}
        elif wake is not None:
            values |= {"wake": wake, **_NOBODYS}
        step = update(runs).where(runs.c.id == run_id, runs.c.epoch == epoch, _UNFINISHED).values(values)
        rows = [effect_row(effect) for effect in effects]

        def write(connection: Connection) -> None:
            if not connection.execute(step).rowcount:
                message = f"run {run_id} has ended or belongs to another node now"
                raise LeaseLostError(message)
            add_effects(connection, rows)
            post_office.post(connection, messages)
            if ending is not None:
                _let_others_begin(connection, [run_id])
            elif wake is not None:
                post_office.wait_for(connection, run_id, awaited)

        await self._writer.transact(write)

    async def emit(self, effects: Sequence[Effect], messages: Sequence[Message] = ()) -> None:
        """Commit effects of a voice run, and messages of anybody."""
        rows = [effect_row(effect) for effect in effects]

        def write(connection: Connection) -> None:
            add_effects(connection, rows)
            post_office.post(connection, messages)

        await self._writer.transact(write)

    async def messages(
        self,
        *,
        after: int = 0,
        own: int = 0,
        name: str = "",
        key: str | None = None,
        run_id: str = "",
        limit: int = 100,
    ) -> Sequence[Message]:
        """Messages in the order of their commits."""
        query = post_office.query(after=after, own=own, name=name, key=key, run_id=run_id).limit(limit)
        return await self._reader.read(lambda connection: post_office.fetch(connection, query))

    async def last_message(self) -> int:
        """The highest number that a message has had, though it may be forgotten."""
        return await self._reader.read(post_office.last)

    async def take_messages(self, names: Sequence[str], limit: int = 100) -> Sequence[Message]:
        """The oldest ones that nobody has marked yet."""
        query = post_office.waiting(names).limit(limit)
        return await self._reader.read(lambda connection: post_office.fetch(connection, query))

    async def taken(self, seqs: Sequence[int]) -> None:
        """Mark messages."""
        await self._writer.commit([post_office.mark(seqs)])

    async def forget(self, before: datetime) -> int:
        """Delete what is old, a piece at a time, so that nobody waits for it."""
        old = select(runs.c.seq).where(_ENDED, runs.c.started < before).limit(_PIECE)
        open_ = select(runs.c.id).where(_UNFINISHED)
        statements = [delete(runs).where(runs.c.seq.in_(old)), post_office.forgetting(before, open_, _PIECE)]
        forgotten = 0
        while gone := sum(await self._writer.commit(statements)):
            forgotten += gone
        return forgotten

    async def next_wake(self) -> datetime | None:
        """The earliest moment at which a run can be claimed.

        Two questions, each to its index: ten thousand runs sleep, and few are carried on.
        """
        wake, until = runs.c.wake, runs.c.lease_until
        asleep = select(wake).where(_UNFINISHED, until.is_(None), wake.is_not(None)).order_by(wake).limit(1)
        carried_on = select(func.min(case((until <= wake, wake), else_=until))).where(_UNFINISHED, until.is_not(None))

        def read(connection: Connection) -> datetime | None:
            moments: list[datetime | None] = [connection.execute(query).scalar() for query in (asleep, carried_on)]
            return min((moment for moment in moments if moment is not None), default=None)

        return await self._reader.read(read)

    async def cancel(self, run_id: str, at: datetime) -> bool:
        """End an unfinished run."""
        known = storable(run_id)

        def write(connection: Connection) -> bool:
            cancelled = _cancel(connection, [known], at) > 0
            if cancelled:
                _let_others_begin(connection, [known])
            return cancelled

        return await self._writer.transact(write)

    async def find(self, *, scenario: str = "", key: str = "", unfinished: bool = False) -> Sequence[RunInfo]:
        """Runs, youngest first."""
        query = select(runs).order_by(runs.c.started.desc(), runs.c.seq.desc()).limit(_MOST)
        if scenario:
            query = query.where(runs.c.scenario == storable(scenario))
        if key:
            query = query.where(runs.c.key == storable(key))
        if unfinished:
            query = query.where(_UNFINISHED)

        def read(connection: Connection) -> list[RunInfo]:
            return [_info(row) for row in connection.execute(query).mappings()]

        return await self._reader.read(read)

    async def get(self, run_id: str) -> RunInfo | None:
        """One run."""
        query = select(runs).where(runs.c.id == storable(run_id))

        def read(connection: Connection) -> RunInfo | None:
            row = connection.execute(query).mappings().one_or_none()
            return _info(row) if row else None

        return await self._reader.read(read)

    async def effects(self) -> Sequence[Effect]:
        """The committed effects that no outbox has taken yet."""
        columns = (effects_table.c[name] for name in ("kind", "key", "payload", "run_id", "chain"))
        query = select(*columns).where(~effects_table.c.taken).order_by(effects_table.c.seq).limit(_MOST)

        def read(connection: Connection) -> list[Effect]:
            return [Effect(**row) for row in connection.execute(query).mappings()]

        return await self._reader.read(read)


def _cancel(connection: Connection, ids: Sequence[str], at: datetime) -> int:
    """End those of `ids` that are unfinished."""
    values = {"outcome": Outcome.CANCELLED.value, "wake": None, "ended": at, **_NOBODYS}
    cancelled = connection.execute(update(runs).where(runs.c.id.in_(ids), _UNFINISHED).values(values)).rowcount
    post_office.wait_no_more(connection, ids)
    return cancelled


def _let_others_begin(connection: Connection, ended: Sequence[str]) -> None:
    """What the end of a run brings about: it awaits nothing any more, and its place is free."""
    post_office.wait_no_more(connection, ended)
    for run in connection.execute(select(runs.c.scenario, runs.c.key).where(runs.c.id.in_(ended))):
        _give_places(connection, run.scenario, run.key)


def _give_places(connection: Connection, scenario: str, key: str) -> None:
    """Make waiting runs due, the first that was added first, as long as there is a place for it."""
    mine = (runs.c.scenario == scenario, runs.c.key == key, _UNFINISHED)
    first = select(runs.c.seq, runs.c.places).where(*mine, runs.c.wake.is_(None)).order_by(runs.c.seq).limit(1)
    under_way = select(func.count()).select_from(runs).where(*mine, runs.c.wake.is_not(None))
    while waiting := connection.execute(first).first():
        if connection.execute(under_way).scalar_one() >= waiting.places:
            return
        connection.execute(update(runs).where(runs.c.seq == waiting.seq).values(wake=runs.c.started))


def add_effects(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add those whose kind and key are not known yet. `rows` are made by `effect_row`."""
    add_unknown(connection, effects_table, *rows, by=("kind", "key"))


def effect_row(effect: Effect) -> dict[str, Any]:
    """An effect that nobody has taken yet."""
    return {
        "kind": effect.kind,
        "key": storable(effect.key),
        "payload": dict(effect.payload),
        "run_id": effect.run_id,
        "chain": effect.chain,
        "taken": False,
    }


def _claimed(row: RowMapping) -> ClaimedRun:
    """As the row is once the claim has raised its epoch."""
    return ClaimedRun(
        row["id"], row["scenario"], row["release"], row["chain"], row["key"], row["checkpoint"], row["epoch"] + 1
    )


def _info(row: RowMapping) -> RunInfo:
    ending = Ending(Outcome(row["outcome"]), row["value"], row["error"]) if row["outcome"] else None
    return RunInfo(
        row["id"],
        row["scenario"],
        row["release"],
        row["chain"],
        row["key"],
        row["started"],
        row["wake"],
        ending,
        row["node"],
    )
