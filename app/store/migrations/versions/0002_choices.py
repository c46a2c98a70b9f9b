"""What was offered to a user who was torn, and what he chose; and an index for what has to go by its age."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "choice",
        sa.Column(
            "message_id",
            sa.String(64),
            sa.ForeignKey("exchanges.message_id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column(
            "conversation_id",
            sa.String(64),
            sa.ForeignKey("conversations.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("offered", sa.JSON, nullable=False),
        sa.Column("chosen", sa.String(100)),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_choice_conversation_id", "choice", ["conversation_id"])
    op.create_index("ix_exchanges_created_at", "exchanges", ["created_at"])
