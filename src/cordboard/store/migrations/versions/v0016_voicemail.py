"""Messages of callers, recorded talks, and who has heard these."""

import sqlalchemy as sa
from alembic import op

from cordboard.store.schema import REVISIONS

revision = "0016"
down_revision = REVISIONS[REVISIONS.index(revision) - 1]

_SEQ = sa.Integer().with_variant(sa.BigInteger(), "postgresql")
_THERE = sa.text("gone IS NULL")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "voicemail",
        sa.Column("id", _SEQ, nullable=False),
        sa.Column("box", sa.String(), nullable=False),
        sa.Column("chain", sa.String(), nullable=False),
        sa.Column("caller", sa.String(), nullable=False),
        sa.Column("caller_name", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("file", sa.String(), nullable=False),
        sa.Column("heard", sa.DateTime(timezone=True)),
        sa.Column("passing", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_voicemail")),
        sa.UniqueConstraint("file", name=op.f("uq_voicemail_file")),
    )
    op.create_index(op.f("ix_voicemail_chain"), "voicemail", ["chain"])
    op.create_index(op.f("ix_voicemail_box_id"), "voicemail", ["box", "id"])
    op.create_table(
        "recordings",
        sa.Column("id", _SEQ, nullable=False),
        sa.Column("chain", sa.String(), nullable=False),
        sa.Column("leg", sa.String(), nullable=False),
        sa.Column("file", sa.String(), nullable=False),
        sa.Column("started", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended", sa.DateTime(timezone=True)),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("size", _SEQ, nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("shown", sa.String(), nullable=False),
        sa.Column("line", sa.String(), nullable=False),
        sa.Column("user", sa.String(), nullable=False),
        sa.Column("peer", sa.String(), nullable=False),
        sa.Column("keep_until", sa.DateTime(timezone=True)),
        sa.Column("gone", sa.DateTime(timezone=True)),
        sa.Column("gone_why", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recordings")),
        sa.UniqueConstraint("file", name=op.f("uq_recordings_file")),
    )
    for column in ("chain", "started", "number", "user", "peer"):
        op.create_index(op.f(f"ix_recordings_{column}"), "recordings", [column])
    for name, column in (("ix_recordings_due", "keep_until"), ("ix_recordings_there", "id")):
        op.create_index(name, "recordings", [column], sqlite_where=_THERE, postgresql_where=_THERE)
    op.create_table(
        "recording_hearings",
        sa.Column("id", _SEQ, nullable=False),
        sa.Column("recording", _SEQ, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recording_hearings")),
    )
    op.create_index(op.f("ix_recording_hearings_recording"), "recording_hearings", ["recording"])
