"""Signing in with an account of an OpenID provider: there, and back."""

from __future__ import annotations

import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import asdict
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from app.api.callers import Using, client_of
from app.api.errors import Problem
from app.compose.services import Services
from app.console.pages import view
from app.console.session import SIGN_IN, back_of, opened
from app.single_sign_on import ProviderUnavailable, SignOnRefused
from app.single_sign_on.admission import admit
from app.single_sign_on.provider import Begun, OpenIdProvider
from app.store.curators import Curator

router = APIRouter(prefix=f"{SIGN_IN}/oidc", include_in_schema=False)
_COOKIE = "candor_oidc"
_WITHIN_S = 600
_STALE = "This sign-in was not begun in this browser, or too long ago. Begin again."
_NOT_DONE = "The sign-in was broken off. Nobody was signed in."


@router.get("")
async def begin(request: Request) -> Response:
    """Leads to the provider. What has to be known on the way back stays in a cookie of this browser."""
    provider = provider_of(request)
    try:
        begun = await provider.begin(_callback(request))
    except ProviderUnavailable as error:
        return _refused(request, str(error), 503)
    response = RedirectResponse(begun.url, 303)
    kept = json.dumps(asdict(begun) | {"url": back_of(request)}).encode()
    name, path, secure = _cookie(request)
    response.set_cookie(
        name,
        urlsafe_b64encode(kept).decode(),
        _WITHIN_S,
        path=path,
        secure=secure,
        httponly=True,
        samesite="lax",  # it has to come along when the provider sends the browser back
    )
    return response


@router.get("/callback")
async def finish(request: Request, services: Using) -> Response:
    """Where the provider leads back to. A wrong answer counts as a wrong token."""
    provider = provider_of(request)
    client = client_of(request)
    try:
        services.wrong_tokens.take(client)
        curator = await _signed_on(request, services, provider)
    except Problem as problem:
        return _refused(request, problem.detail, 429)
    except ProviderUnavailable as error:
        services.wrong_tokens.give_back(client)
        return _refused(request, str(error), 503)
    except SignOnRefused as error:
        return _refused(request, str(error), 403)
    services.wrong_tokens.give_back(client)
    begun = _begun(request)
    # Browsers leave out the cookie of a sign-in where another site led to a page: this one leads on itself.
    response = view(request, None, "signed_on.html", {"to": begun.url if begun else "/admin"})
    await opened(services, curator, response, request)
    _forget(response, request)
    return response


@router.get("/out")
async def out(request: Request) -> Response:
    """Ends the sign-in at the provider too, where it has a place for that."""
    back = str(request.base_url).rstrip("/") + SIGN_IN
    try:
        url = await provider_of(request).sign_out_url(back)
    except ProviderUnavailable as error:
        return _refused(request, str(error), 503)
    return RedirectResponse(url or SIGN_IN, 303)


def provider_of(request: Request) -> OpenIdProvider:
    """Raises a 404 `Problem` where none is configured."""
    provider: OpenIdProvider | None = request.app.state.single_sign_on
    if provider is None:
        raise Problem(404, "not-found", "There is nothing at this address.")
    return provider


async def _signed_on(request: Request, services: Services, provider: OpenIdProvider) -> Curator:
    given, begun = request.query_params, _begun(request)
    state = given.get("state", "")
    if begun is None or not state or not secrets.compare_digest(state.encode(), begun.state.encode()):
        raise SignOnRefused(_STALE)
    issuer = (await provider.metadata())["issuer"]
    if given.get("iss", issuer) != issuer:  # RFC 9207: the answer of another provider
        raise SignOnRefused(_NOT_DONE)
    if "error" in given or not given.get("code"):
        raise SignOnRefused(_NOT_DONE)
    identity = await provider.finish(_callback(request), given["code"], begun)
    keep_admin = services.settings.admin_token is None
    return await services.storage.run(
        lambda: admit(services.engine, provider.settings, identity, keep_admin=keep_admin)
    )


def _refused(request: Request, problem: str, status: int) -> Response:
    response = view(request, None, "sign_in.html", sign_in_of(request, problem), status)
    _forget(response, request)
    return response


def sign_in_of(request: Request, problem: str = "", name: str = "") -> dict[str, object]:
    """What the sign-in page shows."""
    provider: OpenIdProvider | None = request.app.state.single_sign_on
    other = provider.settings.name if provider else ""
    back = back_of(request)
    query = f"?back={quote(back)}" if back != "/admin" else ""
    is_out = "out" in request.query_params
    return {"problem": problem, "name": name, "other": other, "query": query, "is_out": is_out}


def _begun(request: Request) -> Begun | None:
    """What `begin` left; its `url` is where to go afterwards."""
    try:
        kept = json.loads(urlsafe_b64decode(request.cookies.get(_cookie(request)[0], "")))
        return Begun(**{name: str(kept[name]) for name in ("url", "state", "nonce", "verifier")})
    except (ValueError, KeyError, TypeError):
        return None


def _forget(response: Response, request: Request) -> None:
    name, path, secure = _cookie(request)
    response.delete_cookie(name, path=path, secure=secure, httponly=True, samesite="lax")


def _cookie(request: Request) -> tuple[str, str, bool]:
    """Name, path and whether for https alone."""
    secure = request.url.scheme == "https"
    return (f"__Host-{_COOKIE}", "/", True) if secure else (_COOKIE, SIGN_IN, False)


def _callback(request: Request) -> str:
    return str(request.base_url).rstrip("/") + f"{SIGN_IN}/oidc/callback"
