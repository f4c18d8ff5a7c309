import asyncio
import warnings
import zipfile
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from cordboard.datasource.excel import service, writer
from cordboard.datasource.excel.orders import Place, Several
from cordboard.datasource.excel.ports import Check, Condition, SeveralRowsError, WorkbookError
from cordboard.datasource.excel.reading import Book, read_book
from cordboard.datasource.excel.writer import WorkbookWriter
from cordboard.telephony import PhoneNumber
from cordboard.testing.tables import tables
from cordboard.testing.workbooks import cells, parts, rich, without

DEBTS = Place("debts")
PHONE = {"phone": PhoneNumber.parse("0671234567", country="UA")}


@pytest.fixture(autouse=True)
def workbook(tmp_path: Path) -> Path:
    folder = tmp_path / "tables"
    folder.mkdir()
    file = folder / "debts.xlsx"
    file.write_bytes(rich())
    return file


def saved_by_owner(file: Path, change: Any) -> None:
    """The owner opens the workbook with a program of his, changes it, and saves it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        book = openpyxl.load_workbook(file)
        change(book.worksheets[0])
        book.save(file)


def raw(file: Path) -> bytes:
    return file.read_bytes()


def put_back(file: Path, content: bytes) -> None:
    file.write_bytes(content)


def said_in(file: Path) -> dict[str, Any]:
    return cells(raw(file))


async def test_a_row_is_found_by_a_phone_however_it_is_kept(tmp_path: Path) -> None:
    async with tables(tmp_path) as on:
        for number, id_ in (("+380671234567", 1), ("0671234568", 2), ("380 67 123 45 69", 3)):
            row = await on.books.find(DEBTS, {"Phone": PhoneNumber.parse(number, country="UA")})
            assert row is not None
            assert row.values["id"] == id_
        assert await on.books.find(DEBTS, {"phone": PhoneNumber.parse("0679999999", country="UA")}) is None
        assert await on.books.find(DEBTS, {"phone": ""}) is None


async def test_a_file_that_was_replaced_is_seen_by_the_next_who_asks(tmp_path: Path, workbook: Path) -> None:
    async with tables(tmp_path) as on:
        first = await on.books.find(DEBTS, PHONE)
        saved_by_owner(workbook, lambda sheet: sheet.__setitem__("C2", 77))
        second = await on.books.find(DEBTS, PHONE)
        assert first is not None
        assert second is not None
        assert (first.values["debt"], second.values["debt"]) == (Decimal("120.5"), 77)


async def test_a_hundred_who_ask_at_once_share_one_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    readings = []

    def read(path: Path, encoding: str) -> Book:
        readings.append(path)
        return read_book(path, encoding)

    monkeypatch.setattr(service, "read_book", read)
    async with tables(tmp_path) as on:
        found = await asyncio.gather(*(on.books.find(DEBTS, PHONE) for _ in range(100)))
        assert {row.number for row in found if row} == {2}
        assert len(readings) == 1


async def test_what_is_ordered_is_seen_at_once_and_is_then_in_the_file(tmp_path: Path, workbook: Path) -> None:
    before = raw(workbook)
    async with tables(tmp_path) as on:
        assert await on.books.find(DEBTS, PHONE) is not None
        await on.order({"result": "=Неудача"}, PHONE)
        await on.order({"id": Decimal(4), "phone": "0671234570"})
        row = await on.books.find(DEBTS, PHONE)
        assert row is not None
        assert row.values["result"] == "=Неудача"
        new = await on.books.find(DEBTS, {"phone": PhoneNumber.parse("+380671234570", country="UA")})
        assert new is not None
        assert (new.number, new.values["id"]) == (5, 4)
        assert raw(workbook) == before
        assert [state.waiting for state in on.books.states()] == [2]
        await on.writer.write()
        assert [state.waiting for state in on.books.states()] == [0]
        assert await on.store.workbooks.waiting() == []
    after = raw(workbook)
    sheet = "xl/worksheets/sheet1.xml"
    # A text that looks like a formula has a style that says so.
    changed = {name for name, part in parts(before).items() if parts(after)[name] != part}
    assert changed == {sheet, "xl/styles.xml"}
    assert without(parts(before)[sheet], "E2", "A5", "B5") == without(parts(after)[sheet], "E2", "A5", "B5")
    assert cells(after)["E2"] == "=Неудача"


async def test_rows_are_found_again_when_the_owner_has_sorted_them(tmp_path: Path, workbook: Path) -> None:
    def turned(sheet: Any) -> None:
        rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2, max_row=4, max_col=5)]
        for number, row in enumerate(reversed(rows)):
            for column, value in enumerate(row):
                sheet.cell(number + 2, column + 1).value = value

    async with tables(tmp_path) as on:
        await on.books.find(DEBTS, PHONE)
        await on.order({"result": "reached"}, PHONE)
        await on.books.find(DEBTS, PHONE)
        saved_by_owner(workbook, turned)
        await on.writer.write()
    assert [said_in(workbook).get(f"E{row}") for row in (2, 3, 4)] == [None, "old", "reached"]


async def test_a_workbook_that_is_open_elsewhere_waits_and_nothing_is_lost(tmp_path: Path, workbook: Path) -> None:
    mark = workbook.with_name(".~lock.debts.xlsx#")
    mark.write_text("Ганна Петренко,ganna,desk,23.11.2026 10:00,;", encoding="utf-8")
    before = raw(workbook)
    async with tables(tmp_path) as on:
        await on.order({"result": "reached"}, PHONE)
        await on.writer.write()
        (state,) = on.books.states()
        assert (state.waiting, state.trouble) == (1, "debts.xlsx is open at Ганна Петренко")
        assert state.since is not None
        assert raw(workbook) == before
    mark.unlink()
    async with tables(tmp_path) as on:
        await on.writer.write()
        assert on.books.states()[0].trouble == ""
    assert said_in(workbook)["E2"] == "reached"


async def test_what_can_never_be_written_is_kept_for_people_and_stops_nobody(tmp_path: Path, workbook: Path) -> None:
    async with tables(tmp_path) as on:
        await on.order({"result": "x"}, {"id": Decimal(99)})
        await on.order({"nonsense": "x"}, PHONE)
        await on.order({"result": "x"}, PHONE, sheet="Sheet9")
        await on.order({"result": "y" * 40_000}, {"id": Decimal(2)})
        await on.order({"result": "good"}, {"id": Decimal(3)})
        await on.store.runs.emit([])
        await on.writer.write()
        assert [fault.error for fault in await on.store.workbooks.faults()] == [
            "there is no row with id = 99 any more",
            "sheet 'Должники' has no column 'nonsense'; there are: id, phone, debt, paid, result, 127.5",
            "there is no sheet 'Sheet9'; there are: Должники, Summary, Lists",
            "a text of 40000 characters is too long for cell E3: at most 32767",
        ]
        assert await on.store.workbooks.waiting() == []
    assert said_in(workbook)["E4"] == "good"


async def test_a_workbook_that_is_not_there_is_waited_for(tmp_path: Path) -> None:
    async with tables(tmp_path) as on:
        await on.order({"result": "x"}, {"id": Decimal(1)}, workbook="later")
        await on.writer.write()
        (state,) = on.books.states()
        assert (state.name, state.waiting) == ("later.xlsx", 1)
        assert "later.xlsx is not there" in state.trouble


@pytest.mark.parametrize("cut", ["before the replacing", "behind it"])
async def test_a_writing_that_was_cut_off_is_settled(
    tmp_path: Path, workbook: Path, monkeypatch: pytest.MonkeyPatch, cut: str
) -> None:
    async with tables(tmp_path) as on:
        await on.order({"id": Decimal(4), "phone": "0671234570"})
        if cut == "behind it":
            monkeypatch.setattr(on.store.workbooks, "done", _dies)
        else:
            monkeypatch.setattr(writer, "replace", _dies)
        with pytest.raises(RuntimeError):
            await on.writer.write()
    monkeypatch.undo()
    async with tables(tmp_path) as on:
        await on.writer.write()
        assert await on.store.workbooks.waiting() == []
        assert [row.values["id"] for row in await on.books.rows(DEBTS, [])] == [1, 2, 3, 4]
    assert [said_in(workbook).get(f"A{row}") for row in (4, 5, 6)] == [3, 4, None]


def _dies(*_args: object) -> Any:
    raise RuntimeError("kill -9")


async def test_a_node_that_takes_over_settles_what_another_began(
    tmp_path: Path, workbook: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with tables(tmp_path) as on:
        other = WorkbookWriter(on.books, on.store.workbooks, Later(), "other")
        await on.order({"result": "first"}, PHONE)
        await other.write()
        await on.order({"id": Decimal(4), "phone": "0671234570"})
        monkeypatch.setattr(on.store.workbooks, "done", _dies)
        await on.writer.write()
        assert said_in(workbook).get("A5") is None, "it is the other's turn"
        with pytest.raises(RuntimeError):
            await other.write()
        monkeypatch.undo()
        monkeypatch.setattr(on.store.workbooks, "mine", _yes)
        await on.writer.write()
    assert [said_in(workbook).get(f"A{row}") for row in (4, 5, 6)] == [3, 4, None]


class Later:
    """A clock that is before the other's."""

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(hours=1)


