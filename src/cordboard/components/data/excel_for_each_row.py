"""For each row in Excel."""

import hashlib
import json
from enum import StrEnum

from cordboard.components._excel import (
    Filters,
    ReadsWorkbook,
    Take,
    conditions,
    record_of,
    sought_of,
    take,
    told,
    value_of,
)
from cordboard.datasource.excel.ports import Workbooks
from cordboard.scenario.component import Example, Text, VariableName
from cordboard.scenario.context import Context
from cordboard.scenario.values import from_json, to_json


class ExcelForEachRow(ReadsWorkbook):
    """Takes the rows of a table in Excel one after the other: lead the last step of the way for a row back to here.

    The workbook may change meanwhile: it is looked at anew each time. With a column by which rows are known, the walk
    goes on below the row that was taken last, wherever it stands now; without one, below its number. Sort
    the table only when no walk is on its way.

    Exits: *row* with the next row; *done* when there is no further one; *empty* if there was none at all.
    """

    kind = "excel_for_each_row"
    title = "For each row in Excel"
    group = "data"
    outside = True
    waits = True  # for the check of loops: this one ends by itself
    examples = (
        Example(
            "Call everybody who owes something and was not reached yet.",
            "next:\n  component: excel_for_each_row\n  workbook: debts\n  filter:\n"
            "    - {column: debt, check: more, value: =0}\n    - {column: result, check: empty}\n  key: id\n"
            "  take:\n    - {column: phone, variable: phone}\n    - {column: id, variable: code}\n"
            "  exits:\n    row: call\n"
            'call:\n  component: excel_write_cells\n  workbook: debts\n  where:\n    id: "{code}"\n  values:\n'
            "    result: called\n  exits:\n    done: next",
        ),
    )

    filter: Filters = ()
    """What must be true of a row, all of it. Without conditions all rows are taken."""
    key: Text = ""
    """The column by which a row is known again, such as `id`: no two rows say the same there."""
    take: Take = ()
    """The cells that are taken into variables."""
    row: VariableName = ""
    """The variable that takes the whole row: a record by the names of the columns."""
    number: VariableName = ""
    """The variable that takes the number of the row, as Excel counts."""

    class Exit(StrEnum):
        """Its exits."""

        ROW = "row"
        DONE = "done"
        EMPTY = "empty"

    async def run(self, ctx: Context) -> str:
        """Take the next one."""
        mark = self._mark()
        known = ctx.remembered() or {}
        last = known if known.get("of") == mark else None
        with told():
            after = await self._place_of(ctx, last) if last else 0
            found = await ctx.port(Workbooks).rows(self.place(), conditions(self.filter, ctx), at_most=1, after=after)
        if not found:
            ctx.remember(None)
            return self.Exit.DONE if last else self.Exit.EMPTY
        (next_,) = found
        take(ctx, next_, self.take)
        ctx.set(self.row, record_of(next_, ctx) if self.row else None)
        ctx.set(self.number, next_.number)
        key = {name.casefold(): cell for name, cell in next_.values.items()}.get(self.key.strip().casefold())
        ctx.remember({"of": mark, "number": next_.number, "key": to_json(value_of(key, ctx))})
        return self.Exit.ROW

    async def _place_of(self, ctx: Context, last: dict[str, object]) -> int:
        """The number of the row that was taken last, where it stands now."""
        number = int(str(last["number"]))
        if not self.key or last["key"] is None:
            return number
        found = await ctx.port(Workbooks).find(self.place(), {self.key: sought_of(from_json(last["key"]), ctx)})
        # A row that is gone was where it was: what stands there now has not been taken.
        return found.number if found is not None else number - 1

    def _mark(self) -> str:
        """By which the same walk is known again."""
        filters = [(each.column, each.check.value, to_json(each.value)) for each in self.filter]
        told_ = json.dumps([self.workbook, self.sheet, self.header, self.key, filters])
        return hashlib.blake2b(told_.encode(), digest_size=8).hexdigest()
