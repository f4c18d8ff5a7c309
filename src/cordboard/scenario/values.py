"""The types of variables and their values: how each is written, shown, compared and kept as JSON."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta, tzinfo
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from cordboard.telephony import PhoneNumber

AnyValue = Any
"""str, Decimal, bool, date, time, datetime (aware), timedelta, PhoneNumber, list, dict or None (nothing yet).
Lists and records are never changed in place."""
JsonValue = Any
"""What json.dumps takes."""


class ValueType(StrEnum):
    """The type of a variable. The word is what scenarios say."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    TIME = "time"
    DATETIME = "datetime"
    DURATION = "duration"
    PHONE = "phone"
    LIST = "list"
    RECORD = "record"


class BadValueError(ValueError):
    """A text is no literal of the type; the message says how one is written."""


PYTHON: Mapping[ValueType, type] = {
    ValueType.TEXT: str,
    ValueType.NUMBER: Decimal,
    ValueType.BOOLEAN: bool,
    ValueType.DATE: date,
    ValueType.TIME: time,
    ValueType.DATETIME: datetime,
    ValueType.DURATION: timedelta,
    ValueType.PHONE: PhoneNumber,
    ValueType.LIST: list,
    ValueType.RECORD: dict,
}
_TYPE_OF = {python: type_ for type_, python in PYTHON.items()}
SIMPLE = frozenset(ValueType) - {ValueType.LIST, ValueType.RECORD}
"""Types whose values can be written out as a text."""

_NUMBER = re.compile(r"[+-]?\d{1,28}(\.\d{1,28})?")
_UNITS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)(ms|d|h|m|s)")
_WORDS = {"true": True, "yes": True, "да": True, "false": False, "no": False, "нет": False}


def type_of(value: AnyValue) -> ValueType | None:
    """The type of a value; None for None. Raises BadValueError for what is no value of the language."""
    if value is None:
        return None
    found = _TYPE_OF.get(type(value))
    if found is None:
        raise BadValueError(f"{type(value).__name__} is no value of a scenario")
    return found


def normal(value: Any) -> AnyValue:
    """A Python value as the language has it: int and float become Decimal, enumerations texts, tuples lists."""
    if isinstance(value, StrEnum):
        return str(value.value)
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return Decimal(value)
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, list | tuple):
        return [normal(item) for item in value]
    if isinstance(value, dict):
        return {str(name): normal(item) for name, item in value.items()}
    return value


def parse(type_: ValueType, text: str, *, zone: tzinfo, country: str) -> AnyValue:
    """Read a literal. Raises BadValueError. Lists and records have no literal except the empty text."""
    return _PARSERS[type_](text, zone, country)


def parse_number(text: str) -> Decimal:
    """Read a number, with a point or a comma."""
    plain = text.strip().replace("\N{NO-BREAK SPACE}", "").replace(",", ".")
    if not _NUMBER.fullmatch(plain):
        raise BadValueError(f"{shorten(text)!r} is no number: write 12 or 12.5")
    try:
        return Decimal(plain)
    except InvalidOperation as error:
        raise BadValueError(f"{shorten(text)!r} is no number: write 12 or 12.5") from error


def _boolean(text: str) -> bool:
    try:
        return _WORDS[text.strip().lower()]
    except KeyError:
        raise BadValueError(f"{shorten(text)!r} is neither true nor false") from None


def parse_duration(text: str) -> timedelta:
    """Read 2d, 30s, 1h30m, 500ms; a bare number is seconds."""
    plain = text.strip().replace(" ", "").lower()
    if re.fullmatch(r"\d{1,9}(\.\d{1,6})?", plain):
        plain += "s"
    end, seconds = 0, 0.0
    for match in _DURATION.finditer(plain):
        if match.start() != end:
            break
        seconds += float(match[1]) * _UNITS[match[2]]
        end = match.end()
    if not plain or end != len(plain) or seconds > 3.2e9:
        raise BadValueError(f"{shorten(text)!r} is no duration: write 30s, 5m, 1h30m or 2d")
    return timedelta(seconds=seconds)


def _iso(read: Callable[[str], Any], example: str) -> Callable[[str], Any]:
    def parse_iso(text: str) -> Any:
        try:
            return read(text.strip())
        except ValueError as error:
            raise BadValueError(f"{shorten(text)!r} cannot be read: write {example}") from error

    return parse_iso


_date = _iso(date.fromisoformat, "2026-12-31")
_time = _iso(lambda text: time.fromisoformat(text).replace(tzinfo=None), "09:30")
_moment = _iso(datetime.fromisoformat, "2026-12-31 09:30")


def _datetime(text: str, zone: tzinfo) -> datetime:
    moment: datetime = _moment(text)
    return moment.replace(tzinfo=zone) if moment.tzinfo is None else moment


