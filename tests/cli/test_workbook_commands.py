import asyncio
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from typer.testing import CliRunner, Result

from cordboard.cli.workbook import app
from cordboard.datasource.excel.orders import WORKBOOK, Order, Place, to_payload
from cordboard.scenario.ports import Effect
from cordboard.store.database import Store, open_store
from cordboard.telephony import SystemClock
from cordboard.testing.tables import Tables
from cordboard.testing.workbooks import rich

Command = Callable[..., Result]


@pytest.fixture
def workbook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    monkeypatch.setenv("CORDBOARD_DATA", str(tmp_path))
    folder = tmp_path / "tables"
    (folder / "sales").mkdir(parents=True)
    (folder / "debts.xlsx").write_bytes(rich())
    (folder / "debts.xlsx").with_name(".~lock.debts.xlsx#").write_text("Anna,anna,desk,23.11.2026 10:00,;")
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in (("id", "phone"), (1, "3.80671E+11"), (2, "0671234567")):
        book.active.append(row)
    book.save(folder / "sales" / "clients.xlsx")
    asyncio.run(_ordered(tmp_path))
    return lambda *words: CliRunner().invoke(app, words)


async def _ordered(data: Path) -> None:
    async with await open_store(data / "cordboard.sqlite") as store:
        await _order(store, Order(Place("sales/clients"), {"phone": "=1+1"}, {"id": "9"}))
        on = Tables(store, data / "tables", SystemClock())
        await on.writer.write()
        await on.books.close()
        await _order(store, Order(Place("debts"), {"result": "x"}, {"id": "1"}))
        await _order(store, Order(Place("later"), {"result": "x"}))


async def _order(store: Store, order: Order) -> None:
    await store.runs.emit([Effect(WORKBOOK, repr(order), to_payload(order), "run-1")])


def plain(result: Result) -> list[str]:
    return [" ".join(line.split()) for line in result.output.splitlines()]


def test_what_waits_and_who_has_it_open(workbook: Command) -> None:
    assert plain(workbook("list")) == [
        "workbook waiting faults",
        "debts.xlsx 1 debts.xlsx is open at Anna",
        "later.xlsx 1 it is not there",
        "sales/clients.xlsx 1",
    ]


def test_a_table_is_shown_with_what_is_wrong_in_it(workbook: Command) -> None:
    assert plain(workbook("show", "sales/clients")) == [
        "workbook sales/clients.xlsx",
        "sheet Sheet",
        "rows 2",
        "columns id, phone",
        "phone: a phone has lost its digits in row 2",
    ]
    other = workbook("show", "debts", "--sheet", "summary")
    assert plain(other)[1:3] == ["sheet Summary", "others Должники, Lists"]
    missing = workbook("show", "later")
    assert missing.exit_code == 1
    assert "later.xlsx is not there" in " ".join(missing.output.split())


def test_faults_are_listed_until_they_are_forgotten(workbook: Command) -> None:
    head, fault = plain(workbook("faults"))
    assert head == "no at workbook what"
    number = fault.split()[0]
    assert fault.endswith("sales/clients.xlsx id = 9: phone = =1+1 there is no row with id = 9 any more")
    assert plain(workbook("forget", number)) == [f"No. {number} is forgotten"]
    assert workbook("forget", number).exit_code == 1
    assert len(plain(workbook("faults"))) == 1
