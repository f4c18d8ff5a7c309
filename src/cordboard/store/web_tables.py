"""The tables of web services: secrets, settings, and answers that are kept. See `tables.py`."""

from sqlalchemy import Column, Index, Integer, LargeBinary, String, Table

from cordboard.store.tables import Utc, metadata, whole, word

web_secrets = Table(
    "web_secrets",
    metadata,
    Column("name", String, primary_key=True),
    word("kind"),
    word("host"),
    word("label"),
    word("value"),  # encrypted, see secrets.py
)

web_settings = Table(
    "web_settings",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # one row, 1
    word("authority"),
)

web_answers = Table(
    "web_answers",
    metadata,
    Column("key", String, primary_key=True),
    Column("at", Utc, nullable=False),
    Column("until", Utc, nullable=False),
    whole("status"),
    word("content_type"),
    Column("body", LargeBinary, nullable=False),
    Index(None, "until"),
)
