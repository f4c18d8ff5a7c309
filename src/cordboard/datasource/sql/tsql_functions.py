"""The functions of T-SQL that a query of the own log may call. What is not in the table is refused."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

from sqlglot import exp

from cordboard.datasource.sql.tsql_moments import PARTS, STEPS
from cordboard.datasource.sql.tsql_types import Holds, Part, refuse

if TYPE_CHECKING:
    from cordboard.datasource.sql.tsql import Compiler

Node: TypeAlias = exp.Expression
Function: TypeAlias = Callable[["Compiler", Node, Sequence[Node]], Part]


def part_from(sql: str, holds: Holds, *parts: Part) -> Part:
    """A value made of others."""
    loose = frozenset().union(*(part.loose for part in parts))
    return Part(sql, holds, loose=loose, aggregates=any(part.aggregates for part in parts))


def _text(template: str, holds: Holds, kinds: str) -> Function:
    """A function with arguments of `kinds`: t a text, w a whole number."""

    def build(self: "Compiler", node: Node, arguments: Sequence[Node]) -> Part:
        _count(node, arguments, len(kinds))
        read = {"t": self.text, "w": self.whole, "n": self.numeric}
        parts = [read[kind](argument) for kind, argument in zip(kinds, arguments, strict=True)]
        return part_from(self.dialect.say(template, *(part.sql for part in parts)), holds, *parts)

    return build


def _count(node: Node, arguments: Sequence[Node], least: int, most: int | None = None) -> None:
    if not least <= len(arguments) <= (most or least):
        refuse(node, f"it takes {least}{f' to {most}' if most else ''} arguments")


def _position(self: "Compiler", node: Node, arguments: Sequence[Node]) -> Part:
    _count(node, arguments, 2, 3)
    what, within = self.text(arguments[0]), self.text(arguments[1])
    start = self.fixed_whole(arguments[2]) if len(arguments) > 2 else 1
    sql = self.dialect.say("position", what.sql, within.sql, str(max(start, 1)))
    return part_from(sql, Holds.WHOLE, what, within)


def _is_null(self: "Compiler", node: Node, arguments: Sequence[Node]) -> Part:
    _count(node, arguments, 2)
    return self.coalesced(arguments, node)


def _coalesce(self: "Compiler", node: Node, arguments: Sequence[Node]) -> Part:
    _count(node, arguments, 2, 50)
    return self.coalesced(arguments, node)


def _null_if(self: "Compiler", node: Node, arguments: Sequence[Node]) -> Part:
    _count(node, arguments, 2)
    one, other = self.value(arguments[0]), self.value(arguments[1])
    same = self.compared("=", one, other, node)
    return part_from(f"CASE WHEN {same} THEN NULL ELSE {one.sql} END", one.holds, one, other)


def _iif(self: "Compiler", node: Node, arguments: Sequence[Node]) -> Part:
    _count(node, arguments, 3)
    return self.cases([(arguments[0], arguments[1])], arguments[2], node)


def _concat(self: "Compiler", node: Node, arguments: Sequence[Node]) -> Part:
    _count(node, arguments, 2, 50)
    parts = [self.as_text(self.value(argument)) for argument in arguments]
    pieces = " || ".join(f"coalesce({part.sql}, '')" for part in parts)
    return part_from(f"({pieces})", Holds.TEXT, *parts)


def _now(self: "Compiler", node: Node, arguments: Sequence[Node]) -> Part:
    _count(node, arguments, 0)
    return self.constant(self.now.replace(tzinfo=None))


def _utc_now(self: "Compiler", node: Node, arguments: Sequence[Node]) -> Part:
    _count(node, arguments, 0)
    return self.constant(self.now.astimezone(UTC).replace(tzinfo=None))


def _part_name(node: Node, argument: Node, known: frozenset[str] | None = None) -> str:
    name = argument.name.lower() if isinstance(argument, exp.Column | exp.Var) else ""
    part = PARTS.get(name, "")
    if not part or (known is not None and part not in known):
        refuse(node, f"{argument.sql(dialect='tsql')} is no part of a date: write year, month, week, day or hour")
    return part


def _date_part(self: "Compiler", node: Node, arguments: Sequence[Node]) -> Part:
    _count(node, arguments, 2)
    return self.moment_part(_part_name(node, arguments[0]), self.moment(arguments[1]))


def _shorthand(part: str) -> Function:
    def build(self: "Compiler", node: Node, arguments: Sequence[Node]) -> Part:
        _count(node, arguments, 1)
        return self.moment_part(part, self.moment(arguments[0]))

    return build


def _date_name(self: "Compiler", node: Node, arguments: Sequence[Node]) -> Part:
    _count(node, arguments, 2)
    part, moment = _part_name(node, arguments[0]), self.moment(arguments[1])
    if part in {"month", "weekday"}:
        words = {"month": "FMMonth", "weekday": "FMDay"}[part]
        return part_from(self.dialect.say("name", words, moment.sql, "7"), Holds.TEXT, moment)
    return self.as_text(self.moment_part(part, moment))


def _date_add(self: "Compiler", node: Node, arguments: Sequence[Node]) -> Part:
    _count(node, arguments, 3)
    part = _part_name(node, arguments[0], STEPS)
    return self.moment_added(part, self.whole(arguments[1]), self.moment(arguments[2]))


def _date_between(self: "Compiler", node: Node, arguments: Sequence[Node]) -> Part:
    _count(node, arguments, 3)
    part = _part_name(node, arguments[0], STEPS)
    begin, end = self.moment(arguments[1]), self.moment(arguments[2])
    return part_from(self.dialect.say(f"between {part}", begin.sql, end.sql), Holds.WHOLE, begin, end)


def _round(self: "Compiler", node: Node, arguments: Sequence[Node]) -> Part:
    _count(node, arguments, 2)
    number, digits = self.numeric(arguments[0]), self.fixed_whole(arguments[1])
    if number.holds is Holds.WHOLE:
        return number
    return part_from(self.dialect.say("round", number.sql, str(digits)), Holds.NUMBER, number)


def _absolute(self: "Compiler", node: Node, arguments: Sequence[Node]) -> Part:
    _count(node, arguments, 1)
    number = self.numeric(arguments[0])
    return part_from(self.dialect.say("abs", number.sql), number.holds, number)


def _aggregate(name: str) -> Function:
    def build(self: "Compiler", node: Node, arguments: Sequence[Node]) -> Part:
        _count(node, arguments, 1)
        return self.aggregate(name, arguments[0], node)

    return build


FUNCTIONS: Mapping[str, Function] = MappingProxyType(
    {
        "LEN": _text("length", Holds.WHOLE, "t"),
        "CHARINDEX": _position,
        "SUBSTRING": _text("substring", Holds.TEXT, "tww"),
        "LEFT": _text("left", Holds.TEXT, "tw"),
        "RIGHT": _text("right", Holds.TEXT, "tw"),
        "LTRIM": _text("ltrim", Holds.TEXT, "t"),
        "RTRIM": _text("rtrim", Holds.TEXT, "t"),
        "TRIM": _text("trim", Holds.TEXT, "t"),
        "REPLACE": _text("replace", Holds.TEXT, "ttt"),
        "UPPER": _text("upper", Holds.TEXT, "t"),
        "LOWER": _text("lower", Holds.TEXT, "t"),
        "CONCAT": _concat,
        "ISNULL": _is_null,
        "COALESCE": _coalesce,
        "NULLIF": _null_if,
        "IIF": _iif,
        "ABS": _absolute,
        "ROUND": _round,
        "FLOOR": _text("floor", Holds.WHOLE, "n"),
        "CEILING": _text("ceiling", Holds.WHOLE, "n"),
        "GETDATE": _now,
        "SYSDATETIME": _now,
        "CURRENT_TIMESTAMP": _now,
        "GETUTCDATE": _utc_now,
        "DATEPART": _date_part,
        "DATENAME": _date_name,
        "DATEADD": _date_add,
        "DATEDIFF": _date_between,
        "YEAR": _shorthand("year"),
        "MONTH": _shorthand("month"),
        "DAY": _shorthand("day"),
        "COUNT": _aggregate("COUNT"),
        "COUNT_BIG": _aggregate("COUNT"),
        "SUM": _aggregate("SUM"),
        "MIN": _aggregate("MIN"),
        "MAX": _aggregate("MAX"),
        "AVG": _aggregate("AVG"),
    }
)
