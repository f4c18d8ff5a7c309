"""The tables of recorded talks, and of who has heard them. See `tables.py`."""

from sqlalchemy import Column, Float, Index, Table, text

from cordboard.store.tables import SEQ, Utc, metadata, word

_THERE = text("gone IS NULL")

recordings = Table(
    "recordings",
    metadata,
    Column("id", SEQ, primary_key=True),  # in the order of beginning
    word("chain", index=True),
    word("leg"),
    word("file", unique=True),
    Column("started", Utc, nullable=False, index=True),
    Column("ended", Utc),  # empty while it goes on, and after a crash until the next start
    Column("seconds", Float, nullable=False),
    Column("size", SEQ, nullable=False),  # bytes
    word("rule"),
    word("number"),  # of the party outside, canonical
    word("shown"),  # the same as it was received or dialled
    word("line"),
    word("user"),
    word("peer"),
    Column("keep_until", Utc),  # empty: for ever
    Column("gone", Utc),  # when the file was deleted
    word("gone_why"),
    Index(None, "number"),
    Index(None, "user"),
    Index(None, "peer"),
    Index("ix_recordings_due", "keep_until", sqlite_where=_THERE, postgresql_where=_THERE),
    Index("ix_recordings_there", "id", sqlite_where=_THERE, postgresql_where=_THERE),
)

hearings = Table(
    "recording_hearings",
    metadata,
    Column("id", SEQ, primary_key=True),
    Column("recording", SEQ, nullable=False, index=True),
    Column("at", Utc, nullable=False),
    word("who"),
    word("what"),
)
