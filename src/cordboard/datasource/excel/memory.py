"""Workbooks that exist in memory alone: for scenarios that are tried."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

from cordboard.datasource.excel.addresses import parse_cell
from cordboard.datasource.excel.cells import Cell, Sought
from cordboard.datasource.excel.grid import Grid
from cordboard.datasource.excel.holders import Stamp
from cordboard.datasource.excel.naming import parts_of
from cordboard.datasource.excel.opened import Opened
from cordboard.datasource.excel.orders import Order, Place, Several
from cordboard.datasource.excel.ports import Condition, Row, WorkbookError, WorkbookState
from cordboard.datasource.excel.reading import BINARY, TEXT, WRITABLE, Book

Sheets = Mapping[str, Sequence[Mapping[str, Cell]]]
"""By name the rows of a sheet, each by the names of its columns."""

_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,8})(?:\.\d{1,10})?")
"""Longer ones, and those that begin with 0 or +, are phones and codes."""
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d)?")


def cell_from(text: str) -> Cell:
    """What a cell says that somebody has typed: a number, a date as 2026-01-31, a moment, or the text."""
    try:
        if _NUMBER.fullmatch(text):
            return Decimal(text)
        if _DATE.fullmatch(text):
            return date.fromisoformat(text)
        if _MOMENT.fullmatch(text):
            return datetime.fromisoformat(text)
    except ValueError:  # 2026-02-30 is no date
        pass
    return text or None


class MemoryWorkbooks:
    """Implements `Workbooks` over tables that are given."""

    def __init__(
        self, tables: Mapping[str, Sheets], country: str, ordered: Callable[[], Awaitable[Sequence[Order]]]
    ) -> None:
        """`ordered` gives all orders since the beginning; each new one is carried out before anything is answered."""
        self.names = tuple(tables)
        """As they were given."""
        self._opened = {
            _name(name): Opened(_book(name, sheets), Stamp(0, 0, 0), country) for name, sheets in tables.items()
        }
        self._ordered = ordered
        self._done = 0
        self._faults: dict[str, list[str]] = {}

    async def find(self, place: Place, where: Mapping[str, Sought], several: Several = Several.FIRST) -> Row | None:
        """See Workbooks."""
        opened = await self._current(place.workbook)
        opened.build_indexes(place, where)
        table = opened.table(place)
        row = table.find(where, several)
        return None if row is None else table.row(row)

    async def rows(
        self,
        place: Place,
        conditions: Sequence[Condition],
        columns: Sequence[str] = (),
        at_most: int = 1000,
        *,
        after: int = 0,
    ) -> Sequence[Row]:
        """See Workbooks."""
        opened = await self._current(place.workbook)
        return opened.table(place).rows(conditions, columns, at_most, after)

    async def row(self, place: Place, number: int) -> Row | None:
        """See Workbooks."""
        return (await self._current(place.workbook)).row(place, number)

    async def cell(self, place: Place, address: str) -> Cell:
        """See Workbooks."""
        try:
            row, column = parse_cell(address)
        except ValueError as fault:
            raise WorkbookError(str(fault)) from fault
        return (await self._current(place.workbook)).book.grid(place.sheet).cell(row, column)

    async def check_writable(self, place: Place, columns: Sequence[str]) -> None:
        """See Workbooks."""
        opened = await self._current(place.workbook)
        opened.check_writable(place, columns)

    def states(self) -> Sequence[WorkbookState]:
        """See Workbooks. Nothing waits here; what could not be carried out is a fault."""
        return [WorkbookState(name, faults=self._faults.get(name, ())) for name in sorted(self._opened)]

    async def shown(self, workbook: str) -> list[dict[str, Cell]]:
        """All rows of the first sheet of a workbook that was given."""
        current = await self._current(workbook)
        table = current.table(Place(_name(workbook)))
        return [dict(table.row(row).values) for row in range(table.first, table.end)]

    async def _current(self, workbook: str) -> Opened:
        orders = await self._ordered()
        for order in orders[self._done :]:
            self._done += 1
            name = _name(order.place.workbook)
            if name in self._opened and (error := self._opened[name].apply(self._done, order).error):
                self._faults.setdefault(name, []).append(error)
        name = _name(workbook)
        if name not in self._opened:
            raise WorkbookError(f"{name} is not there: give it under `tables`")
        return self._opened[name]


def _name(workbook: str) -> str:
    """The name with its ending."""
    name = "/".join(parts_of(workbook, Path("tables")))
    return name if Path(name).suffix.lower() in BINARY | TEXT else f"{name}.xlsx"


def _book(name: str, sheets: Sheets) -> Book:
    grids = {sheet: Grid(sheet, _rows(rows)) for sheet, rows in sheets.items()}
    path = Path(_name(name))
    refusal = f"{path.name} can only be read: let Excel save it as .xlsx to write into it"
    writable = path.suffix.lower() in WRITABLE
    return Book(list(grids), grids.__getitem__, first=next(iter(grids), ""), refusal="" if writable else refusal)


def _rows(rows: Sequence[Mapping[str, Cell]]) -> list[list[Cell]]:
    """The header, and the rows below it."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    return [list(columns), *([row.get(column) for column in columns] for row in rows)]
