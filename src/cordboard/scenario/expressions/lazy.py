"""Functions that compute only the arguments they need. The compiler builds them itself."""

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cordboard.scenario.expressions.errors import ExpressionError
from cordboard.scenario.expressions.function import Example
from cordboard.scenario.expressions.functions.logic import empty
from cordboard.scenario.expressions.names import Names
from cordboard.scenario.expressions.part import Closure, Part
from cordboard.scenario.said import said
from cordboard.scenario.values import AnyValue, ValueType

if TYPE_CHECKING:
    from cordboard.scenario.expressions.compiler import Compiler

T = ValueType


@dataclass(frozen=True, slots=True)
class LazyFunction:
    """One of them, as the manual shows it, and what builds it."""

    name: str
    russian: str
    ukrainian: str
    signature: str
    help: str
    examples: tuple[Example, ...]
    build: "Callable[[Compiler, ast.Call, int], Part]"
    least: int
    most: int | None = None


def _common(parts: list[Part]) -> T | None:
    kinds = {part.type for part in parts}
    return kinds.pop() if len(kinds) == 1 else None


def _branches(compiler: "Compiler", nodes: list[ast.expr], depth: int) -> list[Part]:
    with compiler.perhaps():
        return [compiler.compile(node, depth) for node in nodes]


def _if(compiler: "Compiler", node: ast.Call, depth: int) -> Part:
    test = compiler.condition(node.args[0], depth)
    branches = _branches(compiler, node.args[1:], depth)
    yes, no = (part.run for part in branches)
    return Part(_common(branches), lambda values: yes(values) if test(values) else no(values))


def _ifs(compiler: "Compiler", node: ast.Call, depth: int) -> Part:
    if not len(node.args) % 2:
        raise compiler.error(node, said("ifs ends with the value for all other cases"), _IFS)
    tests = [compiler.condition(node.args[0], depth)]
    with compiler.perhaps():
        tests += [compiler.condition(item, depth) for item in node.args[2:-1:2]]
    branches = _branches(compiler, [*node.args[1::2], node.args[-1]], depth)
    cases = list(zip(tests, (part.run for part in branches[:-1]), strict=True))
    otherwise = branches[-1].run

    def run(values: Names) -> AnyValue:
        for test, value in cases:
            if test(values):
                return value(values)
        return otherwise(values)

    return Part(_common(branches), run)


def _choose(compiler: "Compiler", node: ast.Call, depth: int) -> Part:
    if len(node.args) % 2:
        raise compiler.error(node, said("choose ends with the value for all other cases"), _CHOOSE)
    subject = compiler.compile(node.args[0], depth)
    cases: list[tuple[Closure, Closure]] = []
    results: list[Part] = []
    with compiler.perhaps():
        for case, result in zip(node.args[1:-1:2], node.args[2:-1:2], strict=True):
            results.append(compiler.compile(result, depth))
            cases.append((compiler.compared("=", subject, case, depth), results[-1].run))
        results.append(compiler.compile(node.args[-1], depth))
    otherwise = results[-1].run

    def run(values: Names) -> AnyValue:
        for fits, result in cases:
            if fits(values):
                return result(values)
        return otherwise(values)

    return Part(_common(results), run)


def _coalesce(compiler: "Compiler", node: ast.Call, depth: int) -> Part:
    parts = [compiler.compile(node.args[0], depth), *_branches(compiler, node.args[1:], depth)]
    runs = [part.run for part in parts]

    def run(values: Names) -> AnyValue:
        value = None
        for each in runs:
            value = each(values)
            if not empty(value):
                break
        return value

    return Part(_common(parts), run)


def _if_error(compiler: "Compiler", node: ast.Call, depth: int) -> Part:
    parts = _branches(compiler, node.args, depth)
    tried, instead = (part.run for part in parts)

    def run(values: Names) -> AnyValue:
        try:
            return tried(values)
        except ExpressionError:
            return instead(values)

    return Part(_common(parts), run)


def _and(compiler: "Compiler", node: ast.Call, depth: int) -> Part:
    return compiler.logic(node.args, depth, all_of=True)


def _or(compiler: "Compiler", node: ast.Call, depth: int) -> Part:
    return compiler.logic(node.args, depth, all_of=False)


def _not(compiler: "Compiler", node: ast.Call, depth: int) -> Part:
    test = compiler.condition(node.args[0], depth)
    return Part(T.BOOLEAN, lambda values: not test(values))


_IFS = "ifs(condition; value; …; otherwise)"
_CHOOSE = "choose(value; case; result; …; otherwise)"

LAZY: tuple[LazyFunction, ...] = (
    LazyFunction(
        "if", "если", "якщо", "if(condition; then; otherwise)", "One of two values.",
        (('if(2 > 1; "yes"; "no")', "yes"),), _if, 3, 3,
    ),
    LazyFunction(
        "ifs", "еслимн", "якщомн", _IFS,
        "The value behind the first condition that is true.",
        (('ifs(2 < 1; "a"; 2 < 3; "b"; "c")', "b"),), _ifs, 3,
    ),
    LazyFunction(
        "choose", "выбор", "вибір", _CHOOSE,
        "The result behind the first case that the value equals.",
        (('choose(2; 1; "one"; 2; "two"; "many")', "two"),
         ('choose(phone("0671234567"); "+380671234567"; "Ann"; "nobody")', "Ann")), _choose, 4,
    ),
    LazyFunction(
        "coalesce", "первоенепустое", "першенепорожнє", "coalesce(value; …)",
        "The first value that is not empty; the last one if all are.",
        (('coalesce(""; "Ann"; "guest")', "Ann"),), _coalesce, 1,
    ),
    LazyFunction(
        "if_error", "еслиошибка", "якщопомилка", "if_error(value; otherwise)",
        "The value, or another if it cannot be computed.",
        (('if_error(number("12a"); 0)', "0"),), _if_error, 2, 2,
    ),
    LazyFunction(
        "and", "и", "і", "and(condition; …)", "Whether all are true. The same as the word between them.",
        (("and(1 < 2; 2 < 3)", "true"), ("1 < 2 and 2 > 3", "false")), _and, 1,
    ),
    LazyFunction(
        "or", "или", "або", "or(condition; …)", "Whether one of them is true.",
        (("or(1 > 2; 2 < 3)", "true"),), _or, 1,
    ),
    LazyFunction(
        "not", "не", "не", "not(condition)", "Whether it is false.", (("not(1 > 2)", "true"),), _not, 1, 1,
    ),
)  # fmt: skip
"""Each of them."""

LAZY_NAMES: Mapping[str, LazyFunction] = {
    name: each for each in LAZY for name in (each.name, each.russian, each.ukrainian)
}
"""By any of their names."""


def check_lazy_count(compiler: "Compiler", node: ast.Call, function: LazyFunction) -> None:
    """Refuse too few or too many arguments."""
    given = len(node.args)
    if given < function.least or (function.most is not None and given > function.most):
        if function.most is None:
            message = said(
                "{name} takes {least} or more arguments, not {given}",
                name=function.name,
                least=function.least,
                given=given,
            )
        else:
            message = said(
                "{name} takes {most} arguments, not {given}", name=function.name, most=function.most, given=given
            )
        raise compiler.error(node, message, said("write {signature}", signature=function.signature))


__all__ = ["LAZY", "LAZY_NAMES", "LazyFunction", "check_lazy_count"]
