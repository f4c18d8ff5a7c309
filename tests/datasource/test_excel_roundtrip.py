"""The user's own workbook is patched: everything but the touched cells stays, part by part."""

import csv
import io
import zipfile
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from cordboard.datasource.excel.addresses import parse_cell
from cordboard.datasource.excel.cells import Cell
from cordboard.datasource.excel.package import MAIN, RELATION
from cordboard.datasource.excel.patching import CellChange, patch
from cordboard.datasource.excel.ports import WorkbookError
from cordboard.datasource.excel.reading import read_book
from cordboard.testing.workbooks import cells, converted, opened, parts, plain, rewritten_parts, rich, values, without

MIDNIGHT = datetime(2026, 11, 23)  # noqa: DTZ001 - cells have no zone
HALF_PAST_NOON = MIDNIGHT.replace(hour=12, minute=30)
SHEET = "xl/worksheets/sheet1.xml"


def changed(content: bytes, sheet: str = "", **values: Cell) -> bytes:
    """The workbook with these cells."""
    return patch(content, {sheet: [CellChange(*parse_cell(cell), value) for cell, value in values.items()]})


def different(before: bytes, after: bytes) -> set[str]:
    one, other = parts(before), parts(after)
    assert list(one) == list(other)
    return {name for name in one if one[name] != other[name]}


def test_only_the_touched_cells_of_one_sheet_differ() -> None:
    before = rich()
    after = changed(before, E2="Неудача", A5=Decimal(4), B5="0671234570")
    assert different(before, after) == {SHEET}
    one, other = parts(before)[SHEET], parts(after)[SHEET]
    assert without(one, "E2", "A5", "B5") == without(other, "E2", "A5", "B5")
    assert cells(after)["E2"] == "Неудача"
    assert (cells(after)["A5"], cells(after)["B5"]) == (4, "0671234570")


def test_a_workbook_without_formulas_is_not_calculated_anew() -> None:
    before = plain()
    assert different(before, changed(before, E2="yes")) == {SHEET}


def test_packed_bytes_dates_and_order_of_other_parts_stay() -> None:
    before = rich()
    after = changed(before, E2="x")
    one, other = (zipfile.ZipFile(io.BytesIO(each)) for each in (before, after))
    for old, new in zip(one.infolist(), other.infolist(), strict=True):
        assert (old.filename, old.date_time, old.external_attr) == (new.filename, new.date_time, new.external_attr)
        if old.filename != SHEET:
            assert (old.compress_size, old.CRC) == (new.compress_size, new.CRC)


@pytest.mark.parametrize(
    "text",
    ["=2+2", "+380671234567", "-1", "@SUM(A1)", '=HYPERLINK("http://x")', " a  b ", "a\nb", "<&>\"'", "𝄞"],
)
def test_a_text_is_a_text_whatever_it_begins_with(text: str) -> None:
    after = changed(rich(), E2=text)
    assert cells(after)["E2"] == text
    assert b"<f>" not in parts(after)[SHEET].split(b'r="E2"')[1].split(b"</c>")[0]


def test_what_xml_cannot_hold_is_left_out_and_the_file_stays_whole() -> None:
    assert cells(changed(rich(), E2="a\x00\x0b\ud800b"))["E2"] == "ab"


@pytest.mark.parametrize(
    ("value", "shown", "style"),
    [
        (Decimal("-3.5"), -3.5, "General"),
        (Decimal(380671234567), 380671234567, "General"),
        (True, True, "General"),
        (date(2026, 11, 23), MIDNIGHT, "mm-dd-yy"),
        (HALF_PAST_NOON, HALF_PAST_NOON, "m/d/yy h:mm"),
        (time(9, 5), time(9, 5), "h:mm:ss"),
        (timedelta(hours=30), timedelta(hours=30), "[h]:mm:ss"),
    ],
)
def test_values_are_shown_as_what_they_are(value: Cell, shown: object, style: str) -> None:
    after = changed(rich(), E2=value)
    cell = opened(after).worksheets[0]["E2"]
    assert (cell.value, cell.number_format) == (shown, style)


def test_a_cell_keeps_its_format_and_a_new_date_takes_that_of_the_cell_above() -> None:
    before = rich()
    after = changed(before, D2=date(2026, 2, 1), D3=date(2026, 2, 2), A1="№")
    sheet = opened(after).worksheets[0]
    assert [sheet[cell].number_format for cell in ("D2", "D3")] == ["dd.mm.yyyy", "dd.mm.yyyy"]
    assert sheet["A1"].font.b
    assert different(before, after) == {SHEET}


def test_an_emptied_cell_keeps_its_format() -> None:
    after = changed(rich(), D2=None, E9=None)
    assert "D2" not in cells(after)
    assert b'<c r="D2" s="' in parts(after)[SHEET]
    assert b'r="E9"' not in parts(after)[SHEET]


def test_a_table_takes_a_row_below_it_in_with_its_formula() -> None:
    before = rich()
    after = changed(before, "Summary", A4=Decimal(7))
    assert different(before, after) == {"xl/worksheets/sheet2.xml", "xl/tables/table1.xml"}
    assert b'ref="A1:B4"' in parts(after)["xl/tables/table1.xml"]
    assert cells(after, "Summary")["B4"] == "=Plan[[#This Row],[n]]*2"


