"""The views of the own log that SQL of scenarios may read: nothing else of the store is shown to it.

Names are those of the tables for which such SQL was once written. Both databases give the same rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class ColumnKind(StrEnum):
    """What a column holds."""

    TEXT = "text"
    WHOLE = "whole"
    """A whole number; truths are 0 and 1."""
    MOMENT = "moment"
    """A moment in the time of the office, without a zone. SQLite keeps it as text, `2026-11-23 10:00:00.000000`,
    PostgreSQL as `timestamp without time zone`."""


@dataclass(frozen=True, slots=True)
class CallView:
    """A view. Its name and its columns are case-sensitive in PostgreSQL: quote them."""

    name: str
    columns: Mapping[str, ColumnKind]
    """In the order of the view."""
    nullable: frozenset[str]
    """The columns that may be NULL."""


_TEXT, _WHOLE, _MOMENT = ColumnKind.TEXT, ColumnKind.WHOLE, ColumnKind.MOMENT

CONNECTIONS = CallView(
    "A_Stat_Connections_1x1",
    {
        "Id": _TEXT,
        "IdChain": _TEXT,
        "TimeStart": _MOMENT,
        "TimeAnswer": _MOMENT,
        "TimeStop": _MOMENT,
        "ConnectionType": _WHOLE,
        "ReasonStart": _WHOLE,
        "IsRecorded": _WHOLE,
        "ALineNum": _TEXT,
        "AOutNumber": _TEXT,
        "ANumberDialed": _TEXT,
        "AUserId": _TEXT,
        "BLineNum": _TEXT,
        "BOutNumber": _TEXT,
        "BUserId": _TEXT,
    },
    frozenset({"AUserId", "BUserId"}),
)
"""A row for each connection that was answered, written when its call has ended; see `office.connections`."""

CALL_VIEWS: Sequence[CallView] = (CONNECTIONS,)
"""All of them."""
