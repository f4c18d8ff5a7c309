"""More of a route: normalised numbers, rewriting, hours, people, least cost; and what lines have used up."""

import sqlalchemy as sa
from alembic import op

from cordboard.store.schema import REVISIONS

revision = "0014"
down_revision = REVISIONS[REVISIONS.index(revision) - 1]


def upgrade() -> None:
    """Add the columns and make the table."""
    for name in ("normalised", "least_cost"):
        op.add_column("routes", sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false()))
    for name in ("match", "replace", "hours", "days"):
        op.add_column("routes", sa.Column(name, sa.String(), nullable=False, server_default=""))
    for name in ("users", "groups"):
        op.add_column("routes", sa.Column(name, sa.JSON(), nullable=False, server_default="[]"))
    op.create_table(
        "line_usage",
        sa.Column("day", sa.String(), nullable=False),
        sa.Column("line", sa.String(), nullable=False),
        sa.Column("login", sa.String(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("seconds", sa.BigInteger(), nullable=False),
        sa.Column("money", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", "line", "login", name=op.f("pk_line_usage")),
    )
