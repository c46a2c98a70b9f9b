"""One's own account: another password, and out everywhere."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from app.api.callers import Using, client_of
from app.api.errors import Problem
from app.compose.services import Services
from app.console.pages import back, view
from app.console.route import ConsoleRoute
from app.console.routes.house.users import password_from, said
from app.console.session import SIGN_IN, At, Visitor, fields_of, for_role, forget, opened
from app.store.curators import OWNER, CuratorRejected, Role
from app.store.curators.passwords import LEAST_PASSWORD

ACCOUNT = "/admin/ui/account"
router = APIRouter(prefix=ACCOUNT, include_in_schema=False, route_class=ConsoleRoute)
_VIEWER = [for_role(Role.VIEWER)]


@router.get("")
async def account(request: Request, services: Using, at: At) -> Response:
    return await _account(request, services, at)


@router.post("/password", dependencies=_VIEWER)
async def change_password(request: Request, services: Using, at: At) -> Response:
    """Ends all sign-ins but this one. Wrong guesses of the present password count as wrong tokens do."""
    form = await fields_of(request)
    now, new, again = (password_from(form.get(name)) for name in ("now", "new", "again"))
    client = client_of(request)
    try:
        services.wrong_tokens.take(client)  # before it is looked at: many at once are as many guesses
    except Problem as problem:
        return await _account(request, services, at, problem.detail, 429)
    if await services.storage.hashing(services.curators.signed_in, at.curator.name, now) is None:
        return await _account(
            request, services, at, "That is not your present password. Nothing was changed."
        )
    services.wrong_tokens.give_back(client)
    if new != again:
        return await _account(
            request, services, at, "The new password was typed in two ways. Nothing was changed."
        )
    try:
        await services.storage.hashing(services.curators.set_password, at.curator.name, new, by=at.curator)
    except CuratorRejected as error:
        return await _account(request, services, at, said(error))
    response = back(ACCOUNT, "You have a new password. Wherever else you were signed in, you are out.")
    await opened(services, at.curator, response, request)
    return response


@router.post("/sign-out-everywhere", dependencies=_VIEWER)
async def sign_out_everywhere(request: Request, services: Using, at: At) -> Response:
    response = RedirectResponse(f"{SIGN_IN}?out=1", 303)
    await services.storage.run(services.keys.sign_out_everywhere, at.curator)
    forget(response, request)
    return response


async def _account(
    request: Request, services: Services, at: Visitor, problem: str = "", status: int = 422
) -> Response:
    is_owner = at.curator.name == OWNER.name
    row = None if is_owner else await services.storage.run(services.curators.get, at.curator.name)
    shown = {
        "problem": problem,
        "has_password": row is not None and row.password is not None,
        "is_owner": is_owner,
        "other": services.settings.oidc.name,
        "least": LEAST_PASSWORD,
    }
    return view(request, at, "house/account.html", shown, status if problem else 200)
