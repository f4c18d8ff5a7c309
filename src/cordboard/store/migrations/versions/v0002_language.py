"""The scenario language in full: run modes, messages, drafts, richer traces, tags of calls."""

from typing import Any

import sqlalchemy as sa
from alembic import op

SEQ = sa.Integer().with_variant(sa.BigInteger(), "postgresql")

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add columns and tables; what is there stays."""
    op.create_table(
        "call_tags",
        sa.Column("chain", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("chain", "name", name=op.f("pk_call_tags")),
    )
    _scenarios()
    _runs()
    _messages()
    _traces()


def _scenarios() -> None:
    op.add_column("releases", _word("author"))
    op.create_table(
        "drafts",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("saved", sa.DateTime(timezone=True), nullable=True),
        sa.Column("based_on", sa.Integer(), nullable=False),
        sa.Column("discarded", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_drafts")),
    )


def _runs() -> None:
    op.add_column("runs", sa.Column("places", sa.Integer(), nullable=False, server_default="1"))
    op.create_index("ix_runs_leased", "runs", ["lease_until"], unique=False, **_where("lease_until IS NOT NULL"))
    op.create_index("ix_runs_rivals", "runs", ["scenario", "key"], unique=False, **_where("outcome IS NULL"))
    op.create_index("ix_runs_old", "runs", ["started"], unique=False, **_where("outcome IS NOT NULL"))
    op.create_table(
        "awaited",
        sa.Column("seq", SEQ, nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("after", SEQ, nullable=False),
        sa.Column("own", SEQ, nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_awaited")),
    )
    op.create_index(op.f("ix_awaited_run_id"), "awaited", ["run_id"], unique=False)
    op.create_index(op.f("ix_awaited_name_key"), "awaited", ["name", "key"], unique=False)


def _messages() -> None:
    op.create_table(
        "messages",
        sa.Column("seq", SEQ, autoincrement=False, nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("chain", sa.String(), nullable=False),
        sa.Column("posted", sa.DateTime(timezone=True), nullable=True),
        sa.Column("taken", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_messages")),
        sa.UniqueConstraint("id", name=op.f("uq_messages_id")),
    )
    op.create_index(op.f("ix_messages_posted"), "messages", ["posted"], unique=False)
    op.create_index(op.f("ix_messages_name_key_seq"), "messages", ["name", "key", "seq"], unique=False)
    op.create_index(op.f("ix_messages_run_id_seq"), "messages", ["run_id", "seq"], unique=False)
    op.create_index("ix_messages_waiting", "messages", ["name", "seq"], unique=False, **_where("NOT taken"))
    counters = op.create_table(
        "counters",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", SEQ, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_counters")),
    )
    op.bulk_insert(counters, [{"name": "messages", "value": 0}])


def _traces() -> None:
    for name in ("key", "caller", "caller_name", "caller_phone", "dialled", "dialled_phone", "line", "user"):
        op.add_column("run_traces", _word(name))
    op.add_column("run_traces", sa.Column("start", sa.JSON(), nullable=False, server_default="{}"))
    op.create_index(op.f("ix_run_traces_scenario_started"), "run_traces", ["scenario", "started"], unique=False)
    for name in ("key", "caller_phone", "dialled_phone"):
        op.create_index(op.f(f"ix_run_traces_{name}"), "run_traces", [name], unique=False)
    op.add_column("step_traces", sa.Column("taken", sa.JSON(), nullable=False, server_default="{}"))
    op.add_column("step_traces", sa.Column("keys", sa.JSON(), nullable=False, server_default="[]"))
    op.drop_index(op.f("ix_step_traces_run_id"), "step_traces")
    op.create_index(op.f("ix_step_traces_run_id_step_exit"), "step_traces", ["run_id", "step", "exit"], unique=False)
    op.create_index("ix_step_traces_errors", "step_traces", ["run_id"], unique=False, **_where("error <> ''"))


def _word(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=False, server_default="")


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}
