# ruff: noqa: T201  (a program that prints what it measured)
"""What workbooks cost: `python bench/excel.py [--rows 50000] [--rounds 5]`.

A workbook of that many rows and 5 columns is read, looked through for phones, and patched.
"""

import argparse
import asyncio
import gc
import io
import statistics
import tempfile
import time
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import xlsxwriter  # type: ignore[import-untyped]  # ships no types

from cordboard.datasource.excel.orders import Place, Several
from cordboard.datasource.excel.patching import CellChange, patch
from cordboard.datasource.excel.reading import read_book
from cordboard.datasource.excel.table import Table
from cordboard.telephony import PhoneNumber
from cordboard.testing.tables import tables

LOOK_UPS = 100


def workbook(rows: int) -> bytes:
    """Phones as texts and as numbers, names, debts."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet = book.add_worksheet("Debtors")
    sheet.write_row(0, 0, ("id", "phone", "debt", "name", "result"))
    for row in range(1, rows + 1):
        phone = f"067{row:07}" if row % 2 else 380670000000 + row
        sheet.write_row(row, 0, (row, phone, row * 1.5, f"Name {row}", "new"))
    book.close()
    return out.getvalue()


def measured(what: str, rounds: int, act: Callable[[], object]) -> None:
    """Print the median and the worst."""
    took = []
    for _ in range(rounds):
        gc.collect()
        begin = time.perf_counter()
        act()
        took.append((time.perf_counter() - begin) * 1e3)
    print(f"{statistics.median(took):10.1f} {max(took):10.1f}   {what}")


def found(table: Table, numbers: Sequence[PhoneNumber]) -> None:
    """Look up each of them."""
    for number in numbers:
        assert table.find({"phone": number}, Several.FIRST) is not None


async def at_once(content: bytes, numbers: Sequence[PhoneNumber], rounds: int) -> None:
    """Print what each of a hundred callers waits whose numbers are looked up at the same moment, by the service."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "tables").mkdir()
        (folder / "tables" / "debtors.xlsx").write_bytes(content)
        async with tables(folder) as on:

            async def ask(number: PhoneNumber) -> float:
                begin = time.perf_counter()
                assert await on.books.find(Place("debtors"), {"phone": number}) is not None
                return (time.perf_counter() - begin) * 1e3

            first = await ask(numbers[0])
            waits = [await asyncio.gather(*(ask(number) for number in numbers)) for _ in range(rounds)]
    print(f"{first:10.1f} {'':>10}   the first of all: the file is read, and an index made")
    slowest = [max(each) for each in waits]
    whole = [wait for each in waits for wait in each]
    print(
        f"{statistics.median(whole):10.1f} {statistics.median(slowest):10.1f}   one of {len(numbers)} who ask at once"
    )


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    rows, rounds = options.rows, options.rounds
    content = workbook(rows)
    sheet = max(zipfile.ZipFile(io.BytesIO(content)).infolist(), key=lambda each: each.file_size).file_size
    print(f"{rows} rows x 5 columns: {len(content) / 1e6:.1f} MB, its sheet {sheet / 1e6:.1f} MB; milliseconds")
    print(f"{'median':>10} {'worst':>10}")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "debtors.xlsx"
        file.write_bytes(content)
        measured("read, in a process of its own", rounds, lambda: read_book(file).grid(""))
        table = Table(read_book(file).grid(""), 1, "UA")
    column = table.column("phone")
    measured("an index of phones", rounds, lambda: table.grid.build_index(column, phones=True))
    step = max(rows // LOOK_UPS, 1)
    numbers = [PhoneNumber.parse(f"067{row:07}", country="UA") for row in range(1, rows + 1, step)]
    measured(f"{len(numbers)} look-ups of a phone, one after another", rounds, lambda: found(table, numbers))
    asyncio.run(at_once(content, numbers, rounds))
    one = [CellChange(rows * 4 // 5, 4, "called")]
    measured("patch one cell", rounds, lambda: patch(content, {"": one}))
    many = [CellChange(row, 4, "called") for row in range(1, rows, max(rows // 400, 1))][:400]
    measured(f"patch {len(many)} cells", rounds, lambda: patch(content, {"": many}))
    more = [CellChange(rows + 1 + row, place, "new") for row in range(80) for place in range(5)]
    measured("append 80 rows of 5 cells", rounds, lambda: patch(content, {"": more}))


if __name__ == "__main__":
    main()
