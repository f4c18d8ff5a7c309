"""Reads workbooks of all kinds into grids. Blocks; call it in a thread."""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any

from charset_normalizer import from_bytes
from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum, WorksheetNotFound, ZipError

from cordboard.datasource.excel.archive import members
from cordboard.datasource.excel.cells import Raw
from cordboard.datasource.excel.grid import Grid
from cordboard.datasource.excel.ports import WorkbookError

BINARY = frozenset({".xlsx", ".xlsm", ".xls", ".ods", ".xlsb"})
WRITABLE = frozenset({".xlsx", ".xlsm"})
TEXT = frozenset({".csv", ".txt", ".tsv"})
LARGEST = 100_000_000
"""Bytes of a file."""
MOST_CELLS = 20_000_000
"""Of one sheet, empty ones between included."""
_ENCODINGS = ("utf_8", "cp1251", "cp866", "koi8_u", "cp1252")
_BOMS: Mapping[bytes, str] = MappingProxyType(
    {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
)
_DELIMITERS = ";,\t|"
_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,14})(?:[.,]\d{1,10})?")
"""What a text file says as a number; 0671234567, +380…, 1 000 and what is longer than Excel keeps are texts."""
_OLE = b"\xd0\xcf\x11\xe0"
"""An encrypted .xlsx is wrapped in the old format ([MS-OFFCRYPTO] §2.3)."""


class Book:
    """A workbook in memory."""

    def __init__(self, sheets: Sequence[str], source: Any, *, writable: bool) -> None:
        """`source` gives the grid of a sheet by its name."""
        self.sheets = sheets
        self.writable = writable
        """Whether cells of its kind of file can be changed in place."""
        self._source = source
        self._grids: dict[str, Grid] = {}

    def name(self, sheet: str) -> str:
        """The name of a sheet as the workbook writes it; of an empty one the first. Raises WorkbookError."""
        if not sheet.strip():
            return self.sheets[0]
        for known in self.sheets:
            if known.casefold() == sheet.strip().casefold():
                return known
        raise WorkbookError(f"there is no sheet {sheet!r}; there are: {', '.join(self.sheets)[:300]}")

    def grid(self, sheet: str) -> Grid:
        """The cells of a sheet, read once. Raises WorkbookError."""
        name = self.name(sheet)
        if name not in self._grids:
            self._grids[name] = self._source(name)
        return self._grids[name]


def read_book(path: Path, encoding: str = "") -> Book:
    """Read a workbook, or a text file with columns: its `encoding` is guessed if it is empty. Raises WorkbookError."""
    kind = path.suffix.lower()
    if kind not in BINARY | TEXT:
        kinds = ", ".join(sorted(BINARY | TEXT))
        raise WorkbookError(f"{path.name} is no table that can be read: take one of {kinds}")
    try:
        if path.stat().st_size > LARGEST:
            raise WorkbookError(f"{path.name} has more than {LARGEST // 1_000_000} MB: put its rows into a database")
        content = path.read_bytes()
    except OSError as fault:
        raise WorkbookError(f"{path.name} cannot be read ({fault.strerror}): put it into {path.parent}") from fault
    return _text_book(path, content, encoding) if kind in TEXT else _binary_book(path, content)


def _binary_book(path: Path, content: bytes) -> Book:
    kind = path.suffix.lower()
    if kind in WRITABLE and content.startswith(_OLE):
        raise WorkbookError(f"{path.name} has a password: save it without one")
    if content.startswith(b"PK"):
        members(content)  # refuses what would not fit into memory once it is unpacked
    try:
        book = CalamineWorkbook.from_object(io.BytesIO(content))
    except PasswordError as fault:
        raise WorkbookError(f"{path.name} has a password: save it without one") from fault
    except (CalamineError, ZipError, OSError, ValueError) as fault:
        raise WorkbookError(f"{path.name} cannot be read ({fault}): let Excel open and save it") from fault
    sheets = [each.name for each in book.sheets_metadata if each.typ == SheetTypeEnum.WorkSheet]
    if not sheets:
        raise WorkbookError(f"{path.name} has no sheet with cells")

    def grid(name: str) -> Grid:
        try:
            sheet = book.get_sheet_by_name(name)
            if sheet.total_height * sheet.total_width > MOST_CELLS:
                raise WorkbookError(
                    f"sheet {name!r} of {path.name} has more than {MOST_CELLS // 1_000_000} million cells"
                )
            rows = sheet.to_python(skip_empty_area=True)
        except (CalamineError, WorksheetNotFound) as fault:
            raise WorkbookError(f"sheet {name!r} of {path.name} cannot be read: {fault}") from fault
        top, left = sheet.start or (0, 0)
        return Grid(name, [*([] for _ in range(top)), *rows], left)

    return Book(sheets, grid, writable=kind in WRITABLE)


def _text_book(path: Path, content: bytes, encoding: str) -> Book:
    name = encoding or _guessed(content)
    try:
        text = content.decode(name)
    except LookupError as fault:
        raise WorkbookError(f"there is no encoding {encoding!r}: write utf-8, cp1251, cp866 or koi8-u") from fault
    except UnicodeDecodeError as fault:
        raise WorkbookError(
            f"{path.name} is not written in {name}: name another encoding, such as utf-8 or cp1251"
        ) from fault
    rows = list(_rows(text))
    return Book([path.stem], lambda sheet: Grid(sheet, rows), writable=False)


def _guessed(content: bytes) -> str:
    for mark, name in _BOMS.items():
        if content.startswith(mark):
            return name
    try:
        content[:1_000_000].decode("utf-8")
    except UnicodeDecodeError as fault:
        if fault.start < 999_000:
            best = from_bytes(content[:200_000], cp_isolation=list(_ENCODINGS)).best()
            return best.encoding if best is not None else "cp1251"
    return "utf-8"


def _rows(text: str) -> Iterator[list[Raw]]:
    sample = text[:20_000]
    first = next((line for line in sample.splitlines() if line.strip()), "")
    delimiter = max(_DELIMITERS, key=lambda each: (first.count(each), sample.count(each)))
    # A cell may be as long as Excel's; csv allows for four times as much.
    for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
        yield [_value(cell) for cell in row]


def _value(cell: str) -> Raw:
    plain = cell.strip()
    return Decimal(plain.replace(",", ".")) if _NUMBER.fullmatch(plain) else cell
