"""What the service was started with."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from app.api.callers import Using
from app.console.configured import DEFAULT, ORIGINS, configured
from app.console.pages import filters_of, view
from app.console.route import ConsoleRoute
from app.console.session import At, for_role
from app.store.curators import Role

router = APIRouter(prefix="/admin/ui/settings", include_in_schema=False, route_class=ConsoleRoute)


@router.get("", dependencies=[for_role(Role.ADMIN)])
async def settings(request: Request, services: Using, at: At) -> Response:
    filters = filters_of(request, "text", "origin")
    every = await services.storage.run(lambda: list(configured(services.settings)))
    wanted, text = filters["origin"], filters["text"].casefold()
    rows = [
        each
        for each in every
        if wanted in ("", each.origin) and text in f"{each.name} {each.description}".casefold()
    ]
    shown = {
        "rows": rows,
        "filters": filters,
        "origins": ORIGINS,
        "total": len(every),
        "set": sum(each.origin != DEFAULT for each in every),
    }
    return view(request, at, "house/settings.html", shown)
