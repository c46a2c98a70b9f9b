"""Curators, keys and the audit log; versions of entries, kept from now on, the present ones as the first."""

from __future__ import annotations

import hashlib
import json

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
_AS_IT_WAS = "As it was before changes were kept."


def upgrade() -> None:
    _curators()
    _audit()
    _entries()
    _retire_archived()
    _first_versions()


def _curators() -> None:
    op.create_table(
        "curators",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("password", sa.String(200)),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False, unique=True),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("curator", sa.String(64), sa.ForeignKey("curators.name", ondelete="CASCADE")),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True)),
        sa.Column("used_at", sa.DateTime(timezone=True)),
    )
    op.create_index("ix_api_keys_curator", "api_keys", ["curator"])


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("seq", sa.Integer, primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("curator", sa.String(100), nullable=False),
        sa.Column("via", sa.String(100), nullable=False),
        sa.Column("act", sa.String(64), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("detail", sa.JSON, nullable=False),
    )
    for column in ("at", "curator", "act", "subject"):
        op.create_index(f"ix_audit_{column}", "audit", [column])


def _entries() -> None:
    op.add_column("entries", sa.Column("version", sa.Integer, nullable=False, server_default="1"))
    op.add_column("entries", sa.Column("content_by", sa.String(100), nullable=False, server_default=""))
    op.add_column("entries", sa.Column("review_by", sa.Date))
    op.add_column("entries", sa.Column("standing", sa.Integer))
    op.create_index("ix_entries_review_by", "entries", ["review_by"])
    op.create_table(
        "entry_versions",
        sa.Column("entry_id", sa.String(100), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("act", sa.String(20), nullable=False),
        sa.Column("author", sa.String(100), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("comment", sa.Text, nullable=False),
        sa.Column("record", sa.JSON, nullable=False),
    )


_ENTRIES = sa.table(
    "entries",
    sa.column("id", sa.String),
    sa.column("status", sa.String),
    sa.column("record", sa.JSON),
    sa.column("content_hash", sa.String),
)


def _retire_archived() -> None:
    """`archived` is called `retired` from now on."""
    archived = sa.select(_ENTRIES.c.id, _ENTRIES.c.record).where(_ENTRIES.c.status == "archived")
    for entry_id, record in op.get_bind().execute(archived).all():
        record = {**record, "status": "retired"}
        text = json.dumps(record, ensure_ascii=True, separators=(",", ":"))
        values = {
            "status": "retired",
            "record": record,
            "content_hash": hashlib.sha256(text.encode()).hexdigest(),
        }
        op.execute(_ENTRIES.update().where(_ENTRIES.c.id == entry_id).values(values))


def _first_versions() -> None:
    op.execute(
        sa.text(
            "INSERT INTO entry_versions (entry_id, version, act, author, at, comment, record)"
            " SELECT id, 1, 'kept', '', updated_at, :comment, record FROM entries"
        ).bindparams(comment=_AS_IT_WAS)
    )
