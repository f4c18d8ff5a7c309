"""Moments as MS SQL counts them. Pure functions over naive moments of the office."""

import calendar
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType

PARTS: Mapping[str, str] = MappingProxyType(
    {
        alias: part
        for part, aliases in {
            "year": "year yy yyyy",
            "quarter": "quarter qq q",
            "month": "month mm m",
            "dayofyear": "dayofyear dy y",
            "day": "day dd d",
            "week": "week wk ww",
            "iso_week": "iso_week isowk isoww",
            "weekday": "weekday dw w",
            "hour": "hour hh",
            "minute": "minute mi n",
            "second": "second ss s",
            "millisecond": "millisecond ms",
        }.items()
        for alias in aliases.split()
    }
)
"""The names of parts of a moment to the one that is used here."""
STEPS = frozenset(PARTS.values()) - {"iso_week"}
"""Those that can be added and counted."""

_EPOCH = datetime(1899, 12, 31)  # noqa: DTZ001 - a Sunday
_SECONDS = MappingProxyType(
    {"week": 604_800, "day": 86_400, "dayofyear": 86_400, "weekday": 86_400, "hour": 3600, "minute": 60, "second": 1}
)
_MONTHS = MappingProxyType({"year": 12, "quarter": 3, "month": 1})


def first_offset(year: int, first: int) -> int:
    """How many days of the week of January 1st lie before it, if weeks begin with `first` (1 Monday … 7 Sunday)."""
    return (datetime(year, 1, 1).isoweekday() - first) % 7  # noqa: DTZ001 - a day


def part_of(part: str, moment: datetime, first: int) -> int:
    """DATEPART. Week 1 is the one with January 1st."""
    return _PARTS[part](moment, first)


_PARTS: Mapping[str, Callable[[datetime, int], int]] = MappingProxyType(
    {
        "year": lambda m, _: m.year,
        "quarter": lambda m, _: (m.month + 2) // 3,
        "month": lambda m, _: m.month,
        "dayofyear": lambda m, _: m.timetuple().tm_yday,
        "day": lambda m, _: m.day,
        "week": lambda m, first: (m.timetuple().tm_yday - 1 + first_offset(m.year, first)) // 7 + 1,
        "iso_week": lambda m, _: m.isocalendar().week,
        "weekday": lambda m, first: (m.isoweekday() - first) % 7 + 1,
        "hour": lambda m, _: m.hour,
        "minute": lambda m, _: m.minute,
        "second": lambda m, _: m.second,
        "millisecond": lambda m, _: m.microsecond // 1000,
    }
)


def added(part: str, count: float, moment: datetime) -> datetime:
    """DATEADD; the day is cut to the length of the month."""
    if part in _MONTHS:
        months = moment.year * 12 + moment.month - 1 + int(count) * _MONTHS[part]
        year, month = divmod(months, 12)
        return moment.replace(year=year, month=month + 1, day=min(moment.day, calendar.monthrange(year, month + 1)[1]))
    if part == "millisecond":
        return moment + timedelta(milliseconds=int(count))
    return moment + timedelta(seconds=count * _SECONDS[part])


def between(part: str, begin: datetime, end: datetime) -> int:
    """DATEDIFF: how many borders of that part lie between. Weeks begin with Sunday, whatever DATEFIRST says."""
    if part in _MONTHS:
        months = _MONTHS[part]
        return (end.year * 12 + end.month - 1) // months - (begin.year * 12 + begin.month - 1) // months
    step = timedelta(milliseconds=1) if part == "millisecond" else timedelta(seconds=_SECONDS[part])
    return (end - _EPOCH) // step - (begin - _EPOCH) // step


STYLES: Mapping[int, str] = MappingProxyType(
    {
        0: "%b {day:>2} %Y {hour:>2}:%M%p",
        100: "%b {day:>2} %Y {hour:>2}:%M%p",
        1: "%m/%d/%y",
        3: "%d/%m/%y",
        4: "%d.%m.%y",
        101: "%m/%d/%Y",
        102: "%Y.%m.%d",
        103: "%d/%m/%Y",
        104: "%d.%m.%Y",
        105: "%d-%m-%Y",
        108: "%H:%M:%S",
        110: "%m-%d-%Y",
        111: "%Y/%m/%d",
        112: "%Y%m%d",
        120: "%Y-%m-%d %H:%M:%S",
        20: "%Y-%m-%d %H:%M:%S",
        121: "%Y-%m-%d %H:%M:%S.{thousandth}",
        23: "%Y-%m-%d",
        126: "%Y-%m-%dT%H:%M:%S.{thousandth}",
    }
)
"""The styles of CONVERT: a format of strftime, after its braces are filled."""


def shown(moment: datetime, style: int) -> str:
    """CONVERT of a moment to a text."""
    filled = STYLES[style].format(
        day=moment.day, hour=moment.hour % 12 or 12, thousandth=f"{moment.microsecond // 1000:03}"
    )
    return moment.strftime(filled)


_ISO = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)(?:[ T](\d\d?):(\d\d)(?::(\d\d)(?:\.(\d{1,7}))?)?)?")
_ORDERS: Mapping[int, tuple[str, str]] = MappingProxyType(
    {
        101: (r"(\d\d?)/(\d\d?)/(\d{4})", "mdy"),
        102: (r"(\d{4})\.(\d\d?)\.(\d\d?)", "ymd"),
        103: (r"(\d\d?)/(\d\d?)/(\d{4})", "dmy"),
        104: (r"(\d\d?)\.(\d\d?)\.(\d{4})", "dmy"),
        105: (r"(\d\d?)-(\d\d?)-(\d{4})", "dmy"),
        110: (r"(\d\d?)-(\d\d?)-(\d{4})", "mdy"),
        111: (r"(\d{4})/(\d\d?)/(\d\d?)", "ymd"),
    }
)


def read_moment(text: str, style: int = 0) -> datetime:
    """A moment written as `20261123`, `2026-11-23 10:00[:00[.000]]`, or in the order of `style`. Raises ValueError."""
    text = text.strip()
    if style in _ORDERS:
        pattern, order = _ORDERS[style]
        if found := re.fullmatch(pattern, text):
            number = dict(zip(order, map(int, found.groups()), strict=True))
            return datetime(number["y"], number["m"], number["d"])  # noqa: DTZ001 - of the office
    found = _ISO.fullmatch(text)
    if found is None:
        message = f"{text[:40]!r} is no date: write '2026-11-23' or '2026-11-23 10:00:00'"
        raise ValueError(message)
    year, month, day, hour, minute, second, fraction = found.groups()
    microsecond = int((fraction or "0")[:6].ljust(6, "0"))
    return datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), microsecond)  # noqa: DTZ001 - of the office
