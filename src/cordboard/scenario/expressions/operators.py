"""What operators do with which types, as one table that both the checker and the evaluation use."""

import operator
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal, DecimalException
from typing import Any

from cordboard.scenario.expressions.errors import MAX_DIGITS, MAX_ITEMS, MAX_TEXT, ExpressionError
from cordboard.scenario.values import SIMPLE, AnyValue, ValueType, show, type_of

T = ValueType
Binary = Callable[[Any, Any], Any]

_ARITHMETIC: Mapping[tuple[str, T, T], tuple[T, Binary]] = {
    ("+", T.NUMBER, T.NUMBER): (T.NUMBER, operator.add),
    ("-", T.NUMBER, T.NUMBER): (T.NUMBER, operator.sub),
    ("*", T.NUMBER, T.NUMBER): (T.NUMBER, operator.mul),
    ("/", T.NUMBER, T.NUMBER): (T.NUMBER, operator.truediv),
    ("+", T.DURATION, T.DURATION): (T.DURATION, operator.add),
    ("-", T.DURATION, T.DURATION): (T.DURATION, operator.sub),
    ("*", T.DURATION, T.NUMBER): (T.DURATION, lambda a, b: a * float(b)),
    ("*", T.NUMBER, T.DURATION): (T.DURATION, lambda a, b: float(a) * b),
    ("/", T.DURATION, T.NUMBER): (T.DURATION, lambda a, b: a / float(b)),
    ("/", T.DURATION, T.DURATION): (T.NUMBER, lambda a, b: Decimal(repr(a / b))),
    ("+", T.DATETIME, T.DURATION): (T.DATETIME, operator.add),
    ("+", T.DURATION, T.DATETIME): (T.DATETIME, operator.add),
    ("-", T.DATETIME, T.DURATION): (T.DATETIME, operator.sub),
    ("-", T.DATETIME, T.DATETIME): (T.DURATION, operator.sub),
    ("+", T.DATE, T.DURATION): (T.DATE, operator.add),
    ("+", T.DATE, T.NUMBER): (T.DATE, lambda a, b: a + timedelta(days=int(b))),
    ("-", T.DATE, T.DURATION): (T.DATE, operator.sub),
    ("-", T.DATE, T.NUMBER): (T.DATE, lambda a, b: a - timedelta(days=int(b))),
    ("-", T.DATE, T.DATE): (T.DURATION, operator.sub),
    ("+", T.LIST, T.LIST): (T.LIST, operator.add),
}
_ORDERED = frozenset({T.NUMBER, T.TEXT, T.DATE, T.TIME, T.DATETIME, T.DURATION})
_COMPARE: Mapping[str, Binary] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def result_type(symbol: str, a: T, b: T) -> T | None:
    """The type that an operator gives for two types; None if it takes no such pair."""
    if symbol == "&":
        return T.TEXT if a in SIMPLE and b in SIMPLE else None
    if symbol in _COMPARE:
        fits = a is b and (symbol in {"=", "<>"} or a in _ORDERED)
        return T.BOOLEAN if fits else None
    found = _ARITHMETIC.get((symbol, a, b))
    return found[0] if found else None


def binary(symbol: str) -> Binary:
    """The operator over any two values. Raises ExpressionError, without a column."""
    if symbol == "&":
        return concatenate
    if symbol in _COMPARE:
        return _comparison(symbol, _COMPARE[symbol])

    def compute(a: AnyValue, b: AnyValue) -> AnyValue:
        found = _ARITHMETIC.get((symbol, _known(a), _known(b)))
        if found is None:
            raise ExpressionError(mismatch(symbol, _known(a), _known(b)))
        try:
            return bounded(found[1](a, b))
        except ZeroDivisionError as error:
            raise ExpressionError("division by zero") from error
        except (DecimalException, OverflowError, ValueError) as error:
            raise ExpressionError("the result is too large, or no number") from error

    return compute


def _comparison(symbol: str, compare: Binary) -> Binary:
    equality = symbol in {"=", "<>"}

    def compute(a: AnyValue, b: AnyValue) -> bool:
        if equality and (a is None or b is None):
            return bool(compare(a, b))
        left, right = _known(a), _known(b)
        if result_type(symbol, left, right) is None:
            raise ExpressionError(mismatch(symbol, left, right))
        return bool(compare(a, b))

    return compute


def concatenate(a: AnyValue, b: AnyValue) -> str:
    """Write both out, one behind the other."""
    return str(bounded(show(a) + show(b)))


def negative(a: AnyValue) -> AnyValue:
    """The value with the other sign."""
    if _known(a) not in {T.NUMBER, T.DURATION}:
        raise ExpressionError(f"a {_known(a).value} has no sign")
    return -a


def _known(value: AnyValue) -> T:
    found = type_of(value)
    if found is None:
        raise ExpressionError("there is no value yet", hint="give the variable a value first, or ask empty(name)")
    return found


def mismatch(symbol: str, a: T, b: T) -> str:
    """The words for a pair of types that an operator does not take."""
    return f"`{symbol}` does not go with a {a.value} and a {b.value}"


def bounded(value: AnyValue) -> AnyValue:
    """The value itself. Raises ExpressionError if it is too large."""
    match value:
        case str() if len(value) > MAX_TEXT:
            raise ExpressionError(f"the text becomes longer than {MAX_TEXT} characters")
        case list() | dict() if len(value) > MAX_ITEMS:
            raise ExpressionError(f"the list becomes longer than {MAX_ITEMS} items")
        case Decimal() if not value.is_finite() or (value and not -MAX_DIGITS <= value.adjusted() < MAX_DIGITS):
            if value.is_finite() and value.adjusted() < 0:
                return Decimal(0)
            raise ExpressionError(f"the number has more than {MAX_DIGITS} digits")
        case datetime() | date() if not 1900 <= value.year <= 9000:
            raise ExpressionError("the date is outside of the years 1900 to 9000")
    return value
