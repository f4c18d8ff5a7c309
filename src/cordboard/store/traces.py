"""What runs did, written when there is time for it."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from cordboard.scenario.ports import RunTrace, StepTrace
from cordboard.scenario.results import Outcome
from cordboard.store.put import put_statement
from cordboard.store.reader import Reader
from cordboard.store.tables import run_traces, step_traces, storable
from cordboard.store.writer import Writer

_ADD_STEP = insert(step_traces)  # one object: rows for it are written together

_PIECE = 100
"""Runs that are forgotten at a time."""


class StoredTraces:
    """Implements `scenario.ports.TraceSink`, and reads back. Rows that the writer cannot keep up with are dropped."""

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

    async def runs_of(self, chain: str) -> Sequence[RunTrace]:
        """The runs of one chain, in the order of their beginning."""
        query = select(run_traces).where(run_traces.c.chain == chain).order_by(run_traces.c.started)

        def read(connection: Connection) -> list[RunTrace]:
            rows = connection.execute(query).mappings()
            return [RunTrace(**{**row, "outcome": Outcome(row["outcome"]) if row["outcome"] else None}) for row in rows]

        return await self._reader.read(read)

    async def steps_of(self, run_id: str) -> Sequence[StepTrace]:
        """The steps of one run, in the order of their ending."""
        columns = [column for column in step_traces.c if column.name != "seq"]
        query = select(*columns).where(step_traces.c.run_id == run_id).order_by(step_traces.c.seq)

        def read(connection: Connection) -> list[StepTrace]:
            return [StepTrace(**row) for row in connection.execute(query).mappings()]

        return await self._reader.read(read)

    async def forget_before(self, moment: datetime) -> int:
        """Delete the traces of runs that began before `moment`, and return how many runs.

        It goes a piece at a time, so that nobody waits for it.
        """
        old = select(run_traces.c.run_id).where(run_traces.c.started < moment).limit(_PIECE)

        def forget_some(connection: Connection) -> int:
            ids = connection.execute(old).scalars().all()
            connection.execute(delete(step_traces).where(step_traces.c.run_id.in_(ids)))
            return connection.execute(delete(run_traces).where(run_traces.c.run_id.in_(ids))).rowcount

        forgotten = 0
        while gone := await self._writer.transact(forget_some):
            forgotten += gone
        return forgotten


def _row(trace: RunTrace | StepTrace) -> dict[str, Any]:
    # Not asdict: it copies in depth, and a busy exchange writes hundreds of these a second.
    return {field.name: _plain(getattr(trace, field.name)) for field in fields(trace)}


def _plain(value: Any) -> Any:
    return storable(value) if isinstance(value, str) else value
