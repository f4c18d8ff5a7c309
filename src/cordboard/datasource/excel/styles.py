"""Styles of cells: which of them show dates, and where none does, one more (ECMA-376 Part 1, §18.8). Pure."""

import copy
import re
from datetime import date, datetime, time, timedelta

from cordboard.datasource.excel.cells import Cell
from cordboard.datasource.excel.package import MAIN, NAMES, parsed, written

_BUILT_IN = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})
"""Formats of dates and times that have a number and no words (§18.8.30)."""
_ASIDE = re.compile(r'"[^"]*"|\\.|\[(?!h+\]|m+\]|s+\])[^\]]*\]|_.|\*.', re.IGNORECASE)
"""What is shown as it is, colours and languages."""


class Styles:
    """The styles of a workbook. `xml` is what they are afterwards, None if they did not change."""

    def __init__(self, content: bytes, part: str) -> None:
        self._root = parsed(content, part)
        self._formats = self._root.find("m:cellXfs", NAMES)
        self._words = {
            int(each.get("numFmtId", "0")): each.get("formatCode", "")
            for each in self._root.iterfind("m:numFmts/m:numFmt", NAMES)
        }
        self._changed = False

    @property
    def xml(self) -> bytes | None:
        """The part anew, if a style was added."""
        return written(self._root) if self._changed else None

    def for_value(self, value: Cell, style: int, above: int | None) -> int:
        """The style in which a value is shown as what it is: the cell's own, else that of the cell above, else new."""
        if not isinstance(value, date | time | timedelta) or self._shows_time(style):
            return style
        if above is not None and self._shows_time(above):
            return above
        return self._with(style, _format_of(value))

    def _shows_time(self, style: int) -> bool:
        if self._formats is None or style >= len(self._formats):
            return False
        number = int(self._formats[style].get("numFmtId", "0"))
        words = _ASIDE.sub("", self._words.get(number, "")).lower()
        return number in _BUILT_IN or (number in self._words and re.search(r"[dyhs]|m", words) is not None)

    def _with(self, style: int, number: int) -> int:
        """The place of a style that is like `style`, but for the format of numbers."""
        if self._formats is None:
            self._formats = self._root.makeelement(f"{{{MAIN}}}cellXfs", {"count": "0"})
            self._root.append(self._formats)
        if style < len(self._formats):
            wanted = copy.deepcopy(self._formats[style])
        else:
            wanted = self._formats.makeelement(f"{{{MAIN}}}xf", {"fontId": "0", "fillId": "0", "borderId": "0"})
        wanted.set("numFmtId", str(number))
        wanted.set("applyNumberFormat", "1")
        for place, known in enumerate(self._formats):
            if dict(known.attrib) == dict(wanted.attrib) and len(known) == len(wanted):
                return place
        self._formats.append(wanted)
        self._formats.set("count", str(len(self._formats)))
        self._changed = True
        return len(self._formats) - 1


def _format_of(value: Cell) -> int:
    """The number of a built-in format, which each Excel shows in the way of its country."""
    match value:
        case datetime():
            return 22
        case date():
            return 14
        case time():
            return 21
    return 46  # [h]:mm:ss
