"""The tables, as the rest of this room writes and reads them. `migrations/` makes them; a test compares the two.

Here stand the office's, the phones' and the call log's; `scenario_tables.py` has those of scenarios and their runs.
Names of columns follow the fields of the dataclasses that they hold. Times are aware and in UTC in Python.
"""

from datetime import UTC, datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    TypeDecorator,
    text,
)
from sqlalchemy.types import JSON


class Utc(TypeDecorator[datetime]):
    """An aware moment. SQLite keeps no zone, so it is turned to UTC on its way in and marked so on its way out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a naive moment: nobody could say later which zone it was in."""
        if value is None:
            return None
        if value.tzinfo is None:
            message = f"{value!r} has no time zone"
            raise ValueError(message)
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Aware, in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


def storable(value: str) -> str:
    """`value` without what a database refuses (lone surrogates, NUL): texts of calls come from strangers."""
    return value.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


SEQ = Integer().with_variant(BigInteger(), "postgresql")
"""Numbers of rows that never end: SQLite's are wide by themselves."""


def word(name: str, *, unique: bool = False, index: bool = False) -> Column[str]:
    """A text that is never null."""
    return Column(name, String, nullable=False, unique=unique, index=index)


def whole(name: str) -> Column[int]:
    """A whole number that is never null."""
    return Column(name, Integer, nullable=False)


def flag(name: str) -> Column[bool]:
    """A truth that is never null."""
    return Column(name, Boolean, nullable=False)


# The office ------------------------------------------------------------------------------------------------------

settings = Table(
    "settings",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # one row, 1
    whole("revision"),  # moves at every change of the office, so that other processes see it
    word("name"),
    word("country"),
    word("time_zone"),
    word("language"),
    word("main_scenario"),
    word("realm"),
)

users = Table(
    "users",
    metadata,
    Column("login", String, primary_key=True),
    word("name"),
    word("number", unique=True),
    word("mobile"),
    word("language"),
    word("pin_hash"),
    Column("allowed_prefixes", JSON, nullable=False),
    flag("enabled"),
)

accounts = Table(
    "accounts",
    metadata,
    Column("name", String, primary_key=True),
    Column("login", ForeignKey("users.login", ondelete="CASCADE"), nullable=False, index=True),
    word("secret"),
    word("algorithm"),
    flag("behind_nat"),
)

lines = Table(
    "lines",
    metadata,
    Column("name", String, primary_key=True),
    word("mode"),
    word("host"),
    whole("port"),
    word("transport"),
    word("number"),
    word("username"),
    word("password"),  # encrypted, see secrets.py
    flag("behind_nat"),
    whole("expires"),
    word("scenario"),
    flag("enabled"),
)

internal_numbers = Table(
    "internal_numbers",
    metadata,
    Column("number", String, primary_key=True),
    word("scenario"),
    word("title"),
)

routes = Table(
    "routes",
    metadata,
    Column("name", String, primary_key=True),
    word("prefix"),
    Column("lines", JSON, nullable=False),
    whole("strip"),
    word("prepend"),
    whole("priority"),
    whole("shortest"),
    flag("normalised"),
    word("match"),
    word("replace"),
    word("hours"),
    word("days"),
    Column("users", JSON, nullable=False),
    Column("groups", JSON, nullable=False),
    flag("least_cost"),
)

pin_failures = Table(
    "pin_failures",
    metadata,
    Column("login", String, primary_key=True),
    whole("wrong"),
    Column("locked_until", Utc),
)

# Phones ----------------------------------------------------------------------------------------------------------

registrations = Table(
    "registrations",
    metadata,
    Column("account", String, primary_key=True),
    Column("contact", String, primary_key=True),
    word("source"),
    Column("expires", Utc, nullable=False),
    word("agent"),
    word("call_id"),
    whole("cseq"),
)

# The call log ----------------------------------------------------------------------------------------------------

legs = Table(
    "legs",
    metadata,
    Column("id", String, primary_key=True),
    word("chain", index=True),
    word("direction"),
    word("state"),
    word("caller_number"),
    word("caller_name"),
    word("caller_phone"),  # canonical, so that every writing of a number finds it
    word("dialled"),
    word("dialled_phone"),
    word("account"),
    word("line"),
    Column("started", Utc, nullable=False),
    Column("ringing", Utc),
    Column("answered", Utc),
    Column("ended", Utc),
    Column("reason", String),
    flag("held"),
    flag("recorded"),
    Index(None, "started"),
    Index(None, "caller_phone", "started"),
    Index(None, "dialled_phone", "started"),
    # What a crash left open is found at each start without reading the log.
    Index("ix_legs_open", "id", sqlite_where=text("ended IS NULL"), postgresql_where=text("ended IS NULL")),
)

connections = Table(
    "connections",
    metadata,
    Column("id", String, primary_key=True),
    word("chain", index=True),
    word("a_leg"),
    word("b_leg"),
    Column("started", Utc, nullable=False),
    Column("ended", Utc),
)

call_tags = Table(
    "call_tags",
    metadata,
    Column("chain", String, primary_key=True),
    Column("name", String, primary_key=True),
    word("value"),
    Column("set_at", Utc, nullable=False),
)
