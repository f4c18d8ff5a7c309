"""A node that can be killed at a boundary of what it does: around a commit, a call that leaves, an effect.

The boundaries lie in wrappers of the store and the exchange. Which of them kills is written into memory that the node
shares with whoever kills, so that it survives the node.
"""

import asyncio
import mmap
import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import product
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine, func, select

from cordboard.office.ports import Numbering
from cordboard.scenario.limits import Limits
from cordboard.scenario.ports import Awaited, Checkpoint, ClaimedRun, Effect, Ending, Message, NewRun
from cordboard.scenario.run_mode import RunMode
from cordboard.scenario.runner import Runner
from cordboard.simulation.exchange import SimulatedExchange
from cordboard.store.database import Store
from cordboard.store.engine import open_engines, place_of
from cordboard.store.run_store import StoredRuns
from cordboard.store.scenario_tables import runs
from cordboard.telephony import Leg, LineTarget, Party, SystemClock, Target
from cordboard.testing.durability import CATALOGUE, CITY, SCENARIOS, Errands
from cordboard.testing.exchange import Listened

PLACES = ("commit", "dial", "submit", "message", "sleep", "end", "step", "claim", "start")
"""commit: of the database's transaction, whatever is in it. submit: of a step with an effect. step: of any other."""
BOUNDARIES: Sequence[str] = [f"{when} {place}" for place, when in product(PLACES, ("before", "after"))]
_NUMBER = {name: number for number, name in enumerate(BOUNDARIES, start=1)}
_SAVES, _OPEN, _READY, _ARMED, _COUNTDOWN, _DIED, _PASSED = range(7)
_CELLS = _PASSED + len(BOUNDARIES) + 1
_WORD = 8


class BlackBox:
    """What a node tells whoever may kill it, and what he tells it, in memory that outlives it."""

    def __init__(self) -> None:
        self._cells = memoryview(mmap.mmap(-1, _CELLS * _WORD)).cast("q")
        self._cells[_OPEN] = -1

    @property
    def saves(self) -> int:
        """How many steps' ends were committed and known to be, in all its lives."""
        return self._cells[_SAVES]

    @property
    def open_runs(self) -> int:
        """How many runs it last saw unfinished; negative if it has not looked yet."""
        return self._cells[_OPEN]

    @open_runs.setter
    def open_runs(self, number: int) -> None:
        self._cells[_OPEN] = number

    def begin(self) -> None:
        """Before a life."""
        self._cells[_ARMED] = self._cells[_DIED] = self._cells[_READY] = 0

    def arm(self, boundary: str, passing: int) -> None:
        """Kill it when it comes to that boundary for the `passing`-th time from now on."""
        self._cells[_COUNTDOWN] = passing
        self._cells[_ARMED] = _NUMBER[boundary]

    @property
    def died_at(self) -> str:
        """The boundary at which it died; empty if it died elsewhere, or lives."""
        number = self._cells[_DIED]
        return BOUNDARIES[number - 1] if number else ""

    @property
    def passed(self) -> Mapping[str, int]:
        """How often it came to each boundary, in all its lives."""
        return {name: self._cells[_PASSED + number] for name, number in _NUMBER.items()}

    def saved(self) -> None:
        """A step's end is durable."""
        self._cells[_SAVES] += 1

    def reach(self, boundary: str) -> None:
        """The node comes to a boundary, maybe for the last time."""
        number, cells = _NUMBER[boundary], self._cells
        cells[_PASSED + number] += 1
        if cells[_ARMED] == number:
            cells[_COUNTDOWN] -= 1
            if cells[_COUNTDOWN] <= 0:
                cells[_DIED] = number
                os.kill(os.getpid(), signal.SIGKILL)


class WatchedRuns(StoredRuns):
    """The real run store, with boundaries."""

    def __init__(self, store: Store, box: BlackBox) -> None:
        super().__init__(store.writer, store.reader, SystemClock())
        self._box = box

    async def start(self, run: NewRun, mode: RunMode = RunMode.PARALLEL) -> str:
        """See RunStore."""
        self._box.reach("before start")
        started = await super().start(run, mode)
        self._box.reach("after start")
        return started

    async def claim(self, now: datetime, node: str, lease_until: datetime, limit: int = 100) -> Sequence[ClaimedRun]:
        """See RunStore."""
        self._box.reach("before claim")
        claimed = await super().claim(now, node, lease_until, limit)
        self._box.reach("after claim")
        return claimed

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
        """See RunStore."""
        hints = (("submit", effects), ("message", messages), ("end", ending), ("sleep", wake))
        place = next((name for name, there in hints if there), "step")
        self._box.reach(f"before {place}")
        await super().finish_step(
            run_id, epoch, checkpoint, effects, messages=messages, wake=wake, awaited=awaited, ending=ending
        )
        self._box.saved()
        self._box.reach(f"after {place}")


