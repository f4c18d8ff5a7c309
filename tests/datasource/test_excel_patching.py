"""What becomes of odd cells, odd sheets and odd files; and that any changes of any workbook are exactly those."""

import io
import re
import zipfile
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.styles import Font

from cordboard.datasource.excel.addresses import parse_cell
from cordboard.datasource.excel.cells import Cell
from cordboard.datasource.excel.package import MAIN, STRICT
from cordboard.datasource.excel.patching import CellChange, RefusedError, patch
from cordboard.datasource.excel.ports import WorkbookError
from cordboard.datasource.excel.reading import read_book
from cordboard.testing.workbooks import cells, opened, parts, plain, rewritten_parts, rich, since_1904

SHEET = "xl/worksheets/sheet1.xml"
HEAD = f'<worksheet xmlns="{MAIN}">'.encode()


def changed(content: bytes, sheet: str = "", **values: Cell) -> bytes:
    return patch(content, {sheet: [CellChange(*parse_cell(cell), value) for cell, value in values.items()]})


def sheet_of(xml: bytes) -> bytes:
    """A workbook whose first sheet is written so."""
    return rewritten_parts(plain(), {SHEET: xml})


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"<sheetData/>", b'<sheetData><row r="2" spans="2:2"><c r="B2" t="b"><v>1</v></c></row></sheetData>'),
        (b"<sheetData />", b'<sheetData><row r="2" spans="2:2"><c r="B2" t="b"><v>1</v></c></row></sheetData>'),
        (
            b'<sheetData><row r="2"/></sheetData>',
            b'<sheetData><row r="2"><c r="B2" t="b"><v>1</v></c></row></sheetData>',
        ),
        (
            b'<sheetData><row r="2" ht="9" spans="3:4"><c r="C2"/></row></sheetData>',
            b'<sheetData><row r="2" ht="9" spans="2:4"><c r="B2" t="b"><v>1</v></c><c r="C2"/></row></sheetData>',
        ),
        (  # neither rows nor cells say where they are
            b"<sheetData><row><c><v>1</v></c></row><row><c><v>2</v></c><c t='n'><v>3</v></c><c/></row></sheetData>",
            b"<sheetData><row><c><v>1</v></c></row><row><c><v>2</v></c>"
            b'<c r="B2" t="b"><v>1</v></c><c/></row></sheetData>',
        ),
        (
            b'<sheetData><row r="1"><c r="A1"/></row>\n  <row r="3"><c r="A3"/></row></sheetData>',
            b'<sheetData><row r="1"><c r="A1"/></row>\n  '
            b'<row r="2" spans="2:2"><c r="B2" t="b"><v>1</v></c></row><row r="3"><c r="A3"/></row></sheetData>',
        ),
        (
            b'<dimension ref="A1"/><cols><col min="2" max="3" style="1"/></cols><sheetData></sheetData>',
            b'<dimension ref="A1:B2"/><cols><col min="2" max="3" style="1"/></cols>'
            b'<sheetData><row r="2" spans="2:2"><c r="B2" s="1" t="b"><v>1</v></c></row></sheetData>',
        ),
        (
            b'<sheetData><row r="2" s="1" customFormat="1"><c r="A2"/></row></sheetData>',
            b'<sheetData><row r="2" s="1" customFormat="1"><c r="A2"/>'
            b'<c r="B2" s="1" t="b"><v>1</v></c></row></sheetData>',
        ),
    ],
)
def test_a_cell_is_put_where_it_belongs_however_the_sheet_is_written(before: bytes, after: bytes) -> None:
    new = changed(sheet_of(HEAD + before + b"</worksheet>"), B2=True)
    assert parts(new)[SHEET] == HEAD + after + b"</worksheet>"


def test_a_sheet_with_a_prefix_is_patched_with_it() -> None:
    xml = f'<x:worksheet xmlns:x="{MAIN}"><x:sheetData><x:row r="1"><x:c r="A1"/></x:row></x:sheetData></x:worksheet>'
    after = changed(sheet_of(xml.encode()), A1="a", B2=True)
    assert b'<x:c r="A1" t="inlineStr"><x:is><x:t xml:space="preserve">a</x:t></x:is></x:c>' in parts(after)[SHEET]
    assert (cells(after)["A1"], cells(after)["B2"]) == ("a", True)


