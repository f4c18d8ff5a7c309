"""The connections of ended calls, and named lists of numbers. See `tables.py`, where the legs stand.

Over `connection_rows` the view `A_Stat_Connections_1x1` is made by the migration, with the names of `call_views.py`.
"""

from sqlalchemy import Column, DateTime, Index, String, Table

from cordboard.store.tables import Utc, metadata, whole, word

connection_rows = Table(
    "connection_rows",
    metadata,
    Column("id", String, primary_key=True),
    word("chain", index=True),
    Column("started", DateTime, nullable=False),  # in the zone of the office, naive: a view of SQLite cannot convert
    Column("answered", DateTime, nullable=False),
    Column("stopped", DateTime, nullable=False),
    whole("type"),
    whole("reason"),
    whole("recorded"),
    word("a_line"),
    word("a_number"),
    word("dialled"),
    Column("a_user", String),
    word("b_line"),
    word("b_number"),
    Column("b_user", String),
    Index(None, "answered"),
    Index(None, "a_number", "answered"),
    Index(None, "b_number", "answered"),
)

listed_numbers = Table(
    "listed_numbers",
    metadata,
    Column("list", String, primary_key=True),
    Column("number", String, primary_key=True),  # canonical; a prefix ends in a star
    word("note"),
    Column("until", Utc),
    Column("added", Utc, nullable=False),
)