class ApartRuns(WatchedRuns):
    """A fault made on purpose: effects are committed before the step's end and not together with it."""

    async def finish_step(
        self, run_id: str, epoch: int, checkpoint: Checkpoint, effects: Sequence[Effect] = (), **more: Any
    ) -> None:
        """See RunStore."""
        if effects:
            await self.emit(effects)
        await super().finish_step(run_id, epoch, checkpoint, **more)


class ForgetfulRuns(WatchedRuns):
    """A fault made on purpose: what is about to be attempted is not written down."""

    async def finish_step(
        self, run_id: str, epoch: int, checkpoint: Checkpoint, effects: Sequence[Effect] = (), **more: Any
    ) -> None:
        """See RunStore."""
        root = dict(checkpoint["root"])
        root["journal"] = [entry for entry in root["journal"] if "attempt" not in entry]
        await super().finish_step(run_id, epoch, {**checkpoint, "root": root}, effects, **more)


STORES: Mapping[str, type[WatchedRuns]] = {"": WatchedRuns, "apart": ApartRuns, "forgetful": ForgetfulRuns}
"""The real one, and those that a look afterwards must find guilty."""


class DialledExchange(SimulatedExchange):
    """A simulated exchange whose calls are written into a file as they leave."""

    def __init__(self, errands: Errands, file: Path, box: BlackBox) -> None:
        super().__init__(Listened(), SystemClock(), errands.far_ends())
        self._file = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._box = box

    async def originate(
        self, targets: Sequence[Target], *, caller: Party, chain: str = "", ring_time: float = 30.0
    ) -> Leg:
        """See telephony.Exchange."""
        (target,) = targets
        assert isinstance(target, LineTarget)
        self._box.reach("before dial")
        os.write(self._file, f"{target.number}\n".encode())
        self._box.reach("after dial")
        return await super().originate(targets, caller=caller, chain=chain, ring_time=ring_time)


@dataclass(frozen=True, slots=True)
class NodePlan:
    """What a node needs to know."""

    database: str
    folder: Path
    errands: Errands
    name: str = "a"
    crowd: int = 500
    """How many runs it carries on at once."""
    store: str = ""
    """One of STORES."""


LEASE = 0.5
"""Seconds that a node which died keeps its runs from the other."""


async def open_watched(database: str, folder: Path, box: BlackBox) -> Store:
    """The real store, whose writer's commits are boundaries."""
    engines = open_engines(place_of(database))
    _watch(engines.writing, box)
    store = Store(engines, folder, SystemClock())
    await store.writer.start()
    return store


def _watch(engine: Engine, box: BlackBox) -> None:
    really = engine.dialect.do_commit

    def commit(connection: Any) -> None:
        box.reach("before commit")
        really(connection)
        box.reach("after commit")

    engine.dialect.do_commit = commit  # type: ignore[assignment, method-assign]  # the innermost place that there is


def runner_of(plan: NodePlan, store: Store, box: BlackBox) -> Runner:
    """A node's runner over the store."""
    return Runner(
        CATALOGUE,
        store.releases,
        STORES[plan.store](store, box),
        DialledExchange(plan.errands, plan.folder / "dialled", box),
        zone=ZoneInfo("Europe/Kyiv"),
        country="UA",
        ports={Numbering: CITY},
        limits=Limits(service_runs=plan.crowd, lease=LEASE, poll=0.2),
        traces=store.traces,
        node=plan.name,
    )


async def begin(plan: NodePlan, box: BlackBox) -> None:
    """Publish the scenarios and start the errands; nobody carries them on yet."""
    async with await open_watched(plan.database, plan.folder, box) as store:
        await store.releases.publish(SCENARIOS, message="", at=SystemClock().now())
        runner = runner_of(plan, store, box)
        starts = [
            runner.start_service("errand", plan.errands.values(me), run_id=run_id)
            for me, run_id in enumerate(plan.errands.ids())
        ]
        await asyncio.gather(*starts)


async def live(plan: NodePlan, box: BlackBox) -> None:
    """Carry runs on until none is left, anywhere."""
    async with await open_watched(plan.database, plan.folder, box) as store:
        runner = runner_of(plan, store, box)
        serving = asyncio.create_task(runner.serve())
        while not serving.done() and (left := await store.reader.read(_unfinished)):
            box.open_runs = left
            await asyncio.sleep(0.05)
        if serving.done():
            serving.result()
        box.open_runs = 0
        serving.cancel()
        await asyncio.wait([serving])
        await runner.close()


def _unfinished(connection: Connection) -> int:
    return connection.execute(select(func.count()).select_from(runs).where(runs.c.outcome.is_(None))).scalar_one()
