"""Durable runs of service scenarios: claimed when due, checkpointed after each step, put away while they sleep."""

import asyncio
import logging
import uuid
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cordboard.scenario.call_data import NamesInScope
from cordboard.scenario.component import ScenarioKind
from cordboard.scenario.execution import Run
from cordboard.scenario.expressions import ExpressionError
from cordboard.scenario.frames import Frame
from cordboard.scenario.keys import as_key
from cordboard.scenario.ports import (
    Awaited,
    Checkpoint,
    ClaimedRun,
    Effect,
    Ending,
    LeaseLostError,
    Message,
    NewRun,
    RunStore,
    RunTrace,
)
from cordboard.scenario.program import Program
from cordboard.scenario.programs import Programs
from cordboard.scenario.results import Outcome
from cordboard.scenario.run_mode import RunMode, ScenarioError
from cordboard.scenario.sessions import Session
from cordboard.scenario.signals import LimitReached, Suspended, UncaughtError, Unsaved
from cordboard.scenario.values import AnyValue, from_json, to_json
from cordboard.scenario.world import World

log = logging.getLogger(__name__)

_RETRY = 1.0
"""Seconds until a store that failed is tried again."""


@dataclass(slots=True)
class _Carried:
    """A run that this node carries on."""

    claimed: ClaimedRun
    task: "asyncio.Task[None]"
    run: Run | None = None
    lost: bool = False
    """Whether it belongs to nobody here any more: nothing may be written for it."""
    cancelled: bool = False


