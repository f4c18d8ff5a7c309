"""Values and conditions of T-SQL."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import TypeAlias

from sqlglot import exp

from cordboard.datasource.sql.errors import SqlTextError
from cordboard.datasource.sql.tsql_dialects import Dialect
from cordboard.datasource.sql.tsql_functions import FUNCTIONS, part_from
from cordboard.datasource.sql.tsql_moments import STYLES, read_moment
from cordboard.datasource.sql.tsql_patterns import pattern_for
from cordboard.datasource.sql.tsql_types import MOMENTS, NUMERIC, Column, Constant, Holds, Part, Scope, only, refuse

Node: TypeAlias = exp.Expression

_COMPARES: Mapping[type[Node], str] = MappingProxyType(
    {exp.EQ: "=", exp.NEQ: "<>", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">="}
)
_TYPES: Mapping[str, Holds] = MappingProxyType(
    dict.fromkeys(("BIGINT", "INT", "SMALLINT", "TINYINT", "UTINYINT", "BIT", "BOOLEAN"), Holds.WHOLE)
    | dict.fromkeys(("DECIMAL", "FLOAT", "DOUBLE", "MONEY", "SMALLMONEY"), Holds.NUMBER)
    | dict.fromkeys(("VARCHAR", "NVARCHAR", "CHAR", "NCHAR", "TEXT"), Holds.TEXT)
    | dict.fromkeys(("DATETIME", "DATETIME2", "SMALLDATETIME", "TIMESTAMP"), Holds.MOMENT)
    | {"DATE": Holds.DATE}
)
_LONGEST_WHOLE = 18
_CAST_LENGTH = 30
"""Of varchar without a length, in CAST and CONVERT."""


class Values:
    """The part of the compiler for what stands in clauses."""

    dialect: Dialect
    now: datetime
    first: int
    scope: Scope

    def query(self, tree: Node, columns: Sequence[Node] = ()) -> tuple[str, Sequence[Column]]:
        """See `tsql_selects.Selects`."""
        raise NotImplementedError

    def column(self, node: exp.Column) -> Part:
        """See `tsql_selects.Selects`."""
        raise NotImplementedError

    def variable_part(self, name: str) -> Part:
        """See `tsql.Compiler`."""
        raise NotImplementedError

    # --- values ---------------------------------------------------------------------------------------------------

    def value(self, node: Node) -> Part:
        """Any value."""
        build = _VALUES.get(type(node))
        if build is None:
            refuse(node)
        part: Part = getattr(self, build)(node)
        scope = self.scope
        if part.sql in scope.grouped and scope.may_aggregate and not scope.inside:
            return scope.grouped[part.sql]
        return part

    def text(self, node: Node) -> Part:
        """A value that is a text, or made one."""
        return self.as_text(self.value(node))

    def numeric(self, node: Node) -> Part:
        """A number."""
        part = self._fixed_number(self.value(node), node)
        if part.holds not in NUMERIC and part.holds is not Holds.NOTHING:
            refuse(node, f"a number is needed here, not a {part.holds}")
        return part

    def whole(self, node: Node) -> Part:
        """A whole number."""
        part = self.numeric(node)
        if part.holds is not Holds.NUMBER:
            return part
        return part_from(self.dialect.say("whole_of_number", part.sql), Holds.WHOLE, part)

    def fixed_whole(self, node: Node) -> int:
        """A whole number that is known before the query runs."""
        part = self.value(node)
        if not part.fixed or not isinstance(part.value, int):
            refuse(node, "write a whole number here, or a variable that holds one")
        return part.value

    def moment(self, node: Node) -> Part:
        """A moment, or a text that is one."""
        return self._as_moment(self.value(node), node)

    def constant(self, value: Constant, holds: Holds | None = None) -> Part:
        """A value that is known."""
        if value is None:
            return Part(self.dialect.say("null"), Holds.NOTHING, fixed=True)
        if isinstance(value, int):
            return Part(f"({value})" if value < 0 else str(value), Holds.WHOLE, fixed=True, value=value)
        if isinstance(value, Decimal):
            return Part(self.dialect.number(value), Holds.NUMBER, fixed=True, value=value)
        if isinstance(value, str):
            if "\0" in value or _half(value):
                raise SqlTextError("a text of the query holds a character that is none: clean it")
            return Part(self.dialect.bound(value), Holds.TEXT, fixed=True, value=value)
        return Part(self.dialect.bound(value), holds or Holds.MOMENT, fixed=True, value=value)

    def as_text(self, part: Part) -> Part:
        """A value written out."""
        if part.holds is Holds.TEXT:
            return part
        if part.holds in MOMENTS:
            return self._shown(part, 23 if part.holds is Holds.DATE else 0)
        if part.fixed and isinstance(part.value, int | Decimal):
            return self.constant(str(part.value))
        return part_from(self.dialect.say("as_text", part.sql), Holds.TEXT, part)

    def moment_part(self, part: str, moment: Part) -> Part:
        """DATEPART."""
        return part_from(self.dialect.say(f"part {part}", moment.sql, str(self.first)), Holds.WHOLE, moment)

    def moment_added(self, part: str, count: Part, moment: Part) -> Part:
        """DATEADD."""
        return part_from(self.dialect.say(f"add {part}", count.sql, moment.sql), Holds.MOMENT, count, moment)

    def coalesced(self, nodes: Sequence[Node], node: Node) -> Part:
        """ISNULL and COALESCE."""
        parts = self._alike([self.value(each) for each in nodes], node)
        return part_from(f"coalesce({', '.join(part.sql for part in parts)})", _common(parts), *parts)

    def cases(self, pairs: Sequence[tuple[Node, Node]], default: Node | None, node: Node) -> Part:
        """CASE WHEN and IIF."""
        conditions = [self.condition(condition) for condition, _ in pairs]
        return self._chosen(conditions, [value for _, value in pairs], default, node)

    def aggregate(self, name: str, argument: Node, node: Node) -> Part:
        """COUNT, SUM and the like."""
        if not self.scope.may_aggregate or self.scope.inside:
            refuse(node, "an aggregate stands in the columns, in HAVING or in ORDER BY")
        self.scope.aggregating = True
        self.scope.inside = True
        try:
            return self._aggregate(name, argument, node)
        finally:
            self.scope.inside = False

    def _aggregate(self, name: str, argument: Node, node: Node) -> Part:
        say = self.dialect.say
        if isinstance(argument, exp.Star):
            if name != "COUNT":
                refuse(node)
            return Part("count(*)", Holds.WHOLE, aggregates=True)
        distinct = ""
        if isinstance(argument, exp.Distinct):
            only(argument, "expressions")
            distinct = "DISTINCT "
            (argument,) = argument.expressions if len(argument.expressions) == 1 else (refuse(node),)
        part = self.value(argument)
        is_text = part.holds is Holds.TEXT
        if name == "COUNT":
            return Part(
                f"count({distinct}{say('key', part.sql) if is_text else part.sql})", Holds.WHOLE, aggregates=True
            )
        if name in {"MIN", "MAX"}:
            template = "least_text" if name == "MIN" else "most_text"
            sql = say(template, part.sql) if is_text else f"{name.lower()}({part.sql})"
            return Part(sql, part.holds, aggregates=True)
        if part.holds not in NUMERIC:
            refuse(node, f"a number is needed here, not a {part.holds}")
        plain = (
            f"{name.lower()}({{0}})" if part.holds is Holds.NUMBER else self.dialect.templates[f"{name.lower()}_whole"]
        )
        return Part(plain.format(distinct + part.sql), part.holds, aggregates=True)

    def _literal(self, node: Node) -> Part:
        if node.args.get("is_string"):
            return self.constant(str(node.this))
        text = str(node.this)
        if text.isdigit() and len(text) <= _LONGEST_WHOLE:
            return self.constant(int(text))
        return self.constant(_number(text, node))

    def _national(self, node: Node) -> Part:
        return self.constant(str(node.this))

    def _parameter(self, node: Node) -> Part:
        inner = node.this
        if isinstance(inner, exp.Parameter):
            if inner.name.upper() == "DATEFIRST":
                return self.constant(self.first)
            refuse(f"@@{inner.name}")
        only(node, "this")
        return self.variable_part(inner.name)

    def _null(self, _node: Node) -> Part:
        return self.constant(None)

    def _paren(self, node: Node) -> Part:
        return self.value(node.this)

    def _column(self, node: Node) -> Part:
        assert isinstance(node, exp.Column)
        if not node.args.get("table") and node.name.upper() == "CURRENT_TIMESTAMP" and not node.this.args.get("quoted"):
            return self.constant(self.now.replace(tzinfo=None))
        return self.column(node)

    def _call(self, node: Node) -> Part:
        function = FUNCTIONS.get(str(node.this).upper())
        if function is None:
            refuse(node, f"the function {node.this} is not among those that may be used")
        return function(self, node, node.expressions)  # type: ignore[arg-type] # the compiler is made of this class

    def _case(self, node: Node) -> Part:
        only(node, "this", "ifs", "default")
        pairs = [(branch.this, branch.args["true"]) for branch in node.args["ifs"]]
        subject = node.args.get("this")
        if subject is None:
            return self.cases(pairs, node.args.get("default"), node)
        compared = [self.compared("=", self.value(subject), self.value(one), node) for one, _ in pairs]
        return self._chosen(compared, [value for _, value in pairs], node.args.get("default"), node)

    def _chosen(self, conditions: Sequence[str], values: Sequence[Node], default: Node | None, node: Node) -> Part:
        parts = self._alike([self.value(value) for value in (*values, default or exp.Null())], node)
        branches = zip(conditions, parts, strict=False)
        sql = " ".join(f"WHEN {condition} THEN {part.sql}" for condition, part in branches)
        whole = part_from(f"CASE {sql} ELSE {parts[-1].sql} END", _common(parts), *parts)
        # What its conditions name counts too; they are known as texts only, so the columns are asked anew.
        return replace(whole, loose=whole.loose | self._loose_in(node))

    def _loose_in(self, node: Node) -> frozenset[str]:
        if self.scope.inside or self.scope.grouped:
            return frozenset()
        return frozenset(self.column(column).sql for column in node.find_all(exp.Column) if not _in_call(column, node))

    def _negative(self, node: Node) -> Part:
        part = self.numeric(node.this)
        if part.fixed and isinstance(part.value, int | Decimal):
            return self.constant(-part.value)
        return part_from(f"(-{part.sql})", part.holds, part)

    def _plus(self, node: Node) -> Part:
        one, other = self.value(node.this), self.value(node.expression)
        if Holds.TEXT in (one.holds, other.holds):
            if not {one.holds, other.holds} <= {Holds.TEXT, Holds.NOTHING}:
                refuse(node, "a text and a number cannot be joined: write CONVERT(varchar, …) around the number")
            if isinstance(one.value, str) and isinstance(other.value, str):
                return self.constant(one.value + other.value)
            return part_from(f"({one.sql} || {other.sql})", Holds.TEXT, one, other)
        return self._sum(one, other, node, 1)

    def _minus(self, node: Node) -> Part:
        return self._sum(self.value(node.this), self.value(node.expression), node, -1)

    def _sum(self, one: Part, other: Part, node: Node, sign: int) -> Part:
        if other.holds in MOMENTS and one.holds in NUMERIC and sign > 0:
            one, other = other, one
        if one.holds in MOMENTS and other.holds in NUMERIC:  # days
            days = other if sign > 0 else replace(other, sql=f"(-({other.sql}))")
            return self.moment_added("day", days, one)
        return self._counted("plus" if sign > 0 else "minus", one, other, node)

    def _times(self, node: Node) -> Part:
        return self._counted("times", self.value(node.this), self.value(node.expression), node)

    def _divided(self, node: Node) -> Part:
        return self._counted("divide", self.value(node.this), self.value(node.expression), node)

    def _rest(self, node: Node) -> Part:
        return self._counted("rest", self.value(node.this), self.value(node.expression), node)

    def _counted(self, template: str, one: Part, other: Part, node: Node) -> Part:
        for part in (one, other):
            if part.holds not in NUMERIC and part.holds is not Holds.NOTHING:
                refuse(node, f"it cannot be counted with a {part.holds}")
        holds = Holds.NUMBER if Holds.NUMBER in (one.holds, other.holds) else Holds.WHOLE
        return part_from(self.dialect.say(template, one.sql, other.sql), holds, one, other)

    def _subquery(self, node: Node) -> Part:
        only(node, "this")
        sql, columns = self.query(node.this)
        if len(columns) != 1:
            refuse(node, "a query in place of a value gives one column")
        return Part(f"({sql})", columns[0].holds)

    # --- casts ----------------------------------------------------------------------------------------------------

    def _cast(self, node: Node) -> Part:
        to = node.args["to"] if isinstance(node, exp.Cast | exp.TryCast) else node.this
        only(node, "this", "to", "expression", "style", "safe", "_type", "requires_string")
        subject = node.this if isinstance(node, exp.Cast | exp.TryCast) else node.expression
        style = node.args.get("style")
        tried = isinstance(node, exp.TryCast) or bool(node.args.get("safe"))
        holds = _TYPES.get(to.this.name if isinstance(to, exp.DataType) else "")
        if holds is None:
            refuse(to, "write int, decimal, varchar, datetime or date")
        number = self.fixed_whole(style) if style is not None else 0
        if number not in STYLES:
            refuse(node, f"the style {number} is not known")
        return self._changed(self.value(subject), holds, number, node, tried=tried, length=self._length(to))

    def _length(self, to: exp.DataType) -> int:
        if not to.expressions:
            return _CAST_LENGTH
        inner = to.expressions[0].this
        return self.fixed_whole(inner) if isinstance(inner, exp.Literal) else 0  # varchar(max)

    def _changed(self, part: Part, holds: Holds, style: int, node: Node, *, tried: bool, length: int) -> Part:
        say = self.dialect.say
        if part.holds is Holds.NOTHING:
            return replace(part, holds=holds)
        if holds is Holds.TEXT:
            text = self._shown(part, style) if part.holds in MOMENTS and style else self.as_text(part)
            return part_from(say("cut", text.sql, str(length)), Holds.TEXT, text) if length else text
        if holds in MOMENTS:
            moment = self._as_moment(part, node, style=style, tried=tried)
            return part_from(say("day", moment.sql), holds, moment) if holds is Holds.DATE else moment
        if part.holds in MOMENTS:
            refuse(node, "a moment is no number: use DATEPART or DATEDIFF")
        if part.holds is Holds.TEXT:
            template = ("whole" if holds is Holds.WHOLE else "number") + ("_or_null" if tried else "")
        elif part.holds is holds:
            return part
        else:
            template = "whole_of_number" if holds is Holds.WHOLE else "number_of_whole"
        return part_from(say(template, part.sql), holds, part)

    def _shown(self, part: Part, style: int) -> Part:
        templates = self.dialect.templates
        template = f"shown {style}" if f"shown {style}" in templates else "shown"
        return part_from(self.dialect.say(template, part.sql, str(style)), Holds.TEXT, part)

    def _as_moment(self, part: Part, node: Node, *, style: int = 0, tried: bool = False) -> Part:
        if part.holds in MOMENTS or part.holds is Holds.NOTHING:
            return part
        if part.holds is not Holds.TEXT:
            refuse(node, f"a date is needed here, not a {part.holds}")
        if isinstance(part.value, str):
            try:
                return self.constant(read_moment(part.value, style) if part.value.strip() else datetime(1900, 1, 1))  # noqa: DTZ001 - as MS SQL has it
            except ValueError as error:
                if tried:
                    return self.constant(None)
                raise SqlTextError(f"{error}") from None
        template = "moment_or_null" if tried else "moment"
        if template not in self.dialect.templates:
            refuse(node, "a column that holds dates as texts cannot be read as dates")
        return part_from(self.dialect.say(template, part.sql, str(style)), Holds.MOMENT, part)

    # --- conditions -----------------------------------------------------------------------------------------------

    def condition(self, node: Node) -> str:
        """A condition, as SQL."""
        build = _CONDITIONS.get(type(node))
        if build is None:
            refuse(node, "a condition is needed here")
        sql: str = getattr(self, build)(node)
        return sql

    def compared(self, sign: str, one: Part, other: Part, node: Node) -> str:
        """A comparison of two values, as MS SQL compares them."""
        one, other = self._alike([one, other], node)
        if Holds.TEXT in (one.holds, other.holds):
            template = "key" if sign in {"=", "<>"} else "order"
            return f"({self.dialect.say(template, one.sql)} {sign} {self.dialect.say(template, other.sql)})"
        return f"({one.sql} {sign} {other.sql})"

    def _alike(self, parts: Sequence[Part], node: Node) -> list[Part]:
        """Values of one type: what is written as a text becomes a date or a number beside one."""
        kinds = {part.holds for part in parts} - {Holds.NOTHING}
        if len(kinds) <= 1 or kinds <= NUMERIC or kinds <= MOMENTS:
            return list(parts)
        if kinds <= MOMENTS | {Holds.TEXT}:
            return [self._as_moment(part, node) for part in parts]
        if kinds <= NUMERIC | {Holds.TEXT}:
            changed = [self._fixed_number(part, node) for part in parts]
            if any(part.holds is Holds.TEXT for part in changed):
                refuse(node, "a text and a number are compared: put the number in quotes, or use a text variable")
            return changed
        return refuse(node, f"values of different types meet: {', '.join(sorted(kinds))}")

    def _fixed_number(self, part: Part, node: Node) -> Part:
        if part.holds is Holds.TEXT and isinstance(part.value, str):
            number = _number(part.value.strip() or "0", node)
            return self.constant(int(number) if number == number.to_integral_value() else number)
        return part

    def _compare(self, node: Node) -> str:
        only(node, "this", "expression")
        return self.compared(_COMPARES[type(node)], self.value(node.this), self.value(node.expression), node)

    def _and(self, node: Node) -> str:
        return f"({self.condition(node.this)} AND {self.condition(node.expression)})"

    def _or(self, node: Node) -> str:
        return f"({self.condition(node.this)} OR {self.condition(node.expression)})"

    def _not(self, node: Node) -> str:
        return f"(NOT {self.condition(node.this)})"

    def _condition_paren(self, node: Node) -> str:
        return self.condition(node.this)

    def _is(self, node: Node) -> str:
        if not isinstance(node.expression, exp.Null):
            refuse(node)
        return f"({self.value(node.this).sql} IS NULL)"

    def _between(self, node: Node) -> str:
        only(node, "this", "low", "high")
        subject = self.value(node.this)
        low = self.compared(">=", subject, self.value(node.args["low"]), node)
        return f"({low} AND {self.compared('<=', subject, self.value(node.args['high']), node)})"

    def _in(self, node: Node) -> str:
        only(node, "this", "expressions", "query")
        subject = self.value(node.this)
        inner = node.args.get("query")
        if inner is None:
            compared = [self.compared("=", subject, self.value(item), node) for item in node.expressions]
            return f"({' OR '.join(compared)})"
        sql, columns = self.query(inner.this if isinstance(inner, exp.Subquery) else inner)
        if len(columns) != 1:
            refuse(node, "a query behind IN gives one column")
        if (columns[0].holds is Holds.TEXT) != (subject.holds is Holds.TEXT):
            refuse(node, "values of different types are compared")
        if subject.holds is Holds.TEXT:
            key = self.dialect.say("key", "c1")
            return f"({self.dialect.say('key', subject.sql)} IN (SELECT {key} FROM ({sql}) AS q))"  # noqa: S608 - made of our own words and numbered names
        return f"({subject.sql} IN ({sql}))"

    def _exists(self, node: Node) -> str:
        only(node, "this")
        inner = node.this.this if isinstance(node.this, exp.Subquery) else node.this
        return f"(EXISTS ({self.query(inner)[0]}))"

    def _like(self, node: Node) -> str:
        escape = ""
        if isinstance(node, exp.Escape):
            found = self.value(node.expression).value
            escape = found if isinstance(found, str) else ""
            node = node.this
        if not isinstance(node, exp.Like):
            refuse(node)
        only(node, "this", "expression")
        subject, pattern = self.text(node.this), self.value(node.expression)
        if pattern.holds is Holds.NOTHING:
            return f"({subject.sql} = {self.dialect.say('null')})"
        if not isinstance(pattern.value, str):
            refuse(node, "the pattern behind LIKE is a text, a variable or both joined by +")
        translated = pattern_for(self.dialect, pattern.value, escape)
        return self.dialect.say("like", subject.sql, self.dialect.bound(translated))


def _common(parts: Sequence[Part]) -> Holds:
    kinds = {part.holds for part in parts} - {Holds.NOTHING}
    if len(kinds) == 1:
        return next(iter(kinds))
    if not kinds:
        return Holds.NOTHING
    return Holds.NUMBER if kinds <= NUMERIC else Holds.MOMENT


def _number(text: str, node: Node) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        refuse(node, f"{text[:40]!r} is no number")
    if not number.is_finite() or abs(number.adjusted()) > 2 * _LONGEST_WHOLE:
        refuse(node, f"{text[:40]!r} is no number that can be counted with")
    return number


def _half(text: str) -> bool:
    return any("\ud800" <= letter <= "\udfff" for letter in text)


def _in_call(column: Node, top: Node) -> bool:
    """Whether it stands in an aggregate, or is the name of a part of a date."""
    above = column.parent
    while above is not None and above is not top:
        if isinstance(above, exp.Anonymous | exp.Subquery | exp.Select):
            return True
        above = above.parent
    return False


_VALUES: Mapping[type[Node], str] = MappingProxyType(
    {
        exp.Literal: "_literal",
        exp.National: "_national",
        exp.Parameter: "_parameter",
        exp.Null: "_null",
        exp.Paren: "_paren",
        exp.Column: "_column",
        exp.Anonymous: "_call",
        exp.Case: "_case",
        exp.Neg: "_negative",
        exp.Add: "_plus",
        exp.Sub: "_minus",
        exp.Mul: "_times",
        exp.Div: "_divided",
        exp.Mod: "_rest",
        exp.Subquery: "_subquery",
        exp.Cast: "_cast",
        exp.TryCast: "_cast",
        exp.Convert: "_cast",
    }
)
_CONDITIONS: Mapping[type[Node], str] = MappingProxyType(
    dict.fromkeys(_COMPARES, "_compare")
    | {
        exp.And: "_and",
        exp.Or: "_or",
        exp.Not: "_not",
        exp.Paren: "_condition_paren",
        exp.Is: "_is",
        exp.Between: "_between",
        exp.In: "_in",
        exp.Exists: "_exists",
        exp.Like: "_like",
        exp.Escape: "_like",
    }
)
