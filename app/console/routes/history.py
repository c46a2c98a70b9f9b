"""What was done to an entry: its versions side by side, and back to one of them."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Request, Response

from app.api.callers import Using
from app.api.errors import Problem
from app.api.versions import writing_of
from app.console.pages import PAGE, Listing, back, offset_of, page_of, view
from app.console.route import ConsoleRoute
from app.console.routes.editor import number_of, revert_path
from app.console.session import At, fields_of, for_role
from app.store.curators import Role
from knowledge.curation.history import FieldChange, Version, VersionPage, differences
from knowledge.errors import EntryNotFound, VersionNotFound

router = APIRouter(prefix="/admin/ui/entries", include_in_schema=False, route_class=ConsoleRoute)


@router.get("/{entry_id}/history")
async def history(request: Request, entry_id: str, services: Using, at: At) -> Response:
    """Each version with what it changed. Of an entry that nobody has touched yet nothing is kept."""
    versions = services.entries.history
    try:
        page = await services.storage.run(
            lambda: versions.page(entry_id, offset=offset_of(request), limit=PAGE + 1)
        )
    except EntryNotFound:
        await services.storage.run(services.entries.kept, entry_id)
        page = VersionPage((), 0)
    found = page.versions
    rows = await asyncio.to_thread(_told, found)
    listing = Listing(request.url.path, rows, page.total, page_of(request), {})
    newest = await services.storage.run(lambda: versions.page(entry_id, limit=1).versions) if found else ()
    shown = {
        "entry_id": entry_id,
        "listing": listing,
        "newest": newest[0].version if newest else 0,
        "is_there": not newest or newest[0].act != "deleted",
    }
    return view(request, at, "knowledge/history.html", shown)


@router.post("/{entry_id}/revert", dependencies=[for_role(Role.EDITOR)])
async def revert(request: Request, entry_id: str, services: Using, at: At) -> Response:
    """Of the version `known`: what somebody did since is not written over."""
    form = await fields_of(request)
    given, known = (
        request.query_params.get(name) or str(form.get(name, "")) for name in ("version", "known")
    )
    if not given.isascii() or not given.isdigit() or len(given) > 9:
        raise Problem(422, "invalid", "There is no such version.")
    by = writing_of(services, at.curator)
    before = number_of(known)
    try:
        kept = await services.storage.run(services.entries.revert, entry_id, int(given), by, before)
    except VersionNotFound:
        raise Problem(404, "not-found", "There is no such version.") from None
    if kept.version == before:
        return back(f"/admin/ui/entries/{entry_id}", "Nothing was changed.")
    undo = revert_path(entry_id, kept.version - 1, kept.version) if kept.version - 1 != int(given) else ""
    said = f"It is again as in version {given}."
    return back(f"/admin/ui/entries/{entry_id}", said, revert=undo)


def _told(found: tuple[Version, ...]) -> list[tuple[Version, list[FieldChange]]]:
    """Newest first, each with what it changed of the one after it, of which there may be one more. Blocks."""
    pairs = list(zip(found, [*found[1:], None], strict=False))[:PAGE]
    return [(each, differences(before.record if before else {}, each.record)) for each, before in pairs]
