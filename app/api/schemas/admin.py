"""What the calls of the admin side share, and the bodies of curators, keys, history and log."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from app.api.schemas.entries import EntryBody
from app.api.schemas.public import between
from app.store.curators import Role
from knowledge.types import EntryStatus

Offset = Annotated[int, Query(ge=0, le=10_000_000)]
Limit = Annotated[int, Query(ge=1, le=500)]
NO_NUL = r"^[^\x00]*$"
"""A pattern: what PostgreSQL takes as text."""
Name = Annotated[str | None, Query(min_length=1, max_length=200, pattern=NO_NUL)]
Text = Annotated[str | None, Query(max_length=500, pattern=NO_NUL)]
JsonObject = dict[str, Any]
_NAME = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._@+-]*$")]
_PASSWORD = Annotated[str, Field(min_length=12, max_length=1_000)]
_COMMENT = Annotated[str, between(0, 2_000)]
_VERSION = Annotated[int, Field(ge=1, le=2_147_483_647)]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StatusRequest(Strict):
    status: EntryStatus
    comment: _COMMENT = ""


class RevertRequest(Strict):
    version: _VERSION
    comment: _COMMENT = ""


class VersionBody(BaseModel):
    version: int
    act: str
    author: str
    at: datetime
    comment: str
    status: EntryStatus
    said: bool
    """Whether the next release holds this version."""


class StateBody(VersionBody):
    entry: EntryBody


class ChangeBody(BaseModel):
    field: str
    before: Any
    after: Any
    lines: Sequence[str]


class DifferenceBody(BaseModel):
    before: int
    after: int
    changes: list[ChangeBody]


class Page(BaseModel):
    total: int
    offset: int
    limit: int


class HistoryBody(Page):
    items: list[VersionBody]


class DeletedBody(VersionBody):
    id: str
    question: str


class DeletedPageBody(Page):
    items: list[DeletedBody]


class CuratorRequest(Strict):
    name: _NAME
    role: Role
    password: _PASSWORD | None = None


class CuratorChange(Strict):
    role: Role | None = None
    password: _PASSWORD | None = None


class CuratorBody(BaseModel):
    name: str
    role: Role
    signs_in: bool
    created_at: datetime


class KeyRequest(Strict):
    name: _NAME
    role: Role
    curator: _NAME | None = None
    days: Annotated[int, Field(ge=1, le=36_500)] | None = None


class KeyBody(BaseModel):
    id: str
    name: str
    curator: str | None
    role: Role
    created_at: datetime
    expires_at: datetime | None
    used_at: datetime | None


class NewKeyBody(KeyBody):
    key: str
    """Shown now and never again."""


class SignInRequest(Strict):
    name: Annotated[str, Field(min_length=1, max_length=64)]
    password: Annotated[str, Field(min_length=1, max_length=1_000)]


class SessionBody(BaseModel):
    token: str
    name: str
    role: Role
    expires_at: datetime


class ActingBody(BaseModel):
    name: str
    role: Role
    via: str


class ActBody(BaseModel):
    seq: int
    at: datetime
    curator: str
    via: str
    act: str
    subject: str
    detail: dict[str, Any]


class AuditBody(Page):
    items: list[ActBody]
