"""Styles of cells: which of them show dates, and where none does, one more (ECMA-376 Part 1, §18.8). Pure."""

import copy
import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from cordboard.datasource.excel.cells import Cell
from cordboard.datasource.excel.package import MAIN, NAMES, Element, parsed, written

_DAYS = frozenset({*range(14, 18), 22, *range(27, 32), 36, *range(50, 59)})
_TIMES = frozenset({*range(18, 23), *range(32, 36), *range(45, 48)})
"""Formats that have a number and no words (§18.8.30)."""
_ASIDE = re.compile(r'"[^"]*"|\\.|\[(?!h+\]|m+\]|s+\])[^\]]*\]|_.|\*.', re.IGNORECASE)
"""What is shown as it is, colours and languages."""
_DAY_WORDS = re.compile("[dy]")
_TIME_WORDS = re.compile("[hs]")
_TEXT = 49
"""The format "@": what is typed is a text."""
_ACTS = re.compile(r"[=@\t\r]|[+-](?![\d ()+-]*$)")
"""How a text begins that would be a formula if it were typed. A phone would be but a number."""


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
        """The style in which a value is shown as what it is: the cell's own, else that of the cell above, else new.

        A text that would act as a formula has the mark that Excel sets for `'=1+1`: it stays a text even when somebody
        opens the cell to edit it and confirms.
        """
        if isinstance(value, date | time | timedelta) and not self._shows(value, style):
            style = above if above is not None and self._shows(value, above) else self._with(style, _format_of(value))
        elif isinstance(value, Decimal) and (self._shows(date.min, style) or self._shows(time.min, style)):
            style = self._with(style, 0)
        quoted = isinstance(value, str) and _ACTS.match(value) is not None and self._number(style) != _TEXT
        if self._is_quoted(style) != quoted and value is not None and (quoted or not isinstance(value, str)):
            style = self._with(style, self._number(style), quoted=quoted)
        return style

    def _number(self, style: int) -> int:
        return int(self._formats[style].get("numFmtId", "0")) if self._has(style) else 0

    def _is_quoted(self, style: int) -> bool:
        return self._has(style) and self._formats[style].get("quotePrefix") in {"1", "true"}

    def _has(self, style: int) -> bool:
        return self._formats is not None and style < len(self._formats)

    def _shows(self, value: date | time | timedelta, style: int) -> bool:
        number = self._number(style)
        words = _ASIDE.sub("", self._words.get(number, "")).lower()
        days, times = (_DAYS, _DAY_WORDS) if isinstance(value, date) else (_TIMES, _TIME_WORDS)
        return times.search(words) is not None if number in self._words else number in days

    def _with(self, style: int, number: int, *, quoted: bool = False) -> int:
        """The place of a style that is like `style`, but for the format of numbers and the mark of texts."""
        if self._formats is None:
            self._formats = self._root.makeelement(f"{{{MAIN}}}cellXfs", {"count": "0"})
            self._root.append(self._formats)
        if self._has(style):
            wanted = copy.deepcopy(self._formats[style])
        else:
            wanted = self._formats.makeelement(f"{{{MAIN}}}xf", {"fontId": "0", "fillId": "0", "borderId": "0"})
        if self._number(style) != number or not self._has(style):
            wanted.set("numFmtId", str(number))
            wanted.set("applyNumberFormat", "1")
        wanted.attrib.pop("quotePrefix", None)
        if quoted:
            wanted.set("quotePrefix", "1")
        for place, known in enumerate(self._formats):
            if _alike(known, wanted):
                return place
        self._formats.append(wanted)
        self._formats.set("count", str(len(self._formats)))
        self._changed = True
        return len(self._formats) - 1


def _alike(one: Element, other: Element) -> bool:
    return (
        one.tag == other.tag
        and dict(one.attrib) == dict(other.attrib)
        and len(one) == len(other)
        and all(map(_alike, one, other))
    )


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
