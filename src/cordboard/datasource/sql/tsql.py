"""From T-SQL to a query of the store, over an allow-list of views.

The result is written anew from the tree: names of the user do not come into it (columns become c1, c2, origins t1, t2),
texts and moments of the user are bound, so whatever they hold, they stay values. What is not known is refused by name.

As MS SQL has it: texts are equal whatever their case and the spaces at their end; whole numbers divide to a whole
number; `+` of texts with NULL is NULL; NULL comes first in an order.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from sqlglot import exp

from cordboard.datasource.sql.errors import SqlTextError
from cordboard.datasource.sql.tsql_dialects import Dialect
from cordboard.datasource.sql.tsql_reading import LogQuery
from cordboard.datasource.sql.tsql_selects import Selects
from cordboard.datasource.sql.tsql_types import Column, Holds, Part, Scope
from cordboard.datasource.sql.tsql_values import Values


@dataclass(frozen=True, slots=True)
class Compiled:
    """A query as the store's driver takes it."""

    sql: str
    parameters: Mapping[str, Any]
    columns: Sequence[tuple[str, Holds]]
    assigned: Sequence[str]
    """The variables that the columns are assigned to, if they are."""


class Compiler(Selects, Values):
    """Compiles one query once."""

    def __init__(
        self,
        dialect: Dialect,
        views: Mapping[str, Mapping[str, Holds]],
        values: Mapping[str, Any],
        *,
        now: datetime,
        first: int = 7,
    ) -> None:
        """`now` is aware, in the zone of the office; `first` is DATEFIRST: 1 Monday … 7 Sunday."""
        self.dialect = dialect
        self.views = {name.casefold(): (name, columns) for name, columns in views.items()}
        self.now = now
        self.first = first
        self.scope = Scope()
        self.named: dict[str, exp.Expression] = {}
        self.origins = 0
        self._values = {name.casefold(): (name, value) for name, value in values.items()}

    def compile(self, query: LogQuery) -> Compiled:
        """Compile it. Raises SqlTextError: a sentence that names what is not understood."""
        try:
            sql, columns = self.query(query.tree, query.columns)
        except RecursionError:
            raise SqlTextError("the query is nested too deeply: make it simpler") from None
        assigned = tuple(self.variable(name)[0] for name in query.assigned)
        shown = [(column.name, column.holds) for column in columns]
        return Compiled(sql, self.dialect.parameters, shown, assigned)

    def variable(self, name: str) -> tuple[str, Any]:
        """A variable of the scenario as it calls it, and its value. Raises SqlTextError."""
        try:
            return self._values[name.casefold()]
        except KeyError:
            raise SqlTextError(f"the scenario has no variable {name!r}: declare it, or correct @{name}") from None

    def variable_part(self, name: str) -> Part:
        """The value of a variable."""
        written, value = self.variable(name)
        if isinstance(value, bool):
            return self.constant(int(value))
        if isinstance(value, Decimal):
            return self.constant(int(value) if value == value.to_integral_value() else value)
        if isinstance(value, datetime):
            moment = value if value.tzinfo is None else value.astimezone(self.now.tzinfo).replace(tzinfo=None)
            return self.constant(moment)
        if isinstance(value, date):
            return self.constant(datetime(value.year, value.month, value.day), Holds.DATE)  # noqa: DTZ001 - a day
        if isinstance(value, time):
            return self.constant(value.isoformat("seconds"))
        if isinstance(value, timedelta):
            return self.constant(Decimal(str(value.total_seconds())))
        if value is None or isinstance(value, str):
            return self.constant(value)
        raise SqlTextError(f"@{written} holds a list or a record: a query takes a text, a number, a date or the like")


def typed_views(views: Mapping[str, Mapping[str, str]]) -> Mapping[str, Mapping[str, Holds]]:
    """Views as the application has them (`ports.LogColumn`)."""
    holds = {"text": Holds.TEXT, "whole": Holds.WHOLE, "moment": Holds.MOMENT}
    return {name: {column: holds[str(kind)] for column, kind in columns.items()} for name, columns in views.items()}


__all__ = ["Column", "Compiled", "Compiler", "typed_views"]
