"""Entries as lists: found, due, waiting for review, deleted."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TypedDict

from fastapi import APIRouter, Request, Response

from app.api.callers import Using
from app.console.pages import PAGE, Listing, filters_of, offset_of, page_of, view
from app.console.route import ConsoleRoute
from app.console.session import At
from knowledge.types import EntryStatus

router = APIRouter(prefix="/admin/ui/entries", include_in_schema=False, route_class=ConsoleRoute)
SOON = timedelta(days=30)
EXPIRES, TO_REVIEW = "expires", "to_review"
_DUE = {EXPIRES: "expired, or within 30 days", TO_REVIEW: "to be reviewed by now"}


class DueBefore(TypedDict, total=False):
    """Days that `EntryStore.page` takes."""

    expires_before: date
    review_before: date


def due_before(due: str) -> DueBefore:
    """What `EntryStore.page` takes for a kind of due: expired or soon so; past its day of review."""
    if due == EXPIRES:
        return {"expires_before": date.today() + SOON}
    return {"review_before": date.today() + timedelta(days=1)} if due == TO_REVIEW else {}


@router.get("")
async def entries(request: Request, services: Using, at: At) -> Response:
    filters = filters_of(request, "text", "topic", "status", "due")
    status = EntryStatus(filters["status"]) if filters["status"] in list(EntryStatus) else None
    page = await services.storage.run(
        lambda: services.entries.page(
            text=filters["text"] or None,
            topic=filters["topic"] or None,
            status=status,
            **due_before(filters["due"]),
            offset=offset_of(request),
            limit=PAGE,
        )
    )
    shown = {
        "listing": Listing(request.url.path, page.entries, page.total, page_of(request), filters),
        "topics": sorted(await services.storage.run(services.entries.topics)),
        "states": [str(each) for each in EntryStatus],
        "due": _DUE,
    }
    return view(request, at, "knowledge/entries.html", shown)


@router.get("/-/deleted")
async def deleted(request: Request, services: Using, at: At) -> Response:
    """What can be brought back."""
    page = await services.storage.run(
        lambda: services.entries.history.deleted(offset=offset_of(request), limit=PAGE)
    )
    listing = Listing(request.url.path, page.versions, page.total, page_of(request), {})
    return view(request, at, "knowledge/deleted.html", {"listing": listing})
