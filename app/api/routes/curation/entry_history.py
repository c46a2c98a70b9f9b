"""An entry's way: its status, what it was, what changed, and back to what it was."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.api.admission import Acting, AdminRoute, needs
from app.api.callers import Using
from app.api.openapi import problems
from app.api.schemas.admin import (
    ChangeBody,
    DeletedBody,
    DeletedPageBody,
    DifferenceBody,
    HistoryBody,
    JsonObject,
    Limit,
    Offset,
    RevertRequest,
    StateBody,
    StatusRequest,
    VersionBody,
)
from app.api.schemas.entries import EntryBody
from app.api.versions import IfMatch, known_of, writing_of, written
from app.compose.services import Services
from app.store.curators import Role
from knowledge.curation.history import Version, differences
from knowledge.errors import EntryNotFound
from knowledge.types import EntryStatus

router = APIRouter(prefix="/admin/entries", route_class=AdminRoute, responses=problems(401, 403, 429))
_EDITOR = [needs(Role.EDITOR)]
_Number = Annotated[int, Query(ge=1, le=2_147_483_647)]


@router.get("/deleted")
def list_deleted(services: Using, offset: Offset = 0, limit: Limit = 50) -> DeletedPageBody:
    """The last state of each entry that was deleted; reverting to one brings it back."""
    page = services.entries.history.deleted(offset=offset, limit=limit)
    items = [
        DeletedBody(**_told(each, None), id=each.entry_id, question=each.record["question"])
        for each in page.versions
    ]
    return DeletedPageBody(items=items, total=page.total, offset=offset, limit=limit)


@router.post("/{entry_id:entry}/status", dependencies=_EDITOR, responses=problems(404, 409, 412, 413, 422))
def set_status(
    entry_id: str,
    request: StatusRequest,
    services: Using,
    curator: Acting,
    response: Response,
    if_match: IfMatch = None,
) -> EntryBody:
    """Approving, retiring and taking back what is approved need an approver."""
    by = writing_of(services, curator, request.comment)
    known = known_of(if_match)
    return written(
        services, response, lambda: services.entries.set_status(entry_id, request.status, by, known)
    )


@router.get("/{entry_id:entry}/history", responses=problems(404))
def list_history(entry_id: str, services: Using, offset: Offset = 0, limit: Limit = 50) -> HistoryBody:
    page = services.entries.history.page(entry_id, offset=offset, limit=limit)
    said = _said(services, entry_id)
    items = [VersionBody(**_told(version, said)) for version in page.versions]
    return HistoryBody(items=items, total=page.total, offset=offset, limit=limit)


@router.get("/{entry_id:entry}/history/diff", responses=problems(404))
def compare_versions(entry_id: str, services: Using, before: _Number, after: _Number) -> DifferenceBody:
    history = services.entries.history
    records = [history.version(entry_id, version).record for version in (before, after)]
    changes = [ChangeBody(**asdict(change)) for change in differences(*records)]
    return DifferenceBody(before=before, after=after, changes=changes)


@router.get("/{entry_id:entry}/history/{version:int}", responses=problems(404))
def read_version(entry_id: str, version: int, services: Using) -> StateBody:
    found = services.entries.history.version(entry_id, min(version, 2_147_483_647))
    return StateBody(**_told(found, _said(services, entry_id)), entry=dict(found.record))


@router.post("/{entry_id:entry}/revert", dependencies=_EDITOR, responses=problems(404, 412, 413, 422))
def revert_entry(
    entry_id: str,
    request: RevertRequest,
    services: Using,
    curator: Acting,
    response: Response,
    if_match: IfMatch = None,
) -> EntryBody:
    """Writes the entry as it was then, as a new version; also one that was deleted."""
    by = writing_of(services, curator, request.comment)
    write = partial(services.entries.revert, entry_id, request.version, by, known_of(if_match))
    return written(services, response, write)


def _said(services: Services, entry_id: str) -> int | None:
    try:
        return services.entries.kept(entry_id).said
    except EntryNotFound:
        return None


def _told(version: Version, said: int | None) -> JsonObject:
    return {
        "version": version.version,
        "act": version.act,
        "author": version.author,
        "at": version.at,
        "comment": version.comment,
        "status": EntryStatus(version.record["status"]),
        "said": version.version == said,
    }
