"""Cells of the user's own workbook are changed in place: all other parts stay byte for byte. Pure.

Besides the cells only what Excel needs to stay right changes: the dimension, the range of a table to which a row was
added, the entry of an overwritten formula in the calculation chain, and "calculate anew when it is opened" where there
are formulas. A style is added to the others (xl/styles.xml) where a date would be shown as a number or a number as a
date, and for a text that would become a formula when somebody edits it. The protection of a sheet guards it against
people at the keyboard: it does not hold the exchange off, which the office has asked to write.

What a formula said when its workbook was saved last stays in the file until somebody saves it again: Excel calculates
at once when it opens it, LibreOffice as it is set (Tools, Options, Calc, Formula: recalculation on file load), and
`reading` not at all.
"""

import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from xml.sax.saxutils import escape

from cordboard.datasource.excel.addresses import Area, cell_name, parse_area
from cordboard.datasource.excel.archive import rewritten
from cordboard.datasource.excel.cells import Cell
from cordboard.datasource.excel.package import NAMES, Element, Package, parsed, written
from cordboard.datasource.excel.ports import WorkbookError
from cordboard.datasource.excel.sheet_text import OldCell, SheetText
from cordboard.datasource.excel.styles import Styles

LONGEST = 32_767
"""Characters of a cell; Excel takes no more."""
_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 - cells have no zone
_EPOCH_1904 = datetime(1904, 1, 1)  # noqa: DTZ001
_LEAP = datetime(1900, 3, 1)  # noqa: DTZ001 - before it Excel counts a 29th of February that there was not
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
"""What XML 1.0 cannot hold."""
_ESCAPE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
"""Text that would be read as an escaped character (§22.9.2.19, ST_Xstring)."""
_BEHIND_CALCULATION = ("sheets", "functionGroups", "externalReferences", "definedNames")
"""Of workbook.xml, what comes before `calcPr` (§18.2.27)."""


class RefusedError(WorkbookError):
    """This cell cannot be changed so, now or later; changes of other cells can be made."""


@dataclass(frozen=True, slots=True)
class CellChange:
    """What a cell shall say. Row and column from 0."""

    row: int
    column: int
    value: Cell
    """None empties it; its format stays."""


def patch(content: bytes, changes: Mapping[str, Sequence[CellChange]]) -> bytes:
    """The workbook (.xlsx, .xlsm) with these changes, by the names of its sheets; without a name the first one.

    Of two changes of one cell the later counts. A text stays a text, whatever it begins with. A cell that was not there
    takes the format of the one above, of its row or of its column. Blocks. Raises RefusedError if it is for one
    of the changes, and WorkbookError if it is for the workbook: then nothing can be written before it is mended.
    """
    try:
        return _patched(content, changes)
    except (ValueError, LookupError, OSError, zlib.error) as fault:
        raise WorkbookError(f"the file is damaged ({fault}): let Excel repair it, or take a copy of it") from fault


def _patched(content: bytes, changes: Mapping[str, Sequence[CellChange]]) -> bytes:
    package = Package(content)
    styles_part = next(iter(package.of_kind(package.workbook, "styles")), "")
    styles = Styles(package.read(styles_part), styles_part) if styles_part else None
    changed: dict[str, bytes] = {}
    gone: dict[str, set[str]] = {}
    for wanted, cells in changes.items():
        name, part = package.sheet(wanted)
        sheet = SheetText(name, changed.get(part) or package.read(part))
        sheet_changes = {(each.row, each.column): each.value for each in cells}
        if not sheet_changes:
            continue
        patched = _Sheet(sheet, styles, since_1904=package.since_1904)
        tables = [_Table(each, parsed(package.read(each), each)) for each in package.of_kind(part, "table")]
        changed[part] = patched.patched(sheet_changes, tables)
        gone[package.numbers[part]] = patched.formulas_gone
        changed |= {table.part: written(table.root) for table in tables if table.grown}
    if styles is not None and (xml := styles.xml) is not None:
        changed[styles_part] = xml
    removed = _forget_formulas(package, gone, changed)
    if _has_formulas(package, changed):
        changed[package.workbook] = _calculated_on_load(package.read(package.workbook), package.workbook)
    return rewritten(content, changed, removed)