@pytest.mark.parametrize(
    ("inner", "words"),
    [
        (b'<sheetData><row r="3"/><row r="2"/></sheetData>', "out of order"),
        (b"<!-- a remark --><sheetData/>", "comments of XML"),
        (b"", "no place for cells"),
        (b'<sheetData><row r="2"><c r="B2"></row></sheetData>', "damaged"),
        (
            b'<sheetData><row r="2"><c r="B2"><f t="shared" ref="B2:B3" si="0">A2*2</f></c></row><row r="3"><c r="B3">'
            b'<f t="shared" si="0"/></c></row></sheetData>',
            "cell B2 holds a formula that other cells copy",
        ),
        (
            b'<sheetData><row r="2"><c r="A2"><f t="array" ref="A2:B3">C2:D3</f></c></row></sheetData>',
            "cell B2 is part of a formula that fills A2:B3",
        ),
    ],
)
def test_a_sheet_that_cannot_be_cut_is_refused_with_a_sentence(inner: bytes, words: str) -> None:
    with pytest.raises(WorkbookError, match=words):
        changed(sheet_of(HEAD + inner + b"</worksheet>"), B2=Decimal(5))


def test_one_that_copies_a_formula_may_be_overwritten_and_the_others_stay() -> None:
    xml = (
        b'<sheetData><row r="2"><c r="B2"><f t="shared" ref="B2:B3" si="0">A2*2</f></c></row><row r="3"><c r="B3">'
        b'<f t="shared" si="0"/></c></row></sheetData></worksheet>'
    )
    after = changed(sheet_of(HEAD + xml), B3=Decimal(5))
    assert (cells(after)["B2"], cells(after)["B3"]) == ("=A2*2", 5)
    assert b'fullCalcOnLoad="1"' in parts(after)["xl/workbook.xml"]


@pytest.mark.parametrize("flag", [b"", b'<calcPr calcId="191029" fullCalcOnLoad="0" iterate="1"/>'])
def test_formulas_are_calculated_anew_when_the_book_is_opened(flag: bytes) -> None:
    book = parts(rich())["xl/workbook.xml"]
    begin, end = book.index(b"<calcPr"), book.index(b"/>", book.index(b"<calcPr")) + 2
    after = changed(rewritten_parts(rich(), {"xl/workbook.xml": book[:begin] + flag + book[end:]}), E2="x")
    written = parts(after)["xl/workbook.xml"]
    assert written.count(b"calcPr") == 1
    assert written.index(b"</definedNames>") < written.index(b"<calcPr")
    assert opened(after).calculation.fullCalcOnLoad
    assert (b'iterate="1"' in written) is (b"iterate" in flag)


@pytest.mark.parametrize("text", ["=1+1", "@SUM(A1)", "-2+cmd|' /C calc'!A0", "+A1", "\tx"])
def test_a_text_that_would_act_as_a_formula_stays_one_when_its_cell_is_edited(text: str) -> None:
    after = changed(rich(), E2=text, E3="plain", B3=text)
    sheet = opened(after).worksheets[0]
    assert (sheet["E2"].value, sheet["E2"].quotePrefix) == (text, True)
    assert re.search(rb'<c r="E2" s="\d+" t="inlineStr"><is>', parts(after)[SHEET])
    assert not sheet["E3"].quotePrefix
    again = changed(after, E2=text, E4=text)
    assert parts(again)["xl/styles.xml"] == parts(after)["xl/styles.xml"], "one style is enough for all"
    number = opened(changed(again, E2=Decimal(2))).worksheets[0]["E2"]
    assert (number.value, number.quotePrefix) == (2, False)


@pytest.mark.parametrize("text", ["+380671234567", "-1", "+38 (067) 123-45-67", "plain = text"])
def test_a_phone_needs_no_style_of_its_own(text: str) -> None:
    assert parts(changed(rich(), E2=text))["xl/styles.xml"] == parts(rich())["xl/styles.xml"]


def test_a_moment_does_not_take_a_style_that_shows_another_half_of_it() -> None:
    content = since_1904()  # F4 shows day and time, G4 the day, H4 the time
    after = changed(content, G4=time(9, 30), H4=date(2026, 2, 1), G5=date(2026, 3, 1), H5=time(7, 15))
    sheet = opened(after)["Seen"]
    assert [sheet[cell].number_format for cell in ("G4", "H4", "G5", "H5")] == [
        "h:mm:ss",
        "mm-dd-yy",
        "dd.mm.yyyy",
        "h:mm",
    ]


