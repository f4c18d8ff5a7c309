"""Rows of Excel into a list."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from cordboard.components._excel import Filters, ReadsWorkbook, conditions, record_of, told
from cordboard.datasource.excel.ports import Workbooks
from cordboard.scenario.component import Example, Text, VariableName
from cordboard.scenario.context import Context


class ExcelRows(ReadsWorkbook):
    """Takes the rows of a table in Excel that meet conditions into a list of records.

    For long tables take "For each row in Excel": it does not copy them.

    Exits: *found*; *nothing* if no row meets the conditions: the list is empty.
    """

    kind = "excel_rows"
    title = "Rows of Excel"
    group = "data"
    outside = True
    examples = (
        Example(
            "Everybody who owes more than a hundred, with name and phone.",
            "list:\n  component: excel_rows\n  workbook: debts\n  filter:\n"
            "    - {column: debt, check: more, value: =100}\n  columns: [name, phone]\n  rows: debtors",
        ),
    )

    filter: Filters = ()
    """What must be true of a row, all of it. Without conditions all rows are taken."""
    columns: Annotated[list[Text], Field(max_length=100)] = Field(default_factory=list)
    """The columns that are taken. Empty: all."""
    at_most: Annotated[int, Field(ge=1, le=1000)] = 100
    """How many rows are taken at most."""
    rows: VariableName
    """The variable that takes the list."""

    class Exit(StrEnum):
        """Its exits."""

        FOUND = "found"
        NOTHING = "nothing"

    async def run(self, ctx: Context) -> str:
        """Look."""
        with told():
            found = await ctx.port(Workbooks).rows(
                self.place(), conditions(self.filter, ctx), self.columns, self.at_most
            )
        ctx.set(self.rows, [record_of(each, ctx) for each in found])
        return self.Exit.FOUND if found else self.Exit.NOTHING
