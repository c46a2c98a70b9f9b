"""Keys to the API: given out, shown once, revoked."""

from __future__ import annotations

from datetime import timedelta

from fastapi import APIRouter, Request, Response

from app.api.callers import Using
from app.api.errors import Problem
from app.console.pages import back
from app.console.route import ConsoleRoute
from app.console.routes.house.users import ADMIN, USERS, role_from, said, users_view
from app.console.session import At, fields_of
from app.store.curators import CuratorNotFound, CuratorRejected
from app.store.database.db import now

router = APIRouter(prefix="/admin/ui/keys", include_in_schema=False, route_class=ConsoleRoute)
_MOST_DAYS = 36_500
_MOST_DIGITS = 9


@router.post("", dependencies=ADMIN)
async def create(request: Request, services: Using, at: At) -> Response:
    """Shows the key right here: no address may hold it, and nothing can show it again."""
    form = await fields_of(request)
    name, owner = str(form.get("name", "")).strip(), str(form.get("curator", "")).strip()
    role, days = role_from(form.get("role")), _days(str(form.get("days", "")).strip())
    expires_at = now() + timedelta(days=days) if days else None
    try:
        _, secret = await services.storage.run(
            services.keys.create, name, role, owner or None, expires_at, by=at.curator
        )
    except CuratorRejected as error:
        tried = {"key": name, "curator": owner, "role": role.value, "days": str(days or "")}
        return await users_view(request, services, at, problem=said(error), tried=tried)
    except CuratorNotFound as error:
        raise Problem(404, "not-found", str(error)) from None
    return await users_view(request, services, at, secret=(name, secret))


@router.post("/{key_id}/revoke", dependencies=ADMIN)
async def revoke(request: Request, key_id: str, services: Using, at: At) -> Response:
    try:
        await services.storage.run(services.keys.revoke, key_id, by=at.curator)
    except CuratorRejected as error:
        return await users_view(request, services, at, problem=said(error))
    except CuratorNotFound as error:
        raise Problem(404, "not-found", str(error)) from None
    return back(USERS, "The key is revoked. This cannot be undone: create another one.")


def _days(given: str) -> int | None:
    if not given:
        return None
    is_number = given.isascii() and given.isdigit() and len(given) <= _MOST_DIGITS
    if not (is_number and 0 < int(given) <= _MOST_DAYS):
        raise Problem(422, "invalid", f"A key lasts 1 to {_MOST_DAYS:,} days, or has no end.")
    return int(given)