def test_a_number_is_not_shown_as_a_date() -> None:
    sheet = opened(changed(since_1904(), G4=Decimal(5), H4=True, I4=None))["Seen"]
    assert [sheet[cell].number_format for cell in ("G4", "H4", "I4")] == ["General", "h:mm", "[h]:mm"]
    assert sheet["G4"].value == 5


def test_a_book_that_counts_from_1904_is_written_in_its_days(tmp_path: Path) -> None:
    moment = datetime(2026, 11, 23, 4, 30)  # noqa: DTZ001 - cells have no zone
    file = tmp_path / "a.xlsx"
    file.write_bytes(changed(since_1904(), F4=moment, G4=date(2026, 2, 1), K4=timedelta(hours=30)))
    grid = read_book(file).grid("")
    assert [grid.cell(3, column) for column in (5, 6, 10)] == [moment, date(2026, 2, 1), timedelta(hours=30)]


def test_without_a_name_the_first_sheet_that_is_not_hidden_is_written() -> None:
    assert cells(changed(since_1904(), A1="here"), "Seen")["A1"] == "here"


def test_what_is_added_below_the_heading_does_not_look_like_one() -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    for column, name in enumerate(("id", "phone"), 1):
        book.active.cell(3, column, name).font = Font(bold=True)
    out = io.BytesIO()
    book.save(out)
    sheet = opened(changed(out.getvalue(), A4=Decimal(1), B4="105")).worksheets[0]
    assert [sheet[cell].font.b for cell in ("A3", "A4", "B4")] == [True, False, False]


def test_a_change_that_is_refused_is_told_from_a_workbook_that_is() -> None:
    with pytest.raises(RefusedError):
        changed(plain(), A1="x" * 40_000)
    for content in (b"nonsense", rewritten_parts(plain(), {"_xmlsignatures/sig1.xml": b"<a/>"})):
        with pytest.raises(WorkbookError) as fault:
            changed(content, A1="x")
        assert not isinstance(fault.value, RefusedError)


def test_a_table_does_not_take_in_what_its_owner_wrote_below_it() -> None:
    remark = changed(rich(), "Summary", A4="a remark", B4="x")
    table = parts(remark)["xl/tables/table1.xml"]
    assert b'ref="A1:B4"' in table, "written by us, it is a row"
    xml = parts(rich())["xl/worksheets/sheet2.xml"]
    row = b'<row r="4"><c r="A4" t="inlineStr"><is><t>remark</t></is></c></row>'
    own = rewritten_parts(rich(), {"xl/worksheets/sheet2.xml": xml.replace(b'<row r="6"', row + b'<row r="6"')})
    after = changed(own, "Summary", A4="better remark")
    assert parts(after)["xl/tables/table1.xml"] == parts(rich())["xl/tables/table1.xml"]


def test_a_table_with_a_row_of_totals_is_told() -> None:
    table = parts(rich())["xl/tables/table1.xml"].replace(b'totalsRowShown="0"', b'totalsRowCount="1"')
    with pytest.raises(WorkbookError, match="table Plan has a row of totals below"):
        changed(rewritten_parts(rich(), {"xl/tables/table1.xml": table}), "Summary", A4=Decimal(3))


def test_a_protected_sheet_is_written_and_stays_protected() -> None:
    before = parts(rich())["xl/worksheets/sheet2.xml"]
    after = parts(changed(rich(), "Summary", A2=Decimal(9)))["xl/worksheets/sheet2.xml"]
    assert b"<sheetProtection" in before
    assert before[before.index(b"<sheetProtection") :] == after[after.index(b"<sheetProtection") :]


def test_macros_stay() -> None:
    """No macros of Excel are at hand: any bytes, named as XlsxWriter names those that it is given."""
    content = rich(macros=bytes(range(256)))
    after = changed(content, E2="x")
    assert parts(after)["xl/vbaProject.bin"] == bytes(range(256))
    assert parts(after)["[Content_Types].xml"] == parts(content)["[Content_Types].xml"]


def test_signed_strict_and_encrypted_books_are_refused_with_a_sentence() -> None:
    with pytest.raises(WorkbookError, match="signed"):
        changed(rewritten_parts(plain(), {"_xmlsignatures/sig1.xml": b"<a/>"}), A1="x")
    book = parts(plain())["xl/workbook.xml"].replace(MAIN.encode(), STRICT.encode())
    with pytest.raises(WorkbookError, match="Strict Open XML"):
        changed(rewritten_parts(plain(), {"xl/workbook.xml": book}), A1="x")
    locked = bytearray(plain())
    with zipfile.ZipFile(io.BytesIO(bytes(locked))) as archive:
        locked[archive.start_dir + 8] |= 1
    with pytest.raises(WorkbookError, match="encrypted"):
        changed(bytes(locked), A1="x")