class ServiceRuns:
    """Carries service runs on."""

    def __init__(self, programs: Programs, store: RunStore, world: World, node: str) -> None:
        """An empty `node` gets a name for this life only. Two nodes that live must never have one name."""
        self._programs = programs
        self._store = store
        self._world = world
        self._node = node or uuid.uuid4().hex
        self._lasting = bool(node)
        self._carried: dict[str, _Carried] = {}
        self._look = asyncio.Event()
        world.mailroom.listen(self._look.set)
        """Set when there may be something to claim, or room for it."""
        self._busy = asyncio.Event()
        """Set while there may be leases to renew."""

    async def start(
        self,
        scenario: str,
        values: Mapping[str, AnyValue] | None,
        *,
        key: str,
        mode: RunMode | None,
        at_most: int,
        chain: str,
        release: int | None,
        run_id: str,
        session: Session | None,
    ) -> str:
        """See Runner.start_service."""
        programs = await self._programs.of(release)
        program = programs.get(scenario, ScenarioKind.SERVICE)
        given = programs.fitted(program, values)
        shared = session.copy() if session is not None else self._world.sessions.copied(chain)
        run = Run(
            id=run_id or uuid.uuid4().hex,
            chain=chain or uuid.uuid4().hex,
            kind=ScenarioKind.SERVICE,
            programs=programs,
            world=self._world,
            root=Frame.begin(program, shared, given),
            started=self._world.clock.now(),
            commit=_nowhere,
            session=shared,
            start_values=programs.without_secrets(program, given),
        )
        new = NewRun(
            id=run.id,
            scenario=scenario,
            release=programs.number,
            chain=run.chain,
            checkpoint=_checkpoint(run),
            started=run.started,
            key=as_key(key, self._world.country) or self._declared_key(program, run),
            at_most=at_most or program.at_most,
        )
        mode = mode or program.mode
        before = await self._unfinished(new) if mode is RunMode.RESTART else set()
        started = await self._store.start(new, mode)
        if before:
            for cancelled in before - await self._unfinished(new):
                await self._stopped(cancelled)
        self._look.set()
        return started

    def _declared_key(self, program: Program, run: Run) -> str:
        if program.key is None:
            return ""
        try:
            return as_key(program.key.evaluate(NamesInScope(run, run.root)), self._world.country)
        except ExpressionError as error:
            raise ScenarioError(f"the key of scenario {program.name!r} cannot be computed: {error.message}") from error

    async def cancel(self, run_id: str) -> bool:
        """See Runner.cancel."""
        cancelled = await self._store.cancel(run_id, self._world.clock.now())
        if cancelled:
            await self._stopped(run_id)
            self._look.set()  # another may have waited for its end
        return cancelled

    async def _unfinished(self, new: NewRun) -> set[str]:
        found = await self._store.find(scenario=new.scenario, key=new.key, unfinished=True)
        return {info.id for info in found if info.key == new.key}

    async def _stopped(self, run_id: str) -> None:
        """A run was cancelled in the store: nothing more may be done for it here."""
        if carried := self._carried.get(run_id):
            self._drop(carried, cancelled=True)
        else:
            await self._trace_cancelled(run_id)

    async def _trace_cancelled(self, run_id: str) -> None:
        """Tell the trace of the end of a run that slept: no object of it is there that could."""
        info = await self._store.get(run_id)
        if info is None:
            return
        ended = RunTrace(
            run_id=info.id,
            chain=info.chain,
            scenario=info.scenario,
            release=info.release,
            kind=ScenarioKind.SERVICE.value,
            started=info.started,
            ended=self._world.clock.now(),
            outcome=Outcome.CANCELLED,
            key=info.key,
        )
        self._world.traces.run(ended)

    def running(self) -> Sequence[Run]:
        """The runs that are being carried on here."""
        return [carried.run for carried in self._carried.values() if carried.run is not None]

    async def serve(self) -> None:
        """See Runner.serve."""
        if self._lasting:
            await self._give_up_old_leases()
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

    async def _give_up_old_leases(self) -> None:
        """What this node carried on when it died need not wait until its leases are over."""
        try:
            released = await self._store.release(self._node)
        except Exception:  # then they wait
            log.exception("service runs: the leases of this node's former life could not be given up")
            return
        if released:
            log.info("service runs: %d go on that were cut off", released)

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
    def _drop(carried: _Carried, *, cancelled: bool = False) -> None:
        carried.lost, carried.cancelled = True, cancelled
        carried.task.cancel()

    async def _carry_on(self, claimed: ClaimedRun) -> None:
        # The task was made before it was entered into the table: by now it is there.
        carried = self._carried[claimed.id]
        try:
            await self._until_it_sleeps_or_ends(carried)
        except LeaseLostError:
            await self._lost(carried)
        except Unsaved as unsaved:
            if isinstance(unsaved.fault, LeaseLostError):
                await self._lost(carried)
            else:
                log.error("run %s: could not be carried on", claimed.id, exc_info=unsaved.fault)
        except asyncio.CancelledError:
            if not carried.lost:
                raise
            if carried.cancelled and carried.run is not None:
                carried.run.trace(Outcome.CANCELLED)
        except Exception:  # left to its lease: it is tried again when that is over
            log.exception("run %s: could not be carried on", claimed.id)
        finally:
            if self._carried.get(claimed.id) is carried:
                del self._carried[claimed.id]
            self._look.set()

    async def _lost(self, carried: _Carried) -> None:
        info = await self._store.get(carried.claimed.id)
        if info is not None and info.ending is not None and info.ending.outcome is Outcome.CANCELLED:
            log.info("run %s: cancelled", info.id)
            if carried.run is not None:
                carried.run.trace(Outcome.CANCELLED)
        else:
            log.info("run %s: carried on by another node", carried.claimed.id)

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

        async def commit(effects: Sequence[Effect], messages: Sequence[Message]) -> None:
            ending = None if root.step else Ending(Outcome.FINISHED, to_json(root.result))
            await self._save(run, claimed, (effects, messages), ending=ending)

        state = claimed.checkpoint
        run = carried.run = Run(
            id=claimed.id,
            chain=claimed.chain,
            kind=ScenarioKind.SERVICE,
            programs=programs,
            world=self._world,
            root=root,
            started=datetime.fromisoformat(state["started"]),
            commit=commit,
            session=Session.from_json(state.get("session")),
            key=claimed.key,
            durable=True,
            visits=state["visits"],
            own_messages=dict(state.get("own_messages", {})),
            began_in=claimed.scenario,
            start_values={name: from_json(value) for name, value in state.get("start", {}).items()},
        )
        run.trace()
        try:
            await run.execute(root)
        except Suspended as sleeping:
            await self._save(run, claimed, wake=sleeping.wake.astimezone(UTC), awaited=sleeping.awaited)
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
        asked: tuple[Sequence[Effect], Sequence[Message]] | None = None,
        *,
        wake: datetime | None = None,
        awaited: Sequence[Awaited] = (),
        ending: Ending | None = None,
    ) -> None:
        effects, messages = run.taken() if asked is None else asked
        writing = self._store.finish_step(
            claimed.id,
            claimed.epoch,
            _checkpoint(run),
            effects,
            messages=messages,
            wake=wake,
            awaited=awaited,
            ending=ending,
        )
        await _wholly(writing)
        if messages:
            self._world.mailroom.ring()


def _checkpoint(run: Run) -> Checkpoint:
    return {
        "started": run.started.isoformat(),
        "visits": run.visits,
        "root": run.root.to_json(),
        "session": run.session.to_json(),
        "own_messages": dict(run.own_messages),
        "start": {name: to_json(value) for name, value in run.start_values.items()},
    }


async def _nowhere(_effects: Sequence[Effect], _messages: Sequence[Message]) -> None:
    """A run that has not begun commits nothing."""


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
