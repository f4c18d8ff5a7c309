"""From written properties to evaluated ones: literals are typed once, expressions become closures."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ValidationError

from cordboard.scenario.component import Component
from cordboard.scenario.expressions import Compiled, ExpressionError, Names, Scope, compile_expression, compile_template
from cordboard.scenario.graph import Written
from cordboard.scenario.properties import Form, Property, properties_of
from cordboard.scenario.pydantic_words import collapsed
from cordboard.scenario.said import said
from cordboard.scenario.values import SIMPLE, BadValueError, ValueType, convert, parse, shorten, show, type_of

Report = Callable[..., None]
"""Called as report(message, *path, hint=…, column=…) for each fault; `path` begins with the property."""

MAX_ROWS = 1000


@dataclass(frozen=True, slots=True)
class Evaluator:
    """Gives the value of one property. `constant` says that it never changes."""

    run: Callable[[Names], Any]
    constant: bool = False
    names: frozenset[str] = frozenset()
    type: ValueType | None = None


@dataclass(frozen=True, slots=True)
class Properties:
    """The compiled properties of one step."""

    component: type[Component]
    evaluators: Mapping[str, Evaluator]
    fixed: Component | None = None
    """The step's instance, if no property is computed."""
    names: frozenset[str] = field(default_factory=frozenset)
    """Variables and call data that it reads."""

    def evaluate(self, values: Names) -> Component:
        """The evaluated shape. Raises ExpressionError or EvaluationError."""
        if self.fixed is not None:
            return self.fixed
        raw = {}
        for name, evaluator in self.evaluators.items():
            try:
                raw[name] = evaluator.run(values)
            except ExpressionError as error:
                place = f", column {error.column}" if error.column else ""
                raise EvaluationError(f"{name}{place}: {error.message}") from error
            except BadValueError as error:
                raise EvaluationError(f"{name}: {error}") from error
        try:
            return self.component.model_validate(raw)
        except ValidationError as error:
            raise EvaluationError("; ".join(f"{'.'.join(path)}: {text}" for path, text in collapsed(error))) from error


class EvaluationError(Exception):
    """The properties of a step have no usable value this time; the message names them."""


def compile_properties(
    component: type[Component], written: Mapping[str, Written], scope: Scope, report: Report
) -> Properties | None:
    """Compile the properties of a step and report every fault. None if there was one."""
    faults = 0

    def counted(message: str, *path: str, **more: Any) -> None:
        nonlocal faults
        faults += 1
        report(message, *path, **more)

    evaluators = _compile_fields(component.properties(), written, scope, counted, ())
    if not faults:
        _check_constants(component, evaluators, counted)
    if faults:
        return None
    names = frozenset(name for evaluator in evaluators.values() for name in evaluator.names)
    properties = Properties(component, evaluators, names=names)
    if all(evaluator.constant for evaluator in evaluators.values()):
        return Properties(component, evaluators, properties.evaluate({}), names)
    return properties


def _compile_fields(
    shapes: Mapping[str, Property], written: Mapping[str, Written], scope: Scope, report: Report, path: tuple[str, ...]
) -> dict[str, Evaluator]:
    evaluators = {}
    for name in written:
        if name not in shapes:
            report(
                f"unknown property {name!r}",
                *path,
                name,
                hint=said("possible are {names}", names=", ".join(shapes) or "none"),
            )
    for name, shape in shapes.items():
        if name not in written:
            if shape.required:
                report(f"property {name!r} is missing", *path, name, hint=shape.help)
            continue
        evaluator = _compile(shape, written[name], scope, report, (*path, name))
        if evaluator is not None:
            evaluators[name] = evaluator
    return evaluators


def _compile(
    shape: Property, written: Written, scope: Scope, report: Report, path: tuple[str, ...]
) -> Evaluator | None:
    if isinstance(written, str):
        if shape.form is Form.ONE or (shape.form is Form.LIST and written.startswith("=") and shape.expressions):
            return _compile_one(shape, written, scope, report, path)
        if written == "":
            return Evaluator(lambda _: [] if shape.form is not Form.MAP else {}, constant=True)
        report(f"a {shape.form.value} is expected here, not a text", *path, hint=shape.help)
        return None
    if isinstance(written, Mapping):
        if shape.form is not Form.MAP:
            report("names are not expected here", *path, hint=shape.help)
            return None
        parts = {name: _compile_one(shape, text, scope, report, (*path, name)) for name, text in written.items()}
        good = {name: part for name, part in parts.items() if part is not None}
        return _gather(good.values(), lambda values: {name: part.run(values) for name, part in good.items()})
    if len(written) > MAX_ROWS:
        report(f"there are {len(written)} rows", *path, hint=f"at most {MAX_ROWS}")
        return None
    return _compile_list(shape, written, scope, report, path)


