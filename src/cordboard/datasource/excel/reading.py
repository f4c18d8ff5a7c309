"""Reads workbooks of all kinds into grids. Blocks; call it in a thread."""

import csv
import io
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType

from charset_normalizer import from_bytes

from cordboard.datasource.excel import reader_process
from cordboard.datasource.excel.archive import members
from cordboard.datasource.excel.cells import Raw
from cordboard.datasource.excel.grid import Grid
from cordboard.datasource.excel.package import Package
from cordboard.datasource.excel.ports import WorkbookError

BINARY = frozenset({".xlsx", ".xlsm", ".xls", ".ods"})
WRITABLE = frozenset({".xlsx", ".xlsm"})
TEXT = frozenset({".csv", ".txt", ".tsv"})
LARGEST = 100_000_000
"""Bytes of a file."""
_ENCODINGS = ("utf_8", "cp1251", "cp866", "koi8_u", "cp1252")
_BOMS: Mapping[bytes, str] = MappingProxyType(
    {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
)
_DELIMITERS = ";,\t|"
_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,8}|(?:0|[1-9]\d{0,14})[.,]\d{1,10})")
"""What a text file says as a number; 0671234567, 380671234567, +380…, 1 000 and codes as long as phones are texts."""
_HINT = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)
"""A first line that tells Excel the delimiter, and that Excel does not show."""
_OLE = b"\xd0\xcf\x11\xe0"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
"""An encrypted .xlsx is wrapped in the old format, under this name ([MS-OFFCRYPTO] §2.3.4)."""
LONGEST = 60.0
"""Seconds that reading a sheet may take."""
_READ_ONLY = "{name} can only be read: let Excel save it as .xlsx to write into it"
_LIMITS: Mapping[str, int] = MappingProxyType({"cells": reader_process.MOST_CELLS // 1_000_000})
_FAULTS: Mapping[str, str] = MappingProxyType(
    {
        "password": "{name} has a password: save it without one",
        "no sheet": "{name} has no sheet with cells",
        "too large": "a sheet of {name} has more than {cells} million cells, empty ones between included: delete the "
        "rows and columns beyond the table (Ctrl+End in Excel goes there), or put its rows into a database",
        "damaged": "{name} cannot be read ({words}): let Excel open and save it",
    }
)


class Book:
    """A workbook in memory."""

    def __init__(self, sheets: Sequence[str], source: Callable[[str], Grid], *, first: str, refusal: str = "") -> None:
        """`source` gives the grid of a sheet by its name; `first` is the one that is meant without a name."""
        self.sheets = sheets
        """Those with cells, in the order of their tabs, hidden ones as well."""
        self.refusal = refusal
        """Why no cell of it can be changed in place, a sentence; empty if they can."""
        self._first = first
        self._source = source
        self._grids: dict[str, Grid] = {}

    @property
    def writable(self) -> bool:
        """Whether its cells can be changed in place."""
        return not self.refusal

    def name(self, sheet: str) -> str:
        """The name of a sheet as the workbook writes it; without one, of the first that is not hidden.

        Raises WorkbookError.
        """
        if not sheet.strip():
            return self._first
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
    """Read a workbook, or a text file with columns: its `encoding` is guessed if it is empty. Raises WorkbookError.

    A formula says what it said when the file was saved; one that was never calculated, and an error such as #N/A, is an
    empty cell. Dates are those of the book's own date system.
    """
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


class _Reader:
    """Asks a process of its own for the sheets of one file."""

    def __init__(self, path: Path, content: bytes) -> None:
        self._name = path.name
        self._content = content
        self.sheets: Sequence[str] = ()
        self._first = self._read("")

    def first(self) -> Grid:
        """The first sheet that is not hidden. It was read to see what there is."""
        return self._first

    def grid(self, sheet: str) -> Grid:
        """A sheet by its exact name."""
        return self._first if sheet == self._first.name else self._read(sheet)

    def _read(self, sheet: str) -> Grid:
        command = [sys.executable, "-P", "-m", reader_process.__name__, sheet]
        try:
            done = subprocess.run(  # noqa: S603  (our own module; the name of a sheet is one of those it told)
                command, input=self._content, capture_output=True, timeout=LONGEST, check=False
            )
        except subprocess.TimeoutExpired as fault:
            raise WorkbookError(
                f"{self._name} takes over {LONGEST:.0f} s to read: put its rows into a database"
            ) from fault
        lines = done.stdout.splitlines()
        if done.returncode or not lines:
            raise WorkbookError(
                f"{self._name} cannot be read: it is damaged, or a cell far from the others is filled in (Ctrl+End in "
                "Excel goes there): delete the rows and columns beyond the table, and save it"
            )
        head = reader_process.from_line(lines[0])
        if (why := head.get("fault")) is not None:
            raise WorkbookError(_FAULTS[why].format(name=self._name, **_LIMITS, words=head.get("words", "")))
        self.sheets = head["sheets"]
        rows = [row for line in lines[1:] for row in reader_process.from_line(line)]
        return Grid(head["sheet"], [*([] for _ in range(head["top"])), *rows], head["left"])


def _binary_book(path: Path, content: bytes) -> Book:
    kind = path.suffix.lower()
    if kind in WRITABLE and content.startswith(_OLE):
        if _ENCRYPTED in content:
            raise WorkbookError(_FAULTS["password"].format(name=path.name))
        raise WorkbookError(f"{path.name} is no {kind} inside but an old .xls: let Excel save it as {kind}")
    if content.startswith(b"PK"):
        members(content)  # refuses what would not fit into memory once it is unpacked
    reader = _Reader(path, content)
    refusal = _READ_ONLY.format(name=path.name)
    if kind in WRITABLE:
        refusal = ""
        try:
            Package(content)
        except WorkbookError as fault:
            refusal = str(fault)
    return Book(reader.sheets, reader.grid, first=reader.first().name, refusal=refusal)


def _text_book(path: Path, content: bytes, encoding: str) -> Book:
    name = encoding or _guessed(content)
    try:
        text = content.decode(name).removeprefix("\ufeff")
        rows = list(_rows(text))
    except LookupError as fault:
        raise WorkbookError(f"there is no encoding {encoding!r}: write utf-8, cp1251, cp866 or koi8-u") from fault
    except UnicodeDecodeError as fault:
        raise WorkbookError(
            f"{path.name} is not written in {name}: name another encoding, such as utf-8 or cp1251"
        ) from fault
    except csv.Error as fault:
        raise WorkbookError(
            f"{path.name} is no table ({fault}): let Excel save it as CSV; perhaps a quotation mark is not closed"
        ) from fault
    return Book(
        [path.stem], lambda sheet: Grid(sheet, rows), first=path.stem, refusal=_READ_ONLY.format(name=path.name)
    )


def _guessed(content: bytes) -> str:
    for mark, name in _BOMS.items():
        if content.startswith(mark):
            return name
    sample = content[:200_000]
    for name, zeros in (("utf-16-le", sample[1::2]), ("utf-16-be", sample[::2])):
        if zeros.count(0) > len(zeros) // 10:  # each plain Latin letter, digit and delimiter has one
            return name
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        best = from_bytes(sample, cp_isolation=list(_ENCODINGS)).best()
        return best.encoding if best is not None else "cp1251"
    return "utf-8"


def _rows(text: str) -> Iterator[list[Raw]]:
    sample = text[:20_000]
    if hint := _HINT.match(text):
        delimiter, text = hint[1], text[hint.end() :]
    else:
        first = next((line for line in sample.splitlines() if line.strip()), "")
        delimiter = max(_DELIMITERS, key=lambda each: (first.count(each), sample.count(each)))
    # A cell may be as long as Excel's; csv allows for four times as much.
    for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
        yield [_value(cell) for cell in row]


def _value(cell: str) -> Raw:
    plain = cell.strip()
    return Decimal(plain.replace(",", ".")) if _NUMBER.fullmatch(plain) else cell
