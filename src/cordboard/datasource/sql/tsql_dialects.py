"""What T-SQL's parts are called in SQLite and in PostgreSQL. Templates, no logic of the language.

SQLite knows no dates and only Latin letters: there functions of ours are called, see `install`. In PostgreSQL
everything is its own. No template holds anything of a user's text, and none a per cent sign: drivers read it.
"""

import sqlite3
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from cordboard.datasource.sql import tsql_moments as moments

MOMENT_FORMAT = "%Y-%m-%d %H:%M:%S.%f"


class Dialect:
    """One of the two, with the values that a query binds."""

    def __init__(self, templates: Mapping[str, str]) -> None:
        self.templates = templates
        self.parameters: dict[str, Any] = {}

    def say(self, name: str, *arguments: str) -> str:
        """Fill a template."""
        return self.templates[name].format(*arguments)

    def bound(self, value: str | datetime) -> str:
        """A place for a value; the same one for the same value, for GROUP BY compares places."""
        kept = self.kept(value)
        for name, other in self.parameters.items():
            if other == kept and type(other) is type(kept):
                return self.place(name, value)
        name = f"p{len(self.parameters) + 1}"
        self.parameters[name] = kept
        return self.place(name, value)

    def kept(self, value: str | datetime) -> Any:
        """A value as the driver takes it."""
        return value

    def place(self, name: str, value: str | datetime) -> str:
        """How a place is written."""
        raise NotImplementedError

    def number(self, value: Decimal) -> str:
        """A number that is not whole. It is digits and a point, so it may stand in the text."""
        raise NotImplementedError


_SHARED = {
    "length": "length(rtrim({0}, ' '))",
    "position": "CASE WHEN {0} = '' THEN 0 WHEN {find}({within}, {what}) = 0 THEN 0 "
    "ELSE {find}({within}, {what}) + {2} - 1 END",
    "left": "substr({0}, 1, {most}({1}, 0))",
    "substring": "substr({0}, {most}({1}, 1), {most}({1} + {2} - {most}({1}, 1), 0))",
    "ltrim": "ltrim({0}, ' ')",
    "rtrim": "rtrim({0}, ' ')",
    "trim": "trim({0}, ' ')",
    "as_text": "CAST({0} AS text)",
    "cut": "substr({0}, 1, {1})",
    "abs": "abs({0})",
    "plus": "({0} + {1})",
    "minus": "({0} - {1})",
    "times": "({0} * {1})",
}

_SQLITE = _SHARED | {
    "key": "ms_key({0})",
    "order": "ms_key({0})",
    "upper": "ms_upper({0})",
    "lower": "ms_lower({0})",
    "like": "(ms_lower({0}) GLOB {1})",
    "least_text": "min({0})",
    "most_text": "max({0})",
    "position": _SHARED["position"].format(
        "{0}", "{1}", "{2}", find="instr", within="substr(ms_lower({1}), {2})", what="ms_lower({0})"
    ),
    "left": _SHARED["left"].format("{0}", "{1}", most="max"),
    "right": "CASE WHEN {1} <= 0 THEN '' ELSE substr({0}, -({1})) END",
    "substring": _SHARED["substring"].format("{0}", "{1}", "{2}", most="max"),
    "replace": "ms_replace({0}, {1}, {2})",
    "divide": "ms_divide({0}, {1})",
    "rest": "ms_rest({0}, {1})",
    "sum_whole": "sum({0})",
    "avg_whole": "CAST(avg({0}) AS integer)",
    "floor": "CAST(floor({0}) AS integer)",
    "ceiling": "CAST(ceil({0}) AS integer)",
    "whole": "ms_whole({0})",
    "whole_or_null": "ms_whole_or_null({0})",
    "whole_of_number": "CAST({0} AS integer)",
    "number": "ms_number({0})",
    "number_or_null": "ms_number_or_null({0})",
    "number_of_whole": "CAST({0} AS real)",
    "round": "round({0}, {1})",
    "moment": "ms_moment({0}, {1})",
    "moment_or_null": "ms_moment_or_null({0}, {1})",
    "day": "substr({0}, 1, 10) || ' 00:00:00.000000'",
    "name": "ms_name('{0}', {1}, {2})",
    "shown": "ms_shown({0}, {1})",
    "null": "NULL",
}
for _part in moments.STEPS | {"iso_week"}:
    _SQLITE[f"part {_part}"] = f"ms_part('{_part}', {{0}}, {{1}})"
