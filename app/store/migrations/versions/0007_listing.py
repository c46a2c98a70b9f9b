"""Indexes for lists and figures: over a hundred thousand turns they are to be there at once."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_index("ix_turns_created_at_outcome", "turns", ["created_at", "outcome"])
    op.create_index("ix_entries_updated_at", "entries", ["updated_at"])
