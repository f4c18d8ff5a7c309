"""Service runs and their effects in the database: leases, fencing, and a step's end as one transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, case, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from cordboard.scenario.context import RunMode, ScenarioError
from cordboard.scenario.ports import Checkpoint, ClaimedRun, Effect, Ending, LeaseLostError, NewRun, RunInfo
from cordboard.scenario.results import Outcome
from cordboard.store.reader import Reader
from cordboard.store.tables import effects as effects_table
from cordboard.store.tables import runs, storable
from cordboard.store.writer import Writer
from cordboard.telephony import Clock

_MOST = 1000
_UNFINISHED = runs.c.outcome.is_(None)
_ADD_EFFECT = {
    "sqlite": sqlite.insert(effects_table).on_conflict_do_nothing(index_elements=["kind", "key"]),
    "postgresql": postgresql.insert(effects_table).on_conflict_do_nothing(index_elements=["kind", "key"]),
}
_NOBODYS = {"lease_until": None, "node": ""}


class StoredRuns:
    """Implements `scenario.ports.RunStore`."""

    def __init__(self, writer: Writer, reader: Reader, clock: Clock) -> None:
        self._writer = writer
        self._reader = reader
        self._clock = clock

    async def start(self, run: NewRun, mode: RunMode = RunMode.PARALLEL) -> str:
        """Add a run, unless it or the single one is there."""
        if mode not in (RunMode.PARALLEL, RunMode.SINGLE):
            message = f"the run mode {mode} cannot be carried out yet: choose parallel or single"
            raise ScenarioError(message)
        key = storable(run.key)
        known = select(runs.c.id).where(runs.c.id == run.id)
        rival = (
            select(runs.c.id)
            .where(runs.c.scenario == run.scenario, runs.c.key == key, _UNFINISHED)
            .order_by(runs.c.seq)
            .limit(1)
        )
        row = {
            "id": run.id,
            "scenario": run.scenario,
            "release": run.release,
            "chain": run.chain,
            "key": key,
            "checkpoint": dict(run.checkpoint),
            "started": run.started,
            "wake": run.started,
            "epoch": 0,
            "error": "",
            **_NOBODYS,
        }

        def write(connection: Connection) -> str:
            there = connection.execute(known).scalar()
            if there is None and mode is RunMode.SINGLE:
                there = connection.execute(rival).scalar()
            if there is None:
                connection.execute(insert(runs), row)
            return there or run.id

        return await self._writer.transact(write)

    async def claim(self, now: datetime, node: str, lease_until: datetime, limit: int = 100) -> Sequence[ClaimedRun]:
        """Take due runs that nobody holds."""
        free = or_(runs.c.lease_until.is_(None), runs.c.lease_until <= now)
        due = (
            select(runs)
            .where(_UNFINISHED, runs.c.wake <= now, free)
            .order_by(runs.c.wake, runs.c.seq)
            .limit(limit)
            .with_for_update(skip_locked=True)  # between nodes on PostgreSQL; SQLite has one writer
        )

        def write(connection: Connection) -> list[ClaimedRun]:
            rows = connection.execute(due).mappings().all()
            connection.execute(
                update(runs)
                .where(runs.c.seq.in_([row["seq"] for row in rows]))
                .values(epoch=runs.c.epoch + 1, node=node, lease_until=lease_until)
            )
            return [_claimed(row) for row in rows]

        return await self._writer.transact(write)

    async def renew(self, epochs: Mapping[str, int], lease_until: datetime) -> Sequence[str]:
        """Prolong leases."""

        def write(connection: Connection) -> list[str]:
            return [
                run_id
                for run_id, epoch in epochs.items()
                if not connection.execute(
                    update(runs)
                    # One that was put to sleep meanwhile is nobody's: a lease would make it oversleep.
                    .where(runs.c.id == run_id, runs.c.epoch == epoch, _UNFINISHED, runs.c.lease_until.is_not(None))
                    .values(lease_until=lease_until)
                ).rowcount
            ]

        return await self._writer.transact(write)

    async def finish_step(
        self,
        run_id: str,
        epoch: int,
        checkpoint: Checkpoint,
        effects: Sequence[Effect] = (),
        *,
        wake: datetime | None = None,
        ending: Ending | None = None,
    ) -> None:
        """Commit checkpoint and effects together. Cancelling the wait does not take them back."""
        values: dict[str, Any] = {"checkpoint": dict(checkpoint)}
        if ending is not None:
            values |= {"wake": None, "ended": self._clock.now(), **_NOBODYS}
            values |= {"outcome": ending.outcome.value, "value": ending.value, "error": storable(ending.error)}
        elif wake is not None:
            values |= {"wake": wake, **_NOBODYS}
        step = update(runs).where(runs.c.id == run_id, runs.c.epoch == epoch, _UNFINISHED).values(values)
        rows = [_effect_row(effect) for effect in effects]

        def write(connection: Connection) -> None:
            if not connection.execute(step).rowcount:
                message = f"run {run_id} has ended or belongs to another node now"
                raise LeaseLostError(message)
            _add_effects(connection, rows)

        await self._writer.transact(write)

    async def emit(self, effects: Sequence[Effect]) -> None:
        """Commit effects of a voice run."""
        rows = [_effect_row(effect) for effect in effects]
        await self._writer.transact(lambda connection: _add_effects(connection, rows))

    async def next_wake(self) -> datetime | None:
        """The earliest moment at which a run can be claimed."""
        until = runs.c.lease_until
        moment = case((or_(until.is_(None), until <= runs.c.wake), runs.c.wake), else_=until)
        query = select(func.min(moment)).where(_UNFINISHED)

        def read(connection: Connection) -> datetime | None:
            return connection.execute(query).scalar()

        return await self._reader.read(read)

    async def cancel(self, run_id: str, at: datetime) -> bool:
        """End an unfinished run."""
        values = {"outcome": Outcome.CANCELLED.value, "wake": None, "ended": at, **_NOBODYS}
        (touched,) = await self._writer.commit([update(runs).where(runs.c.id == run_id, _UNFINISHED).values(values)])
        return touched > 0

    async def find(self, *, scenario: str = "", key: str = "", unfinished: bool = False) -> Sequence[RunInfo]:
        """Runs, youngest first."""
        query = select(runs).order_by(runs.c.started.desc(), runs.c.seq.desc()).limit(_MOST)
        if scenario:
            query = query.where(runs.c.scenario == scenario)
        if key:
            query = query.where(runs.c.key == storable(key))
        if unfinished:
            query = query.where(_UNFINISHED)

        def read(connection: Connection) -> list[RunInfo]:
            return [_info(row) for row in connection.execute(query).mappings()]

        return await self._reader.read(read)

    async def get(self, run_id: str) -> RunInfo | None:
        """One run."""
        query = select(runs).where(runs.c.id == run_id)

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


def _add_effects(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        connection.execute(_ADD_EFFECT[connection.dialect.name], rows)


def _effect_row(effect: Effect) -> dict[str, Any]:
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
