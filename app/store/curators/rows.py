"""The tables of curators and of keys."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field, Session, SQLModel

from app.store.database.db import UtcDateTime, now
from knowledge.curation.writing import exclusive as begin_alone

SESSION = "session"
"""The name of a key that stands for a sign-in."""


class CuratorRow(SQLModel, table=True):
    """A curator. Without a password he comes in with keys, or the account at an OpenID provider for which
    `subject` stands."""

    __tablename__ = "curators"

    name: str = Field(primary_key=True, max_length=64)
    role: str = Field(max_length=16)
    password: str | None = Field(default=None, max_length=200)
    subject: str | None = Field(default=None, unique=True, index=True, max_length=64)
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class KeyRow(SQLModel, table=True):
    """A key. It acts as its curator, or, where it has none, as a curator of its own name, and with no more
    than its role."""

    __tablename__ = "api_keys"

    id: str = Field(primary_key=True, max_length=32)
    digest: str = Field(unique=True, max_length=64)
    name: str = Field(max_length=64)
    curator: str | None = Field(
        default=None, foreign_key="curators.name", ondelete="CASCADE", index=True, max_length=64
    )
    role: str = Field(max_length=16)
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


def exclusive(session: Session) -> None:
    """Begins the transaction as the only one that changes who may come in: what it reads of names, and of who
    may administer, stays true until its end."""
    begin_alone(session, "curators")
