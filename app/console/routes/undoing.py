"""Imports taken back, and documents forgotten."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Request, Response

from app.api.callers import Using
from app.api.errors import Problem
from app.api.versions import writing_of
from app.compose.services import Services
from app.console.importing.plans import PlanChanged, Planned, told_changes
from app.console.pages import PAGE, back, view
from app.console.route import ConsoleRoute
from app.console.routes.importing import EDITOR, IMPORT
from app.console.session import At, fields_of
from app.store.audit import AuditRow
from knowledge.curation.undoing import Undoing
from knowledge.documents.types import DocumentNotFound

router = APIRouter(prefix=IMPORT, include_in_schema=False, route_class=ConsoleRoute)
_LAST = 2_147_483_647  # that the log can number


@router.get("/undo/{seq}", dependencies=EDITOR)
async def preview(request: Request, seq: int, services: Using, at: At) -> Response:
    """What taking an import back would do."""
    act = await _act(services, seq)
    found = await services.storage.run(services.entries.preview_undo, act.curator, act.at)
    shown = {
        "act": act,
        "plan": _planned(found),
        "left": found.left,
        "most": PAGE,
        "changes": await asyncio.to_thread(told_changes, found.updated[:PAGE]),
    }
    return view(request, at, "importing/undo.html", shown)


@router.post("/undo/{seq}", dependencies=EDITOR)
async def undo(request: Request, seq: int, services: Using, at: At) -> Response:
    act = await _act(services, seq)
    seen = (await fields_of(request)).get("plan")
    by = writing_of(services, at.curator, f"Takes back an import of {act.curator}")
    try:
        counts, _ = await services.storage.run(
            lambda: services.entries.undo(act.curator, act.at, by, lambda found: _planned(found).check(seen))
        )
    except PlanChanged:
        told = "Entries were changed meanwhile: nothing was done. Look again."
        raise Problem(409, "entry-changed", told) from None
    told = f"{counts.created:,} brought back, {counts.updated:,} as before, {counts.removed:,} removed again."
    return back(IMPORT, f"The import is taken back: {told} It can itself be undone below.")


@router.post("/documents/{document_id}/forget", dependencies=EDITOR)
async def forget(document_id: str, services: Using, at: At) -> Response:
    """Its drafts that nobody touched go with it."""
    by = writing_of(services, at.curator)
    try:
        removed = await services.storage.run(services.documents.remove, document_id, by)
    except DocumentNotFound as error:
        raise Problem(404, "not-found", str(error)) from None
    told = f"The document is forgotten, with {len(removed.removed):,} drafts that nobody had touched."
    kept = f" {len(removed.kept):,} other entries stay." if removed.kept else ""
    return back(IMPORT, f"{told}{kept} Upload it again to undo that.")


def _planned(found: Undoing) -> Planned:
    return Planned(found.created, found.updated, found.removed, ())


async def _act(services: Services, seq: int) -> AuditRow:
    """The line of an import in the log."""
    act = await services.storage.run(services.audit.get, seq) if 0 < seq <= _LAST else None
    if act is None or act.act != "entries.imported":
        raise Problem(404, "not-found", "There is no such import.")
    return act
