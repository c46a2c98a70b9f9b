"""What was done to an entry: its versions side by side, and back to one of them."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from app.api.callers import Using
from app.api.errors import Problem
from app.api.versions import writing_of
from app.console.pages import PAGE, Listing, back, offset_of, page_of, view
from app.console.route import ConsoleRoute
from app.console.session import At, fields_of, for_role
from app.store.curators import Role
from knowledge.curation.history import VersionPage, differences
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
    pairs = list(zip(found, [*found[1:], None], strict=False))[:PAGE]
    rows = [(each, differences(before.record if before else {}, each.record)) for each, before in pairs]
    listing = Listing(request.url.path, rows, page.total, page_of(request), {})
    return view(request, at, "knowledge/history.html", {"entry_id": entry_id, "listing": listing})


@router.post("/{entry_id}/revert", dependencies=[for_role(Role.EDITOR)])
async def revert(request: Request, entry_id: str, services: Using, at: At) -> Response:
    given = request.query_params.get("version") or str((await fields_of(request)).get("version", ""))
    if not given.isascii() or not given.isdigit() or len(given) > 9:
        raise Problem(422, "invalid", "There is no such version.")
    by = writing_of(services, at.curator)
    try:
        kept = await services.storage.run(services.entries.revert, entry_id, int(given), by)
    except VersionNotFound:
        raise Problem(404, "not-found", "There is no such version.") from None
    before = kept.version - 1
    undo = f"/admin/ui/entries/{entry_id}/revert?version={before}" if before != int(given) else ""
    said = f"It is again as in version {given}."
    return back(f"/admin/ui/entries/{entry_id}", said, revert=undo)
