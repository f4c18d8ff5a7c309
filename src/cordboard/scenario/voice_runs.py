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
TakePlace = Callable[[Leg], Awaitable[None]]
"""Lets a leg take another's place, and returns when its time there is over."""
_PATIENCE = 5.0
"""Seconds for which a scenario waits, without a caller, for the one who takes his place."""


class VoiceRuns:
    """Runs voice scenarios."""

    def __init__(self, programs: Programs, world: World, work: LocalWork, goodbye: Goodbye) -> None:
        self._programs = programs
        self._world = world
        self._limits = world.limits
        self._work = work
        self._goodbye = goodbye
        self._runs: dict[str, Run] = {}
        self._over: dict[str, asyncio.Event] = {}
        """Of runs whose caller has an heir."""

    def running(self) -> Sequence[Run]:
        """The runs that are in progress."""
        return list(self._runs.values())

    def heir_of(self, leg: Leg) -> TakePlace | None:
        """Let somebody else take the caller's place in the scenario that drives `leg`. None if none does.

        From now on the caller may hang up: for five seconds the scenario waits for whoever comes. The step that has
        begun goes on with the new caller if it can, and is over otherwise; the next one is his.
        """
        run = next((run for run in reversed(self._runs.values()) if run.leg is leg and run.heir is None), None)
        if run is None:
            return None
        heir = run.heir = asyncio.get_running_loop().create_future()
        over = self._over.setdefault(run.id, asyncio.Event())

        async def take(coming: Leg) -> None:
            if not heir.done():
                heir.set_result(coming)
                await over.wait()

        return take

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
            outcome, error = await self._drive(run)
        finally:
            del self._runs[run.id]
            if over := self._over.pop(run.id, None):
                over.set()
            run.trace(outcome, error)
        return run.result(outcome, error)

    async def _drive(self, run: Run) -> tuple[Outcome, str]:
        main = asyncio.create_task(run.execute(run.root))
        try:
            hung_up = await self._watch(run, main)
        except asyncio.CancelledError:
            await end(main)
            if _leg(run).state is LegState.ENDED and not run.legless:
                await self._after_hangup(run)
            raise
        if hung_up:
            await self._after_hangup(run)
            return Outcome.HUNG_UP, ""
        try:
            main.result()
        except UncaughtError as fault:
            return await self._failed(run, str(fault))
        except LimitReached as limit:
            return await self._failed(run, str(limit))
        except HungUp:
            await self._after_hangup(run)
            return Outcome.HUNG_UP, ""
        except asyncio.CancelledError:
            longest = show_duration(timedelta(seconds=self._limits.voice_time))
            return await self._failed(run, said("it took longer than {longest}, the most for a call", longest=longest))
        except Exception as fault:  # a fault of ours must not take the call with it
            log.exception("run %s: failed", run.id)
            return await self._failed(run, f"{type(fault).__name__}: {fault}")
        return Outcome.FINISHED, ""

    async def _watch(self, run: Run, main: "asyncio.Task[None]") -> bool:
        """Wait for the end of the main branch; end it when the caller hangs up (True) or its time is over."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._limits.voice_time
        gone = asyncio.create_task(_follow(run))
        try:
            await asyncio.wait({main, gone}, timeout=self._limits.voice_time, return_when=asyncio.FIRST_COMPLETED)
            while gone.done() and not main.done() and await _succeeded(run):
                gone = asyncio.create_task(_follow(run))
                left = max(0.0, deadline - loop.time())
                await asyncio.wait({main, gone}, timeout=left, return_when=asyncio.FIRST_COMPLETED)
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

    async def _failed(self, run: Run, error: str) -> tuple[Outcome, str]:
        leg = _leg(run)
        log.warning("run %s: ended by a fault: %s", run.id, run.secrets.masked(error))
        if leg.state is not LegState.ENDED:
            try:
                async with asyncio.timeout(self._limits.goodbye_time):
                    await self._goodbye(leg)
            except Exception:  # the goodbye is the last resort: nothing comes behind it
                log.exception("run %s: no goodbye could be said", run.id)
        return Outcome.FAULTED, error


def _leg(run: Run) -> Leg:
    assert run.leg is not None, "a voice scenario drives a leg"
    return run.leg


async def _succeeded(run: Run) -> bool:
    """Whether somebody has taken the place of the caller who has hung up."""
    if run.heir is None:
        return False
    try:
        async with asyncio.timeout(_PATIENCE):
            run.leg = await run.heir
    except TimeoutError:
        run.heir.cancel()
    run.heir = None
    return _leg(run).state is not LegState.ENDED


async def _follow(run: Run) -> None:
    """Note the keys until the leg has ended."""
    leg = _leg(run)
    if run.keys is not None:
        await run.keys.listen(leg)
    await leg.ended()
