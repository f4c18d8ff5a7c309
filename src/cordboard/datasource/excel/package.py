"""The parts of a workbook and how they hang together (ECMA-376 Part 2; Part 1, §18.2). Pure."""

import posixpath
import zipfile
from collections.abc import Mapping
from typing import Any

from lxml import etree

from cordboard.datasource.excel.archive import members
from cordboard.datasource.excel.ports import WorkbookError

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
STRICT = "http://purl.oclc.org/ooxml/spreadsheetml/main"
RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
LINKS = "http://schemas.openxmlformats.org/package/2006/relationships"
NAMES = {"m": MAIN, "l": LINKS}

Element = Any
"""An element of lxml, which says no more of its own types."""


def parsed(xml: bytes, part: str) -> Element:
    """The root of a part; nothing outside of it is looked at. Raises WorkbookError."""
    try:
        return etree.fromstring(xml, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False))
    except etree.XMLSyntaxError as fault:
        raise WorkbookError(
            f"the file is damaged ({part}: {fault}): let Excel repair it, or take a copy of it"
        ) from fault


def written(root: Element) -> bytes:
    """A part as it is kept."""
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True))


class Package:
    """A workbook's parts. Raises WorkbookError if it is none that can be patched."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self._archive = members(content)
        self.names = set(self._archive.namelist())
        if any(name.startswith("_xmlsignatures/") for name in self.names):
            raise WorkbookError(
                "the workbook is signed, and a change would break the signature: take the signature away"
            )
        self.workbook = self._document()
        root = parsed(self.read(self.workbook), self.workbook)
        if root.tag == f"{{{STRICT}}}workbook":
            raise WorkbookError("the workbook is saved as Strict Open XML: save it as an ordinary .xlsx")
        if root.tag != f"{{{MAIN}}}workbook":
            raise WorkbookError("the file is no workbook that can be written: save it as .xlsx with Excel")
        linked = self.linked(self.workbook)
        self._first = ""
        self.sheets: dict[str, str] = {}
        """Part by name, in the order of the tabs."""
        self.numbers: dict[str, str] = {}
        """By part what the calculation chain calls the sheet."""
        for sheet in root.iterfind("m:sheets/m:sheet", NAMES):
            kind, part = linked.get(sheet.get(f"{{{RELATION}}}id", ""), ("", ""))
            if kind == "worksheet":
                self.sheets[sheet.get("name", "")] = part
                self.numbers[part] = sheet.get("sheetId", "")
                if not self._first and sheet.get("state", "visible") == "visible":
                    self._first = sheet.get("name", "")
        properties = root.find("m:workbookPr", NAMES)
        self.since_1904 = properties is not None and properties.get("date1904") in {"1", "true"}

    def read(self, part: str) -> bytes:
        """The content of a part."""
        try:
            return self._archive.read(part)
        except (KeyError, zipfile.BadZipFile, NotImplementedError, EOFError) as fault:
            raise WorkbookError(f"the file is damaged ({part}): let Excel repair it, or take a copy of it") from fault

    def linked(self, part: str) -> Mapping[str, tuple[str, str]]:
        """By id the kind (the last word of its type) and the part of each that a part refers to."""
        folder, name = posixpath.split(part)
        links = posixpath.join(folder, "_rels", f"{name}.rels")
        if links not in self.names:
            return {}
        found = {}
        for link in parsed(self.read(links), links).iterfind("l:Relationship", NAMES):
            if link.get("TargetMode") != "External":
                target = link.get("Target", "")
                there = (
                    target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
                )
                found[link.get("Id", "")] = (link.get("Type", "").rpartition("/")[2], there)
        return found

    def of_kind(self, part: str, kind: str) -> list[str]:
        """The parts of one kind to which a part refers."""
        return [there for found, there in self.linked(part).values() if found == kind]

    def sheet(self, name: str) -> tuple[str, str]:
        """Name and part of a sheet; without a name of the first one that is not hidden. Raises WorkbookError."""
        if not self.sheets:
            raise WorkbookError("the workbook has no sheet with cells")
        if not name.strip():
            first = self._first or next(iter(self.sheets))
            return first, self.sheets[first]
        for known, part in self.sheets.items():
            if known.casefold() == name.strip().casefold():
                return known, part
        raise WorkbookError(f"there is no sheet {name!r}; there are: {', '.join(self.sheets)[:300]}")

    def _document(self) -> str:
        found = self.of_kind("", "officeDocument")
        if not found or found[0] not in self.names:
            raise WorkbookError("the file is no workbook that can be written: save it as .xlsx with Excel")
        return found[0]
