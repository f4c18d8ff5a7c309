"""Formats of dates: DD.MM.YYYY hh:mm. The same letters in any locale."""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, tzinfo

from cordboard.scenario.said import said
from cordboard.scenario.values import BadValueError, shorten

_LONGEST = 100
_FIELDS: Mapping[str, tuple[str, str, Callable[[datetime], str]]] = {
    "YYYY": (r"(?P<year>\d{4})", "year", lambda moment: f"{moment.year:04}"),
    "YY": (r"(?P<short>\d{2})", "short", lambda moment: f"{moment.year % 100:02}"),
    "MM": (r"(?P<month>\d{1,2})", "month", lambda moment: f"{moment.month:02}"),
    "M": (r"(?P<month>\d{1,2})", "month", lambda moment: str(moment.month)),
    "DD": (r"(?P<day>\d{1,2})", "day", lambda moment: f"{moment.day:02}"),
    "D": (r"(?P<day>\d{1,2})", "day", lambda moment: str(moment.day)),
    "hh": (r"(?P<hour>\d{1,2})", "hour", lambda moment: f"{moment.hour:02}"),
    "h": (r"(?P<hour>\d{1,2})", "hour", lambda moment: str(moment.hour)),
    "mm": (r"(?P<minute>\d{1,2})", "minute", lambda moment: f"{moment.minute:02}"),
    "ss": (r"(?P<second>\d{1,2})", "second", lambda moment: f"{moment.second:02}"),
}
"""Letters, their pattern when read, what it gives, and how it is written."""
_PIECE = re.compile("|".join(_FIELDS) + "|.", re.DOTALL)
_OF_DATES = frozenset({"year", "short", "month", "day"})


def check_format(text: str) -> list[str]:
    """The pieces of a format. Raises BadValueError if it names nothing, or one thing twice."""
    pieces = _PIECE.findall(text[: _LONGEST + 1])
    named = [_FIELDS[piece][1] for piece in pieces if piece in _FIELDS]
    if text and (not named or len(set(named)) < len(named) or len(text) > _LONGEST):
        raise BadValueError(said("{text!r} is no format: write DD.MM.YYYY hh:mm", text=shorten(text)))
    return pieces


def write_with_format(value: date | time | datetime, text: str) -> str:
    """Write a date, a time or a moment. Raises BadValueError if the format asks for what the value lacks."""
    pieces = check_format(text)
    named = {_FIELDS[piece][1] for piece in pieces if piece in _FIELDS}
    if isinstance(value, time):
        if named & _OF_DATES:
            raise BadValueError(said("a time of day has no day, month or year"))
        value = datetime.combine(date(2000, 1, 1), value)
    elif not isinstance(value, datetime):
        if named - _OF_DATES:
            raise BadValueError(said("a date has no hour, minute or second"))
        value = datetime.combine(value, time())
    return "".join(_FIELDS[piece][2](value) if piece in _FIELDS else piece for piece in pieces)


def read_with_format(text: str, form: str, zone: tzinfo) -> datetime:
    """Read a moment; what the format does not name is the first of its kind. Raises BadValueError."""
    pieces = check_format(form)
    pattern = "".join(_FIELDS[piece][0] if piece in _FIELDS else re.escape(piece) for piece in pieces)
    match = re.fullmatch(pattern, text.strip(), re.ASCII)
    if match is None:
        raise BadValueError(said("{text!r} is not written as {format}", text=shorten(text), format=form))
    found = {name: int(digits) for name, digits in match.groupdict().items()}
    year = found.get("year", 2000 + found.get("short", 0))
    try:
        return datetime(
            year,
            found.get("month", 1),
            found.get("day", 1),
            found.get("hour", 0),
            found.get("minute", 0),
            found.get("second", 0),
            tzinfo=zone,
        )
    except ValueError as error:
        raise BadValueError(said("{text!r}: there is no such day or time", text=shorten(text))) from error
