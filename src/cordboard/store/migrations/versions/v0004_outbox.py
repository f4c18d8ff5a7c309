"""The outbox, and how its gateways reach mail server and programs."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_OPEN = sa.text("due IS NOT NULL")
_SEQ = sa.Integer().with_variant(sa.BigInteger(), "postgresql")


def _word(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=False)


def _whole(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "deliveries",
        sa.Column("id", _SEQ, nullable=False),
        _word("kind"),
        _word("key"),
        _word("recipient"),
        sa.Column("payload", sa.JSON(), nullable=False),
        _word("same"),
        sa.Column("ordered", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deadline", sa.DateTime(timezone=True), nullable=False),
        _word("state"),
        sa.Column("due", sa.DateTime(timezone=True), nullable=True),
        _whole("tries"),
        _whole("doubts"),
        _word("error"),
        _word("receipt"),
        sa.Column("settled", sa.DateTime(timezone=True), nullable=True),
        _word("run_id"),
        _word("chain"),
        _word("node"),
        _whole("epoch"),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint("kind", "key", "recipient", name=op.f("uq_deliveries_kind_key_recipient")),
    )
    for name, columns in (("ix_deliveries_due", ["kind", "due"]), ("ix_deliveries_open", ["recipient", "id"])):
        op.create_index(name, "deliveries", columns, sqlite_where=_OPEN, postgresql_where=_OPEN)
    op.create_index(op.f("ix_deliveries_same_ordered"), "deliveries", ["same", "ordered"])
    op.create_index(op.f("ix_deliveries_settled"), "deliveries", ["settled"])
    op.create_table(
        "mail_server",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        _word("host"),
        _whole("port"),
        _word("sender"),
        _word("security"),
        _word("username"),
        _word("password"),
        _word("authority"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_server")),
    )
    op.create_table(
        "webhook_rules",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("local", sa.JSON(), nullable=False),
        _word("secret"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_rules")),
    )
