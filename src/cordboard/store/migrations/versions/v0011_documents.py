"""What an office sets up beside people and lines: groups, parking, rules."""

import sqlalchemy as sa
from alembic import op

from cordboard.store.schema import REVISIONS

revision = "0011"
down_revision = REVISIONS[REVISIONS.index(revision) - 1]


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "office_documents",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("numbers", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "name", name=op.f("pk_office_documents")),
    )
