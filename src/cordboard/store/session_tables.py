"""The table of sessions of the page. See `tables.py`."""

from sqlalchemy import Column, String, Table

from cordboard.store.tables import Utc, metadata, word

sessions = Table(
    "sessions",
    metadata,
    Column("hash", String, primary_key=True),
    Column("login", String, nullable=False, index=True),
    Column("created", Utc, nullable=False),
    Column("seen", Utc, nullable=False),
    word("address"),
    word("agent"),
    word("proof"),
)
