"""Calls of functions: arguments counted, typed and fitted at save, faults turned into errors with their place."""

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cordboard.scenario.expressions.bounds import bounded
from cordboard.scenario.expressions.errors import ExpressionError
from cordboard.scenario.expressions.function import Function, Parameter
from cordboard.scenario.expressions.functions import FUNCTIONS
from cordboard.scenario.expressions.names import Names, Scope
from cordboard.scenario.expressions.part import Closure, Part, constant
from cordboard.scenario.said import said
from cordboard.scenario.values import AnyValue, BadValueError, ValueType, parse, shorten, show, type_of

if TYPE_CHECKING:
    from cordboard.scenario.expressions.compiler import Compiler

T = ValueType
_LITERALS = (T.NUMBER, T.MONEY, T.BOOLEAN, T.DATE, T.TIME, T.DATETIME, T.DURATION, T.PHONE)
"""As what a text that stands in the expression may be read, in this order."""


def compile_call(compiler: "Compiler", node: ast.Call, function: Function, depth: int) -> Part:
    """A call of a function that computes all its arguments."""
    check_count(compiler, node, function)
    parts = [compiler.compile(item, depth) for item in node.args]
    kind = _common(compiler, node, function, parts)
    fitted = [
        _fitted(compiler, _Argument(item, function, function.parameter(index), kind), part)
        for index, (item, part) in enumerate(zip(node.args, parts, strict=True))
    ]
    result = kind if function.keeps else function.result
    run = _running(function, [part.run for part in fitted], compiler.scope, compiler.parsed.column(node))
    return compiler.folded(node, Part(result, run), fitted)


def check_count(compiler: "Compiler", node: ast.Call, function: Function) -> None:
    """Refuse too few or too many arguments."""
    least, most, given = function.least, function.most, len(node.args)
    if given >= least and (most is None or given <= most):
        return
    name, hint = function.name, said("write {signature}", signature=function.signature)
    if most is None:
        message = said("{name} takes {least} or more arguments, not {given}", name=name, least=least, given=given)
    elif least == most:
        message = said("{name} takes {most} arguments, not {given}", name=name, most=most, given=given)
    else:
        message = said(
            "{name} takes {least} to {most} arguments, not {given}", name=name, least=least, most=most, given=given
        )
    raise compiler.error(node, message, hint)


def _common(compiler: "Compiler", node: ast.Call, function: Function, parts: Sequence[Part]) -> T | None:
    """The one type of the arguments that must be alike; None if it is not known."""
    kind: T | None = None
    first_literal: str | None = None
    for index, part in enumerate(parts):
        parameter = function.parameter(index)
        if not parameter.alike:
            continue
        if part.literal is not None:
            first_literal = first_literal or part.literal
        elif part.type is None:
            first_literal = None
        elif kind is None:
            kind = part.type
        elif kind is not part.type:
            raise compiler.error(node.args[index], _unlike(function, kind, part.type))
        allowed = parameter.types
    if kind is not None or first_literal is None:
        return kind
    if not allowed or T.TEXT in allowed:
        return T.TEXT if all(part.type is T.TEXT for part in parts) else None
    value = _read(first_literal, allowed, compiler.scope)
    return type_of(value) if value is not None else None


def _unlike(function: Function, one: T, other: T) -> str:
    return said(
        "{name} takes values of one type, not a {one} and a {other}",
        name=function.name,
        one=one.value,
        other=other.value,
    )


@dataclass(frozen=True, slots=True)
class _Argument:
    """One place of a call: where it stands and what the function wants there."""

    node: ast.expr
    function: Function
    parameter: Parameter
    common: T | None
    """The type of the arguments that must be alike."""


def _fitted(compiler: "Compiler", argument: _Argument, part: Part) -> Part:
    node, function, parameter, kind = argument.node, argument.function, argument.parameter, argument.common
    if part.literal is not None and parameter.name in function.literals:
        try:
            function.literals[parameter.name](part.literal)
        except BadValueError as error:
            raise compiler.error(node, error.args[0]) from error
    if parameter.alike:
        if part.literal is not None and kind is not None:
            part = compiler.fitted(part, kind, node)
        if part.type is None:
            wanted = frozenset({kind}) if kind is not None else parameter.types
            return _checked(compiler, node, part, wanted, function) if wanted else part
    allowed = parameter.types
    if not allowed or part.type in allowed:
        return part
    if part.type is T.PHONE and T.TEXT in allowed:
        inner = part.run
        return Part(T.TEXT, lambda values: show(inner(values)), constant=part.constant)
    if part.literal is not None:
        return _literal(compiler, node, part.literal, allowed)
    if part.type is not None:
        raise _refused(compiler, node, function, allowed, part.type)
    return _checked(compiler, node, part, allowed, function)


