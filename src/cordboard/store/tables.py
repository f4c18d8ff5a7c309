"""The tables, as the rest of this room writes and reads them. `migrations/` makes them; a test compares the two.

Names of columns follow the fields of the dataclasses that they hold. Times are aware and in UTC in Python.
"""

from datetime import UTC, datetime

from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    TypeDecorator,
    UniqueConstraint,
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


def _word(name: str, *, unique: bool = False, index: bool = False) -> Column[str]:
    return Column(name, String, nullable=False, unique=unique, index=index)


def _whole(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False)


def _flag(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False)


# The office ------------------------------------------------------------------------------------------------------

settings = Table(
    "settings",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # one row, 1
    _whole("revision"),  # moves at every change of the office, so that other processes see it
    _word("name"),
    _word("country"),
    _word("time_zone"),
    _word("language"),
    _word("main_scenario"),
    _word("realm"),
)

users = Table(
    "users",
    metadata,
    Column("login", String, primary_key=True),
    _word("name"),
    _word("number", unique=True),
    _word("mobile"),
    _word("language"),
    _word("pin_hash"),
    Column("allowed_prefixes", JSON, nullable=False),
    _flag("enabled"),
)

accounts = Table(
    "accounts",
    metadata,
    Column("name", String, primary_key=True),
    Column("login", ForeignKey("users.login", ondelete="CASCADE"), nullable=False, index=True),
    _word("secret"),
    _word("algorithm"),
    _flag("behind_nat"),
)

lines = Table(
    "lines",
    metadata,
    Column("name", String, primary_key=True),
    _word("mode"),
    _word("host"),
    _whole("port"),
    _word("transport"),
    _word("number"),
    _word("username"),
    _word("password"),  # encrypted, see secrets.py
    _flag("behind_nat"),
    _whole("expires"),
    _word("scenario"),
    _flag("enabled"),
)

internal_numbers = Table(
    "internal_numbers",
    metadata,
    Column("number", String, primary_key=True),
    _word("scenario"),
    _word("title"),
)

routes = Table(
    "routes",
    metadata,
    Column("name", String, primary_key=True),
    _word("prefix"),
    Column("lines", JSON, nullable=False),
    _whole("strip"),
    _word("prepend"),
    _whole("priority"),
    _whole("shortest"),
)

pin_failures = Table(
    "pin_failures",
    metadata,
    Column("login", String, primary_key=True),
    _whole("wrong"),
    Column("locked_until", Utc),
)

# Phones ----------------------------------------------------------------------------------------------------------

registrations = Table(
    "registrations",
    metadata,
    Column("account", String, primary_key=True),
    Column("contact", String, primary_key=True),
    _word("source"),
    Column("expires", Utc, nullable=False),
    _word("agent"),
    _word("call_id"),
    _whole("cseq"),
)

# The call log ----------------------------------------------------------------------------------------------------

legs = Table(
    "legs",
    metadata,
    Column("id", String, primary_key=True),
    _word("chain", index=True),
    _word("direction"),
    _word("state"),
    _word("caller_number"),
    _word("caller_name"),
    _word("caller_phone"),  # canonical, so that every writing of a number finds it
    _word("dialled"),
    _word("dialled_phone"),
    _word("account"),
    _word("line"),
    Column("started", Utc, nullable=False),
    Column("ringing", Utc),
    Column("answered", Utc),
    Column("ended", Utc),
    Column("reason", String),
    _flag("held"),
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
    _word("chain", index=True),
    _word("a_leg"),
    _word("b_leg"),
    Column("started", Utc, nullable=False),
    Column("ended", Utc),
)

# Scenarios -------------------------------------------------------------------------------------------------------

releases = Table(
    "releases",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("scenarios", JSON, nullable=False),  # name to text
    _word("message"),
    Column("published", Utc, nullable=False),
)

_UNFINISHED = text("outcome IS NULL")

runs = Table(
    "runs",
    metadata,
    Column("seq", Integer, primary_key=True),  # the order of starting
    _word("id", unique=True),
    _word("scenario"),
    _whole("release"),
    _word("chain", index=True),
    _word("key"),
    Column("checkpoint", JSON, nullable=False),
    Column("started", Utc, nullable=False),
    Column("wake", Utc),  # when it is due; empty once it has ended
    Column("lease_until", Utc),  # empty if nobody holds it
    _word("node"),
    _whole("epoch"),
    Column("outcome", String),  # empty until it has ended
    Column("value", JSON),
    _word("error"),
    Column("ended", Utc),
    Index("ix_runs_due", "wake", sqlite_where=_UNFINISHED, postgresql_where=_UNFINISHED),
    Index(None, "scenario", "key"),
)

effects = Table(
    "effects",
    metadata,
    Column("seq", Integer, primary_key=True),  # the order of commit
    _word("kind"),
    _word("key"),
    Column("payload", JSON, nullable=False),
    _word("run_id"),
    _word("chain"),
    _flag("taken"),  # by an outbox
    UniqueConstraint("kind", "key"),
    Index("ix_effects_waiting", "seq", sqlite_where=text("NOT taken"), postgresql_where=text("NOT taken")),
)

run_traces = Table(
    "run_traces",
    metadata,
    Column("run_id", String, primary_key=True),
    _word("chain", index=True),
    _word("scenario"),
    _whole("release"),
    _word("kind"),
    Column("started", Utc, nullable=False, index=True),
    Column("ended", Utc),
    Column("outcome", String),
    _word("error"),
    Column("variables", JSON, nullable=False),
)

step_traces = Table(
    "step_traces",
    metadata,
    Column("seq", Integer, primary_key=True),  # the order of writing
    _word("run_id", index=True),
    _word("chain"),
    _word("scenario"),
    _word("step"),
    _word("component"),
    _whole("depth"),
    Column("entered", Utc, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("properties", JSON, nullable=False),
    Column("changed", JSON, nullable=False),
    _word("exit"),
    _word("error"),
    _word("branch"),
)
