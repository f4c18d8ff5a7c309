"""From an expression to a closure: allow-listed nodes, types checked against the names in scope."""

import ast
import operator
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal

from cordboard.scenario.expressions import operators
from cordboard.scenario.expressions.bounds import bounded
from cordboard.scenario.expressions.calls import compile_call
from cordboard.scenario.expressions.errors import MAX_DEPTH, ExpressionError
from cordboard.scenario.expressions.functions import FUNCTIONS
from cordboard.scenario.expressions.functions.common import place
from cordboard.scenario.expressions.lazy import LAZY_NAMES, check_lazy_count
from cordboard.scenario.expressions.names import BUILTINS, Names, Scope
from cordboard.scenario.expressions.part import Closure, Part, constant
from cordboard.scenario.expressions.tokens import Constant, Name, Parsed, parse
from cordboard.scenario.graph_checks import closest
from cordboard.scenario.said import said
from cordboard.scenario.values import AnyValue, BadValueError, ValueType, show
from cordboard.scenario.values import parse as parse_literal

T = ValueType


@dataclass(frozen=True, slots=True)
class Compiled:
    """An expression, ready to be computed. `type` is None if only its run can tell."""

    type: ValueType | None
    evaluate: Closure
    """Raises ExpressionError."""
    names: frozenset[str] = frozenset()
    constant: bool = False
    """Whether it is always the same value."""


def compile_expression(text: str, scope: Scope, shift: int = 1) -> Compiled:
    """Compile an expression without its leading `=`; columns are shifted by it. Raises ExpressionError."""
    parsed = parse(text, shift)
    compiler = Compiler(parsed, scope)
    part = compiler.compile(parsed.tree, 0)
    return Compiled(part.type, part.run, frozenset(compiler.names), part.constant)


_BINARY: Mapping[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.BitAnd: "&",
}
_COMPARE: Mapping[type[ast.cmpop], str] = {
    ast.Eq: "=",
    ast.NotEq: "<>",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}
_LITERAL_FITS = frozenset(T) - {T.TEXT, T.LIST, T.RECORD}
"""Types as which a text that stands in the expression is read beside a value of them."""


