"""The tables of voicemail and of recordings. See `tables.py`."""

from sqlalchemy import Column, Float, Index, Table

from cordboard.store.tables import SEQ, Utc, flag, metadata, word

voicemail = Table(
    "voicemail",
    metadata,
    Column("id", SEQ, primary_key=True),  # in the order of coming
    word("box"),
    word("chain", index=True),
    word("caller"),
    word("caller_name"),
    Column("at", Utc, nullable=False),
    Column("seconds", Float, nullable=False),
    word("file", unique=True),
    Column("heard", Utc),  # empty until somebody has heard it
    flag("passing"),  # it goes when its mail was taken
    Index(None, "box", "id"),
)
