"""The contract of `datasource.excel.ports.Workbooks`: over files, and over tables in memory."""

import io
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from cordboard.datasource.excel.memory import MemoryWorkbooks, Sheets
from cordboard.datasource.excel.orders import Order, Place, Several
from cordboard.datasource.excel.ports import Check, Condition, SeveralRowsError, WorkbookError, Workbooks
from cordboard.telephony import PhoneNumber
from cordboard.testing.tables import tables

PAID = datetime(2026, 1, 31, 12, 30)  # noqa: DTZ001 - cells have no zone
CLIENTS: Sheets = {
    "Clients": [
        {"Id": Decimal(1), "Phone": Decimal(380671234567), "Debt": Decimal("120.5"), "Paid": PAID},
        {"Id": Decimal(2), "Phone": "067 123 45 68", "Debt": Decimal(2), "Result": "old"},
        {"Id": Decimal(3), "Phone": "+380 (67) 123-45-69, 0501112233", "Result": "Old  friend"},
    ],
    "Codes": [{"code": "0042", "name": "Kyiv"}, {"code": "0043", "name": "Lviv"}],
}
PLACE = Place("clients")


class Office:
    """Workbooks, and a way to order."""

    def __init__(self, books: Workbooks, order: Callable[..., Awaitable[None]]) -> None:
        self.books = books
        self.order = order


async def over_files(folder: Path) -> AsyncIterator[Office]:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in CLIENTS.items():
        sheet = book.create_sheet(name)
        columns = list(dict.fromkeys(column for row in rows for column in row))
        sheet.append(columns)
        for row in rows:
            sheet.append([row.get(column) for column in columns])
    out = io.BytesIO()
    book.save(out)
    (folder / "tables").mkdir()
    (folder / "tables" / "clients.xlsx").write_bytes(out.getvalue())
    (folder / "tables" / "list.csv").write_text("id;name\n1;x\n", encoding="utf-8")
    async with tables(folder) as on:

        async def order(values: Any, where: Any = None) -> None:
            await on.order(values, where, workbook="clients")

        yield Office(on.books, order)


async def in_memory(_folder: Path) -> AsyncIterator[Office]:
    orders: list[Order] = []

    async def ordered() -> list[Order]:
        return orders

    async def order(values: Any, where: Any = None) -> None:
        orders.append(Order(PLACE, values, where))

    list_: Sheets = {"list": [{"id": Decimal(1), "name": "x"}]}
    yield Office(MemoryWorkbooks({"clients": CLIENTS, "list.csv": list_}, "UA", ordered), order)


KINDS: Mapping[str, Callable[[Path], AsyncIterator[Office]]] = {"files": over_files, "memory": in_memory}


@pytest.fixture(params=KINDS)
async def office(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Office]:
    async for each in KINDS[request.param](tmp_path):
        yield each


def phone(text: str) -> PhoneNumber:
    return PhoneNumber.parse(text, country="UA")


async def found(office: Office, where: Mapping[str, Any], several: Several = Several.FIRST) -> int | None:
    row = await office.books.find(PLACE, where, several)
    return row.number if row else None


async def test_a_row_is_found_by_what_its_cells_say(office: Office) -> None:
    assert await found(office, {"phone": phone("0671234567")}) == 2
    assert await found(office, {"phone": phone("+380671234568")}) == 3
    assert await found(office, {"phone": phone("0501112233")}) == 4
    assert await found(office, {"phone": "+380671234569"}) == 4
    assert await found(office, {"id": "1", "debt": Decimal("120.50")}) == 2
    assert await found(office, {"result": " old FRIEND"}) == 4
    assert await found(office, {"id": "1", "result": "old"}) is None
    assert await found(office, {"result": ""}) is None
    row = await office.books.find(PLACE, {"ID": Decimal(1)})
    assert row is not None
    assert list(row.values.items()) == [
        ("Id", 1),
        ("Phone", 380671234567),
        ("Debt", Decimal("120.5")),
        ("Paid", PAID),
        ("Result", None),
    ]
    code = await office.books.find(Place("clients.xlsx", "codes"), {"code": "0042"})
    assert code is not None
    assert code.values == {"code": "0042", "name": "Kyiv"}


