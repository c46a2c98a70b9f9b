"""A message tried: what the live release says to it, what another one does, and how each came to it."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Request, Response

from app.api.callers import Using, charge
from app.compose.services import Services
from app.console.pages import filters_of, view
from app.console.prose import html_of
from app.console.replies import reply_json
from app.console.route import ConsoleRoute
from app.console.session import At, for_role
from app.console.steps import drawn
from app.store.curators import Role
from pipeline.types import Message, Question
from pipeline.types import Role as Speaker

router = APIRouter(prefix="/admin/ui/try", include_in_schema=False, route_class=ConsoleRoute)
_LONGEST = 4_000


@router.get("", dependencies=[for_role(Role.VIEWER)])
async def tried(request: Request, services: Using, at: At) -> Response:
    """Nothing of it is stored. The address holds it all, so that it can be sent to a colleague."""
    filters = filters_of(request, "message", "earlier", "release")
    message = request.query_params.get("message", "").strip()[:_LONGEST]
    if message:
        charge(request, services, 1)
    releases = await asyncio.to_thread(services.releases.list) if services.releases.ready else ()
    known = [each.id for each in releases]
    wanted = dict.fromkeys([services.live.release_id, filters["release"]])
    shown = {
        "filters": filters | {"message": message},
        "releases": [each for each in releases if not each.active],
        "tries": [
            await _tried(services, each, message, filters["earlier"])
            for each in wanted
            if message and each in known
        ],
    }
    return view(request, at, "try.html", shown)


async def _tried(services: Services, release_id: str | None, message: str, earlier: str) -> dict[str, object]:
    name = release_id or ""
    history: tuple[Message, ...] = ()
    if earlier:
        first, _ = await services.trial.traced(name, Question(earlier))
        history = (Message(Speaker.USER, earlier), Message(Speaker.ASSISTANT, first.text))
    reply, steps = await services.trial.traced(name, Question(message, history))
    return {
        "release": name,
        "is_live": name == services.live.release_id,
        "reply": reply,
        "shown": html_of(reply.text),
        "as_read": reply_json(reply),
        "steps": drawn(steps),
    }
