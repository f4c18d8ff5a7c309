"""Values on their way to a driver and back."""

import math
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from typing import Any
from uuid import UUID

from cordboard.datasource.sql.errors import SqlError
from cordboard.datasource.sql.texts import SqlKind

_MOST = 2**63
_AWARE = frozenset({SqlKind.POSTGRESQL})
"""Where moments with a zone are known. Elsewhere they are written in the time of the office."""
_INTERVALS = frozenset({SqlKind.POSTGRESQL, SqlKind.MYSQL})
_TEXT_MOMENTS = frozenset({SqlKind.SQLITE})
_SIMPLE = (str, bool, Decimal, date, time, timedelta)


def to_driver(name: str, value: Any, kind: SqlKind, zone: tzinfo) -> Any:
    """A value as the driver of `kind` takes it. Raises SqlError."""
    if value is None:
        return None
    if not isinstance(value, _SIMPLE):
        raise SqlError(f"@{name} holds a list or a record: a query takes a text, a number, a date or the like")
    if isinstance(value, str):
        return _text(name, value)
    if isinstance(value, bool):
        return int(value) if kind is SqlKind.SQLITE else value
    if isinstance(value, Decimal):
        return _number(name, value, kind)
    if isinstance(value, timedelta):
        return value if kind in _INTERVALS else _number(name, Decimal(str(value.total_seconds())), kind)
    if isinstance(value, datetime):
        moment = value.replace(tzinfo=zone) if value.tzinfo is None else value.astimezone(zone)
        value = moment if kind in _AWARE else moment.replace(tzinfo=None)
        return value.isoformat(" ") if kind in _TEXT_MOMENTS else value
    return value.isoformat() if kind in _TEXT_MOMENTS else value


def _text(name: str, value: str) -> str:
    if "\0" in value:
        raise SqlError(f"@{name} holds a character of the code 0, which databases do not keep: clean the text")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise SqlError(f"@{name} holds half a character: clean the text") from None
    return value


def _number(name: str, value: Decimal, kind: SqlKind) -> int | float | Decimal:
    if not value.is_finite():
        raise SqlError(f"@{name} is no number")
    if value == value.to_integral_value() and -_MOST <= value < _MOST:
        return int(value)
    return float(value) if kind is SqlKind.SQLITE else value


def from_driver(value: Any, zone: tzinfo) -> Any:
    """A value as scenarios have it, see `ports.SqlAnswer`."""
    if value is None or isinstance(value, str | bool | timedelta):
        return value
    if isinstance(value, int):
        return Decimal(value)
    if isinstance(value, float):
        return Decimal(repr(value)) if math.isfinite(value) else None
    if isinstance(value, Decimal):
        return value if value.is_finite() else None
    if isinstance(value, datetime):
        return value.replace(tzinfo=zone) if value.tzinfo is None else value.astimezone(zone)
    if isinstance(value, time):
        return value.replace(tzinfo=None)
    if isinstance(value, date):
        return value
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Mapping):
        return {str(name): from_driver(inner, zone) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [from_driver(inner, zone) for inner in value]
    return str(value)
