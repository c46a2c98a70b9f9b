"""What the release gate needs: gold questions, its reports, and which releases have passed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("releases", sa.Column("standing", sa.String(16), nullable=False, server_default="sound"))
    op.add_column("jobs", sa.Column("doing", sa.String(200), nullable=False, server_default=""))
    op.create_table(
        "gold",
        sa.Column("id", sa.String(100), primary_key=True),
        sa.Column("question", sa.Text, nullable=False),
        sa.Column("history", sa.JSON, nullable=False),
        sa.Column("entry_ids", sa.JSON, nullable=False),
        sa.Column("outcome", sa.String(32), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("created_by", sa.String(100), nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "gate_reports",
        sa.Column("release_id", sa.String(40), primary_key=True),
        sa.Column("against", sa.String(40), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("counts", sa.JSON, nullable=False),
        sa.Column("bars", sa.JSON, nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "gate_answers",
        sa.Column("seq", sa.Integer, primary_key=True),
        sa.Column(
            "release_id",
            sa.String(40),
            sa.ForeignKey("gate_reports.release_id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("message_id", sa.String(64), sa.ForeignKey("exchanges.message_id", ondelete="CASCADE")),
        sa.Column("source", sa.String(16), nullable=False),
        sa.Column("ref", sa.String(128), nullable=False),
        sa.Column("verdict", sa.String(16), nullable=False),
        sa.Column("lost", sa.Boolean, nullable=False),
        sa.Column("detail", sa.JSON, nullable=False),
    )
    op.create_index("ix_gate_answers_release_id", "gate_answers", ["release_id"])
    op.create_index("ix_gate_answers_message_id", "gate_answers", ["message_id"])
