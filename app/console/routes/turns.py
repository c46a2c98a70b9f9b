"""What users asked, and how each turn went through the chain."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Request, Response

from app.api.callers import Using
from app.api.errors import Problem
from app.console.asking import ASKED, CHOICES, wanted_by
from app.console.pages import PAGE, Listing, filters_of, offset_of, page_of, view
from app.console.route import ConsoleRoute
from app.console.session import At
from app.console.steps import drawn
from app.store.turns.conversations import ConversationNotFound, MessageNotFound

router = APIRouter(prefix="/admin/ui/turns", include_in_schema=False, route_class=ConsoleRoute)


@router.get("")
async def turns(request: Request, services: Using, at: At) -> Response:
    filters = filters_of(request, *ASKED)
    page = await services.storage.run(
        lambda: services.traces.page(wanted_by(filters), offset=offset_of(request), limit=PAGE)
    )
    listing = Listing(request.url.path, page.turns, page.total, page_of(request), filters)
    return view(request, at, "users/turns.html", {"listing": listing, **CHOICES})


@router.get("/{message_id}")
async def turn(request: Request, message_id: str, services: Using, at: At) -> Response:
    try:
        trace = await asyncio.to_thread(services.traces.get, message_id)
    except MessageNotFound:
        raise Problem(404, "not-found", "There is no such turn, or no longer.") from None
    said = []
    if trace["conversation_id"]:
        try:
            said = await asyncio.to_thread(services.conversations.exchanges, trace["conversation_id"])
        except ConversationNotFound:
            said = []
    shown = {
        "trace": trace,
        "steps": drawn(trace["steps"]),
        "said": said,
        **CHOICES,
    }
    return view(request, at, "users/turn.html", shown)
