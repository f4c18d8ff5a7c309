"""From an expression to a closure: allow-listed nodes, types checked against the names in scope."""

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from decimal import Decimal
from typing import Protocol

from cordboard.scenario.expressions import operators
from cordboard.scenario.expressions.errors import MAX_DEPTH, MAX_TEXT, ExpressionError
from cordboard.scenario.expressions.functions import FUNCTIONS, LAZY_NAMES, Function, guarded
from cordboard.scenario.expressions.tokens import Constant, Name, Parsed, parse
from cordboard.scenario.values import SIMPLE, AnyValue, BadValueError, ValueType, show, type_of
from cordboard.scenario.values import parse as parse_literal

T = ValueType


class Names(Protocol):
    """The values of the names in scope; a dict will do."""

    def __getitem__(self, name: str, /) -> AnyValue:
        """The value of a name."""


Closure = Callable[[Names], AnyValue]

BUILTINS: Mapping[str, ValueType] = {
    "caller": T.PHONE,
    "caller_name": T.TEXT,
    "dialled": T.PHONE,
    "line": T.TEXT,
    "chain": T.TEXT,
    "now": T.DATETIME,
    "today": T.DATE,
    "error": T.TEXT,
}
"""Names that every scenario has: data of the call, the moment, the words of the last fault."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What an expression can see."""

    zone: tzinfo
    country: str
    variables: Mapping[str, ValueType] = field(default_factory=dict)

    def type_of(self, name: str) -> ValueType | None:
        """The type of a name; None if there is no such name."""
        return self.variables.get(name) or BUILTINS.get(name)


@dataclass(frozen=True, slots=True)
class Compiled:
    """An expression, ready to be computed. `type` is None if only its run can tell."""

    type: ValueType | None
    evaluate: Closure
    """Raises ExpressionError."""
    names: frozenset[str] = frozenset()
    constant: bool = False


@dataclass(frozen=True, slots=True)
class _Part:
    """A compiled node."""

    type: ValueType | None
    run: Closure
    literal: str | None = None
    """Its text, if it is a literal text: that fits other types, too."""


def compile_expression(text: str, scope: Scope, shift: int = 1) -> Compiled:
    """Compile an expression without its leading `=`; columns are shifted by it. Raises ExpressionError."""
    parsed = parse(text, shift)
    compiler = _Compiler(parsed, scope)
    part = compiler.compile(parsed.tree, 0)
    return Compiled(part.type, part.run, frozenset(compiler.names), constant=part.literal is not None)


def compile_template(text: str, scope: Scope) -> Compiled:
    """Compile a text with `{expression}` inserts; `{{` is a brace. Raises ExpressionError."""
    if "{" not in text and "}" not in text:
        return Compiled(T.TEXT, lambda _: text, constant=True)
    pieces: list[str | Compiled] = []
    for piece, shift in _pieces(text):
        pieces.append(piece if shift is None else _insert(piece, shift, scope))
    names = frozenset(name for piece in pieces if isinstance(piece, Compiled) for name in piece.names)
    if not any(isinstance(piece, Compiled) for piece in pieces):
        plain = "".join(str(piece) for piece in pieces)
        return Compiled(T.TEXT, lambda _: plain, constant=True)

    def run(values: Names) -> str:
        shown = "".join(piece if isinstance(piece, str) else show(piece.evaluate(values)) for piece in pieces)
        if len(shown) > MAX_TEXT:
            raise ExpressionError(f"the text becomes longer than {MAX_TEXT} characters")
        return shown

    return Compiled(T.TEXT, run, names)


def _insert(source: str, shift: int, scope: Scope) -> Compiled:
    compiled = compile_expression(source, scope, shift)
    if compiled.type is not None and compiled.type not in SIMPLE | {T.LIST}:
        raise ExpressionError(f"a {compiled.type.value} cannot be inserted into a text", shift + 1)
    return compiled


