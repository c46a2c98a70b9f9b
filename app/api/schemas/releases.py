"""Jobs, releases and what waits to be released, as they go over the wire."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from pydantic import BaseModel

from app.api.schemas.entries import EntryBody
from app.api.schemas.gate import GateBody
from app.api.schemas.public import Page


class JobBody(BaseModel):
    """`held_back`: the release was built, and stays a candidate; `gate` says why."""

    job_id: str
    status: Literal["queued", "running", "succeeded", "failed", "interrupted"]
    progress: float
    doing: str
    counts: Mapping[str, int]
    release_id: str | None
    error: str | None
    held_back: bool
    gate: GateBody | None


class ReleaseBody(BaseModel):
    """`standing`: `sound` may be activated; a `candidate` was not examined, `held` did not pass."""

    release_id: str
    created_at: datetime
    active: bool
    encoder: str
    content_hash: str
    counts: Mapping[str, int]
    figures: Mapping[str, float]
    standing: Literal["sound", "candidate", "held"]
    gate: GateBody | None


class EntryPageBody(Page):
    """`changes_not_live`: entries that a release built now would add, change or drop."""

    items: list[EntryBody]
    changes_not_live: int
