"""What the scenario ports need in memory. `tests/contract/test_run_store.py` holds the store to the same contract."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from cordboard.scenario.context import RunMode
from cordboard.scenario.ports import (
    Checkpoint,
    ClaimedRun,
    Effect,
    Ending,
    LeaseLostError,
    NewRun,
    Release,
    Releases,
    RunInfo,
    RunStore,
    RunTrace,
    ScenarioError,
    StepTrace,
)
from cordboard.scenario.results import Outcome
from cordboard.testing.store import sqlite_store


@dataclass(slots=True)
class _Row:
    run: NewRun
    checkpoint: Checkpoint
    wake: datetime | None
    epoch: int = 0
    node: str = ""
    lease: datetime | None = None
    ending: Ending | None = None

    def due(self, now: datetime) -> bool:
        return self.wake is not None and self.wake <= now and (self.lease is None or self.lease <= now)


class MemoryRunStore:
    """Implements `scenario.ports.RunStore`."""

    def __init__(self) -> None:
        self._rows: dict[str, _Row] = {}
        self._effects: dict[tuple[str, str], Effect] = {}

    async def start(self, run: NewRun, mode: RunMode = RunMode.PARALLEL) -> str:
        """See RunStore."""
        if mode not in {RunMode.PARALLEL, RunMode.SINGLE}:
            raise ScenarioError(f"the run mode {mode} cannot be carried out yet")
        if run.id in self._rows:
            return run.id
        if mode is RunMode.SINGLE:
            for row in self._rows.values():
                if row.ending is None and (row.run.scenario, row.run.key) == (run.scenario, run.key):
                    return row.run.id
        self._rows[run.id] = _Row(run, run.checkpoint, run.started)
        return run.id

    async def claim(self, now: datetime, node: str, lease_until: datetime, limit: int = 100) -> Sequence[ClaimedRun]:
        """See RunStore."""
        due = sorted((row for row in self._rows.values() if row.due(now)), key=lambda row: row.wake or now)[:limit]
        claimed = []
        for row in due:
            row.epoch, row.node, row.lease = row.epoch + 1, node, lease_until
            run = row.run
            claimed.append(ClaimedRun(run.id, run.scenario, run.release, run.chain, run.key, row.checkpoint, row.epoch))
        return claimed

    async def renew(self, epochs: Mapping[str, int], lease_until: datetime) -> Sequence[str]:
        """See RunStore."""
        lost = []
        for run_id, epoch in epochs.items():
            row = self._held(run_id, epoch)
            if row is None or row.lease is None:
                lost.append(run_id)
            else:
                row.lease = lease_until
        return lost

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
        """See RunStore."""
        row = self._held(run_id, epoch)
        if row is None:
            raise LeaseLostError(f"run {run_id} has ended or belongs to another node now")
        row.checkpoint, row.ending = checkpoint, ending
        if wake is not None or ending is not None:
            row.wake, row.node, row.lease = (None if ending else wake), "", None
        await self.emit(effects)

    async def emit(self, effects: Sequence[Effect]) -> None:
        """See RunStore."""
        for effect in effects:
            self._effects.setdefault((effect.kind, effect.key), effect)

    async def next_wake(self) -> datetime | None:
        """See RunStore."""
        moments = [max(row.wake, row.lease or row.wake) for row in self._rows.values() if row.wake is not None]
        return min(moments, default=None)

    async def cancel(self, run_id: str, at: datetime) -> bool:  # noqa: ARG002 - the moment is not kept here
        """See RunStore."""
        row = self._rows.get(run_id)
        if row is None or row.ending is not None:
            return False
        row.ending, row.wake, row.node, row.lease = Ending(Outcome.CANCELLED), None, "", None
        return True

    async def find(self, *, scenario: str = "", key: str = "", unfinished: bool = False) -> Sequence[RunInfo]:
        """See RunStore."""
        found = [
            _info(row)
            for row in self._rows.values()
            if scenario in {"", row.run.scenario} and key in {"", row.run.key} and not (unfinished and row.ending)
        ]
        found.reverse()  # the youngest of those that began in one moment
        return sorted(found, key=lambda info: info.started, reverse=True)[:1000]

    async def get(self, run_id: str) -> RunInfo | None:
        """See RunStore."""
        row = self._rows.get(run_id)
        return _info(row) if row else None

    async def effects(self) -> Sequence[Effect]:
        """See RunStore."""
        return list(self._effects.values())[:1000]

    def _held(self, run_id: str, epoch: int) -> _Row | None:
        row = self._rows.get(run_id)
        return row if row is not None and row.epoch == epoch and row.ending is None else None


def _info(row: _Row) -> RunInfo:
    run = row.run
    return RunInfo(run.id, run.scenario, run.release, run.chain, run.key, run.started, row.wake, row.ending, row.node)


class MemoryReleases:
    """Implements `scenario.ports.Releases`."""

    def __init__(self, scenarios: Mapping[str, str] | None = None) -> None:
        self._releases: list[Release] = []
        if scenarios:
            self._releases.append(Release(1, dict(scenarios)))

    async def current(self) -> int:
        """See Releases."""
        return len(self._releases)

    async def load(self, number: int) -> Release:
        """See Releases."""
        if not 1 <= number <= len(self._releases):
            raise ScenarioError(f"there is no release {number}")
        return self._releases[number - 1]

    async def publish(self, scenarios: Mapping[str, str], *, message: str, at: datetime) -> int:
        """See Releases."""
        self._releases.append(Release(len(self._releases) + 1, dict(scenarios), message, at))
        return len(self._releases)


class MemoryTraces:
    """A TraceSink that keeps everything in lists."""

    def __init__(self) -> None:
        self.runs: list[RunTrace] = []
        self.steps: list[StepTrace] = []

    def run(self, trace: RunTrace) -> None:
        """See TraceSink."""
        self.runs.append(trace)

    def step(self, trace: StepTrace) -> None:
        """See TraceSink."""
        self.steps.append(replace(trace))

    @property
    def path(self) -> list[tuple[str, str]]:
        """Steps and the exits by which they were left."""
        return [(step.step, step.exit) for step in self.steps]


@dataclass(frozen=True, slots=True)
class Stores:
    """An implementation of both ports."""

    runs: RunStore
    releases: Releases


@asynccontextmanager
async def memory_stores(_folder: Path) -> AsyncIterator[Stores]:
    """Those of this file."""
    yield Stores(MemoryRunStore(), MemoryReleases())


@asynccontextmanager
async def sqlite_stores(folder: Path) -> AsyncIterator[Stores]:
    """Those of the store, on SQLite."""
    async with sqlite_store(folder) as store:
        yield Stores(store.runs, store.releases)


IMPLEMENTATIONS: Mapping[str, Callable[[Path], AbstractAsyncContextManager[Any]]] = {
    "memory": memory_stores,
    "sqlite": sqlite_stores,
}
"""All that the contract suite runs over."""