async def test_of_several_rows_the_rule_takes_one(office: Office) -> None:
    await office.order({"Result": "old"}, {"Id": Decimal(1)})
    where = {"result": "old"}
    assert [await found(office, where, rule) for rule in (Several.FIRST, Several.LAST)] == [2, 3]
    with pytest.raises(SeveralRowsError, match="there are several such rows: 2, 3"):
        await found(office, where, Several.AMBIGUOUS)


async def test_rows_are_chosen_by_conditions(office: Office) -> None:
    async def ids(*conditions: Condition, **more: Any) -> list[Any]:
        return [row.values["Id"] for row in await office.books.rows(PLACE, conditions, **more)]

    assert await ids() == [1, 2, 3]
    assert await ids(after=2) == [2, 3]
    assert await ids(at_most=1, after=2) == [2]
    assert await ids(Condition("debt", Check.LESS, Decimal(100))) == [2]
    assert await ids(Condition("debt", Check.EMPTY)) == [3]
    assert await ids(Condition("result", Check.BEGINS, "OLD")) == [2, 3]
    assert await ids(Condition("paid", Check.AT_LEAST, PAID)) == [1]
    (row,) = await office.books.rows(PLACE, [Condition("id", Check.EQUALS, "2")], ["result", "id"])
    assert list(row.values.items()) == [("result", "old"), ("id", 2)]


async def test_rows_and_cells_are_read_by_number_and_address(office: Office) -> None:
    row = await office.books.row(PLACE, 3)
    assert row is not None
    assert row.values["Result"] == "old"
    assert await office.books.row(PLACE, 1) is None, "the header is no row"
    assert await office.books.row(PLACE, 99) is None
    assert await office.books.cell(PLACE, "c2") == Decimal("120.5")
    assert await office.books.cell(Place("clients", "Codes"), "A3") == "0043"
    assert await office.books.cell(PLACE, "Z9") is None
    header = await office.books.row(Place("clients", header=0), 1)
    assert header is not None
    assert header.values["A"] == "Id"


async def test_what_was_ordered_is_seen_at_once(office: Office) -> None:
    assert await found(office, {"result": "Неудача"}) is None
    await office.order({"Result": "Неудача", "Phone": "0999999999"}, {"phone": phone("0671234567")})
    assert await found(office, {"result": "неудача"}) == 2
    assert await found(office, {"phone": phone("0671234567")}) is None
    assert await found(office, {"phone": phone("0999999999")}) == 2
    await office.order({"id": Decimal(4), "result": "=1+1"})
    await office.order({"debt": Decimal(7)}, {"result": "=1+1"})
    row = await office.books.row(PLACE, 5)
    assert row is not None
    assert (row.values["Id"], row.values["Debt"], row.values["Result"]) == (4, 7, "=1+1")
    await office.order({"result": None}, {"id": Decimal(2)})
    assert await office.books.cell(PLACE, "E3") is None
    await office.order({"result": "x"}, {"id": Decimal(99)})
    assert await found(office, {"result": "x"}) is None


async def test_what_cannot_be_used_is_said(office: Office) -> None:
    for name, words in {"other": "other.xlsx is not there", "../x": "is no name of a workbook"}.items():
        with pytest.raises(WorkbookError, match=words):
            await office.books.find(Place(name), {"id": Decimal(1)})
    with pytest.raises(WorkbookError, match="has no column 'nonsense'; there are: Id, Phone, Debt, Paid, Result"):
        await office.books.find(PLACE, {"nonsense": "1"})
    with pytest.raises(WorkbookError, match="there is no sheet 'Sheet9'; there are: Clients, Codes"):
        await office.books.rows(Place("clients", "Sheet9"), [])
    with pytest.raises(WorkbookError):
        await office.books.cell(PLACE, "nonsense")
    await office.books.check_writable(PLACE, ["result", "ID"])
    with pytest.raises(WorkbookError, match="has no column 'nonsense'"):
        await office.books.check_writable(PLACE, ["nonsense"])
    with pytest.raises(WorkbookError, match=r"list.csv can only be read: let Excel save it as .xlsx"):
        await office.books.check_writable(Place("list.csv"), ["name"])


async def test_the_workbooks_that_are_used_are_told(office: Office) -> None:
    await office.books.find(PLACE, {"id": "1"})
    assert "clients.xlsx" in [state.name for state in office.books.states()]
