"""Checks of what a step names outside its scenario: is it there, is it of the right kind, do the values fit."""

from collections.abc import Iterator, Mapping
from typing import Any

from cordboard.scenario.expressions import ExpressionError, Scope, compile_expression
from cordboard.scenario.fault_list import FaultList
from cordboard.scenario.graph import Scenario, Variable
from cordboard.scenario.graph_checks import closest
from cordboard.scenario.properties import Form, Property, properties_of
from cordboard.scenario.references import SAME_KIND, SCENARIO, Neighbours, References
from cordboard.scenario.said import said
from cordboard.scenario.values import BadValueError, ValueType, parse
from cordboard.scenario.written import fits

Path = tuple[str, ...]

_HINTS: Mapping[str, str] = {
    "scenario": said("write the scenario, or correct the name"),
    "user": said("correct the login, or add the user to the office"),
    "line": said("correct the name, or add the line to the office"),
    "file": said("copy the sound into the prompts folder, or correct the name"),
}


class OutsideChecks:
    """The checks of one scenario. `found` gathers what it names outside itself, by kind."""

    def __init__(
        self, scenario: Scenario, faults: FaultList, scope: Scope, known: References, neighbours: Neighbours | None
    ) -> None:
        self._scenario = scenario
        self._faults = faults
        self._scope = scope
        self._known = known
        self._neighbours = neighbours
        self.found: dict[str, set[str]] = {}

    def step(self, path: Path, shapes: Mapping[str, Property], written: Mapping[str, Any]) -> None:
        """Check the properties of a step, or the fields of a row."""
        for inner, shape, text in plain_texts(shapes, written):
            if shape.reference is not None:
                needed = len(inner) > 1 or not any(written.get(name) for name in shape.reference.instead)
                self._reference((*path, *inner), shape, text, needed=needed)
        for name, shape in shapes.items():
            if shape.gives and isinstance(target := written.get(shape.gives), str):
                self._given((*path, name), target, written.get(name))

    def _reference(self, path: Path, shape: Property, text: str, *, needed: bool) -> None:
        reference = shape.reference
        assert reference is not None
        if reference.computed and (text.startswith("=") or "{" in text):
            return
        text = text.removeprefix("'") if text.startswith("'=") and reference.computed else text
        self.found.setdefault(reference.to, set()).add(text)
        known = self._known.get(reference.to)
        if known is None and reference.to == SCENARIO:
            known = list(self._neighbours) if self._neighbours is not None else None
        if known is not None and text not in known and needed:
            hint = closest(text, known) or _HINTS.get(reference.to, "")
            self._faults.add(said("there is no {thing} {name!r}", thing=reference.to, name=text), path, hint)
        elif reference.to == SCENARIO:
            self._kind(path, reference.kind, text)

    def _kind(self, path: Path, wanted: str, name: str) -> None:
        other = self._neighbours.get(name) if self._neighbours is not None else None
        wanted = self._scenario.kind if wanted == SAME_KIND else wanted
        if other is not None and other.kind and wanted and other.kind != wanted:
            message = said("{name!r} is a {kind} scenario; a {wanted} scenario is needed here", name=name,
                           kind=other.kind, wanted=wanted)  # fmt: skip
            self._faults.add(message, path, said("name another scenario, or use the component for this kind"))

    def _given(self, path: Path, target: str, given: object) -> None:
        """Values for the variables of another scenario."""
        if self._neighbours is None or self._neighbours.get(target) is None or not given:
            return
        variables = self._neighbours.variables(target)
        if isinstance(given, str) and not given.startswith("="):
            self._variable(path, target, given, variables)
        if not isinstance(given, Mapping):
            return
        for name, text in given.items():
            variable = self._variable((*path, name), target, name, variables)
            if variable is not None and isinstance(text, str):
                self._value((*path, name), target, variable, text)

    def _variable(self, path: Path, target: str, name: str, variables: Mapping[str, Variable]) -> Variable | None:
        if name not in variables:
            hint = closest(name, variables) or said("declare it there, or take the line out")
            self._faults.add(
                said("scenario {scenario!r} has no variable {name!r}", scenario=target, name=name), path, hint
            )
        return variables.get(name)

    def _value(self, path: Path, target: str, variable: Variable, text: str) -> None:
        try:
            wanted = ValueType(variable.type)
        except ValueError:
            return
        literal = text.removeprefix("'") if text.startswith("'=") else text
        try:
            if text.startswith("="):
                given = compile_expression(text[1:], self._scope).type
                if given is not None and given is not ValueType.TEXT and not _becomes(given, wanted):
                    raise BadValueError(
                        said("a {given} does not fit into {name!r} of scenario {scenario!r}, which is a {wanted}",
                             given=given.value, name=variable.name, scenario=target, wanted=wanted.value)
                    )  # fmt: skip
            elif "{" not in text and wanted is not ValueType.TEXT:
                parse(wanted, literal, zone=self._scope.zone, country=self._scope.country)
        except ExpressionError:
            return  # told already
        except BadValueError as error:
            message = str(error)
            self._faults.add(message, path, said("change the value, or the variable's type in {scenario!r}",
                                                 scenario=target))  # fmt: skip


def _becomes(given: ValueType, wanted: ValueType) -> bool:
    return fits(given, wanted) or (given is ValueType.NUMBER and wanted is ValueType.PHONE)


def plain_texts(shapes: Mapping[str, Property], written: Mapping[str, Any]) -> Iterator[tuple[Path, Property, str]]:
    """Every filled-in text of a step with its shape and the path to it, those of rows too."""
    for name, shape in shapes.items():
        value = written.get(name)
        if not value:
            continue
        if shape.form is Form.ROWS and shape.row is not None and not isinstance(value, str | Mapping):
            inner = properties_of(shape.row)
            for index, row in enumerate(value):
                if isinstance(row, Mapping):
                    for path, field, text in plain_texts(inner, row):
                        yield (name, str(index), *path), field, text
            continue
        texts = [value] if isinstance(value, str) else list(value.values() if isinstance(value, Mapping) else value)
        for text in texts:
            if isinstance(text, str) and text:
                yield (name,), shape, text
