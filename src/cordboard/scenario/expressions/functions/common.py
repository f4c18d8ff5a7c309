"""What functions of several themes need."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TypeVar

from cordboard.scenario.expressions.bounds import text_too_long
from cordboard.scenario.expressions.errors import MAX_ITEMS, MAX_TEXT
from cordboard.scenario.values import Money

ZERO, ONE = Decimal(0), Decimal(1)

Same = TypeVar("Same")
"""Arguments of one type, whichever it is."""
Measure = TypeVar("Measure", Decimal, Money, timedelta)
"""Numbers, sums of money or durations."""
Ordered = TypeVar("Ordered", Decimal, Money, timedelta, str, time, date, datetime)
"""Whatever has a less and a greater."""


def count(number: Decimal, most: int = MAX_TEXT) -> int:
    """A number as a count of things: whole, not below 0, not above `most`."""
    return max(0, min(most, int(number)))


def place(number: Decimal, length: int) -> int | None:
    """The index of the item that a number means: from 1, or from the end if negative. None if there is none."""
    index = int(number)
    if index != number or not 1 <= abs(index) <= length:
        return None
    return index - 1 if index > 0 else length + index


def check_length(length: int) -> None:
    """Raise ExpressionError if a text of this length is too long, before it is made."""
    if length > MAX_TEXT:
        raise text_too_long()


def check_items(amount: int) -> int:
    """The number of items, cut where `bounded` will refuse it anyway."""
    return min(amount, MAX_ITEMS + 1)
