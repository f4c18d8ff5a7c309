"""What operators do with which types, as one table that both the checker and the evaluation use."""

import operator
from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal, DecimalException
from typing import Any

from cordboard.scenario.expressions.bounds import bounded
from cordboard.scenario.expressions.errors import ExpressionError
from cordboard.scenario.money import same_currency
from cordboard.scenario.said import said
from cordboard.scenario.values import SIMPLE, AnyValue, BadValueError, Money, ValueType, show, type_of

T = ValueType
Binary = Callable[[Any, Any], Any]


def _money_ratio(a: Money, b: Money) -> Decimal:
    same_currency(a, b, "/")
    return a.amount / b.amount


ARITHMETIC: Mapping[tuple[str, T, T], tuple[T, Binary]] = {
    ("+", T.NUMBER, T.NUMBER): (T.NUMBER, operator.add),
    ("-", T.NUMBER, T.NUMBER): (T.NUMBER, operator.sub),
    ("*", T.NUMBER, T.NUMBER): (T.NUMBER, operator.mul),
    ("/", T.NUMBER, T.NUMBER): (T.NUMBER, operator.truediv),
    ("+", T.MONEY, T.MONEY): (T.MONEY, operator.add),
    ("-", T.MONEY, T.MONEY): (T.MONEY, operator.sub),
    ("*", T.MONEY, T.NUMBER): (T.MONEY, operator.mul),
    ("*", T.NUMBER, T.MONEY): (T.MONEY, lambda a, b: b * a),
    ("/", T.MONEY, T.NUMBER): (T.MONEY, operator.truediv),
    ("/", T.MONEY, T.MONEY): (T.NUMBER, _money_ratio),
    ("+", T.DURATION, T.DURATION): (T.DURATION, operator.add),
    ("-", T.DURATION, T.DURATION): (T.DURATION, operator.sub),
    ("*", T.DURATION, T.NUMBER): (T.DURATION, lambda a, b: a * float(b)),
    ("*", T.NUMBER, T.DURATION): (T.DURATION, lambda a, b: float(a) * b),
    ("/", T.DURATION, T.NUMBER): (T.DURATION, lambda a, b: a / float(b)),
    ("/", T.DURATION, T.DURATION): (T.NUMBER, lambda a, b: Decimal(repr(a / b))),
    ("+", T.DATETIME, T.DURATION): (T.DATETIME, operator.add),
    ("+", T.DURATION, T.DATETIME): (T.DATETIME, lambda a, b: b + a),
    ("-", T.DATETIME, T.DURATION): (T.DATETIME, operator.sub),
    ("-", T.DATETIME, T.DATETIME): (T.DURATION, operator.sub),
    ("+", T.DATE, T.DURATION): (T.DATE, operator.add),
    ("+", T.DATE, T.NUMBER): (T.DATE, lambda a, b: a + timedelta(days=int(b))),
    ("-", T.DATE, T.DURATION): (T.DATE, operator.sub),
    ("-", T.DATE, T.NUMBER): (T.DATE, lambda a, b: a - timedelta(days=int(b))),
    ("-", T.DATE, T.DATE): (T.DURATION, operator.sub),
    ("+", T.LIST, T.LIST): (T.LIST, operator.add),
}
"""Which pairs + - * / take, and what they give."""
ORDERED = frozenset({T.NUMBER, T.MONEY, T.TEXT, T.DATE, T.TIME, T.DATETIME, T.DURATION})
"""Types with a less and a greater."""
_SIGNED = frozenset({T.NUMBER, T.MONEY, T.DURATION})


_EQUALITY = {"=", "<>"}
COMPARE: Mapping[str, Binary] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
"""Comparisons of two values of one type."""


def result_type(symbol: str, a: T, b: T) -> T | None:
    """The type that an operator gives for two types; None if it takes no such pair."""
    if symbol == "&":
        return T.TEXT if a in SIMPLE and b in SIMPLE else None
    if symbol in COMPARE:
        fits = a is b and (symbol in _EQUALITY or a in ORDERED)
        return T.BOOLEAN if fits else None
    found = ARITHMETIC.get((symbol, a, b))
    return found[0] if found else None


def binary(symbol: str, a: T | None = None, b: T | None = None) -> Binary:
    """The operator, best for two types that are known. It raises ExpressionError, without a column."""
    if symbol == "&":
        return concatenate
    if symbol in COMPARE:
        return _known_comparison(symbol, a) if a is b and a is not None else _comparison(symbol)
    found = ARITHMETIC.get((symbol, a, b)) if a and b else None
    if found is not None:
        return _guarded(symbol, found[1])

    def compute(x: AnyValue, y: AnyValue) -> AnyValue:
        entry = ARITHMETIC.get((symbol, known(x), known(y)))
        if entry is None:
            raise ExpressionError(mismatch(symbol, known(x), known(y)))
        return _apply(entry[1], x, y)

    return compute


