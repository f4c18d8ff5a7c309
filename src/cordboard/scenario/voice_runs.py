"""Runs of voice scenarios: each drives a leg, and is cut off by the caller's hang-up."""

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta

from cordboard.scenario.component import ScenarioKind
from cordboard.scenario.execution import Run
from cordboard.scenario.frames import Frame
from cordboard.scenario.local_runs import LocalWork, end
from cordboard.scenario.programs import Programs
from cordboard.scenario.results import Outcome, RunResult
from cordboard.scenario.said import said
from cordboard.scenario.sessions import Session
from cordboard.scenario.signals import HungUp, LimitReached, UncaughtError
from cordboard.scenario.trace import KeysPressed
from cordboard.scenario.values import AnyValue, show_duration
from cordboard.scenario.world import World
from cordboard.telephony import Leg, LegState

log = logging.getLogger(__name__)

Goodbye = Callable[[Leg], Awaitable[None]]
"""Says something polite on a leg whose scenario has failed. It may hang up."""


class VoiceRuns:
    """Runs voice scenarios."""

    def __init__(self, programs: Programs, world: World, work: LocalWork, goodbye: Goodbye) -> None:
        self._programs = programs
        self._world = world
        self._limits = world.limits
        self._work = work
        self._goodbye = goodbye
        self._runs: dict[str, Run] = {}

    def running(self) -> Sequence[Run]:
        """The runs that are in progress."""
        return list(self._runs.values())

    async def run(
        self,
        scenario: str,
        leg: Leg,
        values: Mapping[str, AnyValue] | None,
        *,
        release: int | None,
        session: Session | None,
    ) -> RunResult:
        """See Runner.run_voice."""
        programs = await self._programs.of(release)
        program = programs.get(scenario, ScenarioKind.VOICE)
        given = programs.fitted(program, values)
        if session is None:
            session = self._world.sessions.of(leg.chain)
        else:
            self._world.sessions.adopt(leg.chain, session)
        run = Run(
            id=uuid.uuid4().hex,
            chain=leg.chain,
            kind=ScenarioKind.VOICE,
            programs=programs,
            world=self._world,
            root=Frame.begin(program, session, given),
            started=self._world.clock.now(),
            commit=self._work.emit,
            session=session,
            leg=leg,
            keys=KeysPressed(),
            start_values=programs.without_secrets(program, given),
        )
        self._runs[run.id] = run
        run.trace()
        outcome, error = Outcome.CANCELLED, ""
        try:
            outcome, error = await self._drive(run, leg)
        finally:
            del self._runs[run.id]
            run.trace(outcome, error)
        return run.result(outcome, error)

    async def _drive(self, run: Run, leg: Leg) -> tuple[Outcome, str]:
        main = asyncio.create_task(run.execute(run.root))
        try:
            hung_up = await self._watch(run, leg, main)
        except asyncio.CancelledError:
            await end(main)
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
            longest = show_duration(timedelta(seconds=self._limits.voice_time))
            return await self._failed(
                run, leg, said("it took longer than {longest}, the most for a call", longest=longest)
            )
        except Exception as fault:  # a fault of ours must not take the call with it
            log.exception("run %s: failed", run.id)
            return await self._failed(run, leg, f"{type(fault).__name__}: {fault}")
        return Outcome.FINISHED, ""

    async def _watch(self, run: Run, leg: Leg, main: "asyncio.Task[None]") -> bool:
        """Wait for the end of the main branch; end it when the caller hangs up (True) or its time is over."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._limits.voice_time
        gone = asyncio.create_task(_follow(run, leg))
        try:
            await asyncio.wait({main, gone}, timeout=self._limits.voice_time, return_when=asyncio.FIRST_COMPLETED)
            if gone.done() and (run.legless or run.ending_leg):
                await asyncio.wait({main}, timeout=max(0.0, deadline - loop.time()))
            elif gone.done() and not main.done():
                run.hung_up.set()
                await asyncio.wait({main}, timeout=self._limits.hang_up_grace)
                await end(main)
                return True
            await end(main)
            return False
        finally:
            await end(gone)

    async def _after_hangup(self, run: Run) -> None:
        await asyncio.shield(self._work.own(self._run_after_hangup(run)))

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


async def _follow(run: Run, leg: Leg) -> None:
    """Note the keys until the leg has ended."""
    if run.keys is not None:
        await run.keys.listen(leg)
    await leg.ended()
