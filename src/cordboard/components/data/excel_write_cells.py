"""Write cells in Excel."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from cordboard.components._excel import ByColumn, InWorkbook, Rule, by_column, cell_of, exits_by_rule, told
from cordboard.datasource.excel.ports import WORKBOOK, Order, SeveralRowsError, Workbooks, to_payload
from cordboard.scenario.component import Example
from cordboard.scenario.context import Context


class ExcelWriteCells(InWorkbook):
    """Writes cells of a row in the office's own workbook (.xlsx, .xlsm); all the rest of it stays as it is.

    The scenario does not wait: what is to be written is kept safely, and seen at once by other scenarios. It is in
    the file a few seconds later; while somebody has the workbook open, it waits. The row is found by what its cells
    say, also if the owner has sorted the table meanwhile. What callers have typed is text, never a formula.

    Exits: *done*; *not_found* if there is no such row; *several* if there are several, and the rule says so.
    """

    kind = "excel_write_cells"
    title = "Write cells in Excel"
    group = "data"
    outside = True
    examples = (
        Example(
            "Who was not reached is noted beside his debt.",
            'note:\n  component: excel_write_cells\n  workbook: debts\n  where:\n    id: "{code}"\n  values:\n'
            "    result: Not reached\n    at: =now",
        ),
    )

    where: ByColumn
    """By what the row is found: columns and values. All of it must be true."""
    several: Rule = Rule.FIRST
    """Which row it is if there are several."""
    values: ByColumn
    """What is written: columns and values. Nothing empties a cell."""

    class Exit(StrEnum):
        """Its exits."""

        DONE = "done"
        NOT_FOUND = "not_found"
        SEVERAL = "several"

    @classmethod
    def exits_to_wire(cls, written: Mapping[str, Any]) -> tuple[str, ...]:
        """Several rows are an outcome only where the rule says so."""
        return exits_by_rule(cls.fixed_exits(), written)

    async def run(self, ctx: Context) -> str:
        """Look whether it can be written, and order it."""
        books = ctx.port(Workbooks)
        where = by_column(self.where, ctx)
        values = {column: cell_of(value, ctx) for column, value in self.values.items()}
        with told():
            await books.check_writable(self.place(), list(values))
            try:
                if await books.find(self.place(), where, self.several) is None:
                    return self.Exit.NOT_FOUND
            except SeveralRowsError:
                return self.Exit.SEVERAL
        ctx.emit(WORKBOOK, "", to_payload(Order(self.place(), values, where, self.several)))
        return self.Exit.DONE