def _guarded(symbol: str, apply: Binary) -> Binary:
    def compute(a: AnyValue, b: AnyValue) -> AnyValue:
        try:
            return _apply(apply, a, b)
        except (TypeError, AttributeError):
            # One of them is empty: `known` says so.
            raise ExpressionError(mismatch(symbol, known(a), known(b))) from None

    return compute


def _apply(apply: Binary, a: AnyValue, b: AnyValue) -> AnyValue:
    try:
        return bounded(apply(a, b))
    except ZeroDivisionError as error:
        raise ExpressionError(said("division by zero")) from error
    except DecimalException as error:
        # 0 / 0 is an invalid operation for Decimal.
        message = said("the result is too large, or no number") if b else said("division by zero")
        raise ExpressionError(message) from error
    except BadValueError as error:
        raise ExpressionError(error.args[0]) from error
    except ExpressionError:
        raise
    except (OverflowError, ValueError) as error:
        raise ExpressionError(said("the result is too large, or no number")) from error


def _known_comparison(symbol: str, kind: T) -> Binary:
    """Two values of one type, though one may be empty."""
    if kind is T.MONEY:
        return _comparison(symbol)
    compare = COMPARE[symbol]
    if symbol in _EQUALITY:
        return compare
    general = _comparison(symbol)

    def compute(a: AnyValue, b: AnyValue) -> AnyValue:
        try:
            return compare(a, b)
        except TypeError:
            return general(a, b)

    return compute


def _comparison(symbol: str) -> Binary:
    compare = COMPARE[symbol]
    equality = symbol in _EQUALITY

    def compute(a: AnyValue, b: AnyValue) -> bool:
        if equality and (a is None or b is None):
            return bool(compare(a, b))
        left, right = known(a), known(b)
        if result_type(symbol, left, right) is None:
            raise ExpressionError(mismatch(symbol, left, right))
        if left is T.MONEY:
            try:
                same_currency(a, b, symbol)
            except BadValueError as error:
                raise ExpressionError(error.args[0]) from error
        return bool(compare(a, b))

    return compute


def concatenate(a: AnyValue, b: AnyValue) -> str:
    """Write both out, one behind the other."""
    return str(bounded(show(a) + show(b)))


def negative(a: AnyValue) -> AnyValue:
    """The value with the other sign."""
    if known(a) not in _SIGNED:
        raise ExpressionError(no_sign(known(a)))
    return -a


def no_sign(kind: T) -> str:
    """The words for a type that takes no minus."""
    return said("a {type} has no sign", type=kind.value)


def has_sign(kind: T | None) -> bool:
    """Whether a type takes a minus; one that is not known may."""
    return kind is None or kind in _SIGNED


def known(value: AnyValue) -> T:
    """The type of a value. Raises ExpressionError if it is empty."""
    found = type_of(value)
    if found is None:
        raise ExpressionError(
            said("there is no value yet"), hint=said("give the variable a value first, or ask empty(name)")
        )
    return found


def mismatch(symbol: str, a: T, b: T) -> str:
    """The words for a pair of types that an operator does not take."""
    return said("`{symbol}` does not go with a {one} and a {other}", symbol=symbol, one=a.value, other=b.value)


def advice(a: T, b: T) -> str:
    """What to do about a pair that an operator does not take; empty if there is nothing to say."""
    pair = {a, b}
    if T.TEXT in pair and len(pair) == 2:
        (other,) = pair - {T.TEXT}
        if other in {T.NUMBER, T.PHONE, T.DURATION, T.MONEY}:
            return said("turn the text into a {type}: {type}(…)", type=other.value)
        if other in {T.DATE, T.TIME, T.DATETIME}:
            return said("turn the text into a {type}: parse_{type}(…)", type=other.value)
    if pair == {T.MONEY, T.NUMBER}:
        return said('compare or add amount(…), or write the currency: money("100 UAH")')
    if pair == {T.DATE, T.DATETIME}:
        return said("date_of(…) is the date of a moment")
    if pair == {T.TIME, T.DATETIME}:
        return said("time_of(…) is the time of day of a moment")
    if pair == {T.PHONE, T.NUMBER}:
        return said("turn the number into a phone: phone(…)")
    return ""
