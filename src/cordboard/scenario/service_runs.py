"""Durable runs of service scenarios: claimed when due, checkpointed after each step, put away while they sleep."""

import asyncio
import logging
import uuid
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cordboard.scenario.component import ScenarioKind
from cordboard.scenario.context import RunMode, ScenarioError
from cordboard.scenario.execution import Run, World
from cordboard.scenario.frames import Frame
from cordboard.scenario.ports import Checkpoint, ClaimedRun, Effect, Ending, LeaseLostError, NewRun, RunStore
from cordboard.scenario.programs import Programs
from cordboard.scenario.results import Outcome
from cordboard.scenario.signals import LimitReached, Suspended, UncaughtError
from cordboard.scenario.values import AnyValue, to_json

log = logging.getLogger(__name__)

_RETRY = 1.0
"""Seconds until a store that failed is tried again."""
_MODES = frozenset({RunMode.PARALLEL, RunMode.SINGLE})


@dataclass(slots=True)
class _Carried:
    """A run that this node carries on."""

    claimed: ClaimedRun
    task: "asyncio.Task[None]"
    run: Run | None = None
    lost: bool = False
    """Whether it belongs to nobody here any more: nothing may be written for it."""


class ServiceRuns:
    """Carries service runs on."""

    def __init__(self, programs: Programs, store: RunStore, world: World, node: str) -> None:
        self._programs = programs
        self._store = store
        self._world = world
        self._node = node
        self._carried: dict[str, _Carried] = {}
        self._look = asyncio.Event()
        """Set when there may be something to claim, or room for it."""
        self._busy = asyncio.Event()
        """Set while there may be leases to renew."""

    async def start(
        self,
        scenario: str,
        values: Mapping[str, AnyValue] | None,
        *,
        key: str,
        mode: RunMode,
        chain: str,
        release: int | None,
        run_id: str,
    ) -> str:
        """See Runner.start_service."""
        if mode not in _MODES:
            raise ScenarioError(f"the run mode {mode} cannot be carried out yet: choose parallel or single")
        if mode is RunMode.SINGLE and not key:
            raise ScenarioError("the run mode single needs a key: the phone number, for one")
        programs = await self._programs.of(release)
        program = programs.get(scenario, ScenarioKind.SERVICE)
        root = Frame.begin(program, programs.fitted(program, values))
        now = self._world.clock.now()
        new = NewRun(
            id=run_id or uuid.uuid4().hex,
            scenario=scenario,
            release=programs.number,
            chain=chain or uuid.uuid4().hex,
            checkpoint=_checkpoint(root, 0, now),
            started=now,
            key=key,
        )
        started = await self._store.start(new, mode)
        self._look.set()
        return started

    async def cancel(self, run_id: str) -> bool:
        """See Runner.cancel."""
        cancelled = await self._store.cancel(run_id, self._world.clock.now())
        if cancelled and (carried := self._carried.get(run_id)):
            self._drop(carried)
        return cancelled

    def running(self) -> Sequence[Run]:
        """The runs that are being carried on here."""
        return [carried.run for carried in self._carried.values() if carried.run is not None]

    async def serve(self) -> None:
        """See Runner.serve."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._renew())
            while True:
                self._look.clear()
                try:
                    pause = await self._claim(group)
                except Exception:  # the database may be away for a while; sleeping runs can wait
                    log.exception("service runs: the store failed; trying again")
                    pause = _RETRY
                # Not wait_for: before Python 3.12 it swallows a cancelling that comes together with the event.
                with suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await self._look.wait()

    async def _claim(self, group: asyncio.TaskGroup) -> float:
        """Begin what is due and return the seconds until it is worth looking again."""
        limits, now = self._world.limits, self._world.clock.now()
        room = limits.service_runs - len(self._carried)
        if room <= 0:
            return limits.poll
        claimed = await self._store.claim(now, self._node, self._lease_end(), room)
        for run in claimed:
            carried = _Carried(run, group.create_task(self._carry_on(run)))
            self._carried[run.id] = carried
            self._busy.set()
        wake = await self._store.next_wake()
        if wake is None:
            return limits.poll
        return min(limits.poll, max(0.001, (wake - self._world.clock.now()).total_seconds()))

    def _lease_end(self) -> datetime:
        return self._world.clock.now() + timedelta(seconds=self._world.limits.lease)

    async def _renew(self) -> None:
        while True:
            await self._busy.wait()
            await asyncio.sleep(self._world.limits.lease / 3)
            epochs = {run_id: carried.claimed.epoch for run_id, carried in self._carried.items()}
            if not epochs:
                self._busy.clear()
                continue
            try:
                lost = await self._store.renew(epochs, self._lease_end())
            except Exception:  # tried again soon; a lease that is really lost shows at the next commit
                log.exception("service runs: leases could not be renewed")
                continue
            for run_id in lost:
                carried = self._carried.get(run_id)
                if carried is not None and carried.claimed.epoch == epochs[run_id]:
                    self._drop(carried)

    @staticmethod
    def _drop(carried: _Carried) -> None:
        carried.lost = True
        carried.task.cancel()

    async def _carry_on(self, claimed: ClaimedRun) -> None:
        # The task was made before it was entered into the table: by now it is there.
        carried = self._carried[claimed.id]
        try:
            await self._until_it_sleeps_or_ends(carried)
        except LeaseLostError:
            log.info("run %s: carried on by another node", claimed.id)
        except asyncio.CancelledError:
            if not carried.lost:
                raise
        except Exception:  # left to its lease: it is tried again when that is over
            log.exception("run %s: could not be carried on", claimed.id)
        finally:
            if self._carried.get(claimed.id) is carried:
                del self._carried[claimed.id]
            self._look.set()

    async def _until_it_sleeps_or_ends(self, carried: _Carried) -> None:
        claimed = carried.claimed
        try:
            programs = await self._programs.of(claimed.release)
            root = Frame.from_json(claimed.checkpoint["root"])
            programs.get(root.scenario, ScenarioKind.SERVICE)
        except ScenarioError as error:
            ending = Ending(Outcome.FAULTED, error=str(error))
            await _wholly(self._store.finish_step(claimed.id, claimed.epoch, claimed.checkpoint, ending=ending))
            return

        async def commit(effects: Sequence[Effect]) -> None:
            if root.step:
                await self._save(run, claimed, effects)
            else:
                await self._save(run, claimed, effects, ending=Ending(Outcome.FINISHED, to_json(root.result)))

        run = carried.run = Run(
            id=claimed.id,
            chain=claimed.chain,
            kind=ScenarioKind.SERVICE,
            programs=programs,
            world=self._world,
            root=root,
            started=datetime.fromisoformat(claimed.checkpoint["started"]),
            commit=commit,
            durable=True,
            visits=claimed.checkpoint["visits"],
        )
        run.trace()
        try:
            await run.execute(root)
        except Suspended as sleeping:
            await self._save(run, claimed, wake=sleeping.wake.astimezone(UTC))
            return
        except (UncaughtError, LimitReached) as fault:
            words = run.secrets.masked(str(fault))
            log.warning("run %s: ended by a fault: %s", run.id, words)
            await self._save(run, claimed, ending=Ending(Outcome.FAULTED, error=words))
            run.trace(Outcome.FAULTED, words)
            return
        except asyncio.CancelledError:
            if not carried.lost:
                # A clean stop gives the lease up, so that the run goes on at once wherever it is next claimed.
                with suppress(LeaseLostError):
                    await self._save(run, claimed, wake=self._world.clock.now())
            raise
        run.trace(Outcome.FINISHED)

    async def _save(
        self,
        run: Run,
        claimed: ClaimedRun,
        effects: Sequence[Effect] = (),
        *,
        wake: datetime | None = None,
        ending: Ending | None = None,
    ) -> None:
        checkpoint = _checkpoint(run.root, run.visits, run.started)
        await _wholly(self._store.finish_step(claimed.id, claimed.epoch, checkpoint, effects, wake=wake, ending=ending))


def _checkpoint(root: Frame, visits: int, started: datetime) -> Checkpoint:
    return {"started": started.isoformat(), "visits": visits, "root": root.to_json()}


async def _wholly(writing: Coroutine[Any, Any, None]) -> None:
    """Await a write that must not be cut off: a cancelling takes effect when it is over."""
    task = asyncio.ensure_future(writing)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        if not task.cancelled() and task.exception() is not None:
            log.info("a write failed while its run was being stopped: %s", task.exception())
        raise