def _pieces(text: str) -> "list[tuple[str, int | None]]":
    """Texts, and expressions with the number of characters before them."""
    found: list[tuple[str, int | None]] = []
    plain = ""
    position = 0
    while position < len(text):
        char = text[position]
        if char in "{}" and text[position : position + 2] == char * 2:
            plain += char
            position += 2
        elif char == "{":
            end, quoted = position + 1, False
            while end < len(text) and (quoted or text[end] != "}"):
                quoted ^= text[end] == '"'
                end += 1
            if end >= len(text):
                raise ExpressionError("the brace is not closed", position + 1, "write {name}, or {{ for a brace")
            found += [(plain, None), (text[position + 1 : end], position + 1)]
            plain, position = "", end + 1
        elif char == "}":
            raise ExpressionError("there is a closing brace too much", position + 1, "write }} for a brace")
        else:
            plain += char
            position += 1
    found.append((plain, None))
    return found


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


class _Compiler:
    def __init__(self, parsed: Parsed, scope: Scope) -> None:
        self._parsed = parsed
        self._scope = scope
        self.names: set[str] = set()

    def compile(self, node: ast.expr, depth: int) -> _Part:
        if depth > MAX_DEPTH:
            raise self._error(node, "the expression is nested too deeply", "compute a part in a variable first")
        method = _NODES.get(type(node))
        if method is None:
            raise self._error(node, "this cannot stand in an expression", "")
        return method(self, node, depth + 1)

    def _error(self, node: ast.expr, message: str, hint: str = "") -> ExpressionError:
        return ExpressionError(message, self._parsed.column(node), hint)

    def _placed(self, node: ast.expr, run: Closure) -> Closure:
        """Add the place to what goes wrong while computing."""
        column = self._parsed.column(node)

        def placed(values: Names) -> AnyValue:
            try:
                return run(values)
            except ExpressionError as error:
                if not error.column:
                    error.column = column
                raise

        return placed

    def _atom(self, node: ast.Name, _depth: int) -> _Part:
        atom = self._parsed.atoms[node.id]
        if isinstance(atom, Constant):
            value = atom.value
            return _Part(type_of(value), lambda _: value, value if isinstance(value, str) else None)
        name = atom.text
        found = self._scope.type_of(name)
        if found is None:
            hint = "declare it under variables"
            if name.lower() in FUNCTIONS or name.lower() in LAZY_NAMES:
                hint = f"it is a function: write {name}(…)"
            raise self._error(node, f"there is no variable {name!r}", hint)
        self.names.add(name)
        return _Part(found, lambda values: values[name])

    def _binary(self, node: ast.BinOp, depth: int) -> _Part:
        symbol = _BINARY.get(type(node.op))
        if symbol is None:
            raise self._error(node, "this operator cannot stand in an expression")
        left, right = self.compile(node.left, depth), self.compile(node.right, depth)
        result = self._result(node.right, symbol, left, right)
        compute, a, b = operators.binary(symbol), left.run, right.run
        return _Part(result, self._placed(node, lambda values: compute(a(values), b(values))))

    def _result(self, node: ast.expr, symbol: str, left: _Part, right: _Part) -> ValueType | None:
        if left.type is None or right.type is None:
            return T.TEXT if symbol == "&" else None
        result = operators.result_type(symbol, left.type, right.type)
        if result is None:
            hint = ""
            if {left.type, right.type} & {T.TEXT}:
                other = right.type if left.type is T.TEXT else left.type
                if other in {T.NUMBER, T.PHONE, T.DURATION}:
                    hint = f"turn the text into a {other.value}: {other.value}(…)"
            raise self._error(node, operators.mismatch(symbol, left.type, right.type), hint)
        return result

    def _compare(self, node: ast.Compare, depth: int) -> _Part:
        operands = [self.compile(item, depth) for item in (node.left, *node.comparators)]
        nodes = [node.left, *node.comparators]
        tests: list[Closure] = []
        for index, operation in enumerate(node.ops):
            symbol = _COMPARE.get(type(operation))
            if symbol is None:
                raise self._error(nodes[index + 1], "`in` cannot stand in an expression", "use contains(text; part)")
            left = self._fitted(operands[index], operands[index + 1], nodes[index])
            right = self._fitted(operands[index + 1], operands[index], nodes[index + 1])
            self._result(nodes[index + 1], symbol, left, right)
            tests.append(self._test(operators.binary(symbol), left.run, right.run))
        if len(tests) == 1:
            return _Part(T.BOOLEAN, self._placed(node, tests[0]))
        return _Part(T.BOOLEAN, self._placed(node, lambda values: all(test(values) for test in tests)))

    @staticmethod
    def _test(compute: Callable[[AnyValue, AnyValue], AnyValue], a: Closure, b: Closure) -> Closure:
        return lambda values: compute(a(values), b(values))

    def _fitted(self, part: _Part, other: _Part, node: ast.expr) -> _Part:
        """A literal text beside another type is a literal of that type: `caller = "067…"`, once and for all."""
        if part.literal is None or other.type in {None, T.TEXT, T.LIST, T.RECORD}:
            return part
        assert other.type is not None
        try:
            value = parse_literal(other.type, part.literal, zone=self._scope.zone, country=self._scope.country)
        except BadValueError as error:
            raise self._error(node, str(error)) from error
        return _Part(other.type, lambda _: value)

    def _bool(self, node: ast.BoolOp, depth: int) -> _Part:
        return self._logic(node.values, depth, all_of=isinstance(node.op, ast.And))

    def _logic(self, nodes: list[ast.expr], depth: int, *, all_of: bool) -> _Part:
        tests = [self._condition(node, depth) for node in nodes]
        if all_of:
            return _Part(T.BOOLEAN, lambda values: all(test(values) for test in tests))
        return _Part(T.BOOLEAN, lambda values: any(test(values) for test in tests))

    def _condition(self, node: ast.expr, depth: int) -> Closure:
        part = self.compile(node, depth)
        if part.type is T.BOOLEAN:
            return part.run
        if part.type is not None:
            raise self._error(node, f"true or false is expected here, not a {part.type.value}", "compare: name = …")

        def checked(values: Names) -> bool:
            value = part.run(values)
            if not isinstance(value, bool):
                raise ExpressionError("true or false is expected here")
            return value

        return self._placed(node, checked)

    def _unary(self, node: ast.UnaryOp, depth: int) -> _Part:
        if isinstance(node.op, ast.Not):
            test = self._condition(node.operand, depth)
            return _Part(T.BOOLEAN, lambda values: not test(values))
        part = self.compile(node.operand, depth)
        if part.type not in {None, T.NUMBER, T.DURATION}:
            raise self._error(node, f"a {part.type.value} has no sign" if part.type else "")
        if isinstance(node.op, ast.UAdd):
            return part
        if not isinstance(node.op, ast.USub):
            raise self._error(node, "this operator cannot stand in an expression")
        return _Part(part.type, self._placed(node, lambda values: operators.negative(part.run(values))))

    def _list(self, node: ast.List, depth: int) -> _Part:
        items = [self.compile(item, depth).run for item in node.elts]
        return _Part(T.LIST, lambda values: [item(values) for item in items])

    def _subscript(self, node: ast.Subscript, depth: int) -> _Part:
        if isinstance(node.slice, ast.Tuple | ast.Slice):
            raise self._error(node, "one item is taken at a time", 'write list[1] or record["name"]')
        whole, key = self.compile(node.value, depth), self.compile(node.slice, depth)
        if whole.type not in {None, T.LIST, T.RECORD}:
            raise self._error(node, f"a {whole.type.value} has no items" if whole.type else "")
        return _Part(None, self._placed(node, lambda values: _take(whole.run(values), key.run(values))))

    def _call(self, node: ast.Call, depth: int) -> _Part:
        if not isinstance(node.func, ast.Name) or not isinstance(self._parsed.atoms[node.func.id], Name):
            raise self._error(node, "only a function can have brackets behind it")
        if node.keywords or any(isinstance(item, ast.Starred) for item in node.args):
            raise self._error(node, "an argument is a value", "compare with = only inside brackets: if((a = b); 1; 2)")
        atom = self._parsed.atoms[node.func.id]
        assert isinstance(atom, Name)
        name = atom.text.lower()
        if name in LAZY_NAMES:
            return self._lazy(LAZY_NAMES[name], node, depth)
        function = FUNCTIONS.get(name)
        if function is None:
            raise self._error(node, f"there is no function {atom.text!r}", "see the list of functions")
        self._count(node, function)
        runs = []
        for index, item in enumerate(node.args):
            wanted = function.params[min(index, len(function.params) - 1)]
            runs.append(self._argument(item, wanted, function, depth))
        call = guarded(function)
        if function.located:
            scope = self._scope
            return _Part(function.result, self._placed(node, lambda values: call(scope, *[r(values) for r in runs])))
        return _Part(function.result, self._placed(node, lambda values: call(*[run(values) for run in runs])))

    def _count(self, node: ast.Call, function: Function) -> None:
        least, most = len(function.params) - function.optional, len(function.params)
        if len(node.args) < least or (len(node.args) > most and not function.repeats):
            wanted = f"{least} or more" if function.repeats else str(most) if least == most else f"{least} to {most}"
            raise self._error(node, f"{function.name} takes {wanted} arguments, not {len(node.args)}", function.help)

    def _argument(self, node: ast.expr, wanted: ValueType | None, function: Function, depth: int) -> Closure:
        part = self.compile(node, depth)
        if wanted is None or part.type is wanted:
            return part.run
        if part.type is T.PHONE and wanted is T.TEXT:
            return lambda values: show(part.run(values))
        if part.literal is not None:
            return self._fitted(part, _Part(wanted, part.run), node).run
        if part.type is not None:
            hint = f"{wanted.value}(…) turns it into one" if wanted.value in FUNCTIONS else function.help
            message = f"{function.name} takes a {wanted.value} here, not a {part.type.value}"
            raise self._error(node, message, hint)
        return self._checked(node, part.run, wanted, function.name)

    def _checked(self, node: ast.expr, run: Closure, wanted: ValueType, name: str) -> Closure:
        def checked(values: Names) -> AnyValue:
            value = run(values)
            if type_of(value) is not wanted:
                raise ExpressionError(f"{name} takes a {wanted.value} here, not {show(value)!r}"[:200])
            return value

        return self._placed(node, checked)

    def _lazy(self, name: str, node: ast.Call, depth: int) -> _Part:
        arguments = node.args
        if name == "if":
            if len(arguments) != 3:
                raise self._error(node, "if takes 3 arguments", "if(condition; then; else)")
            test = self._condition(arguments[0], depth)
            then, other = self.compile(arguments[1], depth), self.compile(arguments[2], depth)
            yes, no = then.run, other.run
            kind = then.type if then.type is other.type else None
            return _Part(kind, lambda values: yes(values) if test(values) else no(values))
        if name == "not":
            if len(arguments) != 1:
                raise self._error(node, "not takes 1 argument", "not(condition)")
            inner = self._condition(arguments[0], depth)
            return _Part(T.BOOLEAN, lambda values: not inner(values))
        if not arguments:
            raise self._error(node, f"{name} takes 1 or more arguments")
        return self._logic(arguments, depth, all_of=name == "and")


