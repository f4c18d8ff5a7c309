"""Reads binary workbooks in a process of its own: `python -m …reader_process [sheet] < workbook`.

A damaged .xls, or a cell that somebody filled in at XFD1048576, makes the reader ask for terabytes and abort: that must
not end the calls of the office. So this process has a bound on its memory, and whoever started it one on its time.

It prints lines of JSON: first a `head`, then rows, some thousands a line. Imports no more than it needs: it starts for
each file that was changed.
"""

import io
import json
import resource
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from types import MappingProxyType
from typing import Any

MEMORY = 3 << 30
"""Bytes of address space."""
MOST_CELLS = 8_000_000
"""Of one sheet, empty ones between included."""
ROWS_A_LINE = 1000
_KINDS: Mapping[type, tuple[str, Callable[[Any], Any]]] = MappingProxyType(
    {
        datetime: ("datetime", datetime.isoformat),
        date: ("date", date.isoformat),
        time: ("time", time.isoformat),
        timedelta: ("duration", lambda value: [value.days, value.seconds, value.microseconds]),
    }
)
_FROM_JSON: Mapping[str, Callable[[Any], Any]] = MappingProxyType(
    {
        "datetime": datetime.fromisoformat,
        "date": date.fromisoformat,
        "time": time.fromisoformat,
        "duration": lambda raw: timedelta(*raw),
    }
)


def lines(content: bytes, sheet: str) -> Iterator[str]:
    """The head and the rows of a sheet; without a name, of the first one that is not hidden.

    The head has all `sheets` with cells, the `sheet` that is read, and the `top` and `left` at which its cells begin;
    or a `fault`: "password", "no sheet", "too large", or "damaged" with the `words` of the reader.
    """
    # Imported here: who starts this process reads its lines, and needs no reader.
    from python_calamine import (  # noqa: PLC0415
        CalamineError,
        CalamineWorkbook,
        PasswordError,
        SheetTypeEnum,
        SheetVisibleEnum,
        ZipError,
    )

    try:
        book = CalamineWorkbook.from_object(io.BytesIO(content))
        sheets = [
            (each.name, each.visible != SheetVisibleEnum.Visible)
            for each in book.sheets_metadata
            if each.typ == SheetTypeEnum.WorkSheet
        ]
        if not sheets:
            yield _line({"fault": "no sheet"})
            return
        name = sheet or next((name for name, hidden in sheets if not hidden), sheets[0][0])
        found = book.get_sheet_by_name(name)
        if found.total_height * found.total_width > MOST_CELLS:
            yield _line({"fault": "too large"})
            return
        rows = found.to_python(skip_empty_area=True)
    except PasswordError:
        yield _line({"fault": "password"})
        return
    except (CalamineError, ZipError, OSError, ValueError) as fault:
        yield _line({"fault": "damaged", "words": str(fault)})
        return
    top, left = found.start or (0, 0)
    yield _line({"sheets": [each for each, _ in sheets], "sheet": name, "top": top, "left": left})
    for begin in range(0, len(rows), ROWS_A_LINE):
        yield _line(rows[begin : begin + ROWS_A_LINE])


def _line(value: Any) -> str:
    return json.dumps(value, default=_to_json, ensure_ascii=False)


def _to_json(value: Any) -> Mapping[str, Any]:
    kind, write = _KINDS[type(value)]
    return {kind: write(value)}


def from_line(line: bytes) -> Any:
    """What a line says. A moment or a duration stands in an object of its own."""
    return json.loads(line, object_hook=_moment)


def _moment(raw: dict[str, Any]) -> Any:
    if len(raw) == 1:
        ((kind, inner),) = raw.items()
        if kind in _FROM_JSON:
            return _FROM_JSON[kind](inner)
    return raw


def main(arguments: Sequence[str]) -> None:
    """Read what comes in, print what it says."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    content = sys.stdin.buffer.read()
    for line in lines(content, arguments[0] if arguments else ""):
        sys.stdout.buffer.write(line.encode("utf-8", "replace") + b"\n")


if __name__ == "__main__":
    main(sys.argv[1:])
