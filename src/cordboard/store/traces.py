"""What runs did, written when there is time for it, and found again."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, delete, exists, insert, or_, select, text

from cordboard.scenario.ports import RunTrace, StepTrace, TracedRun
from cordboard.scenario.results import Outcome
from cordboard.store.put import put_statement
from cordboard.store.reader import Reader
from cordboard.store.scenario_tables import run_traces, step_traces
from cordboard.store.tables import storable
from cordboard.store.writer import Writer

_ADD_STEP = insert(step_traces)  # one object: rows for it are written together

_STEP_COLUMNS = [column for column in step_traces.c if column.name != "seq"]
_NEWEST = (run_traces.c.started.desc(), run_traces.c.run_id.desc())
_PIECE = 100
"""Runs that are forgotten at a time."""


class StoredTraces:
    """Implements `scenario.ports.TraceSink` and `TraceLog`. Rows that the writer cannot keep up with are dropped."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader

    def run(self, trace: RunTrace) -> None:
        """A run has begun or ended."""
        row = _row(trace)
        self._writer.later(put_statement(run_traces, self._writer.dialect, tuple(row)), row)

    def step(self, trace: StepTrace) -> None:
        """A step is over."""
        self._writer.later(_ADD_STEP, _row(trace))

    async def find(
        self,
        *,
        scenario: str = "",
        step: str = "",
        exit_: str = "",
        number: str = "",
        error: str | None = None,
        kind: str = "",
        chain: str = "",
        since: datetime | None = None,
        until: datetime | None = None,
        unfinished: bool | None = None,
        limit: int = 100,
        before: str = "",
    ) -> Sequence[RunTrace]:
        """Runs, youngest first."""
        c, number, before = run_traces.c, storable(number), storable(before)
        query = select(run_traces).order_by(*_NEWEST).limit(limit)
        for column, wanted in ((c.scenario, scenario), (c.kind, kind), (c.chain, chain)):
            if wanted:
                query = query.where(column == storable(wanted))
        if number:
            query = query.where(or_(c.caller_phone == number, c.dialled_phone == number, c.key == number))
        if step or exit_:
            query = query.where(_went_through(storable(step), storable(exit_)))
        if error is not None:
            query = query.where(_failed(storable(error)))
        if since is not None:
            query = query.where(c.started >= since)
        if until is not None:
            query = query.where(c.started < until)
        if unfinished is not None:
            query = query.where(c.ended.is_(None) if unfinished else c.ended.is_not(None))

        def read(connection: Connection) -> list[RunTrace]:
            page = query
            if before:
                last = connection.execute(select(c.started).where(c.run_id == before)).scalar()
                if last is None:  # forgotten, as is all that was older
                    return []
                page = query.where(or_(c.started < last, and_(c.started == last, c.run_id < before)))
            return [_run(row) for row in connection.execute(page).mappings()]

        return await self._reader.read(read)

    async def load(self, run_id: str) -> TracedRun | None:
        """One run with its steps."""
        query = select(run_traces).where(run_traces.c.run_id == storable(run_id))

        def read(connection: Connection) -> TracedRun | None:
            row = connection.execute(query).mappings().one_or_none()
            return TracedRun(_run(row), _steps(connection, run_id)) if row else None

        return await self._reader.read(read)

    async def runs_of(self, chain: str) -> Sequence[RunTrace]:
        """The runs of one chain, in the order of their beginning."""
        query = select(run_traces).where(run_traces.c.chain == chain).order_by(run_traces.c.started)

        def read(connection: Connection) -> list[RunTrace]:
            return [_run(row) for row in connection.execute(query).mappings()]

        return await self._reader.read(read)

    async def steps_of(self, run_id: str) -> Sequence[StepTrace]:
        """The steps of one run, in the order of their ending."""
        return await self._reader.read(lambda connection: _steps(connection, run_id))

    async def forget_before(self, moment: datetime) -> int:
        """Delete the traces of runs that began before `moment`, and return how many runs.

        It goes a piece at a time, so that nobody waits for it.
        """
        return await self._forget(run_traces.c.started < moment)

    async def forget_beyond(self, runs: int) -> int:
        """Delete the traces of all but about the youngest `runs` runs, and return how many runs."""
        youngest_to_go = select(run_traces.c.started).order_by(run_traces.c.started.desc()).offset(runs).limit(1)
        moment = await self._reader.read(lambda connection: connection.execute(youngest_to_go).scalar())
        return 0 if moment is None else await self._forget(run_traces.c.started <= moment)

    async def _forget(self, old: ColumnElement[bool]) -> int:
        some = select(run_traces.c.run_id).where(old).limit(_PIECE)

        def forget_some(connection: Connection) -> int:
            ids = connection.execute(some).scalars().all()
            connection.execute(delete(step_traces).where(step_traces.c.run_id.in_(ids)))
            return connection.execute(delete(run_traces).where(run_traces.c.run_id.in_(ids))).rowcount

        forgotten = 0
        while gone := await self._writer.transact(forget_some):
            forgotten += gone
        return forgotten


def _went_through(step: str, exit_: str) -> ColumnElement[bool]:
    went = exists().where(step_traces.c.run_id == run_traces.c.run_id)
    if step:
        went = went.where(step_traces.c.step == step)
    if exit_:
        went = went.where(step_traces.c.exit == exit_)
    return went


def _failed(part: str) -> ColumnElement[bool]:
    in_run, in_step = run_traces.c.error, step_traces.c.error
    # Said literally, for then the small index of the steps that failed is used.
    failed_step = exists().where(step_traces.c.run_id == run_traces.c.run_id, text("step_traces.error <> ''"))
    if part:
        return or_(in_run.contains(part, autoescape=True), failed_step.where(in_step.contains(part, autoescape=True)))
    return or_(in_run != "", failed_step)


def _steps(connection: Connection, run_id: str) -> list[StepTrace]:
    query = select(*_STEP_COLUMNS).where(step_traces.c.run_id == run_id).order_by(step_traces.c.seq)
    return [_step(row) for row in connection.execute(query).mappings()]


def _run(row: RowMapping) -> RunTrace:
    return RunTrace(**{**row, "outcome": Outcome(row["outcome"]) if row["outcome"] else None})


def _step(row: RowMapping) -> StepTrace:
    return StepTrace(**{**row, "keys": tuple((seconds, key) for seconds, key in row["keys"])})


def _row(trace: RunTrace | StepTrace) -> dict[str, Any]:
    # Not asdict: it copies in depth, and a busy exchange writes hundreds of these a second.
    return {field.name: _plain(getattr(trace, field.name)) for field in fields(trace)}


def _plain(value: Any) -> Any:
    return storable(value) if isinstance(value, str) else value