def _take(whole: AnyValue, key: AnyValue) -> AnyValue:
    if isinstance(whole, list) and isinstance(key, Decimal):
        if not 1 <= key <= len(whole):
            raise ExpressionError(
                f"the list has {len(whole)} items, there is no item {show(key)}", hint="the first is 1"
            )
        return whole[int(key) - 1]
    if isinstance(whole, dict) and isinstance(key, str):
        if key not in whole:
            raise ExpressionError(f"the record has no field {key!r}"[:200], hint="it has " + ", ".join(whole)[:200])
        return whole[key]
    raise ExpressionError('take an item by its number, a field by its name: list[1], record["name"]')


_NODES: Mapping[type[ast.expr], Callable[..., _Part]] = {
    ast.Name: _Compiler._atom,  # noqa: SLF001 - the table belongs to the class
    ast.BinOp: _Compiler._binary,  # noqa: SLF001
    ast.Compare: _Compiler._compare,  # noqa: SLF001
    ast.BoolOp: _Compiler._bool,  # noqa: SLF001
    ast.UnaryOp: _Compiler._unary,  # noqa: SLF001
    ast.List: _Compiler._list,  # noqa: SLF001
    ast.Subscript: _Compiler._subscript,  # noqa: SLF001
    ast.Call: _Compiler._call,  # noqa: SLF001
}
