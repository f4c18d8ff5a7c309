"""Users and roles of tokens, and who has changed what."""

import sqlalchemy as sa
from alembic import op

from cordboard.store.schema import REVISIONS

revision = "0017"
down_revision = REVISIONS[REVISIONS.index(revision) - 1]

_SEQ = sa.Integer().with_variant(sa.BigInteger(), "postgresql")


def upgrade() -> None:
    """Add the columns and make the table."""
    for name in ("login", "role"):
        op.add_column("api_tokens", sa.Column(name, sa.String(), nullable=False, server_default=""))
    op.create_table(
        "audit",
        sa.Column("id", _SEQ, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("actor", "login", "action", "kind", "name")),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index(op.f("ix_audit_at"), "audit", ["at"])
    op.create_index(op.f("ix_audit_kind_name"), "audit", ["kind", "name"])
