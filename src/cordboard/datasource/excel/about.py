"""What there is to know of workbooks, for people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cordboard.datasource.excel.opened import Opened
from cordboard.datasource.excel.orders import Place
from cordboard.datasource.excel.reading import BINARY, TEXT
from cordboard.datasource.excel.service import WorkbookFolder


@dataclass(frozen=True, slots=True)
class About:
    """One table of a workbook."""

    name: str
    """Of the file, within the folder."""
    sheet: str
    sheets: Sequence[str]
    writable: bool
    rows: int
    """Between the header and the end."""
    columns: Sequence[str]
    lost: Mapping[str, Sequence[int]]
    """By column the rows, as Excel counts, in which a phone has lost its digits."""


async def about(books: WorkbookFolder, place: Place) -> About:
    """Look through a table. Raises WorkbookError."""
    held, opened = await books.current(place.workbook)
    async with held.lock:
        return await books.in_thread(lambda: _about(held.name, opened, place))


def _about(name: str, opened: Opened, place: Place) -> About:
    table = opened.table(place)
    lost = {
        column: [row + 1 for row in table.grid.lost_phones(at) if row >= table.first]
        for column, at in table.columns.items()
    }
    return About(
        name,
        table.grid.name,
        opened.book.sheets,
        opened.book.writable,
        table.end - table.first,
        list(table.columns),
        {column: rows for column, rows in lost.items() if rows},
    )


def names(folder: Path) -> list[str]:
    """The workbooks in a folder, by name. Blocks."""
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.suffix.lower() in BINARY | TEXT and not path.name.startswith((".", "~$")) and path.is_file()
    )