def _compile_list(
    shape: Property, written: Sequence[Any], scope: Scope, report: Report, path: tuple[str, ...]
) -> Evaluator | None:
    rows = bool(written) and isinstance(written[0], Mapping)
    if shape.form not in {Form.LIST, Form.ROWS} or (written and rows != (shape.form is Form.ROWS)):
        wanted = {Form.ROWS: "rows `- {name: value}`", Form.LIST: "texts `- value`"}.get(shape.form, "no list")
        report(f"{wanted} expected here", *path, hint=shape.help)
        return None
    if shape.row is None:
        found = [_compile_one(shape, text, scope, report, (*path, str(i))) for i, text in enumerate(written)]
        items = [item for item in found if item is not None]
        return _gather(items, lambda values: [item.run(values) for item in items])
    shapes = properties_of(shape.row)
    compiled = [_compile_fields(shapes, row, scope, report, (*path, str(i))) for i, row in enumerate(written)]
    flat = [part for row in compiled for part in row.values()]
    return _gather(flat, lambda values: [{name: part.run(values) for name, part in row.items()} for row in compiled])


def _gather(parts: Iterable[Evaluator], run: Callable[[Names], Any]) -> Evaluator:
    parts = list(parts)
    names = frozenset(name for part in parts for name in part.names)
    return Evaluator(run, all(part.constant for part in parts), names)


def _compile_one(shape: Property, text: str, scope: Scope, report: Report, path: tuple[str, ...]) -> Evaluator | None:
    try:
        if shape.expressions and text.startswith("="):
            return _computed(shape, compile_expression(text[1:], scope), scope)
        literal = text[1:] if text.startswith("'=") else text
        if shape.inserts:
            template = compile_template(literal, scope, shape.escape or str)
            return Evaluator(template.evaluate, template.constant, template.names, ValueType.TEXT)
        return _literal(shape, literal, scope)
    except ExpressionError as error:
        report(error.message, *path, hint=error.hint, column=error.column)
    except BadValueError as error:
        report(error.args[0], *path, hint=shape.help)
    return None


def _literal(shape: Property, text: str, scope: Scope) -> Evaluator:
    if shape.choices and text not in shape.choices and text:
        raise BadValueError(
            said("{text!r} is not possible here; write {names}", text=text, names=", ".join(shape.choices))
        )
    if shape.optional and not text.strip():
        return Evaluator(lambda _: None, constant=True)
    value = parse(shape.value_type or ValueType.TEXT, text, zone=scope.zone, country=scope.country)
    return Evaluator(lambda _: value, constant=True, type=shape.value_type)


def _computed(shape: Property, compiled: Compiled, scope: Scope) -> Evaluator:
    wanted = ValueType.LIST if shape.form is Form.LIST else shape.value_type
    found = compiled.type
    if wanted is None:
        return Evaluator(compiled.evaluate, compiled.constant, compiled.names, found)
    if found is not None and not fits(found, wanted):
        hint = said("{type}(…) turns it into one", type=wanted.value) if found is ValueType.TEXT else ""
        raise ExpressionError(
            said("a {wanted} is expected here, not a {found}", wanted=wanted.value, found=found.value), 1, hint
        )
    zone, country, optional = scope.zone, scope.country, shape.optional

    def run(values: Names) -> Any:
        value = compiled.evaluate(values)
        if value is None and optional:
            return None
        kind = type_of(value)
        if kind is None or not fits(kind, wanted):
            shown = shorten(show(value))
            raise BadValueError(said("a {wanted} is expected here, not {shown!r}", wanted=wanted.value, shown=shown))
        return value if kind is wanted else convert(value, wanted, zone=zone, country=country)

    if compiled.constant:
        # Always the same: what is wrong with it is told at save.
        value = run({})
        return Evaluator(lambda _: value, constant=True, type=found)
    return Evaluator(run, names=compiled.names, type=found)


def fits(found: ValueType, wanted: ValueType) -> bool:
    """Whether a value of one type can stand where another is wanted: any simple one is written out for a text."""
    return found is wanted or (wanted is ValueType.TEXT and found in SIMPLE)


def _check_constants(component: type[Component], evaluators: Mapping[str, Evaluator], report: Report) -> None:
    """Validate what is known already; what is computed is validated when it is."""
    constants = {name: evaluator.run({}) for name, evaluator in evaluators.items() if evaluator.constant}
    computed = evaluators.keys() - constants.keys()
    try:
        component.model_validate(constants)
    except ValidationError as error:
        for path, message in collapsed(error):
            if path[:1] and path[0] not in computed:
                report(message, *path, hint=_help(component, path[0]))
            elif not path[:1] and not computed:
                report(message)


def _help(component: type[BaseModel], name: str) -> str:
    shape = properties_of(component).get(name)
    return shape.help if shape else ""
