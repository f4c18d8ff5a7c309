"""Append a row in Excel."""

from enum import StrEnum

from cordboard.components._excel import ByColumn, InWorkbook, cell_of, told
from cordboard.datasource.excel.ports import WORKBOOK, Order, Workbooks, to_payload
from cordboard.scenario.component import Example
from cordboard.scenario.context import Context


class ExcelAppendRow(InWorkbook):
    """Adds a row below the last one of a table in the office's own workbook (.xlsx, .xlsm).

    The scenario does not wait: what is to be written is kept safely, and seen at once by other scenarios. It is in
    the file a few seconds later; while somebody has the workbook open, it waits. The row takes the formats of the one
    above, and a table of Excel grows with it. What callers have typed is text, never a formula.

    Exits: *done*.
    """

    kind = "excel_append_row"
    title = "Add a row in Excel"
    group = "data"
    outside = True
    examples = (
        Example(
            "Every order of a callback in one table.",
            "order:\n  component: excel_append_row\n  workbook: callbacks\n  values:\n    phone: =caller\n"
            '    ordered: =now\n    topic: "{note}"',
        ),
    )

    values: ByColumn
    """What is written: columns and values. Columns that are not named stay empty."""

    class Exit(StrEnum):
        """Its exits."""

        DONE = "done"

    async def run(self, ctx: Context) -> str:
        """Look whether it can be written, and order it."""
        values = {column: cell_of(value, ctx) for column, value in self.values.items()}
        with told():
            await ctx.port(Workbooks).check_writable(self.place(), list(values))
        ctx.emit(WORKBOOK, "", to_payload(Order(self.place(), values)))
        return self.Exit.DONE
