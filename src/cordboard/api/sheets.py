"""Rows as files for spreadsheets: CSV and XLSX. What came from outside never becomes a formula."""

import csv
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from io import BytesIO, StringIO
from typing import Any
from zoneinfo import ZoneInfo

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from xlsxwriter import Workbook

Row = Mapping[str, Any]
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_NUMBER = re.compile(r"[+-]?[\d ()./:-]*")
_WIDTH = 18


class Sheet(StrEnum):
    """A form of a file."""

    CSV = "csv"
    XLSX = "xlsx"


_TYPES = {
    Sheet.CSV: "text/csv; charset=utf-8",
    Sheet.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


async def file_of(name: str, columns: Sequence[str], rows: Sequence[Row], zone: ZoneInfo, form: Sheet) -> Response:
    """A download. Moments are told in `zone`."""
    make = csv_of if form is Sheet.CSV else xlsx_of
    body = await run_in_threadpool(make, columns, rows, zone)
    head = {"Content-Disposition": f'attachment; filename="{name}.{form.value}"'}
    return Response(body, media_type=_TYPES[form], headers=head)


def csv_of(columns: Sequence[str], rows: Sequence[Row], zone: ZoneInfo) -> bytes:
    """Comma-separated (RFC 4180), in UTF-8 with a mark by which Excel knows it."""
    text = StringIO()
    written = csv.writer(text)
    written.writerow(columns)
    for row in rows:
        written.writerow([_harmless(_cell(row.get(name), zone)) for name in columns])
    return b"\xef\xbb\xbf" + text.getvalue().encode("utf-8", "replace")


def xlsx_of(columns: Sequence[str], rows: Sequence[Row], zone: ZoneInfo) -> bytes:
    """A workbook with one sheet. Texts are written as texts whatever they begin with."""
    file = BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with Workbook(file, options) as book:
        sheet = book.add_worksheet()
        bold, moment = book.add_format({"bold": True}), book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        sheet.set_column(0, max(0, len(columns) - 1), _WIDTH)
        sheet.freeze_panes(1, 0)
        for column, name in enumerate(columns):
            sheet.write_string(0, column, name, bold)
        for line, row in enumerate(rows, 1):
            for column, name in enumerate(columns):
                match _cell(row.get(name), zone):
                    case datetime() as at:
                        sheet.write_datetime(line, column, at, moment)
                    case bool() as flag:
                        sheet.write_boolean(line, column, flag)
                    case int() | float() as number:
                        sheet.write_number(line, column, number)
                    case text:
                        sheet.write_string(line, column, str(text)[:32_767])
    return file.getvalue()


def _cell(value: Any, zone: ZoneInfo) -> Any:
    """A naive moment in the zone, a number, a truth, or a text without what no sheet can hold."""
    match value:
        case datetime():
            return value.astimezone(zone).replace(tzinfo=None, microsecond=0)
        case bool() | int() | float():
            return value
        case None:
            return ""
        case _:
            return "".join(char for char in str(value) if char in "\t\n" or char.isprintable())


def _harmless(value: Any) -> Any:
    """A quote before a text that a spreadsheet could take for a formula; telephone numbers stay as they are."""
    if isinstance(value, str) and value.startswith(_FORMULA) and not _NUMBER.fullmatch(value):
        return "'" + value
    return value
