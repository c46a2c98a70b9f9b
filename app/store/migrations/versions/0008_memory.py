"""What is remembered of users, and which conversations and traces are theirs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "memory_item",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("user_key", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("about", sa.String(100), nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("fact", sa.Text, nullable=False),
        sa.Column("days", sa.Integer, nullable=False),
        sa.Column("since", sa.Date, nullable=False),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "message_id",
            sa.String(64),
            sa.ForeignKey("exchanges.message_id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("text", sa.Text, nullable=False),
    )
    op.create_index("ix_memory_item_user_key", "memory_item", ["user_key"])
    op.create_index("ix_memory_item_said_at", "memory_item", ["said_at"])
    op.create_index("ix_memory_item_message_id", "memory_item", ["message_id"])
    op.create_table(
        "forgotten_user",
        sa.Column("user_key", sa.String(64), primary_key=True),
        sa.Column("forgotten_at", sa.DateTime(timezone=True), nullable=False),
    )
    for table in ("conversations", "turns"):
        op.add_column(table, sa.Column("user_key", sa.String(64)))
        op.create_index(f"ix_{table}_user_key", table, ["user_key"])
