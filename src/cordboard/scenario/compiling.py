"""From a read scenario to a compiled one, with every fault on the way."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from cordboard.scenario.branch_checks import lost_ends, meetings, territories
from cordboard.scenario.catalogue import Catalogue
from cordboard.scenario.compiled import CompiledStep, Declared, Program
from cordboard.scenario.component import ERROR, SLUG, Component, ScenarioKind
from cordboard.scenario.expressions import (
    BUILTINS,
    OF_A_CALL,
    Compiled,
    ExpressionError,
    Scope,
    compile_expression,
    compile_template,
)
from cordboard.scenario.fault_list import FaultList
from cordboard.scenario.graph import Scenario, Step, Variable
from cordboard.scenario.graph_checks import closest, loops_without_waiting, unreachable
from cordboard.scenario.outside_checks import OutsideChecks, plain_texts
from cordboard.scenario.properties import Property
from cordboard.scenario.references import Neighbours, References, written_targets
from cordboard.scenario.run_mode import RunMode
from cordboard.scenario.said import said
from cordboard.scenario.text import Reading
from cordboard.scenario.values import AnyValue, BadValueError, ValueType, parse
from cordboard.scenario.wording_checks import WordingChecks
from cordboard.scenario.written import Properties, compile_properties, fits
from cordboard.telephony import PhoneNumber

_EMPTY: Mapping[ValueType, AnyValue] = {
    ValueType.TEXT: "",
    ValueType.NUMBER: Decimal(0),
    ValueType.BOOLEAN: False,
    ValueType.DURATION: timedelta(),
    ValueType.PHONE: PhoneNumber("", ""),
    ValueType.LIST: [],
    ValueType.RECORD: {},
}
"""What a variable begins with. Dates and times have no such value: they are empty (None)."""


class Compiler:
    """Compiles one scenario once."""

    def __init__(
        self,
        reading: Reading,
        scenario: Scenario,
        catalogue: Catalogue,
        scope: Scope,
        *,
        known: References,
        neighbours: Neighbours | None,
    ) -> None:
        self.scenario = scenario
        self.catalogue = catalogue
        self.scope = scope
        self.known = known
        self.neighbours = neighbours
        self.faults = FaultList(reading)
        self.outside = OutsideChecks(scenario, self.faults, scope, known, neighbours)
        """Made anew when the variables are known."""
        self.wording = WordingChecks(self.faults)

    def compile(self, name: str) -> Program | None:
        """Make what can be made of the scenario; whether it may run, `faults` says."""
        scenario = self.scenario
        kind = self._kind()
        if name and scenario.name and scenario.name != name:
            self._fault(f"the scenario calls itself {scenario.name!r}", ("scenario",), f"write {name!r}")
        variables = {v.name: declared for v in scenario.variables if (declared := self._variable(v)) is not None}
        types = {name: variable.type for name, variable in variables.items()}
        self.scope = Scope(self.scope.zone, self.scope.country, types)
        self.outside = OutsideChecks(scenario, self.faults, self.scope, self.known, self.neighbours)
        for place, target in self._entries():
            if target and target not in scenario.steps:
                self._dangling(target, (place,))
        if scenario.after_hangup and kind is ScenarioKind.SERVICE:
            self._fault("a service scenario has no caller who could hang up", ("after_hangup",), "take the line out")
        steps = {step.id: done for step in scenario.steps.values() if (done := self._step(step, kind)) is not None}
        self.wording.finish()
        self._check_graph(steps)
        self._check_branches()
        self._check_circles()
        if kind is None:
            return None
        return Program(
            scenario.name,
            kind,
            scenario.start,
            steps,
            variables,
            scenario.after_hangup,
            scenario.fault,
            scenario.title,
            *self._mode(kind),
        )

    def _mode(self, kind: ScenarioKind) -> tuple[RunMode, int, Compiled | None]:
        """What happens when the trigger comes again."""
        scenario = self.scenario
        if kind is not ScenarioKind.SERVICE:
            for place in ("mode", "at_most", "key"):
                if getattr(scenario, place):
                    self._fault(
                        "run modes are for service scenarios: a call waits for nobody", (place,), "take the line out"
                    )
            return RunMode.PARALLEL, 1, None
        mode, at_most, key = RunMode.PARALLEL, 1, None
        try:
            mode = RunMode(scenario.mode or RunMode.PARALLEL)
        except ValueError:
            hint = closest(scenario.mode, RunMode) or said("possible are {names}", names=", ".join(RunMode))
            self._fault(f"unknown run mode {scenario.mode!r}", ("mode",), hint)
        if scenario.at_most.isascii() and scenario.at_most.isdigit() and 1 <= int(scenario.at_most[:6]) <= 10_000:
            at_most = int(scenario.at_most)
        elif scenario.at_most or mode is RunMode.AT_MOST:
            self._fault(
                f"{scenario.at_most!r} is no number of runs", ("at_most",), "write `at_most: 3`, from 1 to 10000"
            )
        if scenario.at_most and mode is not RunMode.AT_MOST:
            self._fault(
                "the number counts only with `mode: at_most`", ("at_most",), "write the mode or take the line out"
            )
        if scenario.key:
            try:
                computed = scenario.key.startswith("=")
                key = (
                    compile_expression(scenario.key[1:], self.scope)
                    if computed
                    else compile_template(scenario.key, self.scope)
                )
            except ExpressionError as error:
                self._fault(error.message, ("key",), error.hint, column=error.column)
        return mode, at_most, key

    def _entries(self) -> Iterator[tuple[str, str]]:
        for place in ("start", "after_hangup", "fault"):
            yield place, getattr(self.scenario, place)

    def _kind(self) -> ScenarioKind | None:
        try:
            return ScenarioKind(self.scenario.kind)
        except ValueError:
            if self.scenario.kind:
                kinds = ", ".join(ScenarioKind)
                self._fault(
                    f"unknown kind of scenario {self.scenario.kind!r}", ("kind",), said("write {names}", names=kinds)
                )
            return None

    def _variable(self, variable: Variable) -> Declared | None:
        path = ("variables", variable.name)
        if not variable.name.isidentifier() or len(variable.name) > 60:
            self._fault(f"{variable.name!r} is no name", path, "letters, digits and _, not beginning with a digit")
            return None
        of_an_event = self.scenario.kind == ScenarioKind.SERVICE and variable.name in OF_A_CALL
        if variable.name in BUILTINS and not of_an_event:
            self._fault(f"{variable.name!r} is there by itself", path, "give the variable another name")
            return None
        try:
            type_ = ValueType(variable.type)
        except ValueError:
            hint = closest(variable.type, [item.value for item in ValueType])
            self._fault(f"unknown type {variable.type!r}", path, hint)
            return None
        if not variable.value:
            initial: AnyValue = _EMPTY.get(type_)
        else:
            try:
                initial = parse(type_, variable.value, zone=self.scope.zone, country=self.scope.country)
            except BadValueError as error:
                self._fault(str(error), path, f"the variable is a {type_.value}")
                return None
        return Declared(
            variable.name,
            type_,
            initial,
            parameter=variable.parameter,
            secret=variable.secret,
            session=variable.session,
        )

    def _step(self, step: Step, kind: ScenarioKind | None) -> CompiledStep | None:
        path = ("steps", step.id)
        if not step.id.isidentifier() and not SLUG.fullmatch(step.id.replace("-", "_")):
            self._fault(f"{step.id!r} is no id", path, "letters, digits, _ and -, not beginning with a digit")
        if not step.component:
            return None
        component = self.catalogue.get(step.component)
        if component is None:
            hint = closest(step.component, self.catalogue.kinds(kind))
            self._fault(f"unknown component {step.component!r}", (*path, "component"), hint)
            return None
        if kind is not None and kind not in component.kinds:
            hint = f"it can stand in {', '.join(sorted(component.kinds))} scenarios"
            self._fault(f"{step.component!r} cannot stand in a {kind} scenario", (*path, "component"), hint)
        written = dict(step.properties)
        if step.version > component.version:
            hint = f"this exchange knows version {component.version}; update it"
            self._fault(f"version {step.version} is newer", (*path, "version"), hint)
        elif step.version < component.version:
            written = component.upgrade(written, step.version)

        def report(message: str, *inner: str, hint: str = "", column: int = 0) -> None:
            self._fault(message, (*path, *inner), hint, column=column)

        properties = compile_properties(component, written, self.scope, report)
        shapes = component.properties()
        for inner, shape, text in plain_texts(shapes, written):
            if shape.variable is not None:
                self._variable_name(text, (*path, *inner), shape, properties if len(inner) == 1 else None)
            if shape.names is not None:
                self._named_inside((*path, *inner), shape.names(text))
        self.outside.step(path, shapes, written)
        self.wording.step(path, component, written)
        cords = self._cords(step, component, written)
        return CompiledStep(step.id, component, properties, cords) if properties is not None else None

    def _variable_name(self, text: str, path: tuple[str, ...], shape: Property, done: Properties | None) -> None:
        found = self.scope.variables.get(text)
        if found is None:
            hint = closest(text, self.scope.variables) or "declare it under variables"
            self._fault(f"there is no variable {text!r}", path, hint)
            return
        source = done.evaluators.get(shape.variable.of) if done and shape.variable else None
        given = source.type if source is not None else None
        # A text is read when it arrives: whether it fits shows only then.
        if given is not None and given is not ValueType.TEXT and not fits(given, found):
            message = f"a {given.value} does not fit into {text!r}, which is a {found.value}"
            self._fault(message, path, "change the variable's type or the expression")

    def _named_inside(self, path: tuple[str, ...], names: Mapping[str, str]) -> None:
        known = {name.casefold() for name in self.scope.variables}
        for name, place in names.items():
            if name.casefold() not in known:
                hint = closest(name, self.scope.variables) or said("declare it under variables")
                self._fault(said("{place}: there is no variable {name!r}", place=place, name=name), path, hint)

    def _cords(self, step: Step, component: type[Component], written: Mapping[str, Any]) -> dict[str, str]:
        path = ("steps", step.id)
        fixed = (*component.fixed_exits(), ERROR)
        cords = {}
        for exit_, target in step.exits.items():
            place = (*path, "exits", exit_)
            if exit_ not in fixed:
                has_rows = any(shape.makes_exits for shape in component.properties().values())
                hint = said("possible are {names}", names=", ".join(fixed))
                hint += "; the cord of a row stands in it as `to`" if has_rows else ""
                self._fault(f"{step.component!r} has no exit {exit_!r}", place, hint)
            elif target not in self.scenario.steps:
                self._dangling(target, place)
            else:
                cords[exit_] = target
        open_exits = [exit_ for exit_ in component.exits_to_wire(step.properties) if exit_ not in step.exits]
        seen = set(fixed)
        for name, shape in component.properties().items():
            rows = written.get(name)
            if not shape.makes_exits or not rows or isinstance(rows, str | Mapping):
                continue
            for index, row in enumerate(row for row in rows if isinstance(row, Mapping)):
                place, slug, target = (*path, name, str(index)), row.get("id", ""), row.get("to", "")
                if slug in seen:
                    self._fault(f"the exit {slug!r} is there twice", place, "give the row another id")
                seen.add(slug)
                if not target:
                    open_exits.append(slug)
                elif target not in self.scenario.steps:
                    self._dangling(target, place)
                else:
                    cords[slug] = target
        for exit_ in open_exits:
            self.faults.warn(f"the exit {exit_!r} leads nowhere: the scenario ends there", path)
        return cords

    def _check_graph(self, steps: Mapping[str, CompiledStep]) -> None:
        entries = [target for _, target in self._entries() if target]
        every = self.scenario.steps
        # A step that did not compile still has its cords: what lies behind it is not to blame.
        targets = {
            name: list(steps[name].cords.values()) if name in steps else written_targets(every[name]) for name in every
        }
        # Where the scenario begins nowhere, no step is to blame for that.
        for name in unreachable(entries, targets) if self.scenario.start in every else ():
            self.faults.warn("no cord leads to this step", ("steps", name), "draw a cord to it or take it out")
        quick = {name for name in steps if self._is_quick(steps[name].component, every[name])}
        for loop in loops_without_waiting(targets, quick):
            ring = " → ".join([*loop[:8], loop[0]])
            hint = "put something that waits into the loop: a pause, a prompt, a question"
            self._fault(f"a loop without waiting: {ring}", ("steps", loop[0]), hint)

    def _is_quick(self, component: type[Component], step: Step) -> bool:
        return self.neighbours.is_quick(step) if self.neighbours is not None else not component.waits

    def _check_branches(self) -> None:
        """Branches that run side by side: `join` stands in one, and none runs into another."""
        every = self.scenario.steps
        components = {name: self.catalogue.get(step.component) for name, step in every.items()}
        ends = {name for name, component in components.items() if component is not None and component.ends_branch}
        rows = {
            name: row_cords(every[name], component)
            for name, component in components.items()
            if component is not None and component.begins_branches
        }
        cords = {name: {**row_cords(step, components[name]), **step.exits} for name, step in every.items()}
        branches = territories([target for _, target in self._entries()], cords, rows, ends)
        for name in lost_ends(branches, ends):
            hint = said("it ends a way of parallel branches: end the scenario with a stop instead")
            self._fault(said("there is no branch that could end here"), ("steps", name), hint)
        shared = ends | {name for name in every if not cords[name]}
        for name, slugs in meetings(branches, cords, shared).items():
            message = said("several branches lead to this step: {branches}", branches=", ".join(slugs))
            self.faults.warn(message, ("steps", name), said("end each of them by a join before"))

    def _check_circles(self) -> None:
        """Scenarios that call each other in a circle in which nothing waits."""
        if self.neighbours is None or self.scenario.name not in self.neighbours:
            return
        name = self.scenario.name
        at_once = self.neighbours.called_at_once(name)
        for step in self.scenario.steps.values():
            for called in self.neighbours.called_by(step):
                if called in at_once and (circle := self.neighbours.circle(name, called)):
                    message = said("scenarios call each other without waiting: {ring}", ring=" → ".join(circle))
                    hint = said("put something that waits before the call, or take the call out")
                    self._fault(message, ("steps", step.id), hint)

    def _dangling(self, target: str, path: tuple[str, ...]) -> None:
        hint = closest(target, self.scenario.steps) or "take it out or add the step"
        self._fault(f"there is no step {target!r}" if target else "the cord leads to no step", path, hint)

    def _fault(self, message: str, path: tuple[str, ...], hint: str, *, column: int = 0) -> None:
        self.faults.add(message, path, hint, column=column)


def row_cords(step: Step, component: type[Component] | None) -> dict[str, str]:
    """The cords that stand in the rows of a step, by the slugs of the rows."""
    names = [name for name, shape in component.properties().items() if shape.makes_exits] if component else []
    rows = [row for name in names if not isinstance(step.properties.get(name, ()), str | Mapping)
            for row in step.properties.get(name, ())]  # fmt: skip
    return {row.get("id", ""): row["to"] for row in rows if isinstance(row, Mapping) and row.get("to")}
