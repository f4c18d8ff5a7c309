"""The table of what users are about. See `tables.py`."""

from sqlalchemy import Column, String, Table

from cordboard.store.tables import Utc, metadata, word

presences = Table(
    "presences",
    metadata,
    Column("login", String, primary_key=True),
    word("presence"),
    word("reason"),
    Column("since", Utc, nullable=False),
    Column("until", Utc),  # none: until he says something else
)