class _Table:
    """A table of Excel (§18.5.1.2)."""

    def __init__(self, part: str, root: Element) -> None:
        self.part = part
        self.root = root
        self.grown = False
        self.area = parse_area(root.get("ref", "A1"))
        self.name = root.get("displayName", "")

    def grow(self, row: int) -> Mapping[int, str]:
        """Take a row in that stands right below. Gives the formulas of its calculated columns."""
        if int(self.root.get("totalsRowCount", "0")):
            raise RefusedError(f"table {self.name} has a row of totals below: take it away, or add rows with Excel")
        self.area = Area(self.area.top, self.area.left, row, self.area.right)
        self.root.set("ref", str(self.area))
        filtered = self.root.find("m:autoFilter", NAMES)
        if filtered is not None:
            filtered.set("ref", str(self.area))
        self.grown = True
        formulas = {}
        for place, column in enumerate(self.root.iterfind("m:tableColumns/m:tableColumn", NAMES)):
            formula = column.find("m:calculatedColumnFormula", NAMES)
            if formula is not None and formula.text and formula.get("array") not in {"1", "true"}:
                formulas[self.area.left + place] = formula.text
        return formulas


class _Sheet:
    """Makes the cells of one sheet."""

    def __init__(self, text: SheetText, styles: Styles | None, *, since_1904: bool) -> None:
        self._text = text
        self._styles = styles
        self._since_1904 = since_1904
        self.formulas_gone: set[str] = set()

    def patched(self, changes: Mapping[tuple[int, int], Cell], tables: Sequence[_Table]) -> bytes:
        """The sheet anew; tables below which a row was added have grown."""
        merged = [area for area in self._text.merged() if not area.single]
        spread = list(self._text.spread())
        cells: dict[tuple[int, int], bytes] = {}
        for row, column in sorted(changes):
            value = changes[row, column]
            old = self._text.old(row, column)
            if old.style is None and value is None:
                continue
            self._check(old, merged, spread)
            cells[row, column] = self._cell(old, value)
        for row in sorted({row for row, _ in cells}):
            said = {column for there, column in cells if there == row and changes[there, column] is not None}
            for table in tables:
                below = Area(table.area.bottom + 1, table.area.left, table.area.bottom + 1, table.area.right)
                # What stood there before is no row of the table: its owner may have written a remark there.
                if any(below.holds(row, column) for column in said) and self._text.is_empty(below):
                    for column, formula in table.grow(row).items():
                        if (row, column) not in cells and self._text.old(row, column).style is None:
                            cells[row, column] = self._formula(row, column, formula)
        return self._text.patched(cells)

    def _check(self, old: OldCell, merged: Sequence[Area], spread: Sequence[tuple[Area, bool]]) -> None:
        name = cell_name(old.row, old.column)
        for area in merged:
            if area.holds(old.row, old.column) and (old.row, old.column) != area[:2]:
                raise RefusedError(f"cell {name} is merged with {cell_name(*area[:2])}: write there, or part them")
        if old.formula and self._text.shares(old.row, old.column):
            raise RefusedError(f"cell {name} holds a formula that other cells copy: put a value there with Excel first")
        for area, shared in spread:
            if not shared and not area.single and area.holds(old.row, old.column):
                raise RefusedError(f"cell {name} is part of a formula that fills {area}: choose another one")
        if old.formula:
            self.formulas_gone.add(name)

    def _cell(self, old: OldCell, value: Cell) -> bytes:
        above = self._text.old(old.row - 1, old.column).style if old.row else None
        style = old.style
        if style is None:
            # The first row is a heading: what is added below it does not look like one.
            added = not self._text.has_cells(old.row) and old.row - 1 > self._text.first_row
            style = above if added and above is not None else self._text.default_style(old.row, old.column)
        if self._styles is not None:
            style = self._styles.for_value(value, style, above)
        kind, content = _content(self._text.prefix, value, cell_name(old.row, old.column), since_1904=self._since_1904)
        return self._text.cell(old.row, old.column, style, content, kind)

    def _formula(self, row: int, column: int, formula: str) -> bytes:
        style = self._text.old(row - 1, column).style or 0
        content = b"<%sf>%s</%sf>" % (self._text.prefix, escape(formula).encode(), self._text.prefix)
        return self._text.cell(row, column, style, content)


