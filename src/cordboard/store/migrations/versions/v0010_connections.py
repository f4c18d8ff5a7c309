"""Connections of ended calls with the view that foreign SQL reads, whether a leg was recorded, lists of numbers."""

from datetime import datetime

import sqlalchemy as sa
from alembic import op

from cordboard.store.schema import REVISIONS

revision = "0010"
down_revision = REVISIONS[REVISIONS.index(revision) - 1]

_VIEW = """
CREATE VIEW "A_Stat_Connections_1x1" AS SELECT
    id AS "Id", chain AS "IdChain", started AS "TimeStart", answered AS "TimeAnswer", stopped AS "TimeStop",
    type AS "ConnectionType", reason AS "ReasonStart", recorded AS "IsRecorded",
    a_line AS "ALineNum", a_number AS "AOutNumber", dialled AS "ANumberDialed", a_user AS "AUserId",
    b_line AS "BLineNum", b_number AS "BOutNumber", b_user AS "BUserId"
FROM connection_rows
"""


def _word(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=False)


def _whole(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False)


def _here(name: str) -> sa.Column[datetime]:
    """A moment in the zone of the office."""
    return sa.Column(name, sa.DateTime(), nullable=False)


def upgrade() -> None:
    """Make the tables and the view. Calls that ended before have no rows."""
    op.add_column("legs", sa.Column("recorded", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "connection_rows",
        _word("id"),
        _word("chain"),
        _here("started"),
        _here("answered"),
        _here("stopped"),
        _whole("type"),
        _whole("reason"),
        _whole("recorded"),
        _word("a_line"),
        _word("a_number"),
        _word("dialled"),
        sa.Column("a_user", sa.String(), nullable=True),
        _word("b_line"),
        _word("b_number"),
        sa.Column("b_user", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connection_rows")),
    )
    for columns in (["chain"], ["answered"], ["a_number", "answered"], ["b_number", "answered"]):
        op.create_index(op.f(f"ix_connection_rows_{'_'.join(columns)}"), "connection_rows", columns)
    op.execute(_VIEW)
    op.create_table(
        "listed_numbers",
        _word("list"),
        _word("number"),
        _word("note"),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("added", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("list", "number", name=op.f("pk_listed_numbers")),
    )