for _part in moments.STEPS:
    _SQLITE[f"add {_part}"] = f"ms_add('{_part}', {{0}}, {{1}})"
    _SQLITE[f"between {_part}"] = f"ms_between('{_part}', {{0}}, {{1}})"

_ICU = 'COLLATE "und-x-icu"'
_FIELDS = {
    "year": "year",
    "quarter": "quarter",
    "month": "month",
    "dayofyear": "doy",
    "day": "day",
    "iso_week": "week",
    "hour": "hour",
    "minute": "minute",
}
_STEPS = {
    "year": "1 year",
    "quarter": "3 months",
    "month": "1 month",
    "dayofyear": "1 day",
    "day": "1 day",
    "week": "7 days",
    "weekday": "1 day",
    "hour": "1 hour",
    "minute": "1 minute",
    "second": "1 second",
    "millisecond": "0.001 seconds",
}
_STYLES = {
    "0": "Mon FMDD YYYY FMHH12:MIAM",
    "100": "Mon FMDD YYYY FMHH12:MIAM",
    "1": "MM/DD/YY",
    "3": "DD/MM/YY",
    "4": "DD.MM.YY",
    "101": "MM/DD/YYYY",
    "102": "YYYY.MM.DD",
    "103": "DD/MM/YYYY",
    "104": "DD.MM.YYYY",
    "105": "DD-MM-YYYY",
    "108": "HH24:MI:SS",
    "110": "MM-DD-YYYY",
    "111": "YYYY/MM/DD",
    "112": "YYYYMMDD",
    "120": "YYYY-MM-DD HH24:MI:SS",
    "20": "YYYY-MM-DD HH24:MI:SS",
    "121": "YYYY-MM-DD HH24:MI:SS.MS",
    "23": "YYYY-MM-DD",
    "126": 'YYYY-MM-DD"T"HH24:MI:SS.MS',
}
_WEEKDAY = "mod(CAST(extract(isodow FROM {0}) AS integer) - {1} + 7, 7)"
_PADDED = (
    "to_char({0}, 'Mon ') || lpad(to_char({0}, 'FMDD'), 2) || to_char({0}, ' YYYY ') || "
    "lpad(to_char({0}, 'FMHH12'), 2) || to_char({0}, ':MIAM')"
)

