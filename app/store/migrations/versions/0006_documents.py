"""What documents were taken in, and what entry each of their sections became."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "documents",
        sa.Column("id", sa.String(100), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("pages", sa.Integer),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "document_sections",
        sa.Column(
            "document_id", sa.String(100), sa.ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("entry_id", sa.String(100), primary_key=True),
        sa.Column("key", sa.String(100), nullable=False),
        sa.Column("path", sa.JSON, nullable=False),
        sa.Column("page", sa.Integer),
        sa.Column("body", sa.String(64), nullable=False),
        sa.Column("written", sa.String(64), nullable=False),
    )
