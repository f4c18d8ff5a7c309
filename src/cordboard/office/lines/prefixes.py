"""The beginnings of numbers, and the hours of a week, as rules name them."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, TypeVar

from pydantic import AfterValidator, StringConstraints

from cordboard.office.hours import days_around, days_of, open_at, spans_of

T = TypeVar("T")

Prefix = Annotated[str, StringConstraints(pattern=r"^(\+[0-9]*|[0-9]+)$", max_length=32)]
"""The beginning of a number in international writing: +380, or + for the whole world; a short code by its digits."""


def checked_hours(text: str) -> str:
    """The text, if it holds spans of a day. Raises ValueError that says what to write."""
    try:
        spans_of(text)
    except ValueError as fault:
        raise ValueError(f"{text!r} are no hours: write 09:00-13:00, 14:00-18:00") from fault
    return text


def checked_days(text: str) -> str:
    """The text, if it holds days of a week. Raises ValueError that says what to write."""
    try:
        list(days_of(text))
    except ValueError as fault:
        raise ValueError(f"{text!r} are no days of a week: write mon-fri, sun") from fault
    return text


Hours = Annotated[str, AfterValidator(checked_hours)]
"""Spans of a day, also beyond midnight: 22:00-06:00."""
Days = Annotated[str, AfterValidator(checked_days)]
"""Days of a week: mon-fri, sun; empty: every day."""


def begins(canonical: str, prefixes: Iterable[str]) -> bool:
    """Whether the number begins with one of them."""
    return any(prefix and canonical.startswith(prefix) for prefix in prefixes)


def longest(canonical: str, values: Mapping[str, T]) -> T | None:
    """What stands under the longest prefix of the number."""
    found = max((prefix for prefix in values if canonical.startswith(prefix)), key=len, default=None)
    return None if found is None else values[found]


def within(at: datetime, hours: str, days: str = "") -> bool:
    """Whether `at`, by the clock of the office, is in these hours; no hours at all are the whole day."""
    try:
        spans, allowed = spans_of(hours) if hours.strip() else (), set(days_of(days))
    except ValueError:
        return False
    if not hours.strip():
        return at.weekday() in allowed
    return open_at(at, [(day, spans if day.weekday() in allowed else ()) for day in days_around(at)])


def day_of(at: datetime) -> str:
    """A day: 2026-11-23."""
    return f"{at:%Y-%m-%d}"
