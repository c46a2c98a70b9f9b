"""The tables as they were before there were migrations. A database of that time has them already; one that
is older still gets what it lacks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    _knowledge()
    _conversations()
    _indexes()


def _knowledge() -> None:
    op.create_table(
        "entries",
        sa.Column("id", sa.String(100), primary_key=True),
        sa.Column("topic", sa.String(100), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("valid_until", sa.Date),
        sa.Column("searched_text", sa.Text, nullable=False),
        sa.Column("record", sa.JSON, nullable=False),
        sa.Column("content_hash", sa.String(64), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "releases",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("encoder_name", sa.String, nullable=False),
        sa.Column("encoder_dimension", sa.Integer, nullable=False),
        sa.Column("encoder_fingerprint", sa.String, nullable=False),
        sa.Column("content_hash", sa.String(64), nullable=False),
        sa.Column("manifest_sha256", sa.String(64), nullable=False),
        sa.Column("counts", sa.JSON, nullable=False),
        sa.Column("figures", sa.JSON, nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "active_release",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("release_id", sa.String(40), nullable=False),
        sa.Column("activated_at", sa.DateTime(timezone=True), nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "embedding",
        sa.Column("encoder", sa.String, primary_key=True),
        sa.Column("text_hash", sa.LargeBinary, primary_key=True),
        sa.Column("vector", sa.LargeBinary, nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("holds", sa.String(32), unique=True),
        sa.Column("owner", sa.String(255), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("progress", sa.Float, nullable=False),
        sa.Column("counts", sa.JSON, nullable=False),
        sa.Column("release_id", sa.String(128)),
        sa.Column("error", sa.Text),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        if_not_exists=True,
    )


def _conversations() -> None:
    op.create_table(
        "conversations",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "exchanges",
        sa.Column("seq", sa.Integer, primary_key=True),
        sa.Column("message_id", sa.String(64), nullable=False, unique=True),
        _conversation(nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("reply", sa.Text, nullable=False),
        sa.Column("outcome", sa.String(32), nullable=False),
        sa.Column("citations", sa.JSON, nullable=False),
        sa.Column("suggestions", sa.JSON, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "feedback",
        sa.Column(
            "message_id",
            sa.String(64),
            sa.ForeignKey("exchanges.message_id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("rating", sa.String(8), nullable=False),
        sa.Column("comment", sa.Text),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "turns",
        sa.Column("message_id", sa.String(64), primary_key=True),
        _conversation(nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("question", sa.Text, nullable=False),
        sa.Column("outcome", sa.String(32)),
        sa.Column("release_id", sa.String(128), nullable=False),
        sa.Column("elapsed_ms", sa.Float, nullable=False),
        sa.Column("steps", sa.JSON, nullable=False),
        if_not_exists=True,
    )


def _conversation(*, nullable: bool) -> sa.Column[str]:
    owner = sa.ForeignKey("conversations.id", ondelete="CASCADE")
    return sa.Column("conversation_id", sa.String(64), owner, nullable=nullable)


def _indexes() -> None:
    for table, columns in {
        "entries": ("topic", "status", "valid_until"),
        "exchanges": ("conversation_id",),
        "turns": ("conversation_id", "created_at", "outcome"),
    }.items():
        for column in columns:
            op.create_index(f"ix_{table}_{column}", table, [column], if_not_exists=True)
