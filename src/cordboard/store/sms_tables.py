"""The tables of short messages. See `tables.py`."""

from sqlalchemy import Column, Index, Integer, String, Table
from sqlalchemy.types import JSON

from cordboard.store.tables import SEQ, Utc, flag, metadata, whole, word

sms_lines = Table(
    "sms_lines",
    metadata,
    Column("name", String, primary_key=True),
    word("kind"),
    word("settings"),  # JSON, encrypted as a whole: see secrets.py
    Column("prefixes", JSON, nullable=False),
    word("cost"),  # a decimal number, as it was written
    word("currency"),
    whole("rank"),
    flag("enabled"),
)

sms_rules = Table(
    "sms_rules",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # one row, 1
    Column("rules", JSON, nullable=False),
)

sms_opt_outs = Table(
    "sms_opt_outs",
    metadata,
    Column("phone", String, primary_key=True),
    Column("at", Utc, nullable=False),
    word("words"),
)

sms_sent = Table(
    "sms_sent",
    metadata,
    Column("number", SEQ, primary_key=True),
    Column("delivery", SEQ, nullable=False, index=True),
    word("key", index=True),
    word("recipient"),
    word("scenario"),
    word("line"),
    word("coding"),
    whole("parts"),
    whole("reports"),  # how many references the network has for it: one a part, or one for all
    Column("cost", SEQ, nullable=False),  # in millionths, so that a database can add it up exactly
    word("currency"),
    Column("at", Utc, nullable=False),
    word("handed"),
    word("fate"),
    word("words"),
    Index(None, "at"),
    Index(None, "recipient", "at"),
)

sms_parts = Table(
    "sms_parts",
    metadata,
    Column("line", String, primary_key=True),
    Column("reference", String, primary_key=True),
    Column("sent", SEQ, index=True),  # empty: a report of something that is not known, or not yet
    word("recipient"),  # of such a report, if it tells it
    word("fate"),
    word("words"),
    Column("at", Utc, nullable=False, index=True),
)

sms_received = Table(
    "sms_received",
    metadata,
    Column("number", SEQ, primary_key=True),
    word("line"),
    word("sender"),
    word("phone"),
    word("to"),
    word("text"),
    Column("at", Utc, nullable=False, index=True),
    flag("complete"),
    Index(None, "phone", "at"),
)

sms_pieces = Table(
    "sms_pieces",
    metadata,
    Column("line", String, primary_key=True),
    Column("sender", String, primary_key=True),
    Column("to", String, primary_key=True),
    Column("reference", Integer, primary_key=True, autoincrement=False),
    Column("parts", Integer, primary_key=True, autoincrement=False),
    Column("part", Integer, primary_key=True, autoincrement=False),
    word("text"),
    Column("at", Utc, nullable=False),
    Column("arrived", Utc, nullable=False, index=True),
)

sms_seen = Table(
    "sms_seen",
    metadata,
    Column("line", String, primary_key=True),
    Column("mark", String, primary_key=True),  # by which a repetition is known
    Column("at", Utc, nullable=False, index=True),
)
