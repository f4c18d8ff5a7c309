"""Tables of the company. The docstrings are the contract.

`datasource.excel.service` implements `Workbooks`; `store.workbook_journal` implements `Journal` over SQL.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from cordboard.datasource.excel.cells import Cell, Sought, is_lost
from cordboard.datasource.excel.orders import WORKBOOK, Order, Place, Several, to_payload

__all__ = [
    "WORKBOOK",
    "Cell",
    "Check",
    "Condition",
    "Doubt",
    "Journal",
    "JournalEntry",
    "Order",
    "Place",
    "Row",
    "Several",
    "SeveralRowsError",
    "Sought",
    "WorkbookError",
    "WorkbookState",
    "Workbooks",
    "WriteFault",
    "is_lost",
    "to_payload",
]


class WorkbookError(Exception):
    """A workbook cannot be used as it was asked; the text is a sentence that says what to do."""


class SeveralRowsError(WorkbookError):
    """Several rows were found, and the rule says that this is an outcome of its own."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table."""

    number: int
    """As Excel counts: the first row of the sheet is 1."""
    values: Mapping[str, Cell]
    """By the names of the columns, in their order. Moments are without a zone."""


class Check(StrEnum):
    """How a cell is compared."""

    EQUALS = "equals"
    DIFFERS = "differs"
    MORE = "more"
    LESS = "less"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    CONTAINS = "contains"
    BEGINS = "begins"
    EMPTY = "empty"
    FILLED = "filled"


@dataclass(frozen=True, slots=True)
class Condition:
    """What must be true of a row."""

    column: str
    check: Check
    value: Sought = None
    """Numbers are more or less than numbers, dates than dates; a cell of another kind meets neither."""


@dataclass(frozen=True, slots=True)
class WorkbookState:
    """How a workbook stands, for the page."""

    name: str
    """As scenarios call it."""
    waiting: int = 0
    """Writes that are not in the file yet. They are kept in the journal, whatever happens."""
    since: datetime | None = None
    """Since when they could not be written."""
    trouble: str = ""
    """Why not, a sentence; also who has it open."""
    faults: Sequence[str] = ()
    """What is wrong with its data, a sentence each."""


class Workbooks(Protocol):
    """The workbooks of the office, by their names within its folder of tables.

    What scenarios have written is seen at once by everybody, long before it is in the file. A file that was changed or
    replaced is read anew by the next one who asks. Every method raises WorkbookError.
    """

    async def find(self, place: Place, where: Mapping[str, Sought], several: Several = Several.FIRST) -> Row | None:
        """The row whose cells say all of that. None if there is none, or if something is sought that is empty.

        Upper and lower case and blanks make no difference, nor whether 105 is a number or a text. A PhoneNumber, and a
        text that is written like one, is found however the workbook has it. Raises SeveralRowsError.
        """

    async def rows(
        self,
        place: Place,
        conditions: Sequence[Condition],
        columns: Sequence[str] = (),
        at_most: int = 1000,
        *,
        after: int = 0,
    ) -> Sequence[Row]:
        """The rows that meet all conditions, in the order of the sheet; rows without any value are left out.

        `columns` says which values are given; without any all are. They begin below the row `after`, as Excel counts.
        """

    async def row(self, place: Place, number: int) -> Row | None:
        """The row of that number, as Excel counts; None if nothing stands there."""

    async def cell(self, place: Place, address: str) -> Cell:
        """The value of a cell, `B7`. The header makes no difference."""

    async def check_writable(self, place: Place, columns: Sequence[str]) -> None:
        """Raise unless it is of a kind that can be written and has these columns. It may be open elsewhere."""

    def states(self) -> Sequence[WorkbookState]:
        """The workbooks that were used since the start, by name."""


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """An order that was committed with the step that gave it."""

    seq: int
    """Its place in the order of commits."""
    payload: Mapping[str, Any]
    """See `orders.from_payload`."""
    run_id: str = ""


@dataclass(frozen=True, slots=True)
class Doubt:
    """A file was about to be replaced, and nobody has said that it was. Hashes are those of whole files."""

    before: str
    after: str
    seqs: Sequence[int]


@dataclass(frozen=True, slots=True)
class WriteFault:
    """An order that can never be carried out: for people, until they forget it."""

    seq: int
    workbook: str
    error: str
    payload: Mapping[str, Any]
    at: datetime


class Journal(Protocol):
    """The effects of kind WORKBOOK: what is to be written. Every method that writes is durable when it returns."""

    async def mine(self, node: str, until: datetime, now: datetime) -> bool:
        """Whether this node writes workbooks until then: one at a time does."""

    async def waiting(self, after: int = 0, limit: int = 1000) -> Sequence[JournalEntry]:
        """Those that are not done yet, in order, from the one behind `after`."""

    async def begin(self, workbook: str, doubt: Doubt) -> None:
        """A file is about to be replaced."""

    async def begun(self, workbook: str) -> Doubt | None:
        """What a crash has left in doubt."""

    async def done(self, workbook: str, seqs: Sequence[int]) -> None:
        """They are in their file, and nothing is in doubt any more."""

    async def failed(self, faults: Sequence[WriteFault]) -> None:
        """They never will be. They do not wait any more, and are kept for people."""

    async def faults(self) -> Sequence[WriteFault]:
        """What people have not forgotten yet, oldest first."""

    async def forget(self, seq: int) -> bool:
        """Somebody has seen it. False if there is none."""
