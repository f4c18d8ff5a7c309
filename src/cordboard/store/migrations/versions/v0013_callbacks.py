"""Promised callbacks, and the calls that were made for them."""

import sqlalchemy as sa
from alembic import op

from cordboard.store.schema import REVISIONS

revision = "0013"
down_revision = REVISIONS[REVISIONS.index(revision) - 1]

_SEQ = sa.Integer().with_variant(sa.BigInteger(), "postgresql")
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables."""
    still_open = sa.text("settled IS NULL")
    words = ("phone", "number", "origin")
    more = ("state", "group", "scenario", "to")
    op.create_table(
        "callbacks",
        sa.Column("id", sa.String(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in words),
        *(sa.Column(name, _MOMENT, nullable=False) for name in ("ordered", "due", "expires")),
        *(sa.Column(name, sa.String(), nullable=False) for name in more),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("since", _MOMENT),
        sa.Column("skills", sa.JSON(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("language", "chain", "note")),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("settled", _MOMENT),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_callbacks")),
    )
    op.create_index(
        "ux_callbacks_open",
        "callbacks",
        ["phone"],
        unique=True,
        sqlite_where=still_open,
        postgresql_where=still_open,
    )
    op.create_index("ix_callbacks_due", "callbacks", ["due"], sqlite_where=still_open, postgresql_where=still_open)
    op.create_index(op.f("ix_callbacks_ordered"), "callbacks", ["ordered"])
    op.create_table(
        "callback_attempts",
        sa.Column("id", _SEQ, nullable=False),
        sa.Column("callback", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_callback_attempts")),
    )
    op.create_index(op.f("ix_callback_attempts_callback"), "callback_attempts", ["callback"])
    op.create_index(op.f("ix_callback_attempts_phone_at"), "callback_attempts", ["phone", "at"])