class Compiler:
    """Compiles one expression. The names that it meets are in `names`."""

    def __init__(self, parsed: Parsed, scope: Scope) -> None:
        self.parsed = parsed
        self.scope = scope
        self.names: set[str] = set()
        self._certain = True

    def compile(self, node: ast.expr, depth: int) -> Part:
        """Compile a node. Raises ExpressionError."""
        if depth > MAX_DEPTH:
            raise self.error(
                node, said("the expression is nested too deeply"), said("compute a part in a variable first")
            )
        method = _NODES.get(type(node))
        if method is None:
            raise self.error(node, said("this cannot stand in an expression"))
        return method(self, node, depth + 1)

    def error(self, node: ast.expr, message: str, hint: str = "") -> ExpressionError:
        """An error at the place of a node."""
        return ExpressionError(message, self.parsed.column(node), hint)

    def placed(self, node: ast.expr, run: Closure) -> Closure:
        """Add the place to what goes wrong while computing."""
        column = self.parsed.column(node)

        def placed(values: Names) -> AnyValue:
            try:
                return run(values)
            except ExpressionError as error:
                error.column = error.column or column
                raise

        return placed

    @contextmanager
    def perhaps(self) -> Iterator[None]:
        """What is compiled inside is perhaps never computed: a fault of constants there is not one of the whole."""
        before, self._certain = self._certain, False
        try:
            yield
        finally:
            self._certain = before

    def folded(self, node: ast.expr, part: Part, inner: list[Part]) -> Part:
        """Compute now what is always the same."""
        if not all(each.constant for each in inner):
            return part
        try:
            return constant(part.run({}))
        except ExpressionError as error:
            if self._certain:
                error.column = error.column or self.parsed.column(node)
                raise
            return part

    def fitted(self, part: Part, kind: T | None, node: ast.expr) -> Part:
        """A literal text beside another type is a literal of that type: `caller = "067…"`, once and for all."""
        if part.literal is None or kind not in _LITERAL_FITS:
            return part
        assert kind is not None
        try:
            return constant(parse_literal(kind, part.literal, zone=self.scope.zone, country=self.scope.country))
        except BadValueError as error:
            raise self.error(node, error.args[0]) from error

    def condition(self, node: ast.expr, depth: int) -> Closure:
        """A node that must be true or false."""
        part = self.compile(node, depth)
        if part.type is T.BOOLEAN:
            return part.run
        if part.type is not None:
            message = said("true or false is expected here, not a {type}", type=part.type.value)
            raise self.error(node, message, said("compare: name = …"))

        def checked(values: Names) -> bool:
            value = part.run(values)
            if not isinstance(value, bool):
                raise ExpressionError(said("true or false is expected here"))
            return value

        return self.placed(node, checked)

    def logic(self, nodes: list[ast.expr], depth: int, *, all_of: bool) -> Part:
        """All of the conditions, or one of them."""
        tests = [self.condition(nodes[0], depth)]
        with self.perhaps():
            tests += [self.condition(node, depth) for node in nodes[1:]]
        if len(tests) == 2:
            a, b = tests
            if all_of:
                return Part(T.BOOLEAN, lambda values: a(values) and b(values))
            return Part(T.BOOLEAN, lambda values: a(values) or b(values))
        return Part(T.BOOLEAN, _every(tests) if all_of else _some(tests))

    def compared(self, symbol: str, left: Part, node: ast.expr, depth: int) -> Closure:
        """A comparison of a part with a node."""
        return self._comparison(symbol, left, node, self.compile(node, depth), node).run

    def _comparison(self, symbol: str, left: Part, left_node: ast.expr, right: Part, right_node: ast.expr) -> Part:
        a, b = self.fitted(left, right.type, left_node), self.fitted(right, left.type, right_node)
        self._result(right_node, symbol, a, b)
        compute, first, second = operators.binary(symbol, a.type, b.type), a.run, b.run
        if b.constant and not a.constant:
            known = second({})
            run: Closure = lambda values: compute(first(values), known)  # noqa: E731 - beside its other shape
        else:
            run = lambda values: compute(first(values), second(values))  # noqa: E731
        return self.folded(left_node, Part(T.BOOLEAN, self.placed(left_node, run)), [a, b])

    def _atom(self, node: ast.Name, _depth: int) -> Part:
        atom = self.parsed.atoms[node.id]
        if isinstance(atom, Constant):
            return constant(atom.value, atom.value if isinstance(atom.value, str) else None)
        name = atom.text
        found = self.scope.type_of(name)
        if found is None:
            if name.lower() in FUNCTIONS or name.lower() in LAZY_NAMES:
                hint: str = said("it is a function: write {name}(…)", name=name)
            else:
                near = closest(name, [*self.scope.variables, *BUILTINS])
                declare = said("declare it under variables")
                hint = said("{near}; or {declare}", near=near, declare=declare) if near else declare
            raise self.error(node, said("there is no variable {name!r}", name=name), hint)
        self.names.add(name)
        return Part(found, operator.itemgetter(name))

    def _binary(self, node: ast.BinOp, depth: int) -> Part:
        symbol = _BINARY.get(type(node.op))
        if symbol is None:
            raise self.error(node, said("this operator cannot stand in an expression"))
        left, right = self.compile(node.left, depth), self.compile(node.right, depth)
        if symbol in {"+", "-"}:
            left, right = self._added_literals(left, right, node)
        result = self._result(node.right, symbol, left, right)
        compute, a, b = operators.binary(symbol, left.type, right.type), left.run, right.run
        part = Part(result, self.placed(node, lambda values: compute(a(values), b(values))))
        return self.folded(node, part, [left, right])

    def _added_literals(self, left: Part, right: Part, node: ast.BinOp) -> tuple[Part, Part]:
        """`price + "5 UAH"`, `now + "2h"`: what can only be added to such a value is read as one."""
        if left.type is T.MONEY:
            return left, self.fitted(right, T.MONEY, node.right)
        if left.type in {T.DATETIME, T.DURATION}:
            return left, self.fitted(right, T.DURATION, node.right)
        return left, right

    def _result(self, node: ast.expr, symbol: str, left: Part, right: Part) -> ValueType | None:
        if left.type is None or right.type is None:
            return T.TEXT if symbol == "&" else None
        result = operators.result_type(symbol, left.type, right.type)
        if result is None:
            message = operators.mismatch(symbol, left.type, right.type)
            raise self.error(node, message, operators.advice(left.type, right.type))
        return result

    def _compare(self, node: ast.Compare, depth: int) -> Part:
        nodes = [node.left, *node.comparators]
        operands = [self.compile(item, depth) for item in nodes]
        tests: list[Part] = []
        for index, operation in enumerate(node.ops):
            symbol = _COMPARE.get(type(operation))
            if symbol is None:
                message = said("`in` cannot stand in an expression")
                raise self.error(nodes[index + 1], message, said("use contains(text; part) or one_of(value; …)"))
            pair = operands[index], nodes[index], operands[index + 1], nodes[index + 1]
            tests.append(self._comparison(symbol, *pair))
        if len(tests) == 1:
            return tests[0]
        return self.folded(node, Part(T.BOOLEAN, _every([test.run for test in tests])), tests)

    def _bool(self, node: ast.BoolOp, depth: int) -> Part:
        return self.logic(node.values, depth, all_of=isinstance(node.op, ast.And))

    def _unary(self, node: ast.UnaryOp, depth: int) -> Part:
        if isinstance(node.op, ast.Not):
            test = self.condition(node.operand, depth)
            return Part(T.BOOLEAN, lambda values: not test(values))
        part = self.compile(node.operand, depth)
        if part.type is not None and not operators.has_sign(part.type):
            raise self.error(node, operators.no_sign(part.type))
        if isinstance(node.op, ast.UAdd):
            return part
        if not isinstance(node.op, ast.USub):
            raise self.error(node, said("this operator cannot stand in an expression"))
        negated = Part(part.type, self.placed(node, lambda values: operators.negative(part.run(values))))
        return self.folded(node, negated, [part])

    def _list(self, node: ast.List, depth: int) -> Part:
        items = [self.compile(item, depth) for item in node.elts]
        runs = [item.run for item in items]
        part = Part(T.LIST, self.placed(node, lambda values: bounded([run(values) for run in runs])))
        return self.folded(node, part, items)

    def _subscript(self, node: ast.Subscript, depth: int) -> Part:
        if isinstance(node.slice, ast.Tuple | ast.Slice):
            raise self.error(
                node, said("one item is taken at a time"), said('write list[1] or record["name"]; more by slice()')
            )
        whole, key = self.compile(node.value, depth), self.compile(node.slice, depth)
        if whole.type not in {None, T.LIST, T.RECORD}:
            kind = whole.type.value if whole.type else ""
            raise self.error(node, said("a {type} has no items", type=kind), said("characters are taken by mid()"))
        wanted = _KEYS.get(whole.type) if whole.type else None
        if wanted is not None and key.type not in {None, wanted}:
            assert key.type is not None
            message = said("an item is taken by a number, a field by its name in quotes, not by a {type}",
                           type=key.type.value)  # fmt: skip
            raise self.error(node.slice, message, said('write list[1] or record["name"]'))
        take = self.placed(node, lambda values: _take(whole.run(values), key.run(values)))
        return self.folded(node, Part(None, take), [whole, key])

    def _call(self, node: ast.Call, depth: int) -> Part:
        atom = self.parsed.atoms.get(node.func.id) if isinstance(node.func, ast.Name) else None
        if not isinstance(atom, Name):
            raise self.error(node, said("only a function can have brackets behind it"))
        if node.keywords or any(isinstance(item, ast.Starred) for item in node.args):
            advice = said("compare with = only inside brackets: if((a = b); 1; 2)")
            raise self.error(node, said("an argument is a value"), advice)
        name = atom.text.lower()
        if name in LAZY_NAMES:
            check_lazy_count(self, node, LAZY_NAMES[name])
            return LAZY_NAMES[name].build(self, node, depth)
        function = FUNCTIONS.get(name)
        if function is None:
            near = closest(name, [*FUNCTIONS, *LAZY_NAMES]) or said("see the list of functions in the manual")
            raise self.error(node, said("there is no function {name!r}", name=atom.text), near)
        return compile_call(self, node, function, depth)


