"""Thousands of service runs that sleep: how they are put to sleep, what of them is in memory, and how they wake."""

import asyncio
import gc
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, func, select

from cordboard.components import all_components
from cordboard.scenario.catalogue import Catalogue
from cordboard.scenario.execution import Run
from cordboard.scenario.limits import Limits
from cordboard.scenario.runner import Runner
from cordboard.simulation.exchange import SimulatedExchange
from cordboard.simulation.stores import MemoryReleases
from cordboard.store.database import Store
from cordboard.store.scenario_tables import runs
from cordboard.testing.exchange import Listened

_PATIENT = """\
scenario: patient
kind: service
variables:
  - {name: phone, type: phone, parameter: true}
  - {name: text}
start: wait
steps:
  wait: {component: pause, duration: 2d, exits: {done: text}}
  text: {component: assign, assignments: [{variable: text, value: "woken {phone}"}], exits: {done: end}}
  end: {component: end_with_value, value: "{text}"}
"""
_SHORT = _PATIENT.replace("patient", "short").replace("2d", "1s")
_TOGETHER = 100
_LOOK = 0.05


class MovedClock:
    """The system's clock, moved on by hand."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def now(self) -> datetime:
        """See Clock."""
        return datetime.now(UTC) + self.ahead


@dataclass(frozen=True, slots=True)
class Held:
    """What is in this process."""

    tasks: int
    runs: int
    """Objects of runs."""
    megabytes: float


class Dormitory:
    """A node with runs that sleep for two days, and a clock that can be moved on."""

    def __init__(self, store: Store, clock: MovedClock) -> None:
        self._store = store
        self.clock = clock
        self._started = 0
        self.runner = Runner(
            Catalogue(all_components()),
            MemoryReleases({"patient": _PATIENT, "short": _SHORT}),
            store.runs,
            SimulatedExchange(Listened(), clock),
            zone=ZoneInfo("Europe/Kyiv"),
            country="UA",
            clock=clock,
            limits=Limits(poll=0.05),
            traces=store.traces,
        )

    async def fill(self, number: int) -> float:
        """Start so many more runs, wait until all sleep, and return the seconds that it took."""
        began, there = time.perf_counter(), self._started
        self._started += number
        for first in range(there, self._started, _TOGETHER):
            group = range(first, min(first + _TOGETHER, self._started))
            await asyncio.gather(
                *(self.runner.start_service("patient", {"phone": f"067{n:07}"}) for n in group),
            )
        await self._until(lambda: self._count(runs.c.wake > self.clock.now()), self._started)
        return time.perf_counter() - began

    async def wake_one(self) -> float:
        """Let one more run sleep and become due among the others; the seconds from then until it has ended."""
        run_id = await self.runner.start_service("short", {"phone": "0671234567"})
        info = await self._store.runs.get(run_id)
        while info is not None and (info.wake is None or info.wake == info.started):
            await asyncio.sleep(_LOOK)
            info = await self._store.runs.get(run_id)
        assert info is not None
        assert info.wake is not None
        await self._until(lambda: self._count((runs.c.id == run_id) & runs.c.outcome.is_not(None)), 1)
        ended = await self._store.reader.read(
            lambda c: c.execute(select(runs.c.ended).where(runs.c.id == run_id)).one()
        )
        return float((ended[0] - info.wake).total_seconds())

    async def wake_all(self) -> float:
        """Move the clock on by two days, wait until all have ended, and return the seconds that it took."""
        began = time.perf_counter()
        self.clock.ahead += timedelta(days=2, seconds=1)
        finished = (runs.c.scenario == "patient") & (runs.c.outcome == "finished")
        await self._until(lambda: self._count(finished), self._started)
        return time.perf_counter() - began

    async def values(self) -> set[str]:
        """With what the runs have ended."""
        found = await self._store.reader.read(
            lambda c: c.execute(select(runs.c.value).where(runs.c.scenario == "patient")).scalars().all()
        )
        return {str(value) for value in found}

    @staticmethod
    def held() -> Held:
        """What is in this process now."""
        gc.collect()
        kept = sum(1 for thing in gc.get_objects() if isinstance(thing, Run))
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return Held(len(asyncio.all_tasks()), kept, pages * os.sysconf("SC_PAGE_SIZE") / 1e6)

    async def _count(self, condition: ColumnElement[bool]) -> int:
        def read(connection: Connection) -> int:
            return connection.execute(select(func.count()).select_from(runs).where(condition)).scalar_one()

        return await self._store.reader.read(read)

    async def _until(self, count: Callable[[], Awaitable[int]], number: int) -> None:
        while await count() < number:  # noqa: ASYNC110 - it is the database that tells
            await asyncio.sleep(_LOOK)


@asynccontextmanager
async def dormitory(store: Store) -> AsyncIterator[Dormitory]:
    """A node that serves."""
    made = Dormitory(store, MovedClock())
    serving = asyncio.create_task(made.runner.serve())
    try:
        yield made
    finally:
        serving.cancel()
        await asyncio.wait([serving])
