"""Truth, emptiness, types. What computes only some of its arguments stands in `lazy`."""

from decimal import Decimal
from typing import Any

from cordboard.scenario.expressions.function import Theme, word
from cordboard.scenario.expressions.functions.common import Same
from cordboard.scenario.expressions.names import Scope
from cordboard.scenario.said import said
from cordboard.scenario.values import BadValueError, ValueType, parse, type_of
from cordboard.telephony import PhoneNumber

logic = Theme(
    "logic",
    "Conditions",
    "if, ifs, choose, coalesce, if_error, and, or compute only the arguments that they need.",
)


@logic.function("пусто порожньо", ('empty("")', "true"), ("empty([])", "true"), ("empty(0)", "false"))
def empty(value: Any) -> bool:
    """Whether there is no value, or an empty text, phone, list or record."""
    return value is None or (isinstance(value, str | list | dict | PhoneNumber) and not value)


@logic.function(
    "одноиз одинз", ('one_of("b"; "a"; "b")', "true"), ('one_of(phone("0671234567"); "700"; "380671234567")', "true")
)
def one_of(value: Same, *values: Same) -> bool:
    """Whether a value equals one of the others."""
    return value in values


@logic.function("логическое логічне", ('boolean("yes")', "true"), ("boolean(0)", "false"))
def boolean(scope: Scope, value: Any) -> bool:
    """True or false of a text (true, yes, да, так, 1) or a number (all but 0)."""
    match value:
        case bool():
            return value
        case Decimal():
            return bool(value)
        case str() if value.strip() in {"0", "1"}:
            return value.strip() == "1"
        case str():
            found: bool = parse(ValueType.BOOLEAN, value, zone=scope.zone, country=scope.country)
            return found
    raise BadValueError(said("a {type} is neither true nor false", type=word(value)))


@logic.function("тип", ("type_of(1.5)", "number"), ('type_of(phone("700"))', "phone"), ("type_of(first([]))", "empty"))
def type_of_(value: Any) -> str:
    """The type of a value as a word: text, number, money, …; empty if there is none."""
    found = type_of(value)
    return found.value if found else "empty"
