"""The XML of one sheet, in which cells are replaced and added; all other bytes stay (ECMA-376 Part 1, §18.3.1). Pure.

It is cut where it is touched instead of being read and written anew: what is not known here is not lost.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from cordboard.datasource.excel.addresses import Area, cell_name, parse_area, parse_cell
from cordboard.datasource.excel.ports import WorkbookError

_ATTRIBUTES = rb"""((?:[^>"'/]|"[^"]*"|'[^']*'|/(?!>))*)"""
_ASIDE = re.compile(rb"<!--.*?-->|<!\[CDATA\[.*?\]\]>", re.DOTALL)


@dataclass(slots=True)
class _Span:
    """An element: where it begins, where its content begins and ends, where it ends."""

    start: int
    inside: int
    inside_end: int
    end: int
    attributes: bytes
    number: int
    """Row or column, from 0."""


@dataclass(frozen=True, slots=True)
class OldCell:
    """What a cell is before it is changed."""

    row: int
    column: int
    style: int | None
    """None: there is no cell yet."""
    formula: bool = False


class SheetText:
    """One sheet. Raises WorkbookError if it is written in a way that cannot be cut."""

    def __init__(self, name: str, xml: bytes) -> None:
        self.name = name
        head = xml[:200]
        if head.startswith((b"\xff\xfe", b"\xfe\xff")) or re.search(
            rb"""encoding=["'](?!utf-8)""", head, re.IGNORECASE
        ):
            raise WorkbookError(f"sheet {name!r} is not written in UTF-8: save the workbook anew with Excel")
        if _ASIDE.search(xml):
            raise WorkbookError(f"sheet {name!r} holds comments of XML: save the workbook anew with Excel")
        found = re.search(rb"<((?:[\w.-]+:)?)worksheet\b", xml)
        if found is None:
            raise WorkbookError(f"sheet {name!r} is no table of cells: name another one")
        self._xml = xml
        self.prefix = found[1]
        data = re.search(b"<" + self.prefix + b"sheetData" + _ATTRIBUTES + rb"(/?)>", xml)
        if data is None:
            raise WorkbookError(f"sheet {name!r} has no place for cells: save the workbook anew with Excel")
        self._empty = bool(data[2])
        self._open = data
        self._data_end = data.end() if self._empty else xml.rindex(b"</" + self.prefix + b"sheetData>")
        self._numbers, self._starts = self._find_rows(data.end())
        self._columns = list(self._column_styles(data.start()))
        self._cells_of: dict[int, dict[int, _Span]] = {}
        self.first_row = next((row for row in self._numbers if self._cells(row)), -1)
        """The first one with cells; -1 if there is none."""

    # --- what is there ---------------------------------------------------------------------------------------

    def old(self, row: int, column: int) -> OldCell:
        """The cell as it is."""
        cell = self._cells(row).get(column)
        if cell is None:
            return OldCell(row, column, None)
        content = self._xml[cell.inside : cell.inside_end]
        return OldCell(
            row,
            column,
            _number(cell.attributes, b"s") or 0,
            re.search(b"<" + self.prefix + rb"f[\s/>]", content) is not None,
        )

    def default_style(self, row: int, column: int) -> int:
        """The style of a cell that is not there yet: that of its row, or of its column."""
        if (there := self._row(row)) is not None:
            attributes = there.attributes
            if _attribute(attributes, b"customFormat") in {b"1", b"true"} and (style := _number(attributes, b"s")):
                return style
        return next((style for first, last, style in self._columns if first <= column <= last), 0)

    def has_cells(self, row: int) -> bool:
        """Whether any cell of the row is written down."""
        return bool(self._cells(row))

    def is_empty(self, area: Area) -> bool:
        """Whether no cell of the area says anything."""
        return not any(
            area.left <= column <= area.right and cell.inside_end > cell.inside
            for row in range(area.top, area.bottom + 1)
            for column, cell in self._cells(row).items()
        )

    def merged(self) -> Iterator[Area]:
        """The areas of cells that are one."""
        for found in re.finditer(b"<" + self.prefix + rb'mergeCell\s+ref="([^"]+)"', self._xml):
            yield parse_area(found[1].decode())

    def spread(self) -> Iterator[tuple[Area, bool]]:
        """The areas of formulas that stand in one cell and speak for several; whether the others copy it (shared)."""
        for found in re.finditer(b"<" + self.prefix + rb"f\b" + _ATTRIBUTES + rb"/?>", self._xml):
            kind, ref = _attribute(found[1], b"t"), _attribute(found[1], b"ref")
            if kind in {b"array", b"shared", b"dataTable"} and ref:
                yield parse_area(ref.decode()), kind == b"shared"

    def shares(self, row: int, column: int) -> bool:
        """Whether other cells copy the formula of this one."""
        cell = self._cells(row).get(column)
        content = self._xml[cell.inside : cell.inside_end] if cell else b""
        found = re.search(b"<" + self.prefix + rb"f\b" + _ATTRIBUTES, content)
        if found is None or _attribute(found[1], b"t") != b"shared" or not _attribute(found[1], b"ref"):
            return False
        index = _attribute(found[1], b"si") or b""
        return len(re.findall(b"<" + self.prefix + rb'f\b[^>]*\bsi="' + re.escape(index) + b'"', self._xml)) > 1

    def cell(self, row: int, column: int, style: int, content: bytes, kind: bytes = b"") -> bytes:
        """A cell of type `kind` (§18.18.11), or of none."""
        attributes = b'r="%s"' % cell_name(row, column).encode()
        if style:
            attributes += b' s="%d"' % style
        if kind:
            attributes += b' t="%s"' % kind
        name = self.prefix + b"c"
        return b"<%s %s>%s</%s>" % (name, attributes, content, name) if content else b"<%s %s/>" % (name, attributes)

    # --- what becomes of it ----------------------------------------------------------------------------------

    def patched(self, cells: Mapping[tuple[int, int], bytes]) -> bytes:
        """The sheet with these cells, each the XML of a whole element, by row and column."""
        by_row: dict[int, dict[int, bytes]] = {}
        for (row, column), cell in cells.items():
            by_row.setdefault(row, {})[column] = cell
        pieces: list[tuple[int, int, bytes]] = []
        for row, columns in sorted(by_row.items()):
            if (there := self._row(row)) is not None:
                pieces.append(self._patched_row(there, columns))
            else:
                place = bisect_left(self._numbers, row)
                at = self._starts[place] if place < len(self._starts) else self._data_end
                pieces.append((at, at, self._new_row(row, columns)))
        if self._empty:
            name = self.prefix + b"sheetData"
            opened = self._open[0][:-2].rstrip() + b">"
            added = b"".join(piece for *_, piece in pieces)
            pieces = [(self._open.start(), self._open.end(), opened + added + b"</" + name + b">")]
        pieces += self._dimension(list(cells))
        return _spliced(self._xml, pieces)

    def _patched_row(self, row: _Span, columns: Mapping[int, bytes]) -> tuple[int, int, bytes]:
        cells = self._cells(row.number)
        places = sorted(cells)
        pieces = []
        for column, xml in sorted(columns.items()):
            if column in cells:
                pieces.append((cells[column].start, cells[column].end, xml))
            else:
                place = bisect_left(places, column)
                at = cells[places[place]].start if place < len(places) else row.inside_end
                pieces.append((at, at, xml))
        opened = _with_spans(self._xml[row.start : row.inside], min(columns), max(columns))
        if row.inside == row.end:  # <row/>
            inner = b"".join(piece for *_, piece in pieces)
            return row.start, row.end, opened[:-2].rstrip() + b">" + inner + b"</" + self.prefix + b"row>"
        inner = _spliced(
            self._xml[row.inside : row.inside_end], [(a - row.inside, b - row.inside, c) for a, b, c in pieces]
        )
        return row.start, row.end, opened + inner + self._xml[row.inside_end : row.end]

    def _new_row(self, row: int, columns: Mapping[int, bytes]) -> bytes:
        spans = b"%d:%d" % (min(columns) + 1, max(columns) + 1)
        cells = b"".join(xml for _, xml in sorted(columns.items()))
        name = self.prefix + b"row"
        return b'<%s r="%d" spans="%s">%s</%s>' % (name, row + 1, spans, cells, name)

    def _dimension(self, places: list[tuple[int, int]]) -> list[tuple[int, int, bytes]]:
        found = re.search(b"<" + self.prefix + rb'dimension\b[^>]*?\bref="([^"]*)"', self._xml)
        if found is None:
            return []
        try:
            area = parse_area(found[1].decode())
        except ValueError:
            return []
        for row, column in places:
            area = area.with_cell(row, column)
        return [(found.start(1), found.end(1), str(area).encode())]

    # --- where it is -----------------------------------------------------------------------------------------

    def _find_rows(self, start: int) -> tuple[list[int], list[int]]:
        """Numbers and beginnings of all rows. There may be a million: no more is looked at than must be."""
        opening = re.compile(b"<" + self.prefix + rb'row(?:\s+r="(\d+)"|(?=[\s/>]))')
        numbers: list[int] = []
        starts = []
        for found in opening.finditer(self._xml, start, self._data_end):
            if found[1]:
                numbers.append(int(found[1]) - 1)
            else:
                span = self._element(b"row", found.start(), -1 if not numbers else numbers[-1], _row_number)
                numbers.append(span.number)
            starts.append(found.start())
        if any(one >= other for one, other in pairwise(numbers)):
            raise WorkbookError(f"the rows of sheet {self.name!r} are out of order: save the workbook anew with Excel")
        return numbers, starts

    def _column_styles(self, end: int) -> Iterator[tuple[int, int, int]]:
        """The first and the last of some columns, and their style."""
        for found in re.finditer(b"<" + self.prefix + b"col" + rb"\s" + _ATTRIBUTES + rb"/?>", self._xml[:end]):
            first, last = _number(found[1], b"min"), _number(found[1], b"max")
            if first is not None and last is not None:
                yield first - 1, last - 1, _number(found[1], b"style") or 0

    def _row(self, row: int) -> _Span | None:
        place = bisect_left(self._numbers, row)
        if place == len(self._numbers) or self._numbers[place] != row:
            return None
        return self._element(b"row", self._starts[place], row - 1, _row_number)

    def _cells(self, row: int) -> dict[int, _Span]:
        """By column the cells of a row."""
        if row not in self._cells_of:
            found = {}
            if (there := self._row(row)) is not None:
                opening = re.compile(b"<" + self.prefix + rb"c[\s/>]")
                last, at = -1, there.inside
                while (match := opening.search(self._xml, at, there.inside_end)) is not None:
                    cell = self._element(b"c", match.start(), last, _cell_number)
                    found[cell.number] = cell
                    last, at = cell.number, cell.end
            self._cells_of[row] = found
        return self._cells_of[row]

    def _element(self, name: bytes, start: int, last: int, number: Callable[[bytes, int], int]) -> _Span:
        """The element that begins there; it holds none of its own name. The one before has the number `last`."""
        match = re.compile(b"<" + self.prefix + name + _ATTRIBUTES + rb"(/?)>").match(self._xml, start)
        closing = b"</" + self.prefix + name + b">"
        end = -1 if match is None else match.end() if match[2] else self._xml.find(closing, match.end(), self._data_end)
        if match is None or end < 0:
            raise WorkbookError(f"sheet {self.name!r} is damaged: let Excel repair it, or take a copy of it")
        inside_end = end
        if not match[2]:
            end += len(closing)
        return _Span(start, match.end(), inside_end, end, match[1], number(match[1], last))


def _row_number(attributes: bytes, last: int) -> int:
    written = _number(attributes, b"r")
    return last + 1 if written is None else written - 1


def _cell_number(attributes: bytes, last: int) -> int:
    written = _attribute(attributes, b"r")
    return last + 1 if written is None else parse_cell(written.decode())[1]


def _attribute(attributes: bytes, name: bytes) -> bytes | None:
    found = re.search(rb"(?:^|\s)" + name + rb"""\s*=\s*("[^"]*"|'[^']*')""", attributes)
    return found[1][1:-1] if found else None


def _number(attributes: bytes, name: bytes) -> int | None:
    written = _attribute(attributes, name)
    return int(written) if written is not None and written.isdigit() else None


def _with_spans(opened: bytes, first: int, last: int) -> bytes:
    """The beginning of a row, whose `spans` holds these columns too, if it has one that can be read."""
    found = re.search(rb'\bspans="(\d+):(\d+)"', opened)
    if found is None:
        return opened
    spans = b'spans="%d:%d"' % (min(int(found[1]), first + 1), max(int(found[2]), last + 1))
    return opened[: found.start()] + spans + opened[found.end() :]


def _spliced(xml: bytes, pieces: list[tuple[int, int, bytes]]) -> bytes:
    """The bytes with each (start, end, new) put in; pieces at one place stay in their order."""
    out, at = [], 0
    for start, end, new in sorted(pieces, key=lambda each: each[:2]):
        out += [xml[at:start], new]
        at = end
    return b"".join([*out, xml[at:]])
