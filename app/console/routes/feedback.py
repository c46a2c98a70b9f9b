"""What users thought of replies, and the wordings that they suggest."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Request, Response

from app.api.callers import Using
from app.api.errors import Problem
from app.api.routes.feedback import accept_suggestion, dismiss_suggestion
from app.console.pages import PAGE, Listing, back, filters_of, offset_of, page_of, view
from app.console.route import ConsoleRoute
from app.console.session import At, for_role
from app.curation.feedback import feedback_page
from app.store.asking import Wanted
from app.store.conversations import Rating
from app.store.curators import Role
from pipeline.types import Outcome

router = APIRouter(prefix="/admin/ui", include_in_schema=False, route_class=ConsoleRoute)
_EDITOR = [for_role(Role.EDITOR)]


@router.get("/feedback")
async def feedback(request: Request, services: Using, at: At) -> Response:
    filters = filters_of(request, "rating", "outcome", "entry", "text")
    wanted = Wanted(
        outcome=filters["outcome"] if filters["outcome"] in list(Outcome) else None,
        rating=Rating(filters["rating"]) if filters["rating"] in list(Rating) else None,
        entry_id=filters["entry"] or None,
        text=filters["text"] or None,
    )
    page = await services.storage.run(
        lambda: feedback_page(services.engine, wanted, offset=offset_of(request), limit=PAGE)
    )
    shown = {
        "listing": Listing(request.url.path, page.items, page.total, page_of(request), filters),
        "ratings": [str(each) for each in Rating],
        "outcomes": [str(each) for each in Outcome],
    }
    return view(request, at, "feedback.html", shown)


@router.get("/suggestions")
async def suggestions(request: Request, services: Using, at: At) -> Response:
    filters = filters_of(request, "entry")
    found = await asyncio.to_thread(services.suggestions.open, filters["entry"] or None)
    rows = found[offset_of(request) : offset_of(request) + PAGE]
    listing = Listing(request.url.path, rows, len(found), page_of(request), filters)
    return view(request, at, "suggestions.html", {"listing": listing})


@router.post("/suggestions/{suggestion_id}/{act}", dependencies=_EDITOR)
async def decide(suggestion_id: str, act: str, services: Using, at: At) -> Response:
    if act == "accept":
        entry = await asyncio.to_thread(accept_suggestion, suggestion_id, services, at.curator)
        undo = f"/admin/ui/entries/{entry['id']}/history"
        return back("/admin/ui/suggestions", f"{entry['id']} has this wording now.", undo=undo)
    if act != "dismiss":
        raise Problem(404, "not-found", "There is nothing at this address.")
    await asyncio.to_thread(dismiss_suggestion, suggestion_id, services, at.curator)
    return back("/admin/ui/suggestions", "Dismissed. It cannot be taken back.")
