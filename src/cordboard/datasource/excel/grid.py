"""The cells of one sheet in memory, with indexes of columns that are kept right while cells change."""

from bisect import insort
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import repeat

from cordboard.datasource.excel.cells import Cell, Raw, cell_of, folded, is_lost, phones_in, tail

Index = dict[str, list[int]]
"""Rows by what a cell of the column says, in order."""


class Grid:
    """Rows and columns are counted from 0. Values are shaped when they are asked for: most never are."""

    def __init__(self, name: str, rows: Sequence[Sequence[Raw]], left: int = 0) -> None:
        """`rows` begins with row 0, each of them with column `left`."""
        self.name = name
        self._rows = [list(row) for row in rows]
        self._left = left
        self._plain: dict[int, Index] = {}
        self._phones: dict[int, Index] = {}
        self.taken_in = 0
        """The number of the last order that was applied to it."""

    @property
    def height(self) -> int:
        """How many rows there are, empty ones between included."""
        return len(self._rows)

    @property
    def right(self) -> int:
        """The column behind the last one."""
        return self._left + max(map(len, self._rows), default=0)

    def cell(self, row: int, column: int) -> Cell:
        """The value of a cell; None beyond the edges."""
        place = column - self._left
        if not 0 <= row < len(self._rows) or not 0 <= place < len(self._rows[row]):
            return None
        return cell_of(self._rows[row][place])

    def set(self, row: int, column: int, value: Cell) -> None:
        """Change a cell, also one beyond the edges."""
        if column < self._left:
            self._rows = [[*repeat("", self._left - column), *cells] for cells in self._rows]
            self._left = column
        while len(self._rows) <= row:
            self._rows.append([])
        cells = self._rows[row]
        cells.extend(repeat("", column - self._left + 1 - len(cells)))
        before = self.cell(row, column)
        cells[column - self._left] = value
        for indexes, words in ((self._plain, _plain_words), (self._phones, _phone_words)):
            if column in indexes:
                _move(indexes[column], row, words(before), words(value))

    def rows_with(self, column: int, word: str, *, phones: bool) -> Sequence[int]:
        """The rows whose cell says `word`: folded, or of a phone its tail (these are candidates only)."""
        index = self._phones if phones else self._plain
        return index[column].get(word, ())

    def indexed(self, column: int, *, phones: bool) -> bool:
        """Whether `rows_with` can answer."""
        return column in (self._phones if phones else self._plain)

    def build_index(self, column: int, *, phones: bool) -> None:
        """Look through a column. 50,000 rows take a tenth of a second: not on the loop."""
        words = _phone_words if phones else _plain_words
        index: Index = {}
        for row in range(len(self._rows)):
            for word in words(self.cell(row, column)):
                index.setdefault(word, []).append(row)
        (self._phones if phones else self._plain)[column] = index

    def lost_phones(self, column: int) -> Iterator[int]:
        """The rows in which a phone has lost its digits."""
        return (row for row in range(len(self._rows)) if is_lost(self.cell(row, column)))

    def last_row(self, columns: Sequence[int]) -> int:
        """The last row in which one of these columns is filled in; -1 if there is none."""
        for row in range(len(self._rows) - 1, -1, -1):
            if any(self.cell(row, column) is not None for column in columns):
                return row
        return -1


def _plain_words(cell: Cell) -> set[str]:
    return {folded(cell)}


def _phone_words(cell: Cell) -> set[str]:
    return {word for text in phones_in(cell) if (word := tail(text))}


def _move(index: Index, row: int, before: set[str], after: set[str]) -> None:
    for word in before - after:
        with suppress(KeyError, ValueError):
            index[word].remove(row)
    for word in after:
        rows = index.setdefault(word, [])
        if row not in rows:
            insort(rows, row)