def test_a_formula_that_is_overwritten_leaves_the_calculation_chain() -> None:
    """LibreOffice and XlsxWriter write no chain: a small one is put in by hand."""
    chain = b'<calcChain xmlns="%s"><c r="G1" i="1"/><c r="G2"/><c r="A6" i="2"/></calcChain>' % MAIN.encode()
    with_chain = _with_chain(rich(), chain)
    after = changed(with_chain, G1=Decimal(1))
    assert parts(after)["xl/calcChain.xml"].count(b"<c ") == 2
    assert b'r="G2" i="1"' in parts(after)["xl/calcChain.xml"]
    assert cells(after)["G1"] == 1
    both = changed(_with_chain(rich(), chain.replace(b'<c r="A6" i="2"/>', b"")), G1=Decimal(1), G2=Decimal(2))
    assert "xl/calcChain.xml" not in parts(both)
    assert b"calcChain" not in parts(both)["xl/_rels/workbook.xml.rels"]
    assert b"calcChain" not in parts(both)["[Content_Types].xml"]


def _with_chain(content: bytes, chain: bytes) -> bytes:
    link = b'<Relationship Id="rId99" Type="%s/calcChain" Target="calcChain.xml"/></Relationships>' % RELATION.encode()
    kind = b'<Override PartName="/xl/calcChain.xml" ContentType="application/vnd.openxmlformats-officedocument.'
    kind += b'spreadsheetml.calcChain+xml"/></Types>'
    all_parts = parts(content) | {"xl/calcChain.xml": chain}
    for name, closing, more in (
        ("xl/_rels/workbook.xml.rels", b"</Relationships>", link),
        ("[Content_Types].xml", b"</Types>", kind),
    ):
        all_parts[name] = all_parts[name].replace(closing, more)
    return rewritten_parts(content, all_parts)


@pytest.mark.parametrize(
    ("cell", "value", "words"),
    [
        ("L20", "x", "cell L20 is merged with K20"),
        ("E2", "x" * 40_000, "too long for cell E2"),
        ("E2", date(1899, 1, 1), "Excel has no day as early as 1899-01-01"),
    ],
)
def test_what_cannot_be_written_is_refused_with_a_sentence(cell: str, value: Cell, words: str) -> None:
    with pytest.raises(WorkbookError, match=words):
        patch(rich(), {"": [CellChange(*parse_cell(cell), value)]})


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"not a zip", "damaged"),
        (b"", "damaged"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 600, "damaged"),
    ],
)
def test_a_file_that_is_no_workbook_is_refused(content: bytes, words: str) -> None:
    with pytest.raises(WorkbookError, match=words):
        changed(content, A1="x")


def test_an_unknown_sheet_is_told_with_those_that_there_are() -> None:
    with pytest.raises(WorkbookError, match="there is no sheet 'Sheet9'; there are: Должники, Summary, Lists"):
        changed(rich(), "Sheet9", A1="x")


@pytest.mark.peer
@pytest.mark.slow
def test_libreoffice_opens_what_was_patched_and_reads_the_new_values() -> None:
    after = changed(rich(), E2="Неудача; =1", C4=Decimal("7.25"), A5=Decimal(4), D5=date(2026, 11, 23), E5="_x0041_")
    rows = list(csv.reader(io.StringIO(converted(after, "csv").decode("utf-8-sig"))))
    assert rows[1][4] == "Неудача; =1"
    assert rows[3][2] == "7.25"
    assert rows[4][:4] == ["4", "", "", "11/23/2026"]
    assert rows[4][4] == "_x0041_"


@pytest.mark.peer
@pytest.mark.slow
def test_libreoffice_reads_quoted_texts_and_grown_tables_of_what_was_patched() -> None:
    after = patch(
        rich(),
        {
            "": [CellChange(1, 4, "=1+1"), CellChange(1, 2, Decimal(1000)), CellChange(2, 4, "+380671234567")],
            "Summary": [CellChange(3, 0, Decimal(7))],
        },
    )
    rows = list(csv.reader(io.StringIO(converted(after, "csv").decode("utf-8-sig"))))
    assert [rows[1][4], rows[2][4]] == ["=1+1", "+380671234567"]
    assert rows[1][2] == "1000"
    again = converted(after, "xlsx")
    assert opened(again)["Summary"].tables["Plan"].ref == "A1:B4"
    assert values(again, "Summary")["B4"] == 14


@pytest.mark.peer
@pytest.mark.slow
def test_a_workbook_of_libreoffice_is_patched_too(tmp_path: Path) -> None:
    before = converted(rich(), "xlsx")
    after = changed(before, E2="Неудача", B5="0671234570")
    touched = different(before, after)
    assert touched <= {SHEET, "xl/workbook.xml"}
    assert SHEET in touched
    assert without(parts(before)[SHEET], "E2", "B5") == without(parts(after)[SHEET], "E2", "B5")
    file = tmp_path / "book.xlsx"
    file.write_bytes(after)
    grid = read_book(file).grid("должники")
    assert grid.cell(1, 4) == "Неудача"
    assert grid.cell(4, 1) == "0671234570"
    assert cells(converted(after, "xlsx"))["E2"] == "Неудача"
