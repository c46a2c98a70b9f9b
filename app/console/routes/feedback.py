"""What users thought of replies, and the wordings that they suggest."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Request, Response

from app.api.callers import Using
from app.api.errors import Problem
from app.api.routes.curation.feedback import accept_suggestion, dismiss_suggestion, suggestion_of
from app.console.asking import ASKED, CHOICES, wanted_by
from app.console.pages import PAGE, Listing, back, filters_of, offset_of, page_of, view
from app.console.route import ConsoleRoute
from app.console.session import At, fields_of, for_role
from app.curation.feedback import feedback_page
from app.store.curators import Role

router = APIRouter(prefix="/admin/ui", include_in_schema=False, route_class=ConsoleRoute)
_EDITOR = [for_role(Role.EDITOR)]


@router.get("/feedback")
async def feedback(request: Request, services: Using, at: At) -> Response:
    filters = filters_of(request, *ASKED)
    page = await services.storage.run(
        lambda: feedback_page(services.engine, wanted_by(filters), offset=offset_of(request), limit=PAGE)
    )
    shown = {"listing": Listing(request.url.path, page.items, page.total, page_of(request), filters)}
    return view(request, at, "users/feedback.html", {**shown, **CHOICES})


@router.get("/suggestions")
async def suggestions(request: Request, services: Using, at: At) -> Response:
    filters = filters_of(request, "entry")
    found = await asyncio.to_thread(services.suggestions.open, filters["entry"] or None)
    rows = found[offset_of(request) : offset_of(request) + PAGE]
    listing = Listing(request.url.path, rows, len(found), page_of(request), filters)
    return view(request, at, "users/suggestions.html", {"listing": listing})


@router.post("/suggestions/{suggestion_id}/{act}", dependencies=_EDITOR)
async def decide(request: Request, suggestion_id: str, act: str, services: Using, at: At) -> Response:
    if act not in ("accept", "dismiss"):
        raise Problem(404, "not-found", "There is nothing at this address.")
    found = await asyncio.to_thread(suggestion_of, services, suggestion_id)
    entry = f"/admin/ui/entries/{found.entry.id}"
    to = entry if (await fields_of(request)).get("to") == "entry" else "/admin/ui/suggestions"
    if act == "dismiss":
        await asyncio.to_thread(dismiss_suggestion, suggestion_id, services, at.curator)
        return back(to, f"“{found.text}” is dismissed. It cannot be taken back.")
    before = await services.storage.run(services.entries.kept, found.entry.id)
    await asyncio.to_thread(accept_suggestion, suggestion_id, services, at.curator)
    said = f"“{found.text}” is a wording of “{found.entry.question}” now. Publish to make it live."
    return back(to, said, revert=f"{entry}/revert?version={before.version}")
