"""The context of one step: what `cordboard.scenario.context.Context` promises."""

import logging
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from cordboard.scenario.branches import side_by_side
from cordboard.scenario.frames import Frame, keep
from cordboard.scenario.keys import as_key
from cordboard.scenario.ports import Effect, Message, RunInfo
from cordboard.scenario.program import Program
from cordboard.scenario.results import Outcome, RunResult
from cordboard.scenario.run_mode import RunMode, ScenarioError
from cordboard.scenario.sessions import Session
from cordboard.scenario.signals import Joined, Jumped, Stopped, Suspended, UncaughtError
from cordboard.scenario.values import AnyValue, BadValueError, JsonValue, convert, from_json, normal, to_json
from cordboard.scenario.waiting import Wait, begun, finished
from cordboard.telephony import Exchange, Leg

if TYPE_CHECKING:
    from cordboard.scenario.execution import Run

log = logging.getLogger("cordboard.scenario.step")
PortT = TypeVar("PortT")
ATTEMPT = "attempt"
_STARTS = uuid.UUID("5f0c2a52-7a2e-4b63-9d3e-6f5a6a0f8a11")
"""Names the ids of runs that service runs start: entering a step anew must find the run it started before."""


class _StepLog(logging.LoggerAdapter[logging.Logger]):
    """Begins each line with the run and the step, and hides the secrets of the run."""

    def __init__(self, run: "Run", step: str) -> None:
        super().__init__(log)
        self._run = run
        self._step = step

    def log(self, level: int, msg: object, *args: object, **kwargs: Any) -> None:
        # Written out here: a secret may come as an argument, and would be put in only when it is too late to hide it.
        if self.isEnabledFor(level):
            text = str(msg) % args if args else str(msg)
            words = self._run.secrets.masked(f"run {self._run.id}: step {self._step}: {text}")
            self.logger.log(level, "%s", words, **kwargs)


