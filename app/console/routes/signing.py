"""Signing in and out of the console."""

from __future__ import annotations

import secrets

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from app.api.callers import Using, client_of
from app.api.errors import Problem
from app.compose.services import Services
from app.console.pages import view
from app.console.route import ConsoleRoute
from app.console.routes.house.single_sign_on import sign_in_of
from app.console.session import SIGN_IN, At, back_of, check_origin, closed, fields_of, for_role, opened
from app.store.curators import OWNER, Curator, Role

router = APIRouter(prefix="/admin", include_in_schema=False)
inside = APIRouter(prefix="/admin", include_in_schema=False, route_class=ConsoleRoute)
_LONGEST = 1000  # characters of a password


@router.get("/sign-in")
async def ask(request: Request) -> Response:
    return view(request, None, "sign_in.html", sign_in_of(request))


@router.post("/sign-in")
async def sign_in(request: Request, services: Using) -> Response:
    """Wrong ones are counted with wrong tokens: after too many, nothing is told for a while. Each is counted
    before it is looked at, since many at once are as many guesses."""
    try:
        check_origin(request)
    except Problem as problem:
        return view(request, None, "sign_in.html", sign_in_of(request, problem.detail), 403)
    given = await fields_of(request)
    name, password = str(given.get("name", "")).strip(), str(given.get("password", ""))[:_LONGEST]
    client = client_of(request)
    try:
        services.wrong_tokens.take(client)
    except Problem as problem:
        return view(request, None, "sign_in.html", sign_in_of(request, problem.detail, name), 429)
    curator = await _known(services, name, password)
    if curator is None:
        told = "Name and password do not go together. Whoever looks after the users can set a new one."
        return view(request, None, "sign_in.html", sign_in_of(request, told, name), 401)
    services.wrong_tokens.give_back(client)
    response = RedirectResponse(back_of(request), 303)
    await opened(services, curator, response, request)
    return response


@inside.post("/sign-out", dependencies=[for_role(Role.VIEWER)])
async def sign_out(request: Request, services: Using, at: At) -> Response:
    response = RedirectResponse(f"{SIGN_IN}?out=1", 303)
    await closed(services, at.curator, response, request)
    return response


async def _known(services: Services, name: str, password: str) -> Curator | None:
    token = services.settings.admin_token
    if name in ("", OWNER.name):
        expected = token.get_secret_value().encode() if token else b""
        return OWNER if expected and secrets.compare_digest(password.encode(), expected) else None
    return await services.storage.hashing(services.curators.signed_in, name, password)
