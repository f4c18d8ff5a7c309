"""A process that writes workbooks is killed at each boundary, and at any moment: no order is lost, none done twice."""

import asyncio
import random
import signal
import sys
import warnings
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from cordboard.testing.tables import Tables, tables
from cordboard.testing.workbooks import cells, plain
from cordboard.testing.workbooks_crash import BOUNDARIES

KILLS = 12
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture
def workbook(tmp_path: Path) -> Path:
    folder = tmp_path / "tables"
    folder.mkdir()
    file = folder / "debts.xlsx"
    file.write_bytes(plain())
    return file


async def started(folder: Path, *where: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "cordboard.testing.workbooks_crash",
        str(folder),
        *(where or ("",)),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )


def said_in(file: Path) -> dict[str, Any]:
    return cells(file.read_bytes())


def ids(file: Path) -> list[Any]:
    said = said_in(file)
    return [said[f"A{row}"] for row in range(2, 2000) if f"A{row}" in said]


async def nothing_waits(on: Tables) -> None:
    while await on.store.workbooks.waiting():  # noqa: ASYNC110 - another process does it
        await asyncio.sleep(0.05)


@pytest.mark.parametrize("owner_saves", [False, True], ids=["", "its owner saves it meanwhile"])
@pytest.mark.parametrize("where", BOUNDARIES)
async def test_killed_at_each_boundary(tmp_path: Path, workbook: Path, where: str, *, owner_saves: bool) -> None:
    async with tables(tmp_path) as on:
        await on.order({"id": Decimal(4), "phone": "0671234570"})
        await on.order({"result": "Неудача"}, {"id": Decimal(4)})
        await on.order({"id": Decimal(5)})
        process = await started(tmp_path, where)
        assert await asyncio.wait_for(process.wait(), 60) == -signal.SIGKILL
        if owner_saves:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)
                book = openpyxl.load_workbook(workbook)
                book.worksheets[0]["C2"] = 77
                book.save(workbook)
        process = await started(tmp_path)
        await asyncio.wait_for(nothing_waits(on), 60)
        process.kill()
        await process.wait()
        assert await on.store.workbooks.faults() == []
        assert await on.store.workbooks.begun("debts.xlsx") is None
    assert ids(workbook) == [1, 2, 3, 4, 5]
    said = said_in(workbook)
    assert (said["E5"], said["C2"]) == ("Неудача", 77 if owner_saves else 120.5)


async def test_killed_at_any_moment(tmp_path: Path, workbook: Path) -> None:
    dice = random.Random(4)
    number = 3
    async with tables(tmp_path) as on:
        for _ in range(KILLS):
            for _ in range(5):
                number += 1
                await on.order({"id": Decimal(number)})
            before = len(await on.store.workbooks.waiting())
            process = await started(tmp_path)
            async with asyncio.timeout(60):
                while len(await on.store.workbooks.waiting()) >= before:
                    if await on.store.workbooks.begun("debts.xlsx") is not None:
                        break
                    await asyncio.sleep(0.001)
            for _ in range(dice.randint(0, 10)):
                await on.store.workbooks.waiting()  # takes a moment
            process.kill()
            await process.wait()
        process = await started(tmp_path)
        await asyncio.wait_for(nothing_waits(on), 60)
        process.kill()
        await process.wait()
    assert ids(workbook) == list(range(1, number + 1))
    assert [file.name for file in workbook.parent.iterdir()] == ["debts.xlsx"], "nothing is left lying about"