_POSTGRESQL = _SHARED | {
    "key": f"lower(rtrim({{0}}, ' ') {_ICU})",
    "order": f"lower(rtrim({{0}}, ' ') {_ICU}) COLLATE \"C\"",
    "upper": f"upper({{0}} {_ICU})",
    "lower": f"lower({{0}} {_ICU})",
    "like": f"(lower({{0}} {_ICU}) ~ {{1}})",
    # Everywhere the same collation: PostgreSQL refuses two explicit ones in one expression.
    "least_text": f"min({{0}} {_ICU})",
    "most_text": f"max({{0}} {_ICU})",
    "position": _SHARED["position"].format(
        "{0}",
        "{1}",
        "{2}",
        find="strpos",
        within=f"substr(lower({{1}} {_ICU}), {{2}})",
        what=f"lower({{0}} {_ICU})",
    ),
    "left": "substr({0}, 1, CAST(greatest({1}, 0) AS integer))",
    "right": "right({0}, CAST(greatest({1}, 0) AS integer))",
    "substring": "substr({0}, CAST(greatest({1}, 1) AS integer), "
    "CAST(greatest({1} + {2} - greatest({1}, 1), 0) AS integer))",
    "replace": "CASE WHEN {1} = '' THEN {0} ELSE regexp_replace({0}, "
    r"regexp_replace({1}, '([^[:alnum:][:space:]])', '\\\1', 'g'), replace({2}, '\', '\\'), 'gi') END",
    "divide": "({0} / {1})",
    "rest": "mod({0}, {1})",
    "sum_whole": "CAST(sum({0}) AS bigint)",
    "avg_whole": "CAST(trunc(avg({0})) AS bigint)",
    "floor": "CAST(floor({0}) AS bigint)",
    "ceiling": "CAST(ceil({0}) AS bigint)",
    "whole": "CAST({0} AS bigint)",
    "whole_or_null": r"CASE WHEN {0} ~ '^\s*[+-]?[0-9]{{1,18}}\s*$' THEN CAST({0} AS bigint) END",
    "whole_of_number": "CAST(trunc({0}) AS bigint)",
    "number": "CAST({0} AS numeric)",
    "number_or_null": r"CASE WHEN {0} ~ '^\s*[+-]?[0-9]{{1,18}}(\.[0-9]*)?\s*$' THEN CAST({0} AS numeric) END",
    "number_of_whole": "CAST({0} AS numeric)",
    "round": "round(CAST({0} AS numeric), CAST({1} AS integer))",
    "day": "date_trunc('day', {0})",
    "name": "to_char({1}, '{0}')",
    "null": "NULL",
    "part week": "((CAST(extract(doy FROM {0}) AS integer) - 1 + "
    f"{_WEEKDAY.format('date_trunc({quoted}, {0})', '{1}')}) / 7 + 1)".replace("{quoted}", "'year'"),
    "part weekday": f"({_WEEKDAY} + 1)",
    "part second": "CAST(floor(extract(second FROM {0})) AS integer)",
    "part millisecond": "mod(CAST(floor(extract(milliseconds FROM {0})) AS integer), 1000)",
    "between year": "CAST(extract(year FROM {1}) - extract(year FROM {0}) AS integer)",
    "between quarter": "CAST((extract(year FROM {1}) - extract(year FROM {0})) * 4 + extract(quarter FROM {1}) "
    "- extract(quarter FROM {0}) AS integer)",
    "between month": "CAST((extract(year FROM {1}) - extract(year FROM {0})) * 12 + extract(month FROM {1}) "
    "- extract(month FROM {0}) AS integer)",
    # 1899-12-31 was a Sunday.
    "between week": "((CAST({1} AS date) - DATE '1899-12-31') / 7 - (CAST({0} AS date) - DATE '1899-12-31') / 7)",
}
for _part, _field in _FIELDS.items():
    _POSTGRESQL[f"part {_part}"] = f"CAST(extract({_field} FROM {{0}}) AS integer)"
for _part, _step in _STEPS.items():
    _POSTGRESQL[f"add {_part}"] = f"({{1}} + ({{0}}) * INTERVAL '{_step}')"
for _part in ("day", "dayofyear", "weekday"):
    _POSTGRESQL[f"between {_part}"] = "(CAST({1} AS date) - CAST({0} AS date))"
for _part, _factor in {"hour": "/ 3600", "minute": "/ 60", "second": "", "millisecond": "* 1000"}.items():
    _cut = f"extract(epoch FROM date_trunc('{_part}s', {{1}}) - date_trunc('{_part}s', {{0}}))"
    _POSTGRESQL[f"between {_part}"] = f"CAST(trunc({_cut} {_factor}) AS bigint)"
for _style, _format in _STYLES.items():
    _POSTGRESQL[f"shown {_style}"] = _PADDED if _style in {"0", "100"} else f"to_char({{0}}, '{_format}')"


