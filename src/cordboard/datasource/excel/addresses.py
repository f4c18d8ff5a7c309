"""Addresses of cells: `B7` is row 6 and column 1, counted from 0 as everywhere in this package."""

import re
from typing import NamedTuple

_CELL = re.compile(r"\$?([A-Za-z]{1,3})\$?([1-9][0-9]{0,6})")
MOST_ROWS = 1_048_576
MOST_COLUMNS = 16_384


class Area(NamedTuple):
    """A rectangle of cells, its ends included."""

    top: int
    left: int
    bottom: int
    right: int

    def holds(self, row: int, column: int) -> bool:
        """Whether a cell is within."""
        return self.top <= row <= self.bottom and self.left <= column <= self.right

    @property
    def single(self) -> bool:
        """Whether it is one cell."""
        return self[:2] == self[2:]

    def with_cell(self, row: int, column: int) -> "Area":
        """The smallest one that also holds that cell."""
        return Area(min(self.top, row), min(self.left, column), max(self.bottom, row), max(self.right, column))

    def __str__(self) -> str:
        first = cell_name(self.top, self.left)
        return first if self.single else f"{first}:{cell_name(self.bottom, self.right)}"


def column_letters(column: int) -> str:
    """The letters of a column: 0 is A, 26 is AA."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def cell_name(row: int, column: int) -> str:
    """The address of a cell as people write it."""
    return f"{column_letters(column)}{row + 1}"


def parse_cell(text: str) -> tuple[int, int]:
    """Row and column of an address. Raises ValueError if it is none."""
    found = _CELL.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no address of a cell: write B7")
    letters, digits = found.groups()
    column = 0
    for letter in letters.upper():
        column = column * 26 + ord(letter) - 64
    if column > MOST_COLUMNS or int(digits) > MOST_ROWS:
        raise ValueError(f"no sheet has a cell {text!r}: write one like B7")
    return int(digits) - 1, column - 1


def parse_area(text: str) -> Area:
    """Read `A1:D10`, or a single cell. Raises ValueError."""
    first, _, last = text.partition(":")
    top, left = parse_cell(first)
    bottom, right = parse_cell(last or first)
    return Area(top, left, bottom, right)
