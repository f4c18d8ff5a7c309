"""What the components for workbooks have in common."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, tzinfo
from typing import Annotated, Any

from pydantic import Field

from cordboard.datasource.excel.ports import (
    Cell,
    Check,
    Condition,
    Place,
    Several,
    Sought,
    WorkbookError,
)
from cordboard.datasource.excel.ports import (
    Row as FoundRow,
)
from cordboard.scenario.component import Component, Row, Text, Value, VariableName
from cordboard.scenario.context import Context, ScenarioError
from cordboard.scenario.markers import Refers
from cordboard.scenario.money import Money
from cordboard.scenario.said import said
from cordboard.scenario.values import AnyValue, show
from cordboard.telephony import PhoneNumber

ByColumn = Annotated[dict[str, Value], Field(min_length=1, max_length=100)]
"""Values by the names of columns."""
Rule = Several


class TakenCell(Row):
    """One cell of the row."""

    column: Text
    """The column, as its name stands in the header."""
    variable: VariableName
    """The variable that takes what the cell says; it is emptied if the cell is empty."""


Take = Annotated[tuple[TakenCell, ...], Field(max_length=100)]


class Filter(Row):
    """What must be true of a row."""

    column: Text
    """The column, as its name stands in the header."""
    check: Check = Check.EQUALS
    """How its cell is compared."""
    value: Value = None
    """With what. A phone is the same however it is written."""


Filters = Annotated[tuple[Filter, ...], Field(max_length=20)]


class InWorkbook(Component):
    """Properties that say where the cells are. No component itself."""

    workbook: Annotated[Text, Refers("table", computed=True)]
    """The file, in the folder of tables (`tables` in the data folder): `debts`, `sales/prices.xlsx`."""
    sheet: Text = ""
    """The sheet. Empty: the first one."""
    header: Annotated[int, Field(ge=0, le=1000)] = 1
    """The row in which the columns have their names. 0: there is none, the columns are called A, B, C."""

    def place(self) -> Place:
        """Where the table is."""
        return Place(self.workbook, self.sheet, self.header)


class ReadsWorkbook(InWorkbook):
    """The same for those that only read. No component itself."""

    encoding: Text = ""
    """In which a text file (.csv) is written: `utf-8`, `cp1251`, `cp866`, `koi8-u`. Empty: it is guessed."""

    def place(self) -> Place:
        """Where the table is."""
        return Place(self.workbook, self.sheet, self.header, self.encoding)


def exits_by_rule(fixed: Sequence[str], written: Mapping[str, Any]) -> tuple[str, ...]:
    """The exits to wire: several rows are an outcome only where the rule says so."""
    ambiguous = written.get("several") == Rule.AMBIGUOUS.value
    return tuple(exit_ for exit_ in fixed if exit_ != "several" or ambiguous)


@contextmanager
def told() -> Iterator[None]:
    """What is wrong with a workbook leaves the step by `error`."""
    try:
        yield
    except WorkbookError as fault:
        raise ScenarioError(str(fault)) from fault


def take(ctx: Context, found: FoundRow, cells: Sequence[TakenCell]) -> None:
    """Fill variables from a row. Raises ScenarioError for a column that is not there."""
    by_name = {name.casefold(): value for name, value in found.values.items()}
    for each in cells:
        if each.column.strip().casefold() not in by_name:
            known = ", ".join(found.values)[:300]
            raise ScenarioError(said("there is no column {name!r}; there are: {known}", name=each.column, known=known))
        ctx.set(each.variable, value_of(by_name[each.column.strip().casefold()], ctx))


def record_of(found: FoundRow, ctx: Context) -> Mapping[str, AnyValue]:
    """A row as a record."""
    return {name: value_of(cell, ctx) for name, cell in found.values.items()}


def conditions(filters: Sequence[Filter], ctx: Context) -> Sequence[Condition]:
    """Filters as the workbook knows them."""
    return [Condition(each.column, each.check, sought_of(each.value, ctx)) for each in filters]


def value_of(cell: Cell, ctx: Context) -> AnyValue:
    """What a cell says, as scenarios have it: moments are of the office's zone."""
    return cell.replace(tzinfo=_zone(ctx)) if isinstance(cell, datetime) else cell


def sought_of(value: AnyValue, ctx: Context) -> Sought:
    """A value with which cells are compared."""
    return value if isinstance(value, PhoneNumber) else cell_of(value, ctx)


def cell_of(value: AnyValue, ctx: Context) -> Cell:
    """A value as a cell has it. Raises ScenarioError for one that no cell can hold."""
    match value:
        case Money():
            return value.amount
        case PhoneNumber():
            return show(value)
        case list() | dict():
            raise ScenarioError(said("a cell holds one value, not {value}", value=show(value)[:60]))
        case datetime():
            return value.astimezone(_zone(ctx)).replace(tzinfo=None)
    cell: Cell = value
    return cell


def by_column(values: Mapping[str, Any], ctx: Context) -> dict[str, Sought]:
    """What is sought, by column."""
    return {column: sought_of(value, ctx) for column, value in values.items()}


def _zone(ctx: Context) -> tzinfo | None:
    return ctx.now().tzinfo
