"""Find a row in Excel."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from cordboard.components._excel import (
    ByColumn,
    ReadsWorkbook,
    Rule,
    Take,
    by_column,
    exits_by_rule,
    record_of,
    take,
    told,
)
from cordboard.datasource.excel.ports import SeveralRowsError, Workbooks
from cordboard.scenario.component import Example, VariableName
from cordboard.scenario.context import Context


class ExcelFindRow(ReadsWorkbook):
    """Finds the row of a table in Excel (.xlsx, .xlsm, also .xls, .ods, .csv) whose cells say what is sought.

    A phone is found however the workbook has it: as a number, with brackets, without the country. Upper and lower case
    and blanks make no difference. A file that was changed or replaced is seen by the next call. What scenarios have
    written is seen at once.

    Exits: *found*; *not_found*, also if something is sought that is empty; *several* if there are several such rows,
    and the rule says that this is an outcome of its own.
    """

    kind = "excel_find_row"
    title = "Find a row in Excel"
    group = "data"
    outside = True
    examples = (
        Example(
            "What the caller owes.",
            "debt:\n  component: excel_find_row\n  workbook: debts\n  where:\n    phone: =caller\n"
            "  take:\n    - {column: debt, variable: debt}\n    - {column: name, variable: name}",
        ),
        Example(
            "The customer by his number and his PIN.",
            "card:\n  component: excel_find_row\n  workbook: customers.xlsx\n  sheet: Cards\n"
            '  where:\n    id: "{code}"\n'
            '    pin: "{pin}"\n  row: customer',
        ),
    )

    where: ByColumn
    """What the cells say: columns and values. All of it must be true."""
    several: Rule = Rule.FIRST
    """Which row it is if there are several."""
    take: Take = ()
    """The cells that are taken into variables."""
    row: VariableName = ""
    """The variable that takes the whole row: a record by the names of the columns."""
    number: VariableName = ""
    """The variable that takes the number of the row, as Excel counts."""

    class Exit(StrEnum):
        """Its exits."""

        FOUND = "found"
        NOT_FOUND = "not_found"
        SEVERAL = "several"

    @classmethod
    def exits_to_wire(cls, written: Mapping[str, Any]) -> tuple[str, ...]:
        """Several rows are an outcome only where the rule says so."""
        return exits_by_rule(cls.fixed_exits(), written)

    async def run(self, ctx: Context) -> str:
        """Look."""
        with told():
            try:
                found = await ctx.port(Workbooks).find(self.place(), by_column(self.where, ctx), self.several)
            except SeveralRowsError:
                return self.Exit.SEVERAL
        if found is None:
            return self.Exit.NOT_FOUND
        take(ctx, found, self.take)
        ctx.set(self.row, record_of(found, ctx) if self.row else None)
        ctx.set(self.number, found.number)
        return self.Exit.FOUND
