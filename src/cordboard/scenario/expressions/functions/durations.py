"""Durations."""

from datetime import timedelta
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from cordboard.scenario.expressions.errors import ExpressionError
from cordboard.scenario.expressions.function import Theme, word
from cordboard.scenario.expressions.functions.common import ZERO
from cordboard.scenario.said import said
from cordboard.scenario.values import BadValueError, parse_duration

durations = Theme("duration", "Durations", "Written 30s, 5m, 1h30m, 2d, 500ms. A moment minus a moment is a duration.")
_MOST_SECONDS = Decimal("3.2e9")


def _made(seconds: Decimal) -> timedelta:
    if abs(seconds) > _MOST_SECONDS:
        raise ExpressionError(said("the duration is longer than a hundred years"))
    return timedelta(seconds=float(seconds))


def _seconds(value: timedelta) -> Decimal:
    return Decimal(repr(value.total_seconds()))


@durations.function("длительность тривалість", ('duration("1h30m")', "1h30m"), ("duration(90)", "1m30s"))
def duration(value: Any) -> timedelta:
    """The duration that a text shows, or of so many seconds."""
    match value:
        case timedelta():
            return value
        case str():
            return parse_duration(value)
        case bool():
            pass
        case Decimal():
            return _made(value)
    raise BadValueError(said("a {type} is no duration", type=word(value)))


@durations.function("изчасов зчастин", ("duration_of(1; 30)", "1h30m"), ("duration_of(0; 0; 5)", "5s"))
def duration_of(hours: Decimal, minutes: Decimal = ZERO, seconds: Decimal = ZERO) -> timedelta:
    """The duration of hours, minutes and seconds."""
    return _made(hours * 3600 + minutes * 60 + seconds)


@durations.function("секунд", ('seconds("1m30s")', "90"))
def seconds(duration: timedelta) -> Decimal:
    """How many seconds a duration has."""
    return _seconds(duration)


@durations.function("минут хвилин", ('minutes("1h30m")', "90"), ('minutes("90s")', "1.5"))
def minutes(duration: timedelta) -> Decimal:
    """How many minutes a duration has, with their fraction."""
    return _seconds(duration) / 60


@durations.function("часов годин", ('hours("90m")', "1.5"))
def hours(duration: timedelta) -> Decimal:
    """How many hours a duration has, with their fraction."""
    return _seconds(duration) / 3600


@durations.function("дней днів", ('days("36h")', "1.5"))
def days(duration: timedelta) -> Decimal:
    """How many days a duration has, with their fraction."""
    return _seconds(duration) / 86400


@durations.function("округлдлит округлтривалість", ('round_duration("1h29m"; "15m")', "1h30m"))
def round_duration(duration: timedelta, step: timedelta) -> timedelta:
    """Rounded to the nearest multiple of a step."""
    if step <= timedelta():
        raise ExpressionError(said("a step is longer than nothing"))
    return (duration + step / 2) // step * step


@durations.function(
    "форматдлит форматтривалості",
    ('format_duration("3725s")', "1:02:05"),
    ('format_duration("65s")', "1:05"),
    ('format_duration("65s"; true)', "0:01:05"),
)
def format_duration(duration: timedelta, with_hours: bool = False) -> str:
    """As a clock shows it: minutes and seconds, hours before them if there are any or if they are wanted."""
    total = int(abs(_seconds(duration)).to_integral_value(ROUND_FLOOR))
    whole_hours, rest = divmod(total, 3600)
    sign = "-" if duration < timedelta() and total else ""
    if whole_hours or with_hours:
        return f"{sign}{whole_hours}:{rest // 60:02}:{rest % 60:02}"
    return f"{sign}{rest // 60}:{rest % 60:02}"
