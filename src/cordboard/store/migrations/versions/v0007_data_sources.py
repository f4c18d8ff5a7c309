"""The databases that scenarios may ask."""

import sqlalchemy as sa
from alembic import op

from cordboard.store.schema import REVISIONS

revision = "0007"
down_revision = REVISIONS[REVISIONS.index(revision) - 1]


def _word(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=False)


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "data_sources",
        _word("name"),
        _word("kind"),
        _word("host"),
        sa.Column("port", sa.Integer(), nullable=False),
        _word("database"),
        _word("user"),
        _word("password"),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("writes", sa.Boolean(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("connections", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_data_sources")),
    )
