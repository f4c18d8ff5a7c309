"""The table of data sources. See `tables.py`."""

from sqlalchemy import Column, Float, String, Table
from sqlalchemy.types import JSON

from cordboard.store.tables import flag, metadata, whole, word

data_sources = Table(
    "data_sources",
    metadata,
    Column("name", String, primary_key=True),
    word("kind"),
    word("host"),
    whole("port"),  # 0: the usual one
    word("database"),
    word("user"),
    word("password"),  # encrypted, see secrets.py
    Column("options", JSON, nullable=False),
    flag("writes"),
    Column("seconds", Float, nullable=False),
    whole("rows"),
    whole("connections"),
)
