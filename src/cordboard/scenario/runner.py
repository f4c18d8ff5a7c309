"""Runs scenarios: the one way in for calls and for whoever starts service scenarios."""

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from datetime import tzinfo
from typing import Any

from cordboard.scenario.catalogue import Catalogue
from cordboard.scenario.component import ScenarioKind
from cordboard.scenario.context import RunMode
from cordboard.scenario.execution import Position, Run, World
from cordboard.scenario.frames import Frame
from cordboard.scenario.limits import Limits
from cordboard.scenario.ports import Effect, Releases, RunStore, TraceSink
from cordboard.scenario.programs import Programs
from cordboard.scenario.rehearsal import Rehearsal
from cordboard.scenario.results import Outcome, RunResult
from cordboard.scenario.service_runs import ServiceRuns
from cordboard.scenario.signals import HungUp, LimitReached, UncaughtError
from cordboard.scenario.trace import NoTrace
from cordboard.scenario.values import AnyValue
from cordboard.telephony import Clock, Exchange, Leg, LegState, SystemClock

log = logging.getLogger(__name__)

_PATIENCE = 2.0
"""Seconds that a call waits for the commit of its effects."""
_ATTEMPTS = 30

Goodbye = Callable[[Leg], Awaitable[None]]
"""Says something polite on a leg whose scenario has failed. It may hang up."""


async def _silence(_leg: Leg) -> None:
    """Say nothing."""


