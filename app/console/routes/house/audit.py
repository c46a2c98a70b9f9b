"""The audit log: who did what, and when."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response

from app.api.callers import Using
from app.api.errors import Problem
from app.api.instants import first_instant, last_instant
from app.console.pages import PAGE, Listing, filters_of, offset_of, page_of, view
from app.console.route import ConsoleRoute
from app.console.session import At, for_role
from app.store.audit import Sought
from app.store.curators import Role

router = APIRouter(prefix="/admin/ui/audit", include_in_schema=False, route_class=ConsoleRoute)
NAMES = ("curator", "act", "subject", "since", "until")


@router.get("", dependencies=[for_role(Role.ADMIN)])
async def audit(request: Request, services: Using, at: At) -> Response:
    filters = filters_of(request, *NAMES)
    sought = sought_of(filters)
    page = await services.storage.run(
        lambda: services.audit.page(offset=offset_of(request), limit=PAGE, **sought)
    )
    acts = await services.storage.run(services.audit.acts)
    kinds = dict.fromkeys(act.partition(".")[0] for act in acts)
    given = {name: value for name, value in filters.items() if value}
    shown = {
        "listing": Listing(request.url.path, page.acts, page.total, page_of(request), filters),
        "choices": [(kind, [act for act in acts if act.partition(".")[0] == kind]) for kind in kinds],
        "as_csv": "/admin/ui/exports/audit.csv" + (f"?{urlencode(given)}" if given else ""),
        "is_filtered": bool(given),
    }
    return view(request, at, "house/audit.html", shown)


def sought_of(filters: Mapping[str, str]) -> Sought:
    """What an address asks for. Raises a 422 `Problem` for a day that is none."""
    try:
        since = first_instant(filters["since"]) if filters["since"] else None
        until = last_instant(filters["until"]) if filters["until"] else None
    except ValueError as error:
        raise Problem(422, "invalid", f"Dates: {error}.") from None
    names = {name: filters[name] or None for name in ("curator", "act", "subject")}
    return Sought(
        curator=names["curator"], act=names["act"], subject=names["subject"], since=since, until=until
    )
