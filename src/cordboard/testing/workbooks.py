"""Workbooks as people have them, made by other programs, and what two of them have in common."""

import base64
import io
import os
import re
import shutil
import signal
import subprocess
import tempfile
import warnings
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import xlsxwriter

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
DEBTS: Sequence[Sequence[Any]] = (
    ("id", "phone", "debt", "paid", "result"),
    (1, 380671234567, 120.5, datetime(2026, 1, 31), ""),  # noqa: DTZ001 - cells have no zone
    (2, "067 123 45 68", 2, "", "old"),
    (3, "+380 (67) 123-45-69", 5, "", ""),
)


def rich(rows: Sequence[Sequence[Any]] = DEBTS, *, macros: bytes = b"") -> bytes:
    """A workbook with everything around its cells that must stay: made by XlsxWriter."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet, other, hidden = (book.add_worksheet(name) for name in ("Должники", "Summary", "Lists"))
    day = book.add_format({"num_format": "dd.mm.yyyy", "bg_color": "#ffeecc", "locked": False})
    bold = book.add_format({"bold": True, "border": 1})
    for number, row in enumerate(rows):
        for column, value in enumerate(row):
            if isinstance(value, datetime):
                sheet.write_datetime(number, column, value, day)
            else:
                sheet.write(number, column, value, bold if number == 0 else None)
    sheet.write_formula("G1", "=SUM(C2:C100)", None, 127.5)
    sheet.write_formula("G2", "=G1*2", None, 255)
    sheet.set_column("B:B", 22)
    sheet.freeze_panes(1, 0)
    sheet.autofilter("A1:E4")
    sheet.conditional_format("C2:C100", {"type": "data_bar"})
    sheet.data_validation("E2:E100", {"validate": "list", "source": ["да", "нет"]})
    sheet.add_sparkline("H2", {"range": "Должники!C2:C4"})
    sheet.write_comment("B2", "Перезвонить после шести", {"author": "Анна"})
    sheet.write_url("H3", "https://example.com/", string="page")
    sheet.insert_textbox("J2", "A text box")
    sheet.insert_image("J8", "pixel.png", {"image_data": io.BytesIO(PIXEL)})
    sheet.merge_range("K20:M20", "one wide cell", bold)
    chart = book.add_chart({"type": "column"})
    chart.add_series({"values": "=Должники!$C$2:$C$4"})
    other.insert_chart("D2", chart)
    other.add_table(
        "A1:B3",
        {
            "name": "Plan",
            "columns": [{"header": "n"}, {"header": "twice", "formula": "=Plan[[#This Row],[n]]*2"}],
            "data": [[1], [2]],
        },
    )
    other.write_formula("A6", "=COUNTA(Должники!A2:A4)", None, 3)
    other.protect("secret")
    hidden.hide()
    if macros:
        book.add_vba_project(io.BytesIO(macros), is_stream=True)
    book.define_name("Rate", "=Summary!$A$1")
    book.close()
    return out.getvalue()


def since_1904() -> bytes:
    """A chart sheet, a hidden sheet, and one whose cells at C4 and right of it are traps for readers."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "date_1904": True})
    chart = book.add_chart({"type": "bar"})
    chart.add_series({"values": "=Seen!$E$4:$E$4"})
    book.add_chartsheet("Chart").set_chart(chart)
    book.add_worksheet("Hidden").hide()
    sheet = book.add_worksheet("Seen")
    sheet.activate()
    forms = {
        form: book.add_format({"num_format": form}) for form in ("dd.mm.yyyy hh:mm", "dd.mm.yyyy", "h:mm", "[h]:mm")
    }
    sheet.write_formula("C4", "=NA()", None, "#N/A")
    sheet.write_formula("D4", "=1+1", None, "")
    sheet.write_formula("E4", "=1+1", None, 2)
    sheet.write_datetime("F4", datetime(2026, 1, 31, 12, 30), forms["dd.mm.yyyy hh:mm"])  # noqa: DTZ001 - no zone
    sheet.write_datetime("G4", datetime(2026, 1, 31), forms["dd.mm.yyyy"])  # noqa: DTZ001
    sheet.write_number("H4", 0.5, forms["h:mm"])
    sheet.write_number("I4", 1.25, forms["[h]:mm"])
    sheet.write_boolean("J4", True)
    sheet.write_number("K4", 0.1 + 0.2)
    book.close()
    return out.getvalue()


def plain() -> bytes:
    """The same rows, made by openpyxl."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in DEBTS:
        sheet.append([None if value == "" else value for value in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def converted(content: bytes, kind: str, *, suffix: str = ".xlsx") -> bytes:
    """What LibreOffice makes of a workbook: xlsx, ods, xls, csv (of the first sheet, in UTF-8)."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / f"book{suffix}"
        source.write_bytes(content)
        told = kind if kind != "csv" else "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false"
        _soffice(folder, "--convert-to", told, "--outdir", f"{folder}/out", str(source))
        return (Path(folder) / "out" / f"book.{kind}").read_bytes()


def _soffice(folder: str, *arguments: str) -> None:
    program = shutil.which("soffice")
    assert program, "LibreOffice is not installed: make test does it"
    profile = f"-env:UserInstallation=file://{folder}/profile"
    command = [program, profile, "--headless", "--norestore", *arguments]
    subprocess.run(command, check=True, timeout=100, capture_output=True)


@contextmanager
def held_by_libreoffice(path: Path) -> Iterator[None]:
    """LibreOffice has the workbook open, with its mark beside it."""
    program = shutil.which("soffice")
    assert program, "LibreOffice is not installed: make test does it"
    with tempfile.TemporaryDirectory() as folder:
        profile = f"-env:UserInstallation=file://{folder}/profile"
        process = subprocess.Popen(
            [program, profile, "--headless", "--norestore", "--nologo", str(path)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            yield
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(30)


def parts(content: bytes) -> dict[str, bytes]:
    """Every member of a workbook."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def rewritten_parts(content: bytes, changed: Mapping[str, bytes]) -> bytes:
    """The workbook with other content of some members, or more of them."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, raw in (parts(content) | dict(changed)).items():
            archive.writestr(name, raw)
    return out.getvalue()


def without(xml: bytes, *cells: str) -> bytes:
    """A sheet without these cells, the rows that are then empty, and the dimension."""
    for cell in cells:
        xml = re.sub(rb'<c r="%s"(?: [^>]*)?(?:/>|>.*?</c>)' % cell.encode(), b"", xml)
    xml = re.sub(rb"<row [^>]*>\s*</row>|<row [^>]*/>", b"", xml)
    xml = re.sub(rb' spans="[^"]*"', b"", xml)
    return re.sub(rb"<dimension [^>]*/>", b"", xml)


def opened(content: bytes, *, calculated: bool = False) -> openpyxl.Workbook:
    """The workbook as openpyxl reads it. It warns of what it would lose if it saved."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return openpyxl.load_workbook(io.BytesIO(content), data_only=calculated)


def cells(content: bytes, sheet: str = "") -> dict[str, Any]:
    """What openpyxl reads: values and formulas by address."""
    return _cells(opened(content), sheet)


def values(content: bytes, sheet: str = "") -> dict[str, Any]:
    """The same, but of formulas what they said last."""
    return _cells(opened(content, calculated=True), sheet)


def _cells(book: openpyxl.Workbook, sheet: str) -> dict[str, Any]:
    found = book[sheet] if sheet else book.worksheets[0]
    return {cell.coordinate: cell.value for row in found.iter_rows() for cell in row if cell.value is not None}
