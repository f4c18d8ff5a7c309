"""The tables of the outbox and of its gateways' settings. See `tables.py`."""

from sqlalchemy import Column, Index, Integer, Table, UniqueConstraint, text
from sqlalchemy.types import JSON

from cordboard.store.tables import SEQ, Utc, flag, metadata, whole, word

_OPEN = text("due IS NOT NULL")

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", SEQ, primary_key=True),  # the order of their effects
    word("kind"),
    word("key"),
    word("recipient"),
    Column("payload", JSON, nullable=False),
    word("same"),  # what makes it the same order as another
    Column("ordered", Utc, nullable=False),
    Column("deadline", Utc, nullable=False),
    word("state"),
    Column("due", Utc),  # empty when nothing will happen by itself any more
    whole("tries"),
    whole("doubts"),
    word("error"),
    word("receipt"),
    Column("settled", Utc),
    word("run_id"),
    word("chain"),
    word("node"),
    whole("epoch"),
    Column("lease_until", Utc),  # empty if nobody hands it over
    flag("postponed"),  # waits without having been tried, and holds nobody back
    UniqueConstraint("kind", "key", "recipient"),
    Index("ix_deliveries_due", "kind", "due", sqlite_where=_OPEN, postgresql_where=_OPEN),
    Index("ix_deliveries_open", "recipient", "id", sqlite_where=_OPEN, postgresql_where=_OPEN),
    Index(None, "same", "ordered"),
    Index(None, "settled"),
)

mail_server = Table(
    "mail_server",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # one row, 1
    word("host"),
    whole("port"),
    word("sender"),
    word("security"),
    word("username"),
    word("password"),  # encrypted, see secrets.py
    word("authority"),
)

webhook_rules = Table(
    "webhook_rules",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # one row, 1
    Column("local", JSON, nullable=False),
    word("secret"),  # encrypted
)