class StepContext:
    """One step's view of its run, see Context."""

    def __init__(self, run: "Run", frame: Frame, program: Program, depth: int) -> None:
        self._run = run
        self._frame = frame
        self._program = program
        self._depth = depth
        self._done = 0
        """Durable operations that this entering of the step has gone through."""
        self._effects: list[Effect] = []
        self._messages: list[Message] = []
        self._memory: list[JsonValue] = []
        """What is to be remembered: the last of it."""
        self._waits: list[Wait] = []

    def hand_over(self) -> None:
        """The step is over: what it asked for goes into the commit that ends it."""
        if self._effects:
            self._run.effects += self._effects
        if self._messages:
            self._run.messages += self._messages
        if self._memory:
            memory = self._frame.memory
            memory[self.step] = self._memory[-1]
            if memory[self.step] is None:
                del memory[self.step]

    @property
    def run_id(self) -> str:
        """See Context."""
        return self._run.id

    @property
    def chain(self) -> str:
        """See Context."""
        return self._run.chain

    @property
    def step(self) -> str:
        """See Context."""
        return self._frame.step

    @property
    def scenario(self) -> str:
        """See Context."""
        return self._frame.scenario

    @property
    def visit(self) -> str:
        """See Context."""
        return f"{self._run.id}:{self._frame.visit}"

    @property
    def log(self) -> "logging.LoggerAdapter[logging.Logger]":
        """See Context."""
        return _StepLog(self._run, self._frame.step)

    @property
    def leg(self) -> Leg:
        """See Context."""
        if self._run.leg is None:
            raise ScenarioError("a service scenario has no call; this component needs one")
        return self._run.leg

    @property
    def in_call(self) -> bool:
        """See Context."""
        return self._run.leg is not None

    @property
    def exchange(self) -> Exchange:
        """See Context."""
        return self._run.world.exchange

    @property
    def values(self) -> Mapping[str, AnyValue]:
        """See Context."""
        return MappingProxyType(self._frame.values)

    @property
    def country(self) -> str:
        """See Context."""
        return self._run.world.country

    @property
    def session(self) -> Session:
        """See Context."""
        return self._run.session

    @property
    def user(self) -> str:
        """See Context."""
        return self._run.user

    def now(self) -> datetime:
        """See Context."""
        return self._run.world.now()

    def port(self, protocol: type[PortT]) -> PortT:
        """See Context."""
        found = self._run.world.ports.get(protocol)
        if found is None:
            raise ScenarioError(f"this exchange has no {protocol.__name__}; the component cannot work without it")
        return found  # type: ignore[return-value]  # the application hands in what it says it hands in

    def get(self, name: str) -> AnyValue:
        """See Context."""
        if name not in self._program.variables:
            raise ScenarioError(f"there is no variable {name!r}: declare it under variables")
        return self._frame.values[name]

    def set(self, name: str, value: AnyValue) -> None:
        """See Context."""
        if not name:
            return
        variable = self._program.variables.get(name)
        if variable is None:
            raise ScenarioError(f"there is no variable {name!r}: declare it under variables")
        if variable.secret:
            self._run.secrets.add(normal(value))
        world = self._run.world
        try:
            fitted = convert(value, variable.type, zone=world.zone, country=world.country)
        except BadValueError as error:
            raise ScenarioError(f"variable {name!r}: {error}") from error
        self._frame.values[name] = fitted
        if variable.session:
            self._run.session.values[name] = fitted
        if variable.secret:
            self._run.secrets.add(fitted)

    def remembered(self) -> JsonValue:
        """See Context."""
        return self._memory[-1] if self._memory else self._frame.memory.get(self.step)

    def remember(self, value: JsonValue) -> None:
        """See Context."""
        self._memory.append(value)

    def emit(self, kind: str, key: str, payload: Mapping[str, JsonValue]) -> None:
        """See Context."""
        own = key or f"{self.visit}:{len(self._effects)}"
        self._effects.append(Effect(kind, own, dict(payload), self._run.id, self._run.chain))

    async def sleep(self, seconds: float) -> None:
        """See Context."""
        if seconds <= 0:
            return
        self._run.waited = True
        if not self._run.durable:
            await self._run.sleep(seconds)
            return
        self._refuse_after_attempt()
        before = self._replayed("sleep")
        wake = datetime.fromisoformat(before) if before else self.now() + timedelta(seconds=seconds)
        if before is None:
            self._record("sleep", wake.isoformat())
        if before is None or wake > self._run.world.clock.now():
            raise Suspended(wake)

    async def call(self, scenario: str, values: Mapping[str, AnyValue] | None = None) -> RunResult:
        """See Context."""
        before = self._replayed("call")
        if before is not None:
            self._frame.values |= {name: from_json(raw) for name, raw in before["shared"].items()}
            if before["error"]:
                raise ScenarioError(before["error"])
            return RunResult(self.run_id, Outcome.FINISHED, from_json(before["value"]))
        self._refuse_after_attempt()
        old, error = dict(self._frame.values), ""
        try:
            result = await self._run.call(self._frame, self._depth, scenario, values)
        except UncaughtError as fault:
            # Recorded as well: a step that sleeps after a failed call must not make the call again.
            error = str(fault)
            result = RunResult(self.run_id, Outcome.FAULTED, error=error)
            self._frame.child = None
        changed = {name: to_json(value) for name, value in self._frame.values.items() if value is not old.get(name)}
        self._record("call", {"value": to_json(result.value), "shared": changed, "error": error})
        if error:
            raise ScenarioError(error)
        if result.chain_ended:
            raise Stopped(result.value, whole_chain=True)
        return result

    async def branches(self, slugs: Sequence[str], *, first: bool = False) -> str:
        """See Context."""
        if not self._run.durable:
            raise ScenarioError("only a service scenario can go several ways at once")
        before = self._replayed("branches")
        if before is None:
            self._refuse_after_attempt()
            old, won, error = dict(self._frame.values), "", ""
            try:
                won = await side_by_side(self._run, self._frame, self._depth, slugs, first=first)
            except UncaughtError as fault:
                error = str(fault)
            changed = {name: to_json(value) for name, value in self._frame.values.items() if value is not old[name]}
            before = {"first": won, "shared": changed, "error": error}
            self._record("branches", before)
            keep(self._program, self._run.session, {name: self._frame.values[name] for name in changed})
        else:
            self._frame.values |= {name: from_json(raw) for name, raw in before["shared"].items()}
        if before["error"]:
            raise ScenarioError(before["error"])
        return str(before["first"])

    def join(self) -> NoReturn:
        """See Context."""
        if not self._frame.beside:
            raise ScenarioError("there are no branches here that run side by side: a join ends one of those")
        raise Joined

    async def wait_for(self, name: str, key: str = "", *, timeout: timedelta | None = None) -> Message | None:
        """See Context."""
        run = self._run
        run.waited = True
        wait = self._replayed("wait")
        if wait is None:
            self._refuse_after_attempt()
            waits = [entry["wait"] for entry in self._frame.journal if "wait" in entry] if run.durable else self._waits
            entered = self._frame.entered or run.world.clock.now()
            wait = await begun(run, name, as_key(key, self.country), timeout, entered=entered, waits=waits)
            self._waits.append(wait)
            self._record("wait", wait)
        return await finished(run, wait)

    def post(self, name: str, key: str = "", data: Mapping[str, AnyValue] | None = None, *, run_id: str = "") -> None:
        """See Context."""
        raw = {field: to_json(normal(value)) for field, value in (data or {}).items()}
        own_id = f"{self.visit}:m{len(self._messages)}"
        now = self._run.world.clock.now()
        self._messages.append(Message(name, as_key(key, self.country), raw, run_id, self.chain, own_id, now))

    async def find_runs(self, scenario: str = "", key: str = "", *, ended: bool = False) -> Sequence[RunInfo]:
        """See Context."""
        found = await self._run.world.find_runs(scenario=scenario, key=key, unfinished=not ended)
        return [info for info in found if info.id != self.run_id]

    async def cancel_runs(self, scenario: str = "", key: str = "") -> int:
        """See Context."""
        return await self._run.world.cancel_runs(scenario, key, but=self.run_id)

    def jump(self, scenario: str) -> NoReturn:
        """See Context."""
        if self._frame.beside:
            raise ScenarioError("a branch that runs beside others cannot jump: join them first")
        raise Jumped(scenario)

    def stop(self, value: AnyValue = None, *, whole_chain: bool = False) -> NoReturn:
        """See Context."""
        raise Stopped(normal(value), whole_chain=whole_chain)

    async def start_service(
        self,
        scenario: str,
        values: Mapping[str, AnyValue] | None = None,
        *,
        key: str = "",
        mode: RunMode | None = None,
        at_most: int = 0,
    ) -> str:
        """See Context."""
        before = self._replayed("start")
        if before is not None:
            return str(before)
        new_id = uuid.uuid5(_STARTS, f"{self.visit}:{self._done}").hex
        started = await self._run.world.start_service(
            scenario,
            values,
            key=key,
            mode=mode,
            at_most=at_most,
            chain=self.chain,
            release=self._run.programs.number,
            run_id=new_id,
            session=self._run.session,
        )
        self._record("start", started)
        return started

    async def start_dialog(self, scenario: str, user: str, values: Mapping[str, AnyValue] | None = None) -> str:
        """See Context."""
        before = self._replayed("dialog")
        if before is not None:
            return str(before)
        run = self._run
        started = await run.world.start_dialog(
            scenario, user, values, chain=self.chain, release=run.programs.number, session=run.session
        )
        self._record("dialog", started)
        return started

    async def run_voice(self, scenario: str, leg: Leg, values: Mapping[str, AnyValue] | None = None) -> RunResult:
        """See Context."""
        run = self._run
        return await run.world.run_voice(scenario, leg, values, release=run.programs.number, session=run.session)

    async def attempt(self, description: str) -> None:
        """See Context."""
        if self._run.durable:
            self._record(ATTEMPT, description[:200])
            await self._run.save()

    def _refuse_after_attempt(self) -> None:
        """Entering the step anew would make the attempt again: what may suspend a step cannot come behind one."""
        if any(ATTEMPT in entry for entry in self._frame.journal):
            raise ScenarioError("a step cannot sleep or call a scenario after an attempt: make two components of it")

    def _replayed(self, operation: str) -> Any:
        """What this operation gave when the step was entered before; None if it was not reached then."""
        while self._done < len(self._frame.journal):
            entry = self._frame.journal[self._done]
            self._done += 1
            if operation in entry:
                return entry[operation]
        return None

    def _record(self, operation: str, value: JsonValue) -> None:
        if self._run.durable:
            self._frame.journal.append({operation: value})
            self._done = len(self._frame.journal)
