"""Read a cell or a row of Excel."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from cordboard.components._excel import ReadsWorkbook, Take, record_of, take, told, value_of
from cordboard.datasource.excel.ports import Workbooks
from cordboard.scenario.component import Example, Text, VariableName
from cordboard.scenario.context import Context
from cordboard.scenario.said import said


class ExcelReadCell(ReadsWorkbook):
    """Reads one cell of a workbook by its address, or one row by its number.

    Exits: *done*; *empty* if nothing stands there.
    """

    kind = "excel_read_cell"
    title = "Read a cell of Excel"
    group = "data"
    outside = True
    examples = (
        Example(
            "The rate that somebody keeps up to date in a workbook.",
            "rate:\n  component: excel_read_cell\n  workbook: rates\n  cell: B2\n  value: usd",
        ),
        Example(
            "The seventh row of the price list.",
            "line:\n  component: excel_read_cell\n  workbook: prices\n  number: 7\n"
            "  take:\n    - {column: price, variable: debt}",
        ),
    )

    cell: Text = ""
    """The address of the cell: `B7`."""
    value: VariableName = ""
    """The variable that takes what the cell says."""
    number: Annotated[int, Field(ge=1, le=1_048_576)] | None = None
    """The number of the row that is read instead, as Excel counts."""
    take: Take = ()
    """The cells of the row that are taken into variables."""
    row: VariableName = ""
    """The variable that takes the whole row: a record by the names of the columns."""

    class Exit(StrEnum):
        """Its exits."""

        DONE = "done"
        EMPTY = "empty"

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if bool(self.cell) == (self.number is not None):
            raise ValueError(said("say either which cell is read (B7) or the number of a row"))
        return self

    async def run(self, ctx: Context) -> str:
        """Read."""
        books = ctx.port(Workbooks)
        with told():
            if self.number is None:
                cell = await books.cell(self.place(), self.cell)
                ctx.set(self.value, value_of(cell, ctx))
                return self.Exit.EMPTY if cell is None else self.Exit.DONE
            found = await books.row(self.place(), self.number)
        if found is None:
            return self.Exit.EMPTY
        take(ctx, found, self.take)
        ctx.set(self.row, record_of(found, ctx) if self.row else None)
        return self.Exit.DONE
