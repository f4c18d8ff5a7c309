"""The journal of what is to be written into workbooks."""

import sqlalchemy as sa
from alembic import op

from cordboard.store.schema import REVISIONS

revision = "0006"
down_revision = REVISIONS[REVISIONS.index(revision) - 1]

_SEQ = sa.Integer().with_variant(sa.BigInteger(), "postgresql")


def _word(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=False)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "workbook_writer",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        _word("node"),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workbook_writer")),
    )
    op.create_table(
        "workbook_doubts",
        _word("workbook"),
        _word("before"),
        _word("after"),
        sa.Column("seqs", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("workbook", name=op.f("pk_workbook_doubts")),
    )
    op.create_table(
        "workbook_faults",
        sa.Column("seq", _SEQ, autoincrement=False, nullable=False),
        _word("workbook"),
        _word("error"),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_workbook_faults")),
    )
