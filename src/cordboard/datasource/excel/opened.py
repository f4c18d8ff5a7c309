"""A workbook in memory: what its file says, and on top of it what scenarios have ordered and is not written yet."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from cordboard.datasource.excel.cells import Sought, folded
from cordboard.datasource.excel.holders import Stamp
from cordboard.datasource.excel.orders import Order, Place
from cordboard.datasource.excel.patching import CellChange
from cordboard.datasource.excel.ports import Row, SeveralRowsError, WorkbookError
from cordboard.datasource.excel.reading import Book
from cordboard.datasource.excel.table import Table


@dataclass(frozen=True, slots=True)
class Applied:
    """What an order means in the present file."""

    order: Order
    sheet: str = ""
    changes: Sequence[CellChange] = ()
    error: str = ""
    """Why it can never be carried out."""


@dataclass(slots=True)
class Opened:
    """One workbook. Looking up is quick; `build_indexes`, `apply` and reading go through many rows."""

    book: Book
    stamp: Stamp
    country: str
    applied: dict[int, Applied] = field(default_factory=dict)
    """By number, in their order: what waits to be written."""
    tables: dict[tuple[str, int], Table] = field(default_factory=dict)
    lost: dict[str, list[int]] = field(default_factory=dict)
    """By sheet and column the rows in which a phone has lost its digits, as Excel counts."""

    def table(self, place: Place) -> Table:
        """The table at a place. Raises WorkbookError."""
        key = (self.book.name(place.sheet), place.header)
        if key not in self.tables:
            self.tables[key] = Table(self.book.grid(key[0]), place.header, self.country)
        return self.tables[key]

    def row(self, place: Place, number: int) -> Row | None:
        """See Workbooks.row."""
        table = self.table(place)
        found = table.row(number - 1)
        return found if table.first < number and any(value is not None for value in found.values.values()) else None

    def check_writable(self, place: Place, columns: Sequence[str]) -> None:
        """See Workbooks.check_writable."""
        if self.book.refusal:
            raise WorkbookError(self.book.refusal)
        table = self.table(place)
        for column in columns:
            table.column(column)

    def seen(self, place: Place) -> bool:
        """Whether `table` can answer at once: reading a sheet for the first time takes a while."""
        return (self.book.name(place.sheet), place.header) in self.tables

    def ready(self, place: Place, where: Mapping[str, Sought]) -> bool:
        """Whether `find` can answer without building an index."""
        key = (self.book.name(place.sheet), place.header)
        table = self.tables.get(key)
        return table is not None and all(
            table.grid.indexed(column, phones=phones) for column, phones in table.indexes_for(where)
        )

    def prepare(self, order: Order) -> None:
        """Build what `apply` needs. Raises WorkbookError."""
        if order.where is None:
            self.table(order.place).measure()
        else:
            self.build_indexes(order.place, order.where)

    def build_indexes(self, place: Place, where: Mapping[str, Sought]) -> None:
        """Build what `find` needs. Raises WorkbookError."""
        table = self.table(place)
        for column, phones in list(table.indexes_for(where)):
            if table.grid.indexed(column, phones=phones):
                continue
            table.grid.build_index(column, phones=phones)
            if phones and (rows := [row + 1 for row in table.grid.lost_phones(column)]):
                name = next(name for name, place_ in table.columns.items() if place_ == column)
                self.lost[f"{table.grid.name} / {name}"] = rows

    def apply(self, seq: int, order: Order) -> Applied:
        """Carry an order out in memory, and keep what it means for the file."""
        try:
            self.applied[seq] = applied = self._applied(order)
        except WorkbookError as fault:
            self.applied[seq] = applied = Applied(order, error=str(fault))
        return applied

    def forget(self, seqs: Iterable[int]) -> None:
        """They are in the file, or never will be."""
        for seq in seqs:
            self.applied.pop(seq, None)

    def holds(self, order: Order) -> bool:
        """Whether some row says all that the order says: it was written before."""
        try:
            table = self.table(order.place)
            columns = {table.column(name): folded(value) for name, value in order.values.items()}
        except WorkbookError:
            return False
        rows = range(table.end - 1, table.first - 1, -1)
        return any(
            all(folded(table.grid.cell(row, column)) == said for column, said in columns.items()) for row in rows
        )

    def _applied(self, order: Order) -> Applied:
        self.prepare(order)
        table = self.table(order.place)
        columns = {table.column(name): value for name, value in order.values.items()}
        if order.where is None:
            row: int | None = table.end
        else:
            try:
                row = table.find(order.where, order.several)
            except SeveralRowsError as fault:
                return Applied(order, error=str(fault))
        if row is None:
            sought = ", ".join(f"{name} = {value}" for name, value in (order.where or {}).items())
            return Applied(order, error=f"there is no row with {sought} any more")
        changes = [CellChange(row, column, value) for column, value in columns.items()]
        for change in changes:
            table.grid.set(change.row, change.column, change.value)
        for other in self.tables.values():
            if other.grid is table.grid:
                other.changed(row)
        return Applied(order, table.grid.name, changes)


def changes_of(applied: Iterable[Applied]) -> dict[str, list[CellChange]]:
    """What is to be written, by sheet."""
    found: dict[str, list[CellChange]] = {}
    for each in applied:
        found.setdefault(each.sheet, []).extend(each.changes)
    return found