_KEYS = {T.LIST: T.NUMBER, T.RECORD: T.TEXT}


def _every(tests: list[Closure]) -> Closure:
    def run(values: Names) -> bool:
        for test in tests:  # noqa: SIM110 - all() with a generator costs twice the time
            if not test(values):
                return False
        return True

    return run


def _some(tests: list[Closure]) -> Closure:
    def run(values: Names) -> bool:
        for test in tests:  # noqa: SIM110 - as above
            if test(values):
                return True
        return False

    return run


def _take(whole: AnyValue, key: AnyValue) -> AnyValue:
    if isinstance(whole, list) and isinstance(key, Decimal):
        index = place(key, len(whole))
        if index is None:
            raise ExpressionError(
                said("the list has {count} items, there is no item {number}", count=len(whole), number=show(key)),
                hint=said("the first is 1, the last -1; item(list; number; default) asks"),
            )
        return whole[index]
    if isinstance(whole, dict) and isinstance(key, str):
        if key not in whole:
            message = said("the record has no field {name!r}", name=key[:60])
            hint: str = closest(key, whole) or said("it has {names}", names=", ".join(whole)[:200])
            raise ExpressionError(message, hint=hint)
        return whole[key]
    if whole is None:
        raise ExpressionError(said("there is no value yet"), hint=said("ask empty(…) first"))
    raise ExpressionError(said('take an item by its number, a field by its name: list[1], record["name"]'))


_NODES: Mapping[type[ast.expr], Callable[..., Part]] = {
    ast.Name: Compiler._atom,  # noqa: SLF001 - the table belongs to the class
    ast.BinOp: Compiler._binary,  # noqa: SLF001
    ast.Compare: Compiler._compare,  # noqa: SLF001
    ast.BoolOp: Compiler._bool,  # noqa: SLF001
    ast.UnaryOp: Compiler._unary,  # noqa: SLF001
    ast.List: Compiler._list,  # noqa: SLF001
    ast.Subscript: Compiler._subscript,  # noqa: SLF001
    ast.Call: Compiler._call,  # noqa: SLF001
}
