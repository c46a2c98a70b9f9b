"""Versions tell which version stood while they waited to be approved."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("entry_versions", sa.Column("standing", sa.Integer))
    op.execute(
        "UPDATE entry_versions SET standing = (SELECT entries.standing FROM entries"
        " WHERE entries.id = entry_versions.entry_id AND entries.version = entry_versions.version)"
    )