def test_an_archive_that_was_written_in_one_go_is_patched() -> None:
    """Its sizes stand behind the members (§4.3.9 of APPNOTE.TXT), as in books that servers stream."""

    class Stream(io.RawIOBase):
        def __init__(self) -> None:
            self.taken = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, data: bytes, /) -> int:  # type: ignore[override]  # RawIOBase takes any buffer
            self.taken += data
            return len(data)

    content, out = rich(), Stream()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, raw in parts(content).items():
            archive.writestr(name, raw)
    after = changed(bytes(out.taken), E2="x")
    assert {name for name, raw in parts(after).items() if parts(content)[name] != raw} == {SHEET}
    assert cells(after)["E2"] == "x"


def test_an_archive_in_the_format_for_large_ones_is_patched(monkeypatch: pytest.MonkeyPatch) -> None:
    """As servers in Java write it, whatever the size (§4.5.3)."""
    content = rich()
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 10)
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 1)
    large = rewritten_parts(content, {})
    assert large.count(b"PK\x06\x06") == 1
    monkeypatch.undo()
    after = changed(large, E2="x")
    assert {name for name, raw in parts(after).items() if parts(content)[name] != raw} == {SHEET}
    assert cells(after)["E2"] == "x"
    assert cells(changed(after, E3="y"))["E3"] == "y"


@pytest.mark.parametrize(
    ("part", "old", "new"),
    [
        (SHEET, b"</sheetData>", b""),
        (SHEET, b'r="A2"', b'r="A"'),
        (SHEET, b'ref="K20:M20"', b'ref="K20M20"'),
        ("xl/workbook.xml", b"</sheets>", b""),
        ("xl/_rels/workbook.xml.rels", b"worksheets/sheet1.xml", b"worksheets/sheet7.xml"),
        ("xl/styles.xml", b"</cellXfs>", b""),
    ],
)
def test_a_part_that_is_damaged_is_told_in_a_sentence(part: str, old: bytes, new: bytes) -> None:
    before = parts(rich())[part]
    assert old in before
    with pytest.raises(WorkbookError, match="damaged"):
        changed(rewritten_parts(rich(), {part: before.replace(old, new)}), E2="x")


def test_packed_bytes_that_are_damaged_are_told_in_a_sentence() -> None:
    content = bytearray(rich())
    with zipfile.ZipFile(io.BytesIO(bytes(content))) as archive:
        at = archive.getinfo(SHEET).header_offset + 200
    content[at : at + 20] = bytes(20)
    with pytest.raises(WorkbookError, match="damaged"):
        changed(bytes(content), E2="x")


TEXTS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\r\ufffe\uffff\x85\u2028\u2029", min_codepoint=32),
    max_size=12,
)
VALUES = st.one_of(
    st.none(),
    TEXTS,
    st.sampled_from(["=1+1", "+380671234567", "_x0041_", "_x000D_", "<&>\"'", " a ", "]]>", "a\nb"]),
    st.decimals(-(10**9), 10**9, places=2),
    st.booleans(),
    st.dates(date(1990, 1, 1), date(2100, 1, 1)),
)
PLACES = st.tuples(st.integers(0, 7), st.integers(0, 5))


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(before=st.dictionaries(PLACES, VALUES, max_size=20), new=st.dictionaries(PLACES, VALUES, max_size=8))
def test_any_changes_of_any_workbook_are_exactly_those(
    before: dict[tuple[int, int], Cell], new: dict[tuple[int, int], Cell]
) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for (row, column), value in before.items():
        cell = sheet.cell(row + 1, column + 1, value)
        if isinstance(value, str):
            cell.data_type = "s"  # also one that begins with =
    out = io.BytesIO()
    book.save(out)
    with TemporaryDirectory() as folder:
        file = Path(folder) / "a.xlsx"
        file.write_bytes(out.getvalue())
        old = read_book(file).grid("")
        file.write_bytes(patch(out.getvalue(), {"": [CellChange(*place, value) for place, value in new.items()]}))
        now = read_book(file).grid("")
    for row in range(9):
        for column in range(7):
            place = row, column
            assert now.cell(*place) == (shaped(new[place]) if place in new else old.cell(*place))


def shaped(value: Cell) -> Cell:
    return None if isinstance(value, str) and not value.strip() else value
