"""Curators have accounts at an OpenID provider."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.add_column("curators", sa.Column("subject", sa.String(64)))
    op.create_index("ix_curators_subject", "curators", ["subject"], unique=True)
