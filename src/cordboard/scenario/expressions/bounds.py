"""What keeps a value small: every text, list, number and date that an expression makes passes here."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal

from cordboard.scenario.expressions.errors import (
    MAX_DIGITS,
    MAX_ITEMS,
    MAX_NESTED,
    MAX_TEXT,
    MAX_WEIGHT,
    ExpressionError,
)
from cordboard.scenario.said import said
from cordboard.scenario.values import AnyValue, Money

_LEAST_YEAR, _LAST_YEAR = 1900, 9000


def bounded(value: AnyValue) -> AnyValue:
    """The value itself. Raises ExpressionError if it is too large."""
    check = _CHECKS.get(type(value))
    return value if check is None else check(value)


def _text(value: str) -> str:
    if len(value) > MAX_TEXT:
        raise text_too_long()
    return value


def _number(value: Decimal) -> Decimal:
    if not value:
        return value if value.is_finite() else Decimal(0)
    if not value.is_finite() or value.adjusted() >= MAX_DIGITS:
        raise ExpressionError(said("the number has more than {limit} digits", limit=MAX_DIGITS))
    return Decimal(0) if value.adjusted() < -MAX_DIGITS else value


def _money(value: Money) -> Money:
    amount = _number(value.amount)
    return value if amount is value.amount else Money(amount, value.currency)


def _date(value: date) -> date:
    if not _LEAST_YEAR <= value.year <= _LAST_YEAR:
        raise ExpressionError(said("the date is outside of the years 1900 to 9000"))
    return value


def _compound(value: AnyValue) -> AnyValue:
    weigh(value)
    return value


_CHECKS: Mapping[type, Callable[[AnyValue], AnyValue]] = {
    str: _text,
    Decimal: _number,
    Money: _money,
    date: _date,
    datetime: _date,
    list: _compound,
    dict: _compound,
}
"""The other types are small by their nature."""


def text_too_long() -> ExpressionError:
    """The error for a text, to be raised before it is made."""
    return ExpressionError(said("the text becomes longer than {limit} characters", limit=MAX_TEXT))


def weigh(value: AnyValue) -> None:
    """Raise ExpressionError if a list or record is too large with all that is inside.

    A list that holds another twice is counted twice, as it is when it is written out: [l, l] of [l, l] … grows
    without taking memory until somebody shows it.
    """
    left = MAX_WEIGHT
    level: list[AnyValue] = [value]
    for _ in range(MAX_NESTED + 1):
        inner: list[AnyValue] = []
        for whole in level:
            if len(whole) > MAX_ITEMS:
                raise ExpressionError(said("the list becomes longer than {limit} items", limit=MAX_ITEMS))
            if isinstance(whole, dict):
                left -= sum(map(len, whole))
            for item in whole.values() if isinstance(whole, dict) else whole:
                left -= 8
                if isinstance(item, str):
                    left -= len(item)
                elif isinstance(item, list | dict):
                    inner.append(item)
            if left < 0:
                raise ExpressionError(said("the list becomes too large, with all that is inside"))
        if not inner:
            return
        level = inner
    raise ExpressionError(said("lists and records stand more than {limit} deep inside each other", limit=MAX_NESTED))
