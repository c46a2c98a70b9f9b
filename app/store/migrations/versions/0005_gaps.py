"""Which messages make up a gap, what became of it, and which suggested wordings were decided on. None of the
tables holds what was said."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "gap",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("section", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("release_id", sa.String(128)),
        sa.Column("asked_release", sa.String(128)),
        sa.Column("entry_id", sa.String(100)),
        sa.Column("merged_into", sa.String(32), sa.ForeignKey("gap.id", ondelete="CASCADE")),
    )
    op.create_index("ix_gap_section", "gap", ["section"])
    op.create_table(
        "gap_message",
        sa.Column(
            "message_id",
            sa.String(64),
            sa.ForeignKey("exchanges.message_id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("gap_id", sa.String(32), sa.ForeignKey("gap.id", ondelete="CASCADE"), nullable=False),
    )
    op.create_index("ix_gap_message_gap_id", "gap_message", ["gap_id"])
    op.create_table(
        "suggestion",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("entry_id", sa.String(100), nullable=False),
        sa.Column("decision", sa.String(16), nullable=False),
        sa.Column("decided_by", sa.String(100), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
    )
