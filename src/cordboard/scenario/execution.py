"""One run: steps from exit to exit, in frames that call each other. The same for voice and service scenarios."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Any

from cordboard.scenario.component import ERROR, INTERRUPTED, Component, ScenarioKind
from cordboard.scenario.context import ScenarioError
from cordboard.scenario.expressions import ExpressionError
from cordboard.scenario.frames import Frame, shared
from cordboard.scenario.limits import Limits
from cordboard.scenario.ports import Effect, RunTrace, StepTrace, TraceSink
from cordboard.scenario.program import CompiledStep, Program
from cordboard.scenario.programs import ReleasePrograms
from cordboard.scenario.rehearsal import Rehearsal, run_step
from cordboard.scenario.results import Outcome, RunResult
from cordboard.scenario.signals import HungUp, Jumped, LimitReached, Stopped, Suspended, UncaughtError
from cordboard.scenario.step_context import ATTEMPT, StepContext
from cordboard.scenario.trace import MASK, Secrets, changes_shown, properties_shown
from cordboard.scenario.values import AnyValue, show
from cordboard.scenario.written import EvaluationError
from cordboard.telephony import Clock, Exchange, Leg, LegState, PhoneNumber

log = logging.getLogger(__name__)

_PLAIN_FAULTS = (ScenarioError, EvaluationError, ExpressionError)
"""Faults of the scenario rather than of the program: their words are enough, no stack is logged."""
_BREATH = 50
"""Steps after which others have their turn on the loop."""


@dataclass(frozen=True, slots=True)
class World:
    """What all runs of a node share."""

    exchange: Exchange
    ports: Mapping[type, object]
    clock: Clock
    zone: tzinfo
    country: str
    limits: Limits
    traces: TraceSink
    start_service: Callable[..., Awaitable[str]]
    run_voice: Callable[..., Awaitable[RunResult]]
    rehearsal: Rehearsal | None = None
    """Stands in for the world outside in the simulator; None in a real exchange."""

    def now(self) -> datetime:
        """The present moment in the zone of the office."""
        return self.clock.now().astimezone(self.zone)


@dataclass(frozen=True, slots=True)
class Position:
    """Where a running run stands now, for the live view."""

    run_id: str
    chain: str
    kind: ScenarioKind
    release: int
    started: datetime
    scenario: str
    step: str
    since: datetime
    """Since when in this step."""
    depth: int
    leg_id: str = ""


Commit = Callable[[Sequence[Effect]], Awaitable[None]]
"""Makes the present state and these effects durable."""


@dataclass(slots=True)
class Run:
    """One run in progress."""

    id: str
    chain: str
    kind: ScenarioKind
    programs: ReleasePrograms
    world: World
    root: Frame
    started: datetime
    commit: Commit
    leg: Leg | None = None
    durable: bool = False
    visits: int = 0
    legless: bool = False
    """Whether the leg has ended and the scenario goes on knowingly without it."""
    hung_up: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the caller has hung up, until the branch for that begins."""
    ending_leg: bool = False
    """Whether the step that runs is one that ends the leg itself."""
    waited: bool = False
    position: Position | None = None
    secrets: Secrets = field(default_factory=Secrets)
    _steps: int = 0
    _quick: int = 0

    # -- the whole run ---------------------------------------------------------------------------------------------

    def trace(self, outcome: Outcome | None = None, error: str = "") -> None:
        """Tell the trace that the run has begun, or how it ended."""
        secret = self.programs.get(self.root.scenario).secrets
        variables = {n: MASK if n in secret else self.secrets.masked(show(v)) for n, v in self.root.values.items()}
        self.world.traces.run(
            RunTrace(
                run_id=self.id,
                chain=self.chain,
                scenario=self.root.scenario,
                release=self.programs.number,
                kind=self.kind.value,
                started=self.started,
                ended=self.world.clock.now() if outcome else None,
                outcome=outcome,
                error=self.secrets.masked(error),
                variables=variables,
            )
        )

    def result(self, outcome: Outcome, error: str = "") -> RunResult:
        """What whoever started the run gets."""
        root = self.root
        return RunResult(self.id, outcome, root.result, error, dict(root.values), root.chain_ended)

    def next_visit(self) -> int:
        """A number for the next entering of a step."""
        self.visits += 1
        return self.visits

    async def sleep(self, seconds: float) -> None:
        """Let time pass in a voice scenario. Raises HungUp as soon as the caller hangs up."""
        try:
            async with asyncio.timeout(seconds):
                await self.hung_up.wait()
        except TimeoutError:
            return
        raise HungUp

    # -- one scenario ----------------------------------------------------------------------------------------------

    async def execute(self, frame: Frame, depth: int = 0) -> None:
        """Run a frame to its end.

        Raises UncaughtError for a fault that nothing took, HungUp, Suspended or LimitReached.
        """
        if depth >= self.world.limits.depth:
            raise LimitReached(f"scenarios have called each other {depth} deep")
        while frame.step:
            if self._left_alone():
                raise HungUp
            await self._guard(frame)
            program = self.programs.get(frame.scenario)
            effects: list[Effect] = []
            try:
                exit_ = await self._step(frame, program, depth, effects)
                if not exit_:
                    await self.commit(effects)
                    raise HungUp
                target = self._target(frame, program, exit_)
            except Stopped as stopped:
                frame.result, frame.chain_ended, target = stopped.value, stopped.whole_chain, ""
            except Jumped as jumped:
                target = self._jump(frame, program, jumped.scenario)
            frame.advance(target, self.next_visit())
            if self.durable or effects:
                await self.commit(effects)

    async def call(self, frame: Frame, depth: int, scenario: str, values: Mapping[str, AnyValue] | None) -> RunResult:
        """Run another scenario inside `frame`'s step, or go on in it after a checkpoint."""
        program = self.programs.get(frame.scenario)
        if frame.child is None:
            callee = self.programs.get(scenario, self.kind)
            begin = shared(program, frame.values, callee) | self.programs.fitted(callee, values)
            frame.child = Frame.begin(callee, begin)
            frame.child.visit = self.next_visit()
        child = frame.child
        try:
            await self.execute(child, depth + 1)
        except UncaughtError:
            self.share_back(frame, child)
            raise
        self.share_back(frame, child)
        frame.child = None
        return RunResult(self.id, Outcome.FINISHED, child.result, "", dict(child.values), child.chain_ended)

    def share_back(self, frame: Frame, child: Frame) -> None:
        """Give the caller the variables that both declare."""
        frame.values |= shared(self.programs.get(child.scenario), child.values, self.programs.get(frame.scenario))

    def _target(self, frame: Frame, program: Program, exit_: str) -> str:
        target = program.steps[frame.step].cords.get(exit_, "") if frame.step in program.steps else ""
        if target or exit_ != ERROR:
            return target
        if program.fault and frame.branch != "fault":
            frame.branch = "fault"
            return program.fault
        raise UncaughtError(f"scenario {program.name!r}, step {frame.step!r}: {frame.error}")

    def _jump(self, frame: Frame, program: Program, scenario: str) -> str:
        try:
            target = self.programs.get(scenario, self.kind)
        except ScenarioError as error:
            frame.error = str(error)
            return self._target(frame, program, ERROR)
        begin = Frame.begin(target, shared(program, frame.values, target))
        frame.scenario, frame.values, frame.branch = begin.scenario, begin.values, "main"
        return begin.step

    async def _guard(self, frame: Frame) -> None:
        limits = self.world.limits
        self._steps += 1
        self._quick = 0 if self.waited else self._quick + 1
        self.waited = False
        if self._steps > limits.steps:
            raise LimitReached(f"scenario {frame.scenario!r}, step {frame.step!r}: more than {limits.steps} steps")
        if self._quick > limits.steps_without_waiting:
            words = f"more than {limits.steps_without_waiting} steps without waiting"
            raise LimitReached(f"scenario {frame.scenario!r}, step {frame.step!r}: {words}")
        if self._steps % _BREATH == 0:
            await asyncio.sleep(0)

    # -- one step --------------------------------------------------------------------------------------------------

    async def _step(self, frame: Frame, program: Program, depth: int, effects: list[Effect]) -> str:
        """Run one step and return its exit; empty if the caller hung up meanwhile: that is no exit of the step."""
        step = program.steps.get(frame.step)
        if step is None:
            frame.error = f"the step {frame.step!r} is no longer in the scenario"
            return ERROR
        entered, began = self.world.clock.now(), asyncio.get_running_loop().time()
        self.position = Position(
            self.id,
            self.chain,
            self.kind,
            self.programs.number,
            self.started,
            frame.scenario,
            frame.step,
            entered,
            depth,
            self.leg.id if self.leg else "",
        )
        before = dict(frame.values)
        branch = frame.branch
        context = StepContext(self, frame, program, depth)
        self.ending_leg = step.component.ends_leg
        evaluated: Component | None = None
        exit_ = error = ""
        try:
            if self._interrupted(frame):
                exit_, error = self._leave_interrupted(step)
            else:
                evaluated = step.properties.evaluate(NamesInScope(self, frame))
                exit_ = str(await run_step(context, evaluated, self.world.rehearsal))
                self._check_exit(evaluated, exit_)
                effects += context.effects
        except Suspended:
            frame.values = before
            raise
        except Stopped:
            effects += context.effects
            raise
        except Jumped:
            effects += context.effects
            raise
        except Exception as fault:  # noqa: BLE001 - whatever a component raises is this step's fault, and leaves by `error`
            exit_, error = ERROR, self._words(fault, frame)
        finally:
            self.ending_leg = False
            if self._left_alone() and not step.component.ends_leg:
                exit_ = ""
            if step.component.ends_leg and self.leg is not None and self.leg.state is LegState.ENDED:
                self.legless = True
            self.waited |= step.component.waits
            self._trace_step(
                frame,
                program,
                step,
                evaluated=evaluated,
                before=before,
                entered=entered,
                began=began,
                exit_=exit_,
                error=error,
                depth=depth,
                branch=branch,
            )
        if exit_ in {ERROR, INTERRUPTED}:
            frame.error = error
        return exit_

    def _left_alone(self) -> bool:
        """Whether the caller has hung up and the branch for that has not begun."""
        return self.leg is not None and self.leg.state is LegState.ENDED and not self.legless

    @staticmethod
    def _interrupted(frame: Frame) -> bool:
        return any(ATTEMPT in entry for entry in frame.journal)

    @staticmethod
    def _leave_interrupted(step: CompiledStep) -> tuple[str, str]:
        words = "interrupted by a stop of the exchange; it is not known how far it came"
        return (INTERRUPTED if INTERRUPTED in step.component.fixed_exits() else ERROR), words

    @staticmethod
    def _check_exit(evaluated: Component, exit_: str) -> None:
        if exit_ != ERROR and exit_ not in evaluated.exits():
            raise ScenarioError(f"the component {evaluated.kind!r} left by {exit_!r}, which is none of its exits")

    def _words(self, fault: Exception, frame: Frame) -> str:
        if isinstance(fault, _PLAIN_FAULTS):
            log.info("run %s: step %s: %s", self.id, frame.step, self.secrets.masked(str(fault)))
            return str(fault)
        log.warning("run %s: step %s failed", self.id, frame.step, exc_info=fault)
        return f"{type(fault).__name__}: {fault}"

    def _trace_step(
        self,
        frame: Frame,
        program: Program,
        step: CompiledStep,
        *,
        evaluated: Component | None,
        before: Mapping[str, AnyValue],
        entered: datetime,
        began: float,
        exit_: str,
        error: str,
        depth: int,
        branch: str,
    ) -> None:
        secret = program.secrets
        for name in secret:
            self.secrets.add(frame.values.get(name))
        self.world.traces.step(
            StepTrace(
                run_id=self.id,
                chain=self.chain,
                scenario=program.name,
                step=step.id,
                component=step.component.kind,
                depth=depth,
                entered=entered.astimezone(UTC),
                seconds=asyncio.get_running_loop().time() - began,
                properties=properties_shown(step, evaluated, secret, self.secrets),
                changed=changes_shown(before, frame.values, secret, self.secrets),
                exit=exit_,
                error=self.secrets.masked(error),
                branch=branch,
            )
        )


class NamesInScope:
    """The names that an expression sees: the variables, then the data of the call."""

    __slots__ = ("_frame", "_run")

    def __init__(self, run: Run, frame: Frame) -> None:
        self._run = run
        self._frame = frame

    def __getitem__(self, name: str) -> AnyValue:
        values = self._frame.values
        return values[name] if name in values else _BUILTINS[name](self._run, self._frame)


def _phone(run: Run, read: Callable[[Any], str]) -> PhoneNumber:
    text = read(run.leg.record) if run.leg is not None else ""
    return PhoneNumber.parse(text, country=run.world.country)


_BUILTINS: Mapping[str, Callable[[Run, Frame], AnyValue]] = {
    "caller": lambda run, _: _phone(run, lambda record: record.caller.number),
    "caller_name": lambda run, _: run.leg.record.caller.name if run.leg is not None else "",
    "dialled": lambda run, _: _phone(run, lambda record: record.dialled),
    "line": lambda run, _: run.leg.record.line if run.leg is not None else "",
    "chain": lambda run, _: run.chain,
    "now": lambda run, _: run.world.now(),
    "today": lambda run, _: run.world.now().date(),
    "error": lambda _, frame: frame.error,
}