def _refused(
    compiler: "Compiler", node: ast.expr, function: Function, allowed: frozenset[T], given: T
) -> ExpressionError:
    hint: str = said("write {signature}", signature=function.signature)
    only = next(iter(allowed)) if len(allowed) == 1 else None
    if only is not None and only.value in FUNCTIONS:
        hint = said("{type}(…) turns it into one", type=only.value)
    if only is T.NUMBER and given is T.MONEY:
        hint = said("amount(…) is the number of it")
    message = said(
        "{name} takes a {wanted} here, not a {given}", name=function.name, wanted=_listed(allowed), given=given.value
    )
    return compiler.error(node, message, hint)


def _listed(allowed: frozenset[T]) -> str:
    return " or ".join(kind.value for kind in T if kind in allowed)


def _read(text: str, allowed: frozenset[T], scope: Scope) -> AnyValue:
    """The value that a literal text shows; None if it shows none of the types."""
    for kind in _LITERALS:
        if kind in allowed:
            try:
                return parse(kind, text, zone=scope.zone, country=scope.country)
            except BadValueError:
                continue
    return None


def _literal(compiler: "Compiler", node: ast.expr, text: str, allowed: frozenset[T]) -> Part:
    value = _read(text, allowed, compiler.scope)
    if value is not None:
        return constant(value)
    kind = next((kind for kind in _LITERALS if kind in allowed), None)
    try:
        if kind is not None:
            parse(kind, text, zone=compiler.scope.zone, country=compiler.scope.country)
    except BadValueError as error:
        raise compiler.error(node, error.args[0]) from error
    message = said("a {wanted} is expected here, not the text {text!r}", wanted=_listed(allowed), text=shorten(text))
    raise compiler.error(node, message)


def _checked(compiler: "Compiler", node: ast.expr, part: Part, allowed: frozenset[T], function: Function) -> Part:
    """An argument whose type shows only when it is computed."""
    inner, wanted = part.run, _listed(allowed)

    def run(values: Names) -> AnyValue:
        value = inner(values)
        if value is not None and type_of(value) not in allowed:
            raise ExpressionError(
                said(
                    "{name} takes a {wanted} here, not {value!r}",
                    name=function.name,
                    wanted=wanted,
                    value=shorten(show(value)),
                )
            )
        return value

    kind = next(iter(allowed)) if len(allowed) == 1 else None
    return Part(kind, compiler.placed(node, run), constant=part.constant)


def _running(function: Function, runs: list[Closure], scope: Scope, column: int) -> Closure:
    call = function.call
    prefix = (scope,) if function.located else ()
    needed = tuple(i for i in range(len(runs)) if function.parameter(i).types)
    alike = tuple(i for i in range(len(runs)) if function.parameter(i).alike)
    fault = _fault(function, column)

    def many(values: Names) -> AnyValue:
        try:
            arguments = [run(values) for run in runs]
            for index in needed:
                if arguments[index] is None:
                    raise _nothing(function)
            if len(alike) > 1:
                _check_alike(function, [arguments[index] for index in alike])
            return bounded(call(*prefix, *arguments))
        except Exception as error:
            raise fault(error) from error

    if len(runs) != 1 or not needed:
        return many
    (only,) = runs

    def one(values: Names) -> AnyValue:
        try:
            argument = only(values)
            if argument is None:
                raise _nothing(function)
            return bounded(call(argument))
        except Exception as error:
            raise fault(error) from error

    def one_located(values: Names) -> AnyValue:
        try:
            argument = only(values)
            if argument is None:
                raise _nothing(function)
            return bounded(call(scope, argument))
        except Exception as error:
            raise fault(error) from error

    return one_located if function.located else one


def _check_alike(function: Function, values: list[AnyValue]) -> None:
    kinds = {type(value): value for value in values if value is not None}
    if len(kinds) > 1:
        one, other = (type_of(value) for value in list(kinds.values())[:2])
        assert one is not None
        assert other is not None
        raise ExpressionError(_unlike(function, one, other))


def _nothing(function: Function) -> ExpressionError:
    return ExpressionError(
        said("{name}: there is no value yet", name=function.name),
        hint=said("give the variable a value first, or ask empty(name)"),
    )


def _fault(function: Function, column: int) -> Callable[[Exception], Exception]:
    name = function.name

    def fault(error: Exception) -> Exception:
        if isinstance(error, ExpressionError):
            error.column = error.column or column
            return error
        if isinstance(error, BadValueError):
            return ExpressionError(said("{name}: {fault}", name=name, fault=error.args[0]), column)
        if isinstance(error, ArithmeticError | ValueError | TypeError | AttributeError | RecursionError):
            return ExpressionError(said("{name} cannot be computed with these values", name=name), column)
        return error

    return fault
