"""Tries scenarios with scripted people, in virtual time: the real runner and components on a simulated exchange."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from datetime import UTC, datetime, tzinfo
from typing import Protocol

from cordboard.scenario.catalogue import Catalogue
from cordboard.scenario.component import Component, ScenarioKind
from cordboard.scenario.context import Context
from cordboard.scenario.limits import Limits
from cordboard.scenario.ports import Effect, Message, Release, RunInfo, RunTrace, ScenarioError, StepTrace
from cordboard.scenario.programs import ReleasePrograms
from cordboard.scenario.rehearsal import StepAnswer
from cordboard.scenario.results import RunResult
from cordboard.scenario.runner import Goodbye, Runner
from cordboard.scenario.said import said
from cordboard.scenario.values import AnyValue, from_json, normal, to_json
from cordboard.simulation.actors import Actor, Entry, Walk
from cordboard.simulation.exchange import SimulatedExchange
from cordboard.simulation.people import People
from cordboard.simulation.phone import CalledPhone, SimulatedPhone
from cordboard.simulation.report import CALLER, RUNNING, PartyReport, Report, Said
from cordboard.simulation.script import A_VOICE, OTHERS, Deed, Given, Script, SecondCall
from cordboard.simulation.stores import MemoryReleases, MemoryRunStore
from cordboard.simulation.virtual_time import VirtualClock, run, settle
from cordboard.telephony import (
    ConnectionRecord,
    Direction,
    Exchange,
    Leg,
    LegHandler,
    LegRecord,
    LegState,
    LineTarget,
    PhoneTarget,
    Target,
)

MOST_STEPS = 10_000
"""Steps after which a simulation is ended: a scenario that never ends would otherwise go on for ever."""
_LIMITS = Limits(poll=1e8, lease=1e7)
"""This node is alone, and its store tells it everything: it never has to look by itself."""


class SimulationError(Exception):
    """What the script asks for cannot be tried at all; the message says why."""


class SimulatedOffice(Protocol):
    """The office in which scenarios are tried. The application makes it, because it knows all rooms."""

    @property
    def catalogue(self) -> Catalogue:
        """The components."""

    @property
    def zone(self) -> tzinfo:
        """Of the office."""

    @property
    def country(self) -> str:
        """ISO 3166 code, for reading numbers."""

    def opened(
        self, given: Given, exchange: Exchange, effects: Callable[[], Awaitable[Sequence[Effect]]]
    ) -> AbstractAsyncContextManager[Mapping[type, object]]:
        """What the components ask for, for the time of one simulation. Never the real world outside.

        `effects` gives those that were committed so far: what was written into a given table is seen in it.
        """

    async def tables(self, ports: Mapping[type, object]) -> Mapping[str, Sequence[Mapping[str, AnyValue]]]:
        """The rows of the given workbooks (of the first sheet of each) as they stand now."""

    def names_of(self, target: Target) -> Collection[str]:
        """How the owner of a phone may be called in a script: account, login, internal number."""

    def line_number(self, line: str) -> tuple[str, str]:
        """The name and the number of a line; of the first one, if `line` is empty. Empty if there is none."""

    def reception(self, exchange: Exchange, runner: Runner) -> LegHandler:
        """Takes inbound calls as the office does."""

    def goodbye(self, ports: Mapping[type, object]) -> Goodbye:
        """What a caller hears whose scenario has failed."""


def simulate(script: Script, scenarios: Mapping[str, str], office: SimulatedOffice) -> Report:
    """Play a script over scenario texts by name, to the end of everything that it sets off.

    It runs in a loop of its own: call it where no loop runs, or in a thread. Raises SimulationError.
    """
    return run(Simulation(script, scenarios, office).play())


class Simulation:
    """One playing of one script. Implements `Rehearsal`, `TraceSink` and `CallListener`."""

    def __init__(self, script: Script, scenarios: Mapping[str, str], office: SimulatedOffice) -> None:
        self._script = script
        self._given = script.given
        self._scenarios = scenarios
        self._office = office
        self._steps: list[StepTrace] = []
        self._runs: dict[str, RunTrace] = {}
        self._records: dict[str, list[tuple[float, LegRecord]]] = {}
        self._given_answers: dict[tuple[str, str], StepAnswer | None] = {}
        self._visits: Counter[str] = Counter()
        self._notes: dict[str, None] = {}
        self._acting: dict[str, Actor] = {}
        self._result: RunResult | None = None
        self._fault = ""
        self._root_id = ""
        self._root_leg = ""
        self._over = True
        """Whether nobody is on his way into the scenario that is tried."""
        self._entered = 0

    async def play(self) -> Report:
        """Play it. Raises SimulationError."""
        given, office = self._given, self._office
        clock = VirtualClock((given.moment or _MONDAY).astimezone(UTC))
        self._loop = asyncio.get_running_loop()
        self._clock = clock
        self._changed = asyncio.Event()
        self._walk = Walk()
        self._people = People(given.people, office.names_of, office.country)
        self._exchange = SimulatedExchange(self, clock)
        self._exchange.far_ends = self._people
        self._store = MemoryRunStore()
        self._programs = ReleasePrograms(
            Release(1, dict(self._scenarios)), office.catalogue, office.zone, office.country
        )
        async with office.opened(given, self._exchange, self._store.effects) as ports:
            return await self._play_with(ports)

    async def _play_with(self, ports: Mapping[type, object]) -> Report:
        given, office = self._given, self._office
        self._runner = Runner(
            office.catalogue,
            MemoryReleases(self._scenarios),
            self._store,
            self._exchange,
            zone=office.zone,
            country=office.country,
            ports=ports,
            clock=self._clock,
            limits=_LIMITS,
            traces=self,
            goodbye=office.goodbye(ports),
            rehearsal=self,
        )
        kind = self._kind()
        self._tasks = [
            asyncio.create_task(self._runner.serve()),
            asyncio.create_task(self._exchange.serve(self._handler(kind))),
        ]
        await settle()
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(given.limit.total_seconds()):
                    await self._begin(kind)
                    while not await self._is_over():
                        self._changed.clear()
                        await self._changed.wait()
            ended = self._loop.time()
            return await self._report(ended, await office.tables(ports))
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.wait(self._tasks)

    # --- its course -------------------------------------------------------------------------------------------

    def _kind(self) -> ScenarioKind | None:
        if not self._script.scenario:
            return None
        try:
            return self._programs.get(self._script.scenario).kind
        except ScenarioError as fault:
            raise SimulationError(str(fault)) from fault

    def _handler(self, kind: ScenarioKind | None) -> LegHandler:
        reception = self._office.reception(self._exchange, self._runner)

        async def take(leg: Leg) -> None:
            tried = kind is not None and leg.id == self._root_leg
            await (self._take if tried else reception)(leg)

        return take

    async def _take(self, leg: Leg) -> None:
        try:
            self._result = await self._runner.run_voice(self._script.scenario, leg, self._given.variables)
        except ScenarioError as fault:
            self._fault = str(fault)
        self._tell()

    async def _dialog(self) -> None:
        try:
            self._result = await self._runner.run_dialog(self._script.scenario, self._given.user, self._given.variables)
        except ScenarioError as fault:
            self._fault = str(fault)
        self._over = True
        self._tell()

    async def _begin(self, kind: ScenarioKind | None) -> None:
        given = self._given
        phone: SimulatedPhone | None = None
        if kind is ScenarioKind.SERVICE:
            try:
                self._root_id = await self._runner.start_service(self._script.scenario, given.variables, key=given.key)
            except ScenarioError as fault:
                raise SimulationError(str(fault)) from fault
        elif kind is ScenarioKind.DIALOG:
            self._over = False
            self._tasks.append(asyncio.create_task(self._dialog()))
        else:
            phone = self._call_in(given, self._script.call or given.dialled)
            self._root_leg = phone.leg.id
            phone.leg.led(given.transferred_by)
        self._act(self._script.when, phone)

    def _call_in(self, who: Given | SecondCall, dialled: str) -> SimulatedPhone:
        line, number = ("", "") if who.account else self._office.line_number(who.line)
        return self._exchange.call_in(
            who.caller or who.account,
            dialled or number,
            line=line,
            account=who.account,
            name=who.name,
            voice=A_VOICE if who.speaks else None,
        )

    def _act(self, deeds: Sequence[Deed], phone: SimulatedPhone | None) -> None:
        actor = Actor(deeds, self._walk, phone, self._outside, self._tell)
        self._acting[phone.leg.id if phone is not None else ""] = actor
        self._tasks.append(asyncio.create_task(actor.act()))

    async def _outside(self, deed: Deed) -> None:
        try:
            if deed.event:
                data = {name: to_json(normal(value)) for name, value in deed.event.data.items()}
                await self._runner.post([Message(deed.event.name, deed.event.key, data)])
            if deed.start:
                await self._runner.start_service(deed.start.scenario, deed.start.values, key=deed.start.key)
        except ScenarioError as fault:
            self._notes[str(fault)] = None
        if deed.call:
            self._act(deed.call.when, self._call_in(deed.call, deed.call.number))

    async def _is_over(self) -> bool:
        if self._entered > MOST_STEPS:
            self._notes[said("the simulation was ended after {count} steps", count=MOST_STEPS)] = None
            return True
        if any(not actor.waits for actor in self._acting.values()):
            return False
        local = (run for run in self._runs.values() if run.kind != ScenarioKind.SERVICE)
        if not self._over or list(self._exchange.legs()) or any(run.ended is None for run in local):
            return False
        return not await self._store.find(unfinished=True)

    def _tell(self) -> None:
        self._changed.set()

    # --- scenario.rehearsal.Rehearsal -------------------------------------------------------------------------

    def entered(self, ctx: Context, component: Component) -> StepAnswer | None:
        """See Rehearsal."""
        visit = (ctx.run_id, ctx.visit)
        if visit not in self._given_answers:
            self._entered += 1
            leg_id = ctx.leg.id if ctx.in_call else ""
            self._given_answers[visit] = self._answer(ctx, component)
            self._walk.add(Entry(self._loop.time(), ctx.scenario, ctx.step, leg_id))
            self._tell()
        return self._given_answers[visit]

    def _answer(self, ctx: Context, component: Component) -> StepAnswer | None:
        answers = self._given.answers
        name = next((n for n in (f"{ctx.scenario}.{ctx.step}", ctx.step, component.kind) if n in answers), "")
        if not name or not answers[name]:
            return None
        answer = answers[name][min(self._visits[name], len(answers[name]) - 1)]
        self._visits[name] += 1
        if answer is None:
            return None
        if component.outside or answer.error:
            if answer.exit == _ANSWERED and ctx.in_call:
                # Whoever joins a caller with somebody who answers has answered the caller as well.
                self._tasks.append(asyncio.create_task(_answer(ctx.leg)))
            return answer
        words = said(
            "step {step!r} asks nothing of the world outside: its answer under {name!r} is not used",
            step=ctx.step,
            name=name,
        )
        self._notes[words] = None
        return None

    # --- scenario.ports.TraceSink -----------------------------------------------------------------------------

    def run(self, trace: RunTrace) -> None:
        """See TraceSink."""
        self._runs[trace.run_id] = trace
        self._tell()

    def step(self, trace: StepTrace) -> None:
        """See TraceSink."""
        self._steps.append(trace)
        self._tell()

    # --- telephony.CallListener -------------------------------------------------------------------------------

    def leg_changed(self, record: LegRecord) -> None:
        """See CallListener."""
        known = self._records.setdefault(record.id, [])
        known.append((self._loop.time(), record))
        if record.state is LegState.ANSWERED and not record.held and record.id not in self._acting:
            self._tasks.append(asyncio.create_task(self._talk(record.id)))
        self._tell()

    def connection_changed(self, record: ConnectionRecord) -> None:
        """See CallListener. The legs say enough."""

    async def _talk(self, leg_id: str) -> None:
        """Let whoever has answered an outbound leg do his deeds."""
        await asyncio.sleep(0)
        phone = self._answerer(leg_id)
        if phone is not None and leg_id not in self._acting:
            behaviour = next(one for _, _, one in self._people.served if one.far_end is phone.behaviour)
            self._act(behaviour.when, phone)

    def _answerer(self, leg_id: str) -> CalledPhone | None:
        called = [phone for phone in self._exchange.called if phone.leg.id == leg_id]
        return next((phone for phone in called if LegState.ANSWERED in phone.states), None)

    # --- what came of it --------------------------------------------------------------------------------------

    async def _report(self, seconds: float, tables: Mapping[str, Sequence[Mapping[str, AnyValue]]]) -> Report:
        root, outcome, value, error = await self._ending()
        infos = sorted(await self._store.find(), key=lambda info: info.started)
        parties = [self._party(leg_id) for leg_id in self._records]
        undone = [(party.name, deed) for party in parties for deed in party.undone]
        if "" in self._acting:
            undone += [("", deed) for deed in self._acting[""].undone]
        return Report(
            script=self._script,
            tables=tables,
            scenario=self._script.scenario or (root.scenario if root else ""),
            last_scenario=root.scenario if root else self._script.scenario,
            run_id=root.run_id if root else "",
            kind=root.kind if root else "",
            outcome=outcome,
            value=value,
            error=error,
            seconds=seconds,
            variables=root.variables if root else {},
            exact=self._result.variables if self._result else {},
            programs=self._programs,
            country=self._office.country,
            parties=parties,
            steps=self._steps,
            runs=list(self._runs.values()),
            started=[info for info in infos if info.id != self._root_id],
            effects=await self._store.effects(),
            messages=await self._messages(infos),
            undone=undone,
            notes=list(self._notes),
            began=(self._given.moment or _MONDAY).astimezone(self._office.zone),
        )

    async def _ending(self) -> tuple[RunTrace | None, str, AnyValue, str]:
        """The run that was tried, how it ended, with which value and which error."""
        if self._root_id:
            info = await self._store.get(self._root_id)
            root = self._runs.get(self._root_id)
            if info is None or info.ending is None:
                return root, RUNNING, None, ""
            return root, info.ending.outcome, from_json(info.ending.value), info.ending.error
        root = next((run for run in self._runs.values() if run.kind != ScenarioKind.SERVICE), None)
        if self._fault:
            return root, "faulted", None, self._fault
        if self._result is not None:
            return root, self._result.outcome, self._result.value, self._result.error
        if root is None:
            return None, "", None, ""
        return root, root.outcome or RUNNING, None, root.error

    def _steps_of(self, run: RunTrace) -> list[StepTrace]:
        return [step for step in self._steps if step.run_id == run.run_id]

    async def _messages(self, infos: Sequence[RunInfo]) -> Sequence[Message]:
        everybody = list(await self._store.messages(limit=1000))
        known = {message.id for message in everybody}
        for info in infos:
            own = await self._store.messages(run_id=info.id, limit=1000)
            everybody += [message for message in own if message.run_id == info.id and message.id not in known]
        return sorted(everybody, key=lambda message: message.seq)

    def _party(self, leg_id: str) -> PartyReport:
        records = self._records[leg_id]
        last = records[-1][1]
        actor = self._acting.get(leg_id)
        inbound = last.direction is Direction.INBOUND
        phone = actor.phone if actor else self._answerer(leg_id)
        target: Target = LineTarget(last.line, last.dialled) if last.line else PhoneTarget(last.dialled)
        called = [one.target for one in self._exchange.called if one.leg.id == leg_id]
        if not called and not inbound:
            called = [target]
            self._notes[said("nobody is there for {number}: say what they do, under `people`", number=last.dialled)] = (
                None
            )
        named = next((name for one in called if (name := self._people.name(one)) and name != OTHERS), "")
        names = {last.dialled, *(name for one in called for name in self._office.names_of(one))}
        states: list[tuple[float, LegState]] = []
        for at, record in records:
            if not states or states[-1][1] is not record.state:
                states.append((at, record.state))
        now = self._loop.time()
        return PartyReport(
            name=self._name_of_caller(last) if inbound else named or last.dialled,
            names=self._names_of_caller(last) if inbound else frozenset(names | {named}),
            leg_id=leg_id,
            inbound=inbound,
            number=last.caller.number if inbound else last.dialled,
            shown=last.caller.number,
            line=last.line,
            states=states,
            reason=last.reason,
            told=phone.told if phone is not None else None,
            heard=[
                Said(one.at, one.until if one.until is not None else now, one.text)
                for one in (phone.heard if phone is not None else [])
                if one.text
            ],
            keys=phone.keys_heard if phone is not None else "",
            done=actor.done if actor else (),
            undone=actor.undone if actor else (),
        )

    def _name_of_caller(self, record: LegRecord) -> str:
        return CALLER if record.id == self._root_leg else record.account or record.caller.number or _HIDDEN

    def _names_of_caller(self, record: LegRecord) -> frozenset[str]:
        if record.id == self._root_leg:
            return frozenset()
        own = self._office.names_of(PhoneTarget(record.account)) if record.account else {record.caller.number}
        return frozenset(own)


async def _answer(leg: Leg) -> None:
    await leg.answer()


_HIDDEN = "hidden"
"""The name of a second caller who shows no number."""
_ANSWERED = "answered"
_MONDAY = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
