"""Curators: who they are, what they may do, how they come in."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter, Request, Response

from app.api.callers import Using
from app.api.errors import Problem
from app.compose.services import Services
from app.console.pages import back, view
from app.console.route import ConsoleRoute
from app.console.session import At, Visitor, fields_of, for_role
from app.store.curators import CuratorNotFound, CuratorRejected, Role
from app.store.curators.passwords import LEAST_PASSWORD

USERS = "/admin/ui/users"
ADMIN = [for_role(Role.ADMIN)]
MOST_PASSWORD = 1_000  # characters
router = APIRouter(prefix=USERS, include_in_schema=False, route_class=ConsoleRoute)
_KEYS_ONLY = "They cannot sign in until a password is set; a key lets them in."
_FOR_GOOD = "This cannot be undone: add them anew. What they did stays in history and log."


@router.get("", dependencies=ADMIN)
async def users(request: Request, services: Using, at: At) -> Response:
    return await users_view(request, services, at)


@router.post("", dependencies=ADMIN)
async def add(request: Request, services: Using, at: At) -> Response:
    form = await fields_of(request)
    name, role = str(form.get("name", "")).strip(), role_from(form.get("role"))
    password = password_from(form.get("password")) or None
    return await _written(
        request,
        services,
        at,
        lambda: services.curators.add(name, role, password, by=at.curator),
        f"{name} is added as {role}. {'' if password else _KEYS_ONLY}".strip(),
        tried={"name": name, "role": role.value},
    )


@router.post("/{name}/role", dependencies=ADMIN)
async def set_role(request: Request, name: str, services: Using, at: At) -> Response:
    role = role_from((await fields_of(request)).get("role"))
    before = await _role_of(services, name)
    told = f"{name} is {role} now; before, {name} was {before}. It holds from the next click on."
    return await _written(
        request, services, at, lambda: services.curators.set_role(name, role, by=at.curator), told
    )


@router.post("/{name}/password", dependencies=ADMIN)
async def set_password(request: Request, name: str, services: Using, at: At) -> Response:
    password = password_from((await fields_of(request)).get("password"))
    told = f"{name} has a new password, and is signed out everywhere. The old one is gone for good."
    return await _written(
        request, services, at, lambda: services.curators.set_password(name, password, by=at.curator), told
    )


@router.post("/{name}/remove", dependencies=ADMIN)
async def remove(request: Request, name: str, services: Using, at: At) -> Response:
    told = f"{name} is removed, with all keys. {_FOR_GOOD}"
    return await _written(request, services, at, lambda: services.curators.remove(name, by=at.curator), told)


async def users_view(
    request: Request,
    services: Services,
    at: Visitor,
    *,
    problem: str = "",
    tried: dict[str, str] | None = None,
    secret: tuple[str, str] | None = None,
) -> Response:
    """Curators and keys. `problem` says why nothing was written, `tried` what was to be; `secret` is a new
    key's name and itself, to be shown this once."""
    shown = {
        "curators": await services.storage.run(services.curators.list),
        "keys": await services.storage.run(services.keys.list),
        "roles": [str(role) for role in Role],
        "least": LEAST_PASSWORD,
        "problem": problem,
        "tried": {"name": "", "role": Role.EDITOR.value, "key": "", "curator": "", "days": ""}
        | (tried or {}),
        "secret": secret,
        "other": services.settings.oidc.name if services.settings.oidc.issuer else "",
    }
    return view(request, at, "house/users.html", shown, 422 if problem else 200)


def role_from(given: object) -> Role:
    """Raises a 422 `Problem`."""
    try:
        return Role(str(given))
    except ValueError:
        raise Problem(422, "invalid", "There is no such role.") from None


def password_from(given: object) -> str:
    """A password as it was typed."""
    return str(given or "")[:MOST_PASSWORD]


async def _role_of(services: Services, name: str) -> str:
    try:
        return (await services.storage.run(services.curators.get, name)).role
    except CuratorNotFound as error:
        raise Problem(404, "not-found", str(error)) from None


async def _written(
    request: Request,
    services: Services,
    at: Visitor,
    write: Callable[[], object],
    told: str,
    *,
    tried: dict[str, str] | None = None,
) -> Response:
    try:
        await services.storage.run(write)
    except CuratorNotFound as error:
        raise Problem(404, "not-found", str(error)) from None
    except CuratorRejected as error:
        return await users_view(request, services, at, problem=said(error), tried=tried)
    return back(USERS, told)


def said(error: CuratorRejected) -> str:
    """Why, as a sentence."""
    text = str(error).rstrip(".")
    return f"{text[:1].upper()}{text[1:]}. Nothing was changed."
