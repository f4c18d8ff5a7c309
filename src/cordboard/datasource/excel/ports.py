"""Tables of the company. The docstrings are the contract.

`datasource.excel.service` implements `Workbooks`; `store.journal` implements `Journal` over SQL.
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
        self, place: Place, conditions: Sequence[Condition], columns: Sequence[str] = (), at_most: int = 1000
    ) -> Sequence[Row]:
        """The rows that meet all conditions, in the order of the sheet; rows without any value are left out.

        `columns` says which values are given; without any all are.
        """

    async def cell(self, workbook: str, sheet: str, address: str) -> Cell:
        """The value of a cell, `B7`."""

    async def check_writable(self, place: Place, columns: Sequence[str]) -> None:
        """Raise unless it is of a kind that can be written and has these columns. It may be open elsewhere."""

    def states(self) -> Sequence[WorkbookState]:
        """The workbooks that were used since the start, by name."""


class JournalEntry(Protocol):
    """An order that was committed with the step that gave it."""

    @property
    def seq(self) -> int:
        """Its place in the order of commits."""

    @property
    def key(self) -> str:
        """Its own, for ever."""

    @property
    def payload(self) -> Mapping[str, Any]:
        """See `orders.from_payload`."""

    @property
    def run_id(self) -> str:
        """The run that gave it."""


class Journal(Protocol):
    """The effects of kind WORKBOOK: what is to be written."""

    async def waiting(self, after: int = 0) -> Sequence[JournalEntry]:
        """Those that are not done yet, in order, from the one behind `after`; it may be only the first thousands."""

    async def done(self, seqs: Sequence[int]) -> None:
        """They are in their files. Durable when it returns."""
