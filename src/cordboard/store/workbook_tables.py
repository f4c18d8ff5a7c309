"""The tables behind the journal of workbooks. See `tables.py`."""

from sqlalchemy import Column, Integer, String, Table
from sqlalchemy.types import JSON

from cordboard.store.tables import SEQ, Utc, metadata, word

workbook_writer = Table(
    "workbook_writer",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # one row, 1
    word("node"),
    Column("until", Utc, nullable=False),
)

workbook_doubts = Table(
    "workbook_doubts",
    metadata,
    Column("workbook", String, primary_key=True),
    word("before"),
    word("after"),
    Column("seqs", JSON, nullable=False),
)

workbook_faults = Table(
    "workbook_faults",
    metadata,
    Column("seq", SEQ, primary_key=True, autoincrement=False),
    word("workbook"),
    word("error"),
    Column("payload", JSON, nullable=False),
    Column("at", Utc, nullable=False),
)
