"""The table of notices to users. See `tables.py`."""

from sqlalchemy import Column, Index, Table, UniqueConstraint, text
from sqlalchemy.types import JSON

from cordboard.store.tables import SEQ, Utc, flag, metadata, word

_UNREAD = text('"read" IS NULL')

notices = Table(
    "notices",
    metadata,
    Column("id", SEQ, primary_key=True),  # in the order in which they were ordered
    word("key"),
    word("login"),
    Column("at", Utc, nullable=False),
    word("text"),
    Column("data", JSON, nullable=False),
    flag("urgent"),
    Column("read", Utc),  # empty until he has read it
    word("run_id"),
    word("chain"),
    UniqueConstraint("key", "login"),
    Index(None, "login", "id"),
    Index("ix_notices_unread", "login", "id", sqlite_where=_UNREAD, postgresql_where=_UNREAD),
    Index(None, "at"),
)
