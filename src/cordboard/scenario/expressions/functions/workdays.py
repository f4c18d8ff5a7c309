"""Working days and hours. The office's own calendar is asked by a component; here holidays are given as a list."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from cordboard.scenario.expressions.errors import ExpressionError
from cordboard.scenario.expressions.function import Theme
from cordboard.scenario.expressions.names import Scope
from cordboard.scenario.said import said
from cordboard.scenario.values import BadValueError, shorten, show

workdays_theme = Theme(
    "workdays",
    "Working days and hours",
    "Saturday and Sunday are free. Holidays are a list of dates, or of texts as 2026-12-31; the office's own calendar "
    "is asked by the component *time window*.",
)
_MOST_DAYS = 40_000
"""A hundred years: days are counted one by one."""


def _day(scope: Scope, value: date | datetime) -> date:
    return value.astimezone(scope.zone).date() if isinstance(value, datetime) else value


def _holidays(scope: Scope, holidays: list[Any]) -> set[date]:
    found = set()
    for item in holidays:
        if isinstance(item, date):
            found.add(_day(scope, item))
            continue
        try:
            found.add(date.fromisoformat(show(item).strip()))
        except ValueError as error:
            message = said("the holiday {text!r} is no date: write 2026-12-31", text=shorten(show(item)))
            raise BadValueError(message) from error
    return found


def _works(free: set[date]) -> Callable[[date], bool]:
    return lambda day: day.isoweekday() < 6 and day not in free


@workdays_theme.function("выходной вихідний", ('is_weekend("2026-11-22")', "true"))
def is_weekend(scope: Scope, value: date | datetime) -> bool:
    """Whether it is a Saturday or a Sunday."""
    return _day(scope, value).isoweekday() > 5


@workdays_theme.function(
    "рабочий робочий",
    ('is_workday("2026-11-23")', "true"),
    ('is_workday("2026-12-25"; ["2026-12-25"])', "false"),
)
def is_workday(scope: Scope, value: date | datetime, holidays: list[Any] = []) -> bool:  # noqa: B006 - never changed
    """Whether it is neither a week-end nor one of the holidays."""
    return _works(_holidays(scope, holidays))(_day(scope, value))


@workdays_theme.function(
    "чистрабдни робочіхднів",
    ('workdays("2026-11-20"; "2026-11-23")', "2"),
    ('workdays("2026-12-24"; "2026-12-28"; ["2026-12-25"])', "2"),
)
def workdays(scope: Scope, start: date, end: date, holidays: list[Any] = []) -> Decimal:  # noqa: B006 - never changed
    """How many working days there are from one date to another, both included."""
    if abs((end - start).days) > _MOST_DAYS:
        raise ExpressionError(said("the dates are more than a hundred years apart"))
    if end < start:
        return -Decimal(workdays(scope, end, start, holidays))
    works = _works(_holidays(scope, holidays))
    return Decimal(sum(works(start + timedelta(days=index)) for index in range((end - start).days + 1)))


@workdays_theme.function(
    "рабдень робдень",
    ('add_workdays("2026-11-20"; 1)', "2026-11-23"),
    ('add_workdays("2026-11-23"; -1)', "2026-11-20"),
)
def add_workdays(scope: Scope, value: date, days: Decimal, holidays: list[Any] = []) -> date:  # noqa: B006 - as above
    """The working day that comes so many working days later, or earlier if negative."""
    left = int(days) if abs(days) <= _MOST_DAYS // 2 else 0
    if left != days:
        raise ExpressionError(said("a whole number of days is wanted, at most {most}", most=_MOST_DAYS // 2))
    works = _works(_holidays(scope, holidays))
    step = timedelta(days=1 if left > 0 else -1)
    found, tries = value, 0
    while left:
        found += step
        tries += 1
        if tries > 2 * _MOST_DAYS:
            raise ExpressionError(said("there are no working days"))
        left -= step.days if works(found) else 0
    return found


def _window(text: str) -> time:
    padded = text.strip() if text.strip()[1:2] != ":" else "0" + text.strip()
    try:
        return time.fromisoformat(padded).replace(tzinfo=None)
    except ValueError as error:
        raise BadValueError(said("{text!r} is no time of day: write 09:30", text=shorten(text))) from error


@workdays_theme.function(
    "вчасы угодини",
    ('in_time_window(time(10; 0); "09:00"; "18:00")', "true"),
    ('in_time_window(time(23; 30); "22:00"; "06:00")', "true"),
    ('in_time_window(time(18; 0); "09:00"; "18:00")', "false"),
    start=_window,
    end=_window,
)
def in_time_window(scope: Scope, value: datetime | time, start: str | time, end: str | time) -> bool:
    """Whether a moment is within hours, the end not included; a window may cross midnight."""
    clock = value.astimezone(scope.zone).time() if isinstance(value, datetime) else value
    opens = _window(start) if isinstance(start, str) else start
    closes = _window(end) if isinstance(end, str) else end
    if opens < closes:
        return opens <= clock < closes
    return clock >= opens or clock < closes