class Runner:
    """Runs scenarios of the published releases."""

    def __init__(
        self,
        catalogue: Catalogue,
        releases: Releases,
        store: RunStore,
        exchange: Exchange,
        *,
        zone: tzinfo,
        country: str,
        ports: Mapping[type, object] | None = None,
        clock: Clock | None = None,
        limits: Limits | None = None,
        traces: TraceSink | None = None,
        goodbye: Goodbye = _silence,
        node: str = "",
        rehearsal: Rehearsal | None = None,
    ) -> None:
        self._limits = limits or Limits()
        self._programs = Programs(releases, catalogue, zone, country)
        self._store = store
        self._goodbye = goodbye
        self._voice: dict[str, Run] = {}
        self._last_words: set[asyncio.Task[None]] = set()
        """Branches after a hang-up, and effects on their way to the store: they outlive who waits for them."""
        self._world = World(
            exchange=exchange,
            ports=dict(ports or {}),
            clock=clock or SystemClock(),
            zone=zone,
            country=country,
            limits=self._limits,
            traces=traces or NoTrace(),
            start_service=self.start_service,
            run_voice=self.run_voice,
            rehearsal=rehearsal,
        )
        self._services = ServiceRuns(self._programs, store, self._world, node or uuid.uuid4().hex)

    # -- service scenarios -----------------------------------------------------------------------------------------

    async def start_service(
        self,
        scenario: str,
        values: Mapping[str, AnyValue] | None = None,
        *,
        key: str = "",
        mode: RunMode = RunMode.PARALLEL,
        chain: str = "",
        release: int | None = None,
        run_id: str = "",
    ) -> str:
        """Start a service scenario, durably, and return its run's id. `serve` carries it on, here or elsewhere.

        With RunMode.SINGLE it may be the id of the unfinished run with that key. An empty `chain` begins a new
        one. Raises ScenarioError, also for a mode that cannot be carried out yet.
        """
        return await self._services.start(
            scenario, values, key=key, mode=mode, chain=chain, release=release, run_id=run_id
        )

    async def serve(self) -> None:
        """Carry on service runs when they are due, until cancelled. What runs then goes on at the next start."""
        await self._services.serve()

    async def cancel(self, run_id: str) -> bool:
        """End a service run. False if it has ended already, or there is none."""
        return await self._services.cancel(run_id)

    # -- voice scenarios -------------------------------------------------------------------------------------------

    async def run_voice(
        self,
        scenario: str,
        leg: Leg,
        values: Mapping[str, AnyValue] | None = None,
        *,
        release: int | None = None,
    ) -> RunResult:
        """Let a voice scenario drive `leg` and return how it ended. The leg is not hung up here.

        When the caller hangs up, the main branch is cancelled, and the branch after the hang-up runs before this
        returns.
        A fault that the scenario does not catch is in the result, after a goodbye. Raises ScenarioError only if
        there is no such scenario, it is broken, or a value does not fit.
        """
        programs = await self._programs.of(release)
        program = programs.get(scenario, ScenarioKind.VOICE)
        root = Frame.begin(program, programs.fitted(program, values))
        run = Run(
            id=uuid.uuid4().hex,
            chain=leg.chain,
            kind=ScenarioKind.VOICE,
            programs=programs,
            world=self._world,
            root=root,
            started=self._world.clock.now(),
            commit=self._emit,
            leg=leg,
        )
        self._voice[run.id] = run
        run.trace()
        outcome, error = Outcome.CANCELLED, ""
        try:
            outcome, error = await self._drive(run, leg)
        finally:
            del self._voice[run.id]
            run.trace(outcome, error)
        return run.result(outcome, error)

    def live(self) -> Sequence[Position]:
        """Where the runs that are running on this node stand now. Sleeping service runs are in the store."""
        runs = [*self._voice.values(), *self._services.running()]
        return [run.position for run in runs if run.position is not None]

    async def prepare(self, release: int | None = None) -> None:
        """Compile a release now rather than at its first call. Raises ScenarioError naming what is broken."""
        (await self._programs.of(release)).compile_all()

    async def close(self) -> None:
        """Wait until the branches after a hang-up have ended and their effects are committed."""
        while self._last_words:
            await asyncio.wait(self._last_words)

    async def _emit(self, effects: Sequence[Effect]) -> None:
        """Commit effects of a voice run. A store that is slow delays them and not the call."""
        task = self._own(self._emit_in_the_end(effects))
        await asyncio.wait({task}, timeout=_PATIENCE)

    async def _emit_in_the_end(self, effects: Sequence[Effect]) -> None:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                await self._store.emit(effects)
            except Exception:  # it is logged and tried again
                log.exception("effects %s: not committed, attempt %d", [effect.key for effect in effects], attempt)
                await asyncio.sleep(_PATIENCE)
            else:
                return

    def _own(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        task = asyncio.create_task(work)
        self._last_words.add(task)
        task.add_done_callback(self._last_words.discard)
        return task

    async def _drive(self, run: Run, leg: Leg) -> tuple[Outcome, str]:
        main = asyncio.create_task(run.execute(run.root))
        try:
            hung_up = await self._watch(run, leg, main)
        except asyncio.CancelledError:
            await _end(main)
            if leg.state is LegState.ENDED and not run.legless:
                await self._after_hangup(run)
            raise
        if hung_up:
            await self._after_hangup(run)
            return Outcome.HUNG_UP, ""
        try:
            main.result()
        except UncaughtError as fault:
            return await self._failed(run, leg, str(fault))
        except LimitReached as limit:
            return await self._failed(run, leg, str(limit))
        except HungUp:
            await self._after_hangup(run)
            return Outcome.HUNG_UP, ""
        except asyncio.CancelledError:
            return await self._failed(run, leg, f"longer than {self._limits.voice_time:.0f} seconds")
        except Exception as fault:  # a fault of ours must not take the call with it
            log.exception("run %s: failed", run.id)
            return await self._failed(run, leg, f"{type(fault).__name__}: {fault}")
        return Outcome.FINISHED, ""

    async def _watch(self, run: Run, leg: Leg, main: "asyncio.Task[None]") -> bool:
        """Wait for the end of the main branch; end it when the caller hangs up (True) or its time is over."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._limits.voice_time
        gone = asyncio.create_task(leg.ended())
        try:
            await asyncio.wait({main, gone}, timeout=self._limits.voice_time, return_when=asyncio.FIRST_COMPLETED)
            if gone.done() and (run.legless or run.ending_leg):
                await asyncio.wait({main}, timeout=max(0.0, deadline - loop.time()))
            elif gone.done() and not main.done():
                run.hung_up.set()
                await asyncio.wait({main}, timeout=self._limits.hang_up_grace)
                await _end(main)
                return True
            await _end(main)
            return False
        finally:
            await _end(gone)

    async def _after_hangup(self, run: Run) -> None:
        await asyncio.shield(self._own(self._run_after_hangup(run)))

    async def _run_after_hangup(self, run: Run) -> None:
        """Run the branch of each scenario that was in progress, the innermost first, without media."""
        run.legless = True
        run.hung_up.clear()
        frames = run.root.innermost_first()
        for depth, frame in zip(range(len(frames) - 1, -1, -1), frames, strict=True):
            program = run.programs.get(frame.scenario)
            frame.branch = "after_hangup"
            frame.advance(program.after_hangup, run.next_visit())
            try:
                async with asyncio.timeout(self._limits.after_hangup_time):
                    await run.execute(frame, depth)
            except (UncaughtError, LimitReached, TimeoutError) as fault:
                log.warning("run %s: after the hang-up: %s", run.id, str(fault) or "it took too long")
            except Exception:  # nobody is there any more to be told
                log.exception("run %s: after the hang-up", run.id)
            parent = frames[len(frames) - depth] if depth else None
            if parent is not None:
                run.share_back(parent, frame)

    async def _failed(self, run: Run, leg: Leg, error: str) -> tuple[Outcome, str]:
        log.warning("run %s: ended by a fault: %s", run.id, run.secrets.masked(error))
        if leg.state is not LegState.ENDED:
            try:
                async with asyncio.timeout(self._limits.goodbye_time):
                    await self._goodbye(leg)
            except Exception:  # the goodbye is the last resort: nothing comes behind it
                log.exception("run %s: no goodbye could be said", run.id)
        return Outcome.FAULTED, error


async def _end(task: "asyncio.Task[object]") -> None:
    """Cancel a task that is not done, and wait until it is. What it ended with is of no interest here."""
    if not task.done():
        task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.wait({task})
    if task.done() and not task.cancelled():
        task.exception()
