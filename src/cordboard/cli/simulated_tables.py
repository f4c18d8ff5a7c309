"""The tables that a script gives, as workbooks in memory."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress

from cordboard.datasource.excel.cells import Cell
from cordboard.datasource.excel.memory import MemoryWorkbooks, cell_from
from cordboard.datasource.excel.orders import WORKBOOK, Order, from_payload
from cordboard.datasource.excel.ports import WorkbookError
from cordboard.scenario.ports import Effect
from cordboard.scenario.values import AnyValue, normal
from cordboard.simulation.simulator import SimulationError


def shown_rows(rows: Sequence[Mapping[str, Cell]]) -> list[dict[str, AnyValue]]:
    """Rows as a test compares them: an empty cell is an empty text."""
    return [{column: "" if cell is None else normal(cell) for column, cell in row.items()} for row in rows]


def given_workbooks(
    tables: Mapping[str, Mapping[str, Sequence[Mapping[str, str]]]],
    country: str,
    effects: Callable[[], Awaitable[Sequence[Effect]]],
) -> MemoryWorkbooks:
    """Workbooks of these rows. What is written into them is among `effects`. Raises SimulationError for a bad name."""

    async def ordered() -> list[Order]:
        orders = []
        for effect in await effects():
            if effect.kind == WORKBOOK:
                with suppress(ValueError):  # no component emits one that cannot be read
                    orders.append(from_payload(effect.payload))
        return orders

    books = {
        workbook: {
            sheet: [{column: cell_from(text) for column, text in row.items()} for row in rows]
            for sheet, rows in sheets.items()
        }
        for workbook, sheets in tables.items()
    }
    try:
        return MemoryWorkbooks(books, country, ordered)
    except WorkbookError as fault:
        raise SimulationError(str(fault)) from fault
