"""A grid seen as a table: columns with names, rows that are found by what their cells say."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from itertools import islice
from operator import ge, gt, le, lt
from typing import Any

from cordboard.datasource.excel.addresses import column_letters
from cordboard.datasource.excel.cells import Cell, Sought, as_phone, folded, same, tail
from cordboard.datasource.excel.grid import Grid
from cordboard.datasource.excel.orders import Several
from cordboard.datasource.excel.ports import Check, Condition, Row, SeveralRowsError, WorkbookError
from cordboard.telephony import PhoneNumber

_SHOWN = 10
"""How many of several rows are named."""


class Table:
    """The rows of `grid` below its header, which is row `header` as Excel counts (0: none)."""

    def __init__(self, grid: Grid, header: int, country: str) -> None:
        """`country` is the office's, for reading phones. Raises WorkbookError if there is no header."""
        self.grid = grid
        self.first = header
        """The first row below the header, from 0."""
        self._country = country
        self.columns = _columns(grid, header)
        """Names and places."""
        self._end: int | None = None
        self._by_folded = {folded(name): place for name, place in reversed(self.columns.items())}
        if not self.columns:
            raise WorkbookError(f"row {header} of sheet {grid.name!r} is empty: say in which row the columns are named")

    def column(self, name: str) -> int:
        """The place of a column. Raises WorkbookError."""
        place = self._by_folded.get(folded(name))
        if place is None:
            known = ", ".join(self.columns)
            raise WorkbookError(f"sheet {self.grid.name!r} has no column {name!r}; there are: {known[:300]}")
        return place

    def indexes_for(self, where: Mapping[str, Sought]) -> Iterator[tuple[int, bool]]:
        """The indexes that `find` needs: the column, and whether it is searched for phones."""
        for name, sought in where.items():
            column = self.column(name)
            if not isinstance(sought, PhoneNumber):
                yield column, False
            if as_phone(sought, self._country) is not None:
                yield column, True

    def find(self, where: Mapping[str, Sought], several: Several) -> int | None:
        """See Workbooks.find. The row from 0. The indexes must be there."""
        wanted = [(self.column(name), sought) for name, sought in where.items()]
        if not wanted:
            raise WorkbookError("say by which columns the row is found")
        if any(not folded(sought) for _, sought in wanted):
            return None
        fewest = min((self._candidates(column, sought) for column, sought in wanted), key=len)
        ordered = reversed(fewest) if several is Several.LAST else fewest
        matching = (row for row in ordered if row >= self.first and self._all_same(row, wanted))
        found = list(islice(matching, _SHOWN if several is Several.AMBIGUOUS else 1))
        if len(found) > 1:
            raise SeveralRowsError(f"there are several such rows: {', '.join(str(row + 1) for row in found)}")
        return found[0] if found else None

    def rows(self, conditions: Sequence[Condition], columns: Sequence[str], at_most: int, after: int = 0) -> list[Row]:
        """See Workbooks.rows."""
        checks = [(self.column(each.column), each) for each in conditions]
        shown = {name: self.column(name) for name in columns} or self.columns
        found: list[Row] = []
        for row in range(max(self.first, after), self.grid.height):
            if len(found) >= at_most:
                break
            if all(self._meets(self.grid.cell(row, column), each) for column, each in checks):
                values = {name: self.grid.cell(row, column) for name, column in shown.items()}
                if self._filled(row, values):
                    found.append(Row(row + 1, values))
        return found

    def row(self, row: int) -> Row:
        """All values of a row."""
        return Row(row + 1, {name: self.grid.cell(row, column) for name, column in self.columns.items()})

    @property
    def end(self) -> int:
        """The row behind the last one with a value, from 0."""
        return self.measure()

    def measure(self) -> int:
        """Look for the end, if it is not known: a sheet may go on for a million empty rows."""
        if self._end is None:
            self._end = max(self.grid.last_row(list(self.columns.values())) + 1, self.first)
        return self._end

    def changed(self, row: int) -> None:
        """Cells of a row have changed."""
        if self._end is not None and row >= self._end - 1:
            self._end = None if row < self._end else row + 1

    def _filled(self, row: int, values: Mapping[str, Cell]) -> bool:
        if any(value is not None for value in values.values()):
            return True
        return any(self.grid.cell(row, column) is not None for column in self.columns.values())

    def _candidates(self, column: int, sought: Sought) -> Sequence[int]:
        phone = as_phone(sought, self._country)
        rows = self.grid.rows_with(column, tail(phone.canonical), phones=True) if phone else ()
        if isinstance(sought, PhoneNumber):
            return rows
        plain = self.grid.rows_with(column, folded(sought), phones=False)
        return sorted({*rows, *plain}) if rows else plain

    def _all_same(self, row: int, wanted: Sequence[tuple[int, Sought]]) -> bool:
        return all(same(self.grid.cell(row, column), sought, self._country) for column, sought in wanted)

    def _meets(self, cell: Cell, condition: Condition) -> bool:
        match condition.check:
            case Check.EMPTY:
                return cell is None
            case Check.FILLED:
                return cell is not None
            case Check.EQUALS | Check.DIFFERS:
                equal = same(cell, condition.value, self._country)
                return equal is (condition.check is Check.EQUALS)
            case Check.CONTAINS:
                return cell is not None and folded(condition.value) in folded(cell)
            case Check.BEGINS:
                return cell is not None and folded(cell).startswith(folded(condition.value))
        return _ordered(cell, condition.value, _ORDER[condition.check])


_ORDER: Mapping[Check, Callable[[Any, Any], bool]] = {
    Check.MORE: gt,
    Check.LESS: lt,
    Check.AT_LEAST: ge,
    Check.AT_MOST: le,
}


def _ordered(cell: Cell, value: Sought, compare: Callable[[Any, Any], bool]) -> bool:
    """Numbers among each other; so dates and moments, a date being its first moment."""
    one, other = _moment(cell), _moment(value)
    if one is None or type(one) is not type(other):
        return False
    return compare(one, other)


def _moment(value: Sought) -> Decimal | datetime | time | None:
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime.combine(value, time())
    return value if isinstance(value, Decimal | datetime | time) else None


def _columns(grid: Grid, header: int) -> dict[str, int]:
    """Names of columns. One that repeats another has its letters behind its name."""
    if not header:
        return {column_letters(place): place for place in range(grid.right)}
    found: dict[str, int] = {}
    known: set[str] = set()
    for place in range(grid.right):
        cell = grid.cell(header - 1, place)
        if cell is None:
            continue
        name = " ".join(cell.split()) if isinstance(cell, str) else folded(cell)
        if folded(name) in known:
            name = f"{name} ({column_letters(place)})"
        known.add(folded(name))
        found[name] = place
    return found
