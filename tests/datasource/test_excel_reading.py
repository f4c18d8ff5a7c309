import io
import zipfile
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from cordboard.datasource.excel.cells import is_lost, same
from cordboard.datasource.excel.orders import Several
from cordboard.datasource.excel.ports import WorkbookError
from cordboard.datasource.excel.reading import read_book
from cordboard.datasource.excel.table import Table
from cordboard.telephony import PhoneNumber
from cordboard.testing.workbooks import converted, rewritten_parts, rich, since_1904

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
PHONE = PhoneNumber.parse("+380671234567", country="UA")


def written(tmp_path: Path, name: str, content: bytes) -> Path:
    file = tmp_path / name
    file.write_bytes(content)
    return file


@pytest.mark.parametrize(
    "kind",
    [
        "xlsx",
        pytest.param("ods", marks=[pytest.mark.peer, pytest.mark.slow]),
        pytest.param("xls", marks=[pytest.mark.peer, pytest.mark.slow]),
    ],
)
def test_a_workbook_of_each_kind_says_the_same(tmp_path: Path, kind: str) -> None:
    content = rich() if kind == "xlsx" else converted(rich(), kind)
    book = read_book(written(tmp_path, f"debts.{kind}", content))
    grid = book.grid("должники")
    assert list(book.sheets) == ["Должники", "Summary", "Lists"]
    assert [grid.cell(0, column) for column in range(5)] == ["id", "phone", "debt", "paid", "result"]
    assert grid.cell(1, 1) == Decimal(380671234567)
    assert grid.cell(1, 2) == Decimal("120.5")
    assert grid.cell(1, 3) in {date(2026, 1, 31), datetime(2026, 1, 31)}  # noqa: DTZ001 - cells have no zone
    assert grid.cell(2, 4) == "old"
    assert grid.cell(3, 4) is None
    assert book.writable is (kind == "xlsx")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251", "utf-16", "cp866"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_a_text_file_is_read_in_the_encoding_it_has(tmp_path: Path, encoding: str, delimiter: str) -> None:
    rows = [
        ["Телефон", "Ім'я клієнта", "Борг"],
        ["0671234567", "Ганна Петренко з Києва", "10.5"],
        ["105", "Сергій Іваненко", "-3"],
    ]
    text = "\r\n".join(delimiter.join(row) for row in rows) if encoding != "cp866" else None
    if text is None:
        rows = [
            ["Телефон", "Имя клиента", "Долг"],
            ["0671234567", "Анна Петрова из города", "10.5"],
            ["105", "Сергей", "-3"],
        ]
        text = "\r\n".join(delimiter.join(row) for row in rows)
    grid = read_book(written(tmp_path, "a.csv", text.encode(encoding))).grid("")
    assert [grid.cell(0, column) for column in range(3)] == rows[0]
    assert [grid.cell(1, column) for column in range(3)] == [rows[1][0], rows[1][1], Decimal("10.5")]
    assert grid.cell(2, 0) == Decimal(105)


