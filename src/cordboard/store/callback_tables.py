"""The tables of promised callbacks and of the calls that were made for them. See `tables.py`."""

from sqlalchemy import Column, Index, String, Table, text
from sqlalchemy.types import JSON

from cordboard.store.tables import SEQ, Utc, metadata, whole, word

_OPEN = text("settled IS NULL")

callbacks = Table(
    "callbacks",
    metadata,
    Column("id", String, primary_key=True),
    word("phone"),
    word("number"),
    word("origin"),
    Column("ordered", Utc, nullable=False),
    Column("due", Utc, nullable=False),
    Column("expires", Utc, nullable=False),
    word("state"),
    word("group"),
    word("scenario"),
    word("to"),
    whole("priority"),
    Column("since", Utc),
    Column("skills", JSON, nullable=False),
    word("language"),
    word("chain"),
    word("note"),
    whole("attempts"),
    word("outcome"),
    Column("settled", Utc),
    # Two orders of one number are one, whoever is faster.
    Index("ux_callbacks_open", "phone", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
    Index("ix_callbacks_due", "due", sqlite_where=_OPEN, postgresql_where=_OPEN),
    Index(None, "ordered"),
)

callback_attempts = Table(
    "callback_attempts",
    metadata,
    Column("id", SEQ, primary_key=True),
    word("callback", index=True),
    word("phone"),
    Column("at", Utc, nullable=False),
    word("outcome"),
    Index(None, "phone", "at"),
)
