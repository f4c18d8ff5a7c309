"""One run: steps from exit to exit, in frames that call each other. The same for every kind of scenario."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from cordboard.scenario.call_data import NamesInScope
from cordboard.scenario.component import ERROR, INTERRUPTED, Component, ScenarioKind
from cordboard.scenario.expressions import ExpressionError
from cordboard.scenario.frames import Frame, keep, shared
from cordboard.scenario.ports import Effect, Message, RunTrace
from cordboard.scenario.program import CompiledStep, Program
from cordboard.scenario.programs import ReleasePrograms
from cordboard.scenario.rehearsal import run_step
from cordboard.scenario.results import Outcome, RunResult
from cordboard.scenario.run_mode import ScenarioError
from cordboard.scenario.sessions import Session
from cordboard.scenario.signals import (
    HungUp,
    Joined,
    Jumped,
    LimitReached,
    Stopped,
    Suspended,
    UncaughtError,
    Unsaved,
)
from cordboard.scenario.step_context import ATTEMPT, StepContext
from cordboard.scenario.trace import MASK, KeysPressed, Secrets, trace_of
from cordboard.scenario.values import AnyValue, show, to_json
from cordboard.scenario.world import Position, World
from cordboard.scenario.written import EvaluationError
from cordboard.telephony import Leg, LegState, PhoneNumber

log = logging.getLogger(__name__)

_PLAIN_FAULTS = (ScenarioError, EvaluationError, ExpressionError)
"""Faults of the scenario rather than of the program: their words are enough, no stack is logged."""
Commit = Callable[[Sequence[Effect], Sequence[Message]], Awaitable[None]]
"""Makes the present state, these effects and these messages durable."""


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
    session: Session
    leg: Leg | None = None
    user: str = ""
    key: str = ""
    durable: bool = False
    visits: int = 0
    legless: bool = False
    """Whether the leg has ended and the scenario goes on knowingly without it."""
    hung_up: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the caller has hung up, until the branch for that begins."""
    heir: asyncio.Future[Leg] | None = None
    """Set while somebody is on his way who takes the caller's place, so that his hang-up ends nothing."""
    ending_leg: bool = False
    """Whether the step that runs is one that ends the leg itself."""
    waited: bool = False
    secrets: Secrets = field(default_factory=Secrets)
    keys: KeysPressed | None = None
    own_messages: dict[str, int] = field(default_factory=dict)
    """Of the messages for this very run, by name and key, the `seq` of the last that was taken."""
    effects: list[Effect] = field(default_factory=list)
    """Of steps that are over, on their way into the next commit."""
    messages: list[Message] = field(default_factory=list)
    start_values: Mapping[str, AnyValue] = field(default_factory=dict)
    """What it was started with, without secrets."""
    began_in: str = ""
    """The scenario that was started; left out, the one in which it stands: after a jump it is another."""
    _steps: int = 0
    _quick: int = 0
    _at: tuple[Frame, str, str, datetime, int] | None = None
    _saving: asyncio.Lock = field(default_factory=asyncio.Lock)
    _changes: int = 0
    _saved: int = 0

    def __post_init__(self) -> None:
        self.began_in = self.began_in or self.root.scenario

    # -- the whole run ---------------------------------------------------------------------------------------------

    @property
    def position(self) -> Position | None:
        """Where it stands now; of branches side by side, the one that entered a step last."""
        if self._at is None:
            return None
        _, scenario, step, since, depth = self._at
        return Position(
            run_id=self.id,
            chain=self.chain,
            kind=self.kind,
            release=self.programs.number,
            started=self.started,
            scenario=scenario,
            step=step,
            since=since,
            depth=depth,
            leg_id=self.leg.id if self.leg else "",
            user=self.user,
        )

    def trace(self, outcome: Outcome | None = None, error: str = "") -> None:
        """Tell the trace that the run has begun, or how it ended."""
        secret = self.programs.secrets(self.root.scenario)
        for name in secret:
            self.secrets.add(self.root.values.get(name))
        variables = {n: MASK if n in secret else self.secrets.masked(show(v)) for n, v in self.root.values.items()}
        self.world.traces.run(
            RunTrace(
                run_id=self.id,
                chain=self.chain,
                scenario=self.began_in,
                release=self.programs.number,
                kind=self.kind.value,
                started=self.started,
                ended=self.world.clock.now() if outcome else None,
                outcome=outcome,
                error=self.secrets.masked(error),
                variables=variables,
                start={name: to_json(value) for name, value in self.start_values.items()},
                key=self.key,
                user=self.user,
                **self._call_data(),
            )
        )

    def _call_data(self) -> dict[str, str]:
        if self.leg is None:
            return {}
        record, country = self.leg.record, self.world.country
        return {
            "caller": record.caller.number,
            "caller_name": record.caller.name,
            "caller_phone": PhoneNumber.parse(record.caller.number, country=country).canonical,
            "dialled": record.dialled,
            "dialled_phone": PhoneNumber.parse(record.dialled, country=country).canonical,
            "line": record.line,
        }

    def result(self, outcome: Outcome, error: str = "") -> RunResult:
        """What whoever started the run gets."""
        root = self.root
        return RunResult(self.id, outcome, root.result, error, dict(root.values), root.chain_ended)

    def next_visit(self) -> int:
        """A number for the next entering of a step."""
        self.visits += 1
        return self.visits

    async def sleep(self, seconds: float) -> None:
        """Let time pass in a run that is not durable. Raises HungUp as soon as the caller hangs up."""
        try:
            async with asyncio.timeout(seconds):
                await self.hung_up.wait()
        except TimeoutError:
            return
        raise HungUp

    def taken(self) -> tuple[Sequence[Effect], Sequence[Message]]:
        """The effects and messages that are to be committed now."""
        effects, self.effects = self.effects, []
        messages, self.messages = self.messages, []
        return effects, messages

    async def save(self) -> None:
        """Make durable what has changed. Branches side by side share a commit. Raises Unsaved."""
        if not self.durable:
            if self.effects or self.messages:
                await self.commit(*self.taken())
            return
        self._changes += 1
        mine = self._changes
        async with self._saving:
            if self._saved >= mine:
                return
            covered = self._changes
            try:
                await self.commit(*self.taken())
            except Exception as fault:
                raise Unsaved(fault) from fault
            self._saved = covered

    # -- one scenario ----------------------------------------------------------------------------------------------

    async def execute(self, frame: Frame, depth: int = 0) -> None:
        """Run a frame to its end.

        Raises UncaughtError for a fault that nothing took, HungUp, Suspended, LimitReached, Unsaved, and, in a branch
        that runs beside others, Stopped.
        """
        if depth >= self.world.limits.depth:
            raise LimitReached(f"scenarios have called each other {depth} deep")
        while frame.step:
            if self._left_alone():
                raise HungUp
            self._steps += 1
            if not self.world.pace.take():
                await self.world.pace.turn()
            self._guard(frame)
            program = self.programs.get(frame.scenario)
            try:
                exit_ = await self._step(frame, program, depth)
                if not exit_:
                    await self.save()
                    raise HungUp
                target = self._target(frame, program, exit_)
            except Stopped as stopped:
                if frame.beside:
                    raise
                frame.result, frame.chain_ended, target = stopped.value, stopped.whole_chain, ""
            except Jumped as jumped:
                target = self._jump(frame, program, jumped.scenario)
            except Joined:
                target = ""
            # From here to the snapshot nothing may be awaited: effects and the place behind them belong together.
            frame.advance(target, self.next_visit())
            if self.durable or self.effects or self.messages:
                await self.save()

    async def call(self, frame: Frame, depth: int, scenario: str, values: Mapping[str, AnyValue] | None) -> RunResult:
        """Run another scenario inside `frame`'s step, or go on in it after a checkpoint."""
        if frame.child is None:
            program = self.programs.get(frame.scenario)
            callee = self.programs.get(scenario, self.kind)
            given = self.programs.fitted(callee, values)
            frame.child = Frame.begin(callee, self.session, given, shared(program, frame.values, callee))
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
        program = self.programs.get(frame.scenario)
        back = shared(self.programs.get(child.scenario), child.values, program)
        frame.values |= back
        keep(program, self.session, back)

    def _target(self, frame: Frame, program: Program, exit_: str) -> str:
        target = program.steps[frame.step].cords.get(exit_, "") if frame.step in program.steps else ""
        if target or exit_ != ERROR:
            return target
        if program.fault and frame.branch != "fault" and not frame.beside:
            frame.branch = "fault"
            return program.fault
        raise UncaughtError(f"scenario {program.name!r}, step {frame.step!r}: {frame.error}")

    def _jump(self, frame: Frame, program: Program, scenario: str) -> str:
        try:
            target = self.programs.get(scenario, self.kind)
        except ScenarioError as error:
            frame.error = str(error)
            return self._target(frame, program, ERROR)
        begin = Frame.begin(target, self.session, {}, shared(program, frame.values, target))
        frame.scenario, frame.values, frame.branch, frame.memory = begin.scenario, begin.values, "main", {}
        return begin.step

    def _guard(self, frame: Frame) -> None:
        limits = self.world.limits
        self._quick = 0 if self.waited else self._quick + 1
        self.waited = False
        if self._steps > limits.steps:
            raise LimitReached(f"scenario {frame.scenario!r}, step {frame.step!r}: more than {limits.steps} steps")
        if self._quick > limits.steps_without_waiting:
            words = f"more than {limits.steps_without_waiting} steps without waiting"
            raise LimitReached(f"scenario {frame.scenario!r}, step {frame.step!r}: {words}")

    # -- one step --------------------------------------------------------------------------------------------------

    async def _step(self, frame: Frame, program: Program, depth: int) -> str:
        """Run one step and return its exit; empty if the caller hung up meanwhile: that is no exit of the step."""
        step = program.steps.get(frame.step)
        if step is None:
            frame.error = f"the step {frame.step!r} is no longer in the scenario"
            return ERROR
        entered, began = self.world.clock.now(), asyncio.get_running_loop().time()
        self._at = (frame, frame.scenario, frame.step, entered, depth)
        if frame.entered is None:
            frame.entered = entered
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
                if self.keys is not None and step.component.waits:
                    await asyncio.sleep(0)  # the key that ended the step is still on its way to who keeps the keys
                self._check_exit(evaluated, exit_)
                context.hand_over()
        except Suspended:
            frame.values = dict(frame.saved)
            raise
        except (Stopped, Jumped, Joined):
            context.hand_over()
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
            self.world.traces.step(
                trace_of(
                    self,
                    frame,
                    step,
                    evaluated,
                    entered=entered,
                    began=began,
                    exit_=exit_,
                    error=error,
                    depth=depth,
                    branch=branch,
                )
            )
        if exit_ in _FAULTY:
            frame.error = error
        return exit_

    def _left_alone(self) -> bool:
        """Whether the caller has hung up and the branch for that has not begun."""
        gone = self.leg is not None and self.leg.state is LegState.ENDED
        return gone and not self.legless and self.heir is None

    @staticmethod
    def _interrupted(frame: Frame) -> bool:
        return bool(frame.journal) and any(ATTEMPT in entry for entry in frame.journal)

    @staticmethod
    def _leave_interrupted(step: CompiledStep) -> tuple[str, str]:
        words = "interrupted by a stop of the exchange; it is not known how far it came"
        return (INTERRUPTED if INTERRUPTED in step.component.fixed_exits() else ERROR), words

    @staticmethod
    def _check_exit(evaluated: Component, exit_: str) -> None:
        if exit_ not in _exits_of(type(evaluated)) and exit_ not in evaluated.exits():
            raise ScenarioError(f"the component {evaluated.kind!r} left by {exit_!r}, which is none of its exits")

    def _words(self, fault: Exception, frame: Frame) -> str:
        if isinstance(fault, _PLAIN_FAULTS):
            log.info("run %s: step %s: %s", self.id, frame.step, self.secrets.masked(str(fault)))
            return str(fault)
        log.warning("run %s: step %s failed", self.id, frame.step, exc_info=fault)
        return f"{type(fault).__name__}: {fault}"


_FAULTY = frozenset({ERROR, INTERRUPTED})


@lru_cache(maxsize=1000)
def _exits_of(component: type[Component]) -> frozenset[str]:
    """The exits that every step of a component has. Asked for at every step."""
    return frozenset((*component.fixed_exits(), ERROR))