def _content(prefix: bytes, value: Cell, name: str, *, since_1904: bool) -> tuple[bytes, bytes]:
    """Type and content of a cell."""
    match value:
        case None:
            return b"", b""
        case str():
            if len(value) > LONGEST:
                raise RefusedError(f"a text of {len(value)} characters is too long for cell {name}: at most {LONGEST}")
            return b"inlineStr", b'<%sis><%st xml:space="preserve">%s</%st></%sis>' % (
                prefix,
                prefix,
                _text(value),
                prefix,
                prefix,
            )
        case bool():
            return b"b", b"<%sv>%d</%sv>" % (prefix, value, prefix)
        case Decimal():
            if not value.is_finite():
                raise RefusedError(f"{value} is no number that cell {name} can hold")
            written_number = format(value, "f") if abs(value.adjusted()) < 15 else str(value)
        case _:
            written_number = repr(_serial(value, name, since_1904=since_1904)).removesuffix(".0")
    return b"", b"<%sv>%s</%sv>" % (prefix, written_number.encode(), prefix)


def _text(value: str) -> bytes:
    plain = _ESCAPE.sub("_x005F_", _ILLEGAL.sub("", value)).replace("\r\n", "\n").replace("\r", "\n")
    return escape(plain).encode()


def _serial(value: date | time | timedelta, name: str, *, since_1904: bool) -> float:
    """Days since the beginning of Excel's time (§18.17.4.1)."""
    match value:
        case timedelta():
            return value / timedelta(days=1)
        case time():
            passed = timedelta(
                hours=value.hour, minutes=value.minute, seconds=value.second, microseconds=value.microsecond
            )
            return passed / timedelta(days=1)
        case datetime():
            moment = value.replace(tzinfo=None)
        case _:
            moment = datetime(value.year, value.month, value.day)  # noqa: DTZ001 - cells have no zone
    begin = _EPOCH_1904 if since_1904 else _EPOCH
    if moment < (_EPOCH_1904 if since_1904 else _LEAP):
        raise RefusedError(f"cell {name}: Excel has no day as early as {value.isoformat()}")
    return (moment - begin) / timedelta(days=1)


def _forget_formulas(package: Package, gone: Mapping[str, set[str]], changed: dict[str, bytes]) -> set[str]:
    """Take overwritten formulas out of the calculation chain (§18.6.1). Returns the parts that go."""
    part = next(iter(package.of_kind(package.workbook, "calcChain")), "")
    if not part or part not in package.names or not any(gone.values()):
        return set()
    root = parsed(package.read(part), part)
    sheet = ""
    for entry in list(root):
        sheet = entry.get("i", sheet)
        entry.set("i", sheet)  # what it took from its neighbour, which may go
        if entry.get("r") in gone.get(sheet, ()):
            root.remove(entry)
    if len(root):
        changed[part] = written(root)
        return set()
    _unlink(package, part, changed)
    return {part}


def _unlink(package: Package, part: str, changed: dict[str, bytes]) -> None:
    """A chain without an entry is an error to Excel: it goes, and with it what names it."""
    folder, _, name = package.workbook.rpartition("/")
    links = f"{folder}/_rels/{name}.rels".lstrip("/")
    root = parsed(package.read(links), links)
    for link in root.iterfind("l:Relationship", NAMES):
        if link.get("Type", "").endswith("/calcChain"):
            root.remove(link)
    changed[links] = written(root)
    types = "[Content_Types].xml"
    root = parsed(package.read(types), types)
    for each in list(root):
        if each.get("PartName") == f"/{part}":
            root.remove(each)
    changed[types] = written(root)


def _has_formulas(package: Package, changed: Mapping[str, bytes]) -> bool:
    if package.of_kind(package.workbook, "calcChain"):
        return True
    parts = package.sheets.values()
    return any(re.search(rb"<(?!xm:)(?:[\w.-]+:)?f[\s/>]", changed.get(part) or package.read(part)) for part in parts)


def _calculated_on_load(xml: bytes, part: str) -> bytes:
    """Say that all formulas are calculated when the workbook is opened (§18.2.2)."""
    prefix = re.search(rb"<((?:[\w.-]+:)?)workbook\b", xml)
    assert prefix is not None, f"{part} was read before"
    name = prefix[1]
    there = re.search(b"<" + name + rb"calcPr\b([^>]*?)(/?)>", xml)
    if there is not None:
        others = re.sub(rb'\s*\bfullCalcOnLoad="[^"]*"', b"", there[1])
        new = b"<" + name + b"calcPr" + others.rstrip() + b' fullCalcOnLoad="1"' + there[2] + b">"
        return xml[: there.start()] + new + xml[there.end() :]
    at = 0
    for before in _BEHIND_CALCULATION:
        for closed in re.finditer(
            rb"</" + name + before.encode() + rb">|<" + name + before.encode() + rb"\b[^>]*/>", xml
        ):
            at = max(at, closed.end())
    return xml[:at] + b"<" + name + b'calcPr fullCalcOnLoad="1"/>' + xml[at:]
