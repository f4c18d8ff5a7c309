"""What the parts of a T-SQL query hold, and what is said of those that are not understood."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import NoReturn, TypeAlias

from sqlglot import exp

from cordboard.datasource.sql.errors import SqlTextError

Constant: TypeAlias = str | int | Decimal | datetime | None


class Holds(StrEnum):
    """The type of a value."""

    TEXT = "text"
    WHOLE = "whole number"
    NUMBER = "number"
    MOMENT = "moment"
    DATE = "date"
    """A moment at midnight that is shown as a date."""
    NOTHING = "nothing"
    """NULL, of no type."""


NUMERIC = frozenset({Holds.WHOLE, Holds.NUMBER})
MOMENTS = frozenset({Holds.MOMENT, Holds.DATE})


@dataclass(frozen=True, slots=True)
class Part:
    """A value in the dialect of the store."""

    sql: str
    holds: Holds
    fixed: bool = False
    """Whether it is the same in every row, and known: `value`."""
    value: Constant = None
    loose: frozenset[str] = frozenset()
    """Columns that it names outside of aggregates."""
    aggregates: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """A column of what is read."""

    name: str
    sql: str
    holds: Holds


@dataclass(frozen=True, slots=True)
class Origin:
    """Something in FROM."""

    alias: str
    columns: Mapping[str, Column]
    """By names in small letters."""


@dataclass(slots=True)
class Scope:
    """What can be named inside one SELECT."""

    outer: "Scope | None" = None
    origins: list[Origin] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    """By which the origins are named, in small letters."""
    grouped: Mapping[str, Part] = field(default_factory=dict)
    """GROUP BY: each expression as it stands to what stands for it in the columns."""
    aggregating: bool = False
    """Whether it has GROUP BY or an aggregate."""
    may_aggregate: bool = False
    """Whether an aggregate may stand in the clause that is read now."""
    inside: bool = False
    """Whether what is read now stands in an aggregate."""


def refuse(node: exp.Expression | str, hint: str = "") -> NoReturn:
    """Say that something is not understood, by name."""
    words = node if isinstance(node, str) else node.sql(dialect="tsql")
    shown = words if len(words) <= 60 else f"{words[:59]}…"
    raise SqlTextError(f"{shown} is not understood in a query of the call log{f': {hint}' if hint else ''}")


def only(node: exp.Expression, *known: str) -> None:
    """Refuse a node that has more to it than `known`: nothing is passed over in silence."""
    for name, value in node.args.items():
        if name in known or value is None or value is False or value == []:
            continue
        refuse(node if not isinstance(value, exp.Expression) else value)


def moment_of(value: date | datetime) -> datetime:
    """A date as a moment."""
    return value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)  # noqa: DTZ001 - of the office, without a zone
