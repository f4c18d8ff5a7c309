"""The tables of scenarios, their runs, and what both leave behind. See `tables.py`."""

from sqlalchemy import Column, Float, Index, Integer, String, Table, UniqueConstraint, text
from sqlalchemy.types import JSON

from cordboard.store.tables import SEQ, Utc, flag, metadata, whole, word

_UNFINISHED = text("outcome IS NULL")
_ENDED = text("outcome IS NOT NULL")
_IN_TURN = text("outcome IS NULL AND wake IS NULL")
_LEASED = text("lease_until IS NOT NULL")
_WAITING = text("NOT taken")
_WITH_ERROR = text("error <> ''")

releases = Table(
    "releases",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("scenarios", JSON, nullable=False),  # name to text
    word("message"),
    Column("published", Utc, nullable=False),
    word("author"),
)

drafts = Table(
    "drafts",
    metadata,
    Column("name", String, primary_key=True),
    Column("text", String, nullable=False),
    whole("revision"),
    word("author"),
    Column("saved", Utc),
    whole("based_on"),
    # A discarded draft leaves its revision behind: who had read it must not overwrite the one that is begun anew.
    flag("discarded"),
)

runs = Table(
    "runs",
    metadata,
    Column("seq", SEQ, primary_key=True),  # the order of starting
    word("id", unique=True),
    word("scenario"),
    whole("release"),
    word("chain", index=True),
    word("key"),
    Column("checkpoint", JSON, nullable=False),
    Column("started", Utc, nullable=False),
    Column("wake", Utc),  # when it is due; empty while it waits for its turn, and once it has ended
    whole("places"),  # as how many of its scenario and key may be under way, while it waits for its turn
    Column("lease_until", Utc),  # empty if nobody holds it
    word("node"),
    whole("epoch"),
    Column("outcome", String),  # empty until it has ended
    Column("value", JSON),
    word("error"),
    Column("ended", Utc),
    Index("ix_runs_due", "wake", sqlite_where=_UNFINISHED, postgresql_where=_UNFINISHED),
    Index("ix_runs_leased", "lease_until", sqlite_where=_LEASED, postgresql_where=_LEASED),
    Index("ix_runs_rivals", "scenario", "key", sqlite_where=_UNFINISHED, postgresql_where=_UNFINISHED),
    # Asked of at the end of every run. `rivals` would look at each of ten thousand that sleep under one key.
    Index("ix_runs_in_turn", "scenario", "key", sqlite_where=_IN_TURN, postgresql_where=_IN_TURN),
    Index("ix_runs_old", "started", sqlite_where=_ENDED, postgresql_where=_ENDED),
    Index(None, "scenario", "key"),
)

# What wakes a sleeping run before its time; taken away as soon as somebody claims it.
awaited = Table(
    "awaited",
    metadata,
    Column("seq", SEQ, primary_key=True),
    word("run_id", index=True),
    word("name"),
    word("key"),
    Column("after", SEQ, nullable=False),
    Column("own", SEQ, nullable=False),
    Index(None, "name", "key"),
)

messages = Table(
    "messages",
    metadata,
    # The order of commits, over all nodes: given by `counters`, whose row is locked until the commit. A database's own
    # sequence gives numbers in another order than that in which they become visible.
    Column("seq", SEQ, primary_key=True, autoincrement=False),
    word("id", unique=True),
    word("name"),
    word("key"),
    Column("data", JSON, nullable=False),
    word("run_id"),
    word("chain"),
    Column("posted", Utc, index=True),
    flag("taken"),  # by what starts scenarios
    Index(None, "name", "key", "seq"),
    Index(None, "run_id", "seq"),
    Index("ix_messages_waiting", "name", "seq", sqlite_where=_WAITING, postgresql_where=_WAITING),
)

counters = Table(
    "counters",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", SEQ, nullable=False),
)

effects = Table(
    "effects",
    metadata,
    Column("seq", SEQ, primary_key=True),  # the order of commit
    word("kind"),
    word("key"),
    Column("payload", JSON, nullable=False),
    word("run_id"),
    word("chain"),
    flag("taken"),  # by an outbox
    UniqueConstraint("kind", "key"),
    Index("ix_effects_waiting", "seq", sqlite_where=_WAITING, postgresql_where=_WAITING),
)

run_traces = Table(
    "run_traces",
    metadata,
    Column("run_id", String, primary_key=True),
    word("chain", index=True),
    word("scenario"),
    whole("release"),
    word("kind"),
    Column("started", Utc, nullable=False, index=True),
    Column("ended", Utc),
    Column("outcome", String),
    word("error"),
    Column("variables", JSON, nullable=False),
    Column("start", JSON, nullable=False),
    word("key"),
    word("caller"),
    word("caller_name"),
    word("caller_phone"),  # canonical, so that every writing of a number finds it
    word("dialled"),
    word("dialled_phone"),
    word("line"),
    word("user"),
    Index(None, "scenario", "started"),
    Index(None, "key"),
    Index(None, "caller_phone"),
    Index(None, "dialled_phone"),
)

step_traces = Table(
    "step_traces",
    metadata,
    Column("seq", SEQ, primary_key=True),  # the order of writing
    word("run_id"),
    word("chain"),
    word("scenario"),
    word("step"),
    word("component"),
    whole("depth"),
    Column("entered", Utc, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("properties", JSON, nullable=False),
    Column("changed", JSON, nullable=False),
    word("exit"),
    word("error"),
    word("branch"),
    Column("taken", JSON, nullable=False),
    Column("keys", JSON, nullable=False),
    # Asked of run after run, from the youngest, "did you go this way?", it answers without reading a row.
    Index(None, "run_id", "step", "exit"),
    Index("ix_step_traces_errors", "run_id", sqlite_where=_WITH_ERROR, postgresql_where=_WITH_ERROR),
)

# What starts scenarios by itself, and who may start them from outside ----------------------------------------------

hooks = Table(
    "hooks",
    metadata,
    Column("name", String, primary_key=True),
    word("kind"),
    word("scenario"),
    word("on"),
    Column("values", JSON, nullable=False),
    flag("enabled"),
    Column("created", Utc),
    Column("fired", Utc),
    word("error"),
)

api_tokens = Table(
    "api_tokens",
    metadata,
    Column("name", String, primary_key=True),
    word("hash", unique=True),
    Column("scopes", JSON, nullable=False),
    Column("created", Utc, nullable=False),
    Column("used", Utc),
    word("login"),
    word("role"),
)
