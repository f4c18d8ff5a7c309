"""Short messages: lines, rules, what was sent and what has come; deliveries may be postponed."""

from datetime import datetime

import sqlalchemy as sa
from alembic import op

from cordboard.store.schema import REVISIONS

revision = "0009"
down_revision = REVISIONS[REVISIONS.index(revision) - 1]

_SEQ = sa.Integer().with_variant(sa.BigInteger(), "postgresql")


def _word(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=False)


def _whole(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False)


def _moment(name: str) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)


def _key(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), autoincrement=False, nullable=False)


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), nullable=False)


def _index(table: str, *columns: str) -> None:
    op.create_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table, list(columns))


def upgrade() -> None:
    """Make the tables."""
    op.add_column("deliveries", sa.Column("postponed", sa.Boolean(), nullable=False, server_default=sa.false()))
    _settings()
    _sent()
    _received()


def _settings() -> None:
    op.create_table(
        "sms_lines",
        _word("name"),
        _word("kind"),
        _word("settings"),
        sa.Column("prefixes", sa.JSON(), nullable=False),
        _word("cost"),
        _word("currency"),
        _whole("rank"),
        _flag("enabled"),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_sms_lines")),
    )
    op.create_table(
        "sms_rules",
        _key("id"),
        sa.Column("rules", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sms_rules")),
    )
    op.create_table(
        "sms_opt_outs",
        _word("phone"),
        _moment("at"),
        _word("words"),
        sa.PrimaryKeyConstraint("phone", name=op.f("pk_sms_opt_outs")),
    )


def _sent() -> None:
    op.create_table(
        "sms_sent",
        sa.Column("number", _SEQ, nullable=False),
        sa.Column("delivery", _SEQ, nullable=False),
        _word("key"),
        _word("recipient"),
        _word("scenario"),
        _word("line"),
        _word("coding"),
        _whole("parts"),
        _whole("reports"),
        sa.Column("cost", _SEQ, nullable=False),
        _word("currency"),
        _moment("at"),
        _word("handed"),
        _word("fate"),
        _word("words"),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_sms_sent")),
    )
    for columns in (["delivery"], ["key"], ["at"], ["recipient", "at"]):
        _index("sms_sent", *columns)
    op.create_table(
        "sms_parts",
        _word("line"),
        _word("reference"),
        sa.Column("sent", _SEQ, nullable=True),
        _word("recipient"),
        _word("fate"),
        _word("words"),
        _moment("at"),
        sa.PrimaryKeyConstraint("line", "reference", name=op.f("pk_sms_parts")),
    )
    for column in ("sent", "at"):
        _index("sms_parts", column)


def _received() -> None:
    op.create_table(
        "sms_received",
        sa.Column("number", _SEQ, nullable=False),
        _word("line"),
        _word("sender"),
        _word("phone"),
        _word("to"),
        _word("text"),
        _moment("at"),
        _flag("complete"),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_sms_received")),
    )
    for columns in (["at"], ["phone", "at"]):
        _index("sms_received", *columns)
    op.create_table(
        "sms_pieces",
        _word("line"),
        _word("sender"),
        _word("to"),
        _key("reference"),
        _key("parts"),
        _key("part"),
        _word("text"),
        _moment("at"),
        _moment("arrived"),
        sa.PrimaryKeyConstraint("line", "sender", "to", "reference", "parts", "part", name=op.f("pk_sms_pieces")),
    )
    _index("sms_pieces", "arrived")
    op.create_table(
        "sms_seen",
        _word("line"),
        _word("mark"),
        _moment("at"),
        sa.PrimaryKeyConstraint("line", "mark", name=op.f("pk_sms_seen")),
    )
    _index("sms_seen", "at")