class SqliteDialect(Dialect):
    """SQLite, on a connection that `install` was done to."""

    def __init__(self) -> None:
        super().__init__(MappingProxyType(_SQLITE))

    def kept(self, value: str | datetime) -> Any:
        """Moments are texts."""
        return value.strftime(MOMENT_FORMAT) if isinstance(value, datetime) else value

    def place(self, name: str, value: str | datetime) -> str:  # noqa: ARG002 - the other one needs it
        """Named."""
        return f":{name}"

    def number(self, value: Decimal) -> str:
        """A floating one: SQLite has no other."""
        return f"CAST({value:f} AS real)"


class PostgresqlDialect(Dialect):
    """PostgreSQL. Types are said: the server would guess them from a bare place."""

    def __init__(self) -> None:
        super().__init__(MappingProxyType(_POSTGRESQL))

    def place(self, name: str, value: str | datetime) -> str:
        """Named, as psycopg has it."""
        return f"CAST(%({name})s AS {'timestamp' if isinstance(value, datetime) else 'text'})"

    def number(self, value: Decimal) -> str:
        """An exact one."""
        return f"CAST({value:f} AS numeric)"


def install(connection: sqlite3.Connection) -> None:
    """Give a connection of SQLite the functions that `SqliteDialect` names."""
    for name, (count, function) in _FUNCTIONS.items():
        connection.create_function(name, count, _with_nulls(function), deterministic=True)


def _with_nulls(function: Callable[..., Any]) -> Callable[..., Any]:
    def called(*arguments: Any) -> Any:
        return None if any(argument is None for argument in arguments) else function(*arguments)

    return called


def _or_null(function: Callable[..., Any]) -> Callable[..., Any]:
    def tried(*arguments: Any) -> Any:
        try:
            return function(*arguments)
        except (ValueError, ArithmeticError):
            return None

    return tried


def _read(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _divide(one: float, other: float) -> float:
    if isinstance(one, int) and isinstance(other, int):
        whole = abs(one) // abs(other)
        return whole if (one < 0) == (other < 0) else -whole
    return one / other


def _rest(one: int, other: int) -> int:
    rest = abs(one) % abs(other)
    return -rest if one < 0 else rest


def _replace(text: str, what: str, by: str) -> str:
    if not what:
        return text
    lowered, sought, pieces, place = text.lower(), what.lower(), [], 0
    if len(lowered) != len(text):  # a letter that has no small one of one character
        return text.replace(what, by)
    while (found := lowered.find(sought, place)) >= 0:
        pieces += [text[place:found], by]
        place = found + len(what)
    return "".join([*pieces, text[place:]])


def _moment(text: str, style: int) -> str:
    return moments.read_moment(text, style).strftime(MOMENT_FORMAT)


def _name(part: str, moment: str, _first: int) -> str:
    return _read(moment).strftime({"FMMonth": "%B", "FMDay": "%A"}[part])


_FUNCTIONS: Mapping[str, tuple[int, Callable[..., Any]]] = MappingProxyType(
    {
        "ms_key": (1, lambda text: str(text).rstrip(" ").lower()),
        "ms_upper": (1, lambda text: str(text).upper()),
        "ms_lower": (1, lambda text: str(text).lower()),
        "ms_replace": (3, _replace),
        "ms_divide": (2, _divide),
        "ms_rest": (2, _rest),
        "ms_whole": (1, int),
        "ms_whole_or_null": (1, _or_null(int)),
        "ms_number": (1, float),
        "ms_number_or_null": (1, _or_null(float)),
        "ms_moment": (2, _moment),
        "ms_moment_or_null": (2, _or_null(_moment)),
        "ms_part": (3, lambda part, moment, first: moments.part_of(part, _read(moment), first)),
        "ms_add": (3, lambda part, n, moment: moments.added(part, n, _read(moment)).strftime(MOMENT_FORMAT)),
        "ms_between": (3, lambda part, begin, end: moments.between(part, _read(begin), _read(end))),
        "ms_name": (3, _name),
        "ms_shown": (2, lambda moment, style: moments.shown(_read(moment), style)),
    }
)