def _empty(make: Callable[[], Any], what: str) -> Callable[[str, tzinfo, str], Any]:
    def parse_empty(text: str, _zone: tzinfo, _country: str) -> Any:
        if text.strip():
            raise BadValueError(f"a {what} cannot be written as a text; use an expression")
        return make()

    return parse_empty


_PARSERS: Mapping[ValueType, Callable[[str, tzinfo, str], AnyValue]] = {
    ValueType.TEXT: lambda text, _zone, _country: text,
    ValueType.NUMBER: lambda text, _zone, _country: parse_number(text),
    ValueType.BOOLEAN: lambda text, _zone, _country: _boolean(text),
    ValueType.DATE: lambda text, _zone, _country: _date(text),
    ValueType.TIME: lambda text, _zone, _country: _time(text),
    ValueType.DATETIME: lambda text, zone, _country: _datetime(text, zone),
    ValueType.DURATION: lambda text, _zone, _country: parse_duration(text),
    ValueType.PHONE: lambda text, _zone, country: PhoneNumber.parse(text, country=country),
    ValueType.LIST: _empty(list, "list"),
    ValueType.RECORD: _empty(dict, "record"),
}


def show_duration(value: timedelta) -> str:
    """Write a duration as it is read: 1h30m, 2d, 1.5s."""
    seconds = value.total_seconds()
    if seconds < 0:
        return "-" + show_duration(-value)
    parts = []
    for unit in ("d", "h", "m"):
        count, seconds = divmod(seconds, _UNITS[unit])
        if count:
            parts.append(f"{count:.0f}{unit}")
    if seconds or not parts:
        parts.append(f"{seconds:.6f}".rstrip("0").rstrip(".") + "s")
    return "".join(parts)


def show_number(value: Decimal) -> str:
    """Write a number without exponent and superfluous zeros."""
    if not value.is_finite():
        return str(value)
    text = f"{value:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"


def show(value: AnyValue) -> str:
    """Write any value for people: inserts, traces, texts."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case Decimal():
            return show_number(value)
        case timedelta():
            return show_duration(value)
        case datetime():
            return value.strftime("%Y-%m-%d %H:%M:%S").removesuffix(":00")
        case time():
            return value.strftime("%H:%M:%S").removesuffix(":00")
        case list():
            return ", ".join(show(item) for item in value)
        case dict():
            return ", ".join(f"{name}: {show(item)}" for name, item in value.items())
        case _:
            return str(value)


def shorten(text: str, limit: int = 60) -> str:
    """Cut a text for a message."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def convert(value: AnyValue, type_: ValueType, *, zone: tzinfo, country: str) -> AnyValue:
    """Make `value` fit a variable of `type_`: texts are read, simple values are written out. Raises BadValueError."""
    value = normal(value)
    found = type_of(value)
    if found is None or found is type_:
        return value
    if found is ValueType.TEXT:
        return parse(type_, value, zone=zone, country=country)
    if type_ is ValueType.TEXT and found in SIMPLE:
        return show(value)
    if type_ is ValueType.PHONE and found is ValueType.NUMBER:
        return PhoneNumber.parse(show(value), country=country)
    raise BadValueError(f"a {found.value} does not fit into a {type_.value}")


def to_json(value: AnyValue) -> JsonValue:
    """Keep a value as JSON that `from_json` reads back exactly."""
    match value:
        case None | bool() | str():
            return value
        case list():
            return [to_json(item) for item in value]
        case dict():
            return {"record": {name: to_json(item) for name, item in value.items()}}
        case Decimal():
            return {"number": str(value)}
        case timedelta():
            return {"duration": [value.days, value.seconds, value.microseconds]}
        case PhoneNumber():
            return {"phone": [value.written, value.canonical]}
        case datetime():
            return {"datetime": value.isoformat()}
        case date() | time():
            return {type(value).__name__: value.isoformat()}
    raise BadValueError(f"{type(value).__name__} is no value of a scenario")


_FROM_JSON: Mapping[str, Callable[[Any], AnyValue]] = {
    "record": lambda raw: {name: from_json(item) for name, item in raw.items()},
    "number": Decimal,
    "duration": lambda raw: timedelta(raw[0], raw[1], raw[2]),
    "phone": lambda raw: PhoneNumber(raw[0], raw[1]),
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
}


def from_json(raw: JsonValue) -> AnyValue:
    """Read what `to_json` wrote."""
    if isinstance(raw, dict):
        ((tag, inner),) = raw.items()
        return _FROM_JSON[tag](inner)
    if isinstance(raw, Sequence) and not isinstance(raw, str):
        return [from_json(item) for item in raw]
    return raw
