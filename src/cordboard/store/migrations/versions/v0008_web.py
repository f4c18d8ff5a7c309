"""Web services (secrets, settings, answers that are kept) and notices to users."""

from datetime import datetime

import sqlalchemy as sa
from alembic import op

from cordboard.store.schema import REVISIONS

revision = "0008"
down_revision = REVISIONS[REVISIONS.index(revision) - 1]

_SEQ = sa.Integer().with_variant(sa.BigInteger(), "postgresql")
_UNREAD = sa.text('"read" IS NULL')


def _word(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=False)


def _moment(name: str) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)


def upgrade() -> None:
    """Make the tables."""
    _web()
    _notices()


def _web() -> None:
    op.create_table(
        "web_secrets",
        _word("name"),
        _word("kind"),
        _word("host"),
        _word("label"),
        _word("value"),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_web_secrets")),
    )
    op.create_table(
        "web_settings",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        _word("authority"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_web_settings")),
    )
    op.create_table(
        "web_answers",
        _word("key"),
        _moment("at"),
        _moment("until"),
        sa.Column("status", sa.Integer(), nullable=False),
        _word("content_type"),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_web_answers")),
    )
    op.create_index(op.f("ix_web_answers_until"), "web_answers", ["until"])


def _notices() -> None:
    op.create_table(
        "notices",
        sa.Column("id", _SEQ, nullable=False),
        _word("key"),
        _word("login"),
        _moment("at"),
        _word("text"),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("read", sa.DateTime(timezone=True), nullable=True),
        _word("run_id"),
        _word("chain"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        sa.UniqueConstraint("key", "login", name=op.f("uq_notices_key_login")),
    )
    op.create_index(op.f("ix_notices_login_id"), "notices", ["login", "id"])
    op.create_index(op.f("ix_notices_at"), "notices", ["at"])
    op.create_index("ix_notices_unread", "notices", ["login", "id"], sqlite_where=_UNREAD, postgresql_where=_UNREAD)
