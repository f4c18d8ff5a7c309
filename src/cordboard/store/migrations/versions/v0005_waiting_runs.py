"""Whether a run waits for its turn is asked at the end of each: found without looking at all that sleep."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_IN_TURN = sa.text("outcome IS NULL AND wake IS NULL")


def upgrade() -> None:
    """Make the index."""
    op.create_index("ix_runs_in_turn", "runs", ["scenario", "key"], sqlite_where=_IN_TURN, postgresql_where=_IN_TURN)
