"""The types of variables and their values: how each is written, shown, compared and kept as JSON."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from enum import StrEnum
from typing import Any

from cordboard.scenario.literals import (
    BadValueError,
    parse_duration,
    parse_number,
    shorten,
    show_duration,
    show_number,
)
from cordboard.scenario.money import Money, parse_money, show_money
from cordboard.scenario.said import said
from cordboard.telephony import PhoneNumber

__all__ = [
    "PYTHON",
    "SIMPLE",
    "AnyValue",
    "BadValueError",
    "JsonValue",
    "Money",
    "ValueType",
    "convert",
    "from_json",
    "normal",
    "parse",
    "parse_duration",
    "parse_json",
    "parse_money",
    "parse_number",
    "shorten",
    "show",
    "show_duration",
    "show_money",
    "show_number",
    "to_json",
    "type_of",
]

AnyValue = Any
"""str, Decimal, Money, bool, date, time, datetime (aware), timedelta, PhoneNumber, list, dict or None (nothing yet).
Lists and records are never changed in place."""
JsonValue = Any
"""What json.dumps takes."""


class ValueType(StrEnum):
    """The type of a variable. The word is what scenarios say."""

    TEXT = "text"
    NUMBER = "number"
    MONEY = "money"
    BOOLEAN = "boolean"
    DATE = "date"
    TIME = "time"
    DATETIME = "datetime"
    DURATION = "duration"
    PHONE = "phone"
    LIST = "list"
    RECORD = "record"


PYTHON: Mapping[ValueType, type] = {
    ValueType.TEXT: str,
    ValueType.NUMBER: Decimal,
    ValueType.MONEY: Money,
    ValueType.BOOLEAN: bool,
    ValueType.DATE: date,
    ValueType.TIME: time,
    ValueType.DATETIME: datetime,
    ValueType.DURATION: timedelta,
    ValueType.PHONE: PhoneNumber,
    ValueType.LIST: list,
    ValueType.RECORD: dict,
}
_MOST_JSON_DIGITS = 28
_DEEPEST_JSON = 20
_TYPE_OF = {python: type_ for type_, python in PYTHON.items()}
SIMPLE = frozenset(ValueType) - {ValueType.LIST, ValueType.RECORD}
"""Types whose values can be written out as a text."""

_WORDS = {"true": True, "yes": True, "да": True, "так": True}
_WORDS |= {"false": False, "no": False, "нет": False, "ні": False}


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
    """Read a literal. Raises BadValueError. Lists and records are written as JSON; an empty text is an empty one."""
    return _PARSERS[type_](text, zone, country)


def _boolean(text: str) -> bool:
    try:
        return _WORDS[text.strip().lower()]
    except KeyError:
        raise BadValueError(f"{shorten(text)!r} is neither true nor false") from None


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


def _compound(kind: type, example: str) -> Callable[[str, tzinfo, str], Any]:
    def parse_compound(text: str, _zone: tzinfo, _country: str) -> Any:
        if not text.strip():
            return kind()
        value = parse_json(text)
        if not isinstance(value, kind):
            raise BadValueError(said("{text!r} cannot be read: write {example}", text=shorten(text), example=example))
        return value

    return parse_compound


def parse_json(text: str) -> AnyValue:
    """Read JSON as values of the language: numbers are exact, null is None. Raises BadValueError."""
    try:
        raw = json.loads(text, parse_float=_json_number, parse_int=_json_number, parse_constant=_no_number)
    except BadValueError:
        raise
    except RecursionError as error:
        raise BadValueError(said("the JSON is nested too deeply")) from error
    except ValueError as error:
        where = error.pos + 1 if isinstance(error, json.JSONDecodeError) else 1
        raise BadValueError(
            said("{text!r} is no JSON: see character {where}", text=shorten(text), where=where)
        ) from None
    _check_depth(raw, 0)
    return raw


def _json_number(text: str) -> Decimal:
    number = Decimal(text)
    if abs(number.adjusted()) > _MOST_JSON_DIGITS or len(text) > 2 * _MOST_JSON_DIGITS:
        raise BadValueError(said("{text!r} has too many digits", text=shorten(text)))
    return number


def _no_number(text: str) -> Any:
    raise BadValueError(said("{text!r} is no number: write 12 or 12.5", text=text))


def _check_depth(value: AnyValue, depth: int) -> None:
    if depth > _DEEPEST_JSON:
        raise BadValueError(said("the JSON is nested too deeply"))
    if isinstance(value, list | dict):
        for item in value if isinstance(value, list) else value.values():
            _check_depth(item, depth + 1)


_PARSERS: Mapping[ValueType, Callable[[str, tzinfo, str], AnyValue]] = {
    ValueType.TEXT: lambda text, _zone, _country: text,
    ValueType.NUMBER: lambda text, _zone, _country: parse_number(text),
    ValueType.MONEY: lambda text, _zone, _country: parse_money(text),
    ValueType.BOOLEAN: lambda text, _zone, _country: _boolean(text),
    ValueType.DATE: lambda text, _zone, _country: _date(text),
    ValueType.TIME: lambda text, _zone, _country: _time(text),
    ValueType.DATETIME: lambda text, zone, _country: _datetime(text, zone),
    ValueType.DURATION: lambda text, _zone, _country: parse_duration(text),
    ValueType.PHONE: lambda text, _zone, country: PhoneNumber.parse(text, country=country),
    ValueType.LIST: _compound(list, '["a", 12]'),
    ValueType.RECORD: _compound(dict, '{"name": "Ann"}'),
}


def show(value: AnyValue) -> str:
    """Write any value for people: inserts, traces, texts."""
    if isinstance(value, str):
        return value
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case Decimal():
            return show_number(value)
        case Money():
            return show_money(value)
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
        case Money():
            return {"money": [str(value.amount), value.currency]}
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
    "money": lambda raw: Money(Decimal(raw[0]), raw[1]),
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
