"""A table of 50,000 rows: a hundred who ask at once do not wait for each other."""

import asyncio
import io
import statistics
import time
from pathlib import Path

import pytest
import xlsxwriter  # type: ignore[import-untyped]  # ships no types

from cordboard.datasource.excel.orders import Place
from cordboard.telephony import PhoneNumber
from cordboard.testing.tables import tables

ROWS = 50_000
CLIENTS = Place("clients")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


def workbook() -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet = book.add_worksheet("Clients")
    sheet.write_row(0, 0, ("id", "phone", "name"))
    for row in range(1, ROWS + 1):
        sheet.write_row(row, 0, (row, f"067{row:07}" if row % 2 else 380670000000 + row, f"Name {row}"))
    book.close()
    return out.getvalue()


def phone(number: int) -> PhoneNumber:
    return PhoneNumber.parse(f"+38067{number:07}", country="UA")


async def test_a_hundred_at_once_are_answered_in_under_five_milliseconds_each(tmp_path: Path) -> None:
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "clients.xlsx").write_bytes(workbook())
    longest = 0.0
    async with tables(tmp_path) as on:

        async def ask(number: int) -> float:
            begun = time.perf_counter()
            found = await on.books.find(CLIENTS, {"phone": phone(number)})
            assert found is not None
            assert found.number == number + 1
            return time.perf_counter() - begun

        async def pulse() -> None:
            nonlocal longest
            while True:
                begun = time.perf_counter()
                await asyncio.sleep(0.005)
                longest = max(longest, time.perf_counter() - begun - 0.005)

        beating = asyncio.create_task(pulse())
        await ask(1)
        alone = statistics.median([await ask(number) for number in range(100, 200)])
        rounds = []
        for first in range(1000, 1500, 100):
            begun = time.perf_counter()
            await asyncio.gather(*(ask(number) for number in range(first, first + 100)))
            rounds.append((time.perf_counter() - begun) / 100)
        beating.cancel()
    assert alone < 0.005
    assert statistics.median(rounds) < 0.005
    assert longest < 0.5, "reading and indexing are no business of the loop that carries calls"