async def _yes(*_args: object) -> bool:
    return True


async def test_one_that_cannot_be_written_is_found_among_many(tmp_path: Path, workbook: Path) -> None:
    async with tables(tmp_path) as on:
        for number in range(30):
            await on.order({"id": Decimal(number), "result": "y" * 40_000 if number in {7, 20} else "good"})
        await on.writer.write()
        assert [fault.payload["values"]["id"] for fault in await on.store.workbooks.faults()] == [
            {"number": "7"},
            {"number": "20"},
        ]
        assert await on.store.workbooks.waiting() == []
    assert list(said_in(workbook).values()).count("good") == 28


async def test_a_row_is_added_below_the_last_one_though_that_was_emptied(tmp_path: Path, workbook: Path) -> None:
    async with tables(tmp_path) as on:
        await on.order({"id": Decimal(4)})
        await on.order({"id": Decimal(5)})
        await on.order({"id": None}, {"id": Decimal(5)})
        await on.order({"id": Decimal(6)})
        row = await on.books.find(DEBTS, {"id": Decimal(6)})
        assert row is not None
        assert row.number == 6
        await on.writer.write()
    assert [said_in(workbook).get(f"A{row}") for row in (5, 6, 7)] == [4, 6, None]


async def test_a_row_that_was_added_before_the_crash_is_not_added_again_though_its_owner_has_saved(
    tmp_path: Path, workbook: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with tables(tmp_path) as on:
        await on.order({"id": Decimal(4), "phone": "0671234570"})
        monkeypatch.setattr(on.store.workbooks, "done", _dies)
        with pytest.raises(RuntimeError):
            await on.writer.write()
    saved_by_owner(workbook, lambda sheet: sheet.__setitem__("E2", "the owner's"))
    async with tables(tmp_path) as on:
        await on.writer.write()
    found = said_in(workbook)
    assert [found.get(cell) for cell in ("E2", "A5", "A6")] == ["the owner's", 4, None]


async def test_filters_choose_rows(tmp_path: Path) -> None:
    async with tables(tmp_path) as on:

        async def ids(*conditions: Condition) -> list[Any]:
            return [row.values["id"] for row in await on.books.rows(DEBTS, conditions, ["id"])]

        assert await ids(Condition("debt", Check.MORE, Decimal(3))) == [1, 3]
        assert await ids(Condition("debt", Check.AT_MOST, Decimal(5)), Condition("result", Check.EMPTY)) == [3]
        assert await ids(Condition("phone", Check.EQUALS, PHONE["phone"])) == [1]
        assert await ids(Condition("result", Check.CONTAINS, "L")) == [2]
        assert await ids(Condition("paid", Check.LESS, datetime(2026, 2, 1))) == [1]  # noqa: DTZ001 - cells have no zone


async def test_two_rows_of_one_phone_follow_the_rule(tmp_path: Path, workbook: Path) -> None:
    saved_by_owner(workbook, lambda sheet: sheet.__setitem__("B4", "0671234567"))
    async with tables(tmp_path) as on:
        first, last = [await on.books.find(DEBTS, PHONE, rule) for rule in (Several.FIRST, Several.LAST)]
        assert (first and first.number, last and last.number) == (2, 4)
        with pytest.raises(SeveralRowsError, match="there are several such rows: 2, 4"):
            await on.books.find(DEBTS, PHONE, Several.AMBIGUOUS)


async def test_phones_that_have_lost_their_digits_are_told(tmp_path: Path, workbook: Path) -> None:
    saved_by_owner(workbook, lambda sheet: sheet.__setitem__("B3", "3.80671E+11"))
    async with tables(tmp_path) as on:
        assert await on.books.find(DEBTS, {"phone": PhoneNumber.parse("0671000000", country="UA")}) is None
        (state,) = on.books.states()
        assert state.faults == ["Должники / phone: a phone has lost its digits in row 3"]


@pytest.mark.parametrize("name", ["", "..", "../debts", "/etc/passwd", "a/../../b", "a\0b", "c:\\debts.xlsx"])
async def test_a_name_leads_nowhere_else(tmp_path: Path, name: str) -> None:
    async with tables(tmp_path) as on:
        with pytest.raises(WorkbookError, match="is no name of a workbook"):
            await on.books.find(Place(name), {"id": Decimal(1)})


async def test_a_table_that_can_only_be_read_is_told_before_anything_is_ordered(tmp_path: Path) -> None:
    (tmp_path / "tables" / "list.csv").write_text("id;name\n1;x\n", encoding="utf-8")
    async with tables(tmp_path) as on:
        assert await on.books.cell(Place("list"), "B2") == "x"
        with pytest.raises(WorkbookError, match=r"list.csv can only be read: let Excel save it as .xlsx"):
            await on.books.check_writable(Place("list"), ["name"])
        await on.books.check_writable(DEBTS, ["result"])
        with pytest.raises(WorkbookError, match="has no column 'nonsense'"):
            await on.books.check_writable(DEBTS, ["nonsense"])


async def test_the_encoding_of_a_text_file_can_be_said(tmp_path: Path) -> None:
    (tmp_path / "tables" / "old.csv").write_bytes("id;name\n1;Её\n".encode("cp866"))
    async with tables(tmp_path) as on:
        said = [await on.books.cell(Place("old", encoding=encoding), "b2") for encoding in ("cp866", "cp1251")]
        assert said == ["Её", "…с"]
        with pytest.raises(WorkbookError, match="there is no encoding 'nonsense'"):
            await on.books.rows(Place("old", encoding="nonsense"), [])


async def test_many_orders_are_in_the_file_in_their_order(tmp_path: Path, workbook: Path) -> None:
    async with tables(tmp_path) as on:
        for number in range(1000):
            await on.order({"result": f"{number}"}, PHONE)
        await on.writer.write()
        assert on.books.states()[0].waiting == 0
    assert said_in(workbook)["E2"] == "999"


async def test_the_writer_writes_by_itself_and_notes_orders_of_others(tmp_path: Path, workbook: Path) -> None:
    async with tables(tmp_path) as on:
        task = asyncio.create_task(on.writer.run())
        await on.order({"result": "by itself"}, PHONE)
        async with asyncio.timeout(20):
            while said_in(workbook).get("E2") != "by itself":  # noqa: ASYNC110 - nobody announces it
                await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert [file.name for file in workbook.parent.iterdir()] == ["debts.xlsx"]


async def test_a_workbook_that_is_signed_for_a_while_delays_and_nothing_is_lost(tmp_path: Path, workbook: Path) -> None:
    before = raw(workbook)
    with zipfile.ZipFile(workbook, "a") as archive:
        archive.writestr("_xmlsignatures/origin.sigs", b"")
    async with tables(tmp_path) as on:
        await on.order({"result": "x"}, {"id": Decimal(1)})
        await on.writer.write()
        (state,) = on.books.states()
        assert state.waiting == 1
        assert "the workbook is signed" in state.trouble
        assert await on.store.workbooks.faults() == []
    put_back(workbook, before)
    async with tables(tmp_path) as on:
        await on.writer.write()
    assert said_in(workbook)["E2"] == "x"


async def test_a_workbook_that_takes_the_place_of_a_text_file_is_seen_by_the_next_who_asks(tmp_path: Path) -> None:
    put_back(tmp_path / "tables" / "list.csv", b"id;name\n1;old\n")
    async with tables(tmp_path) as on:
        for _ in range(3):
            row = await on.books.find(Place("list"), {"id": Decimal(1)})
            assert row is not None
            assert row.values["name"] == "old"
        put_back(tmp_path / "tables" / "list.xlsx", rich())
        row = await on.books.find(Place("list"), {"id": Decimal(1)})
        assert row is not None
        assert row.values["debt"] == Decimal("120.5")
        (tmp_path / "tables" / "list.xlsx").unlink()
        row = await on.books.find(Place("list"), {"id": Decimal(1)})
        assert row is not None
        assert row.values["name"] == "old"
