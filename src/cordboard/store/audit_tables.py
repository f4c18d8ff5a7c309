"""The table of who has changed what. See `tables.py`."""

from sqlalchemy import Column, Index, Table
from sqlalchemy.types import JSON

from cordboard.store.tables import SEQ, Utc, metadata, word

audit = Table(
    "audit",
    metadata,
    Column("id", SEQ, primary_key=True),  # in the order of the changes
    Column("at", Utc, nullable=False),
    word("actor"),  # the token, or the command
    word("login"),  # the user who holds it; empty: a program
    word("action"),
    word("kind"),
    word("name"),
    Column("before", JSON, nullable=False),  # fields by name, secrets masked
    Column("after", JSON, nullable=False),
    Index(None, "at"),
    Index(None, "kind", "name"),
)