def test_an_encoding_can_be_named_and_a_wrong_one_is_told(tmp_path: Path) -> None:
    file = written(tmp_path, "a.csv", "Борг;Ґанок".encode("koi8_u"))
    assert read_book(file, "koi8-u").grid("").cell(0, 0) == "Борг"
    with pytest.raises(WorkbookError, match="is not written in utf-8: name another encoding"):
        read_book(file, "utf-8")
    with pytest.raises(WorkbookError, match="there is no encoding 'klingon'"):
        read_book(file, "klingon")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.docx", b"", "no table that can be read: take one of"),
        ("a.xlsx", b"", "cannot be read"),
        ("a.xlsx", b"PK\x03\x04nonsense", "damaged"),
        ("a.xlsx", OLE + "EncryptedPackage".encode("utf-16-le") + bytes(2000), "has a password: save it without one"),
        ("a.xlsx", OLE + bytes(2000), "is no .xlsx inside but an old .xls"),
        ("a.xls", OLE + bytes(2000), "cannot be read"),
    ],
)
def test_a_file_that_is_none_is_told_in_a_sentence(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    with pytest.raises(WorkbookError, match=words):
        read_book(written(tmp_path, name, content))


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(WorkbookError, match=r"debts.xlsx cannot be read .*: put it into"):
        read_book(tmp_path / "debts.xlsx")


@pytest.mark.parametrize(
    "cell",
    [
        "+380671234567",
        "0671234567",
        "380671234567",
        Decimal(671234567),
        Decimal(380671234567),
        "+38 (067) 123-45-67",
        "067 1234567, 0501112233",
    ],
)
def test_a_phone_is_the_same_however_a_cell_has_it(cell: str | Decimal) -> None:
    assert same(cell, PHONE, "UA")
    assert same(cell, "0671234567", "UA"), "a text that is written like a phone of the world is one"


@pytest.mark.parametrize(
    "cell", ["3.80671E+11", "3,80671Е+11", Decimal(380671234568), "0671234568", "", None, "671234"]
)
def test_another_phone_and_one_that_has_lost_its_digits_never_match(cell: str | Decimal | None) -> None:
    assert not same(cell, PHONE, "UA")
    assert is_lost(cell) is (isinstance(cell, str) and cell.startswith("3"))


def test_a_row_is_found_by_a_phone_and_by_several_columns(tmp_path: Path) -> None:
    grid = read_book(written(tmp_path, "a.xlsx", rich())).grid("")
    table = Table(grid, 1, "UA")
    for number, row in (("0671234567", 1), ("0671234568", 2), ("380671234569", 3), ("0671234570", None)):
        where = {"Phone": PhoneNumber.parse(number, country="UA")}
        for column, phones in table.indexes_for(where):
            if not grid.indexed(column, phones=phones):
                grid.build_index(column, phones=phones)
        assert table.find(where, Several.FIRST) == row
    where_2 = {"ID": "2", "RESULT": " Old "}
    for column, phones in table.indexes_for(where_2):
        if not grid.indexed(column, phones=phones):
            grid.build_index(column, phones=phones)
    assert table.find(where_2, Several.FIRST) == 2


def test_a_column_that_there_is_none_of_is_told_with_the_others(tmp_path: Path) -> None:
    table = Table(read_book(written(tmp_path, "a.xlsx", rich())).grid(""), 1, "UA")
    with pytest.raises(WorkbookError, match="has no column 'debts'; there are: id, phone, debt, paid, result"):
        table.column("debts")


def test_what_formulas_errors_and_moments_say_in_a_book_that_counts_from_1904(tmp_path: Path) -> None:
    read = read_book(written(tmp_path, "a.xlsx", since_1904()))
    assert list(read.sheets) == ["Hidden", "Seen"]
    grid = read.grid("")
    assert grid.name == "Seen", "without a name the first that is not hidden"
    assert [grid.cell(3, column) for column in range(11)] == [
        *[None] * 4,
        Decimal(2),
        datetime(2026, 1, 31, 12, 30),  # noqa: DTZ001
        date(2026, 1, 31),
        time(12),
        timedelta(hours=30),
        True,
        Decimal("0.3"),
    ]
    assert grid.cell(0, 0) is None
    assert grid.cell(10**6, 10**4) is None
    assert read.grid("HIDDEN").height == 0
    with pytest.raises(WorkbookError, match="there is no sheet 'Chart'; there are: Hidden, Seen"):
        read.grid("Chart")


def test_why_a_workbook_cannot_be_written_is_known_when_it_is_read(tmp_path: Path) -> None:
    assert read_book(written(tmp_path, "a.xlsx", rich())).refusal == ""
    signed = rewritten_parts(rich(), {"_xmlsignatures/sig1.xml": b"<a/>"})
    book = read_book(written(tmp_path, "b.xlsx", signed))
    assert "the workbook is signed" in book.refusal
    assert not book.writable
    assert book.grid("").cell(1, 0) == Decimal(1)
    text = read_book(written(tmp_path, "c.csv", b"a;b"))
    assert text.refusal == "c.csv can only be read: let Excel save it as .xlsx to write into it"


def test_a_cell_far_away_does_not_take_the_memory_of_the_exchange(tmp_path: Path) -> None:
    """The reader asks for half a terabyte, and aborts: in a process of its own."""
    out = io.BytesIO()
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active["A1"] = book.active["XFD1048576"] = 1
    book.save(out)
    with pytest.raises(WorkbookError, match="a cell far from the others is filled in"):
        read_book(written(tmp_path, "a.xlsx", out.getvalue()))


@pytest.mark.slow
def test_a_sheet_with_too_many_cells_is_told(tmp_path: Path) -> None:
    out = io.BytesIO()
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active["A1"] = book.active["J1000000"] = 1
    book.save(out)
    with pytest.raises(WorkbookError, match="has more than 8 million cells"):
        read_book(written(tmp_path, "a.xlsx", out.getvalue()))


@pytest.mark.slow
def test_a_file_that_would_not_fit_into_memory_is_not_unpacked(tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("xl/big.xml", "w") as member:
        for _ in range(310):
            member.write(bytes(1_000_000))
    with pytest.raises(WorkbookError, match="more than 300 MB when it is unpacked"):
        read_book(written(tmp_path, "a.xlsx", out.getvalue()))


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ("0671234567", "0671234567"),
        ("380671234567", "380671234567"),
        ("671234567", Decimal(671234567)),
        ("+380671234567", "+380671234567"),
        ("12,5", Decimal("12.5")),
        ("-0.50", Decimal("-0.5")),
        ("1 000", "1 000"),
        ("007", "007"),
        ("1e5", "1e5"),
        ("3.80671E+11", "3.80671E+11"),
        (" 7 ", Decimal(7)),
        ('"a;b"', "a;b"),
        ("", None),
    ],
)
def test_what_a_cell_of_a_text_file_is(tmp_path: Path, text: str, cells: str | Decimal | None) -> None:
    assert read_book(written(tmp_path, "a.csv", f"x;y;z\r\n{text};1;2\r\n".encode())).grid("").cell(1, 0) == cells


def test_a_text_file_may_name_its_delimiter_and_lack_a_mark_of_utf_16(tmp_path: Path) -> None:
    grid = read_book(written(tmp_path, "a.csv", b"sep=|\r\na;b|c\r\n")).grid("")
    assert (grid.height, grid.cell(0, 0), grid.cell(0, 1)) == (1, "a;b", "c")
    grid = read_book(written(tmp_path, "b.csv", "phone;ім'я\r\n105;Ганна\r\n".encode("utf-16-le"))).grid("")
    assert (grid.cell(1, 0), grid.cell(1, 1)) == (Decimal(105), "Ганна")


def test_a_quotation_mark_that_is_not_closed_is_told(tmp_path: Path) -> None:
    with pytest.raises(WorkbookError, match="perhaps a quotation mark is not closed"):
        read_book(written(tmp_path, "a.csv", b'a;b\r\n"x;' + b"y;z\r\n" * 50_000))
