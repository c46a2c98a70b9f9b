"""An OpenID provider of one's own: it checks what a provider checks, and can be told to do wrong."""

from __future__ import annotations

import hashlib
import secrets
import time
from base64 import b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

CLIENT, SECRET = "candor", "a secret of the two"


@dataclass
class Account:
    """Who signs in at the provider, and what goes wrong."""

    claims: dict[str, Any] = field(
        default_factory=lambda: {"sub": "1", "email": "Maria@Aster.example", "email_verified": True}
    )
    token: dict[str, Any] = field(default_factory=dict)
    """Claims of the ID token that are not as they should be; None leaves one out."""
    userinfo: dict[str, Any] = field(default_factory=dict)
    down: set[str] = field(default_factory=set)
    """Paths that give a 500."""
    declines: bool = False
    signs_with: RSAKey | None = None
    issues_as: str = ""


def provider_app(account: Account, issuer: str) -> FastAPI:
    """It signs in whoever `account` is, without asking."""
    app = FastAPI()
    key = RSAKey.generate_key(2048, parameters={"kid": "1"})
    codes: dict[str, dict[str, str]] = {}

    @app.middleware("http")
    async def faults(request: Request, go_on: Any) -> Response:  # noqa: ANN401
        return Response(status_code=500) if request.url.path in account.down else await go_on(request)

    @app.get("/.well-known/openid-configuration")
    async def discovery() -> dict[str, Any]:
        ends = {"authorization": "authorize", "token": "token", "userinfo": "userinfo", "end_session": "out"}
        return {
            "issuer": account.issues_as or issuer,
            "jwks_uri": f"{issuer}/jwks",
            **{f"{name}_endpoint": f"{issuer}/{path}" for name, path in ends.items()},
            "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
        }

    @app.get("/jwks")
    async def jwks() -> Any:  # noqa: ANN401
        return KeySet([key]).as_dict(private=False)

    @app.get("/authorize")
    async def authorize(request: Request) -> Response:
        asked = dict(request.query_params)
        assert asked["client_id"] == CLIENT and asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256" and asked["nonce"] and asked["state"]
        assert "openid" in asked["scope"].split()
        code = secrets.token_hex(8)
        codes[code] = asked
        given = {"error": "access_denied"} if account.declines else {"code": code}
        return RedirectResponse(
            f"{asked['redirect_uri']}?{urlencode({**given, 'state': asked['state']})}", 302
        )

    @app.post("/token")
    async def token(request: Request) -> Response:
        given = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        asked = codes.pop(given["code"], None)
        client = b64decode(request.headers["Authorization"].removeprefix("Basic ")).decode()
        if client != f"{CLIENT}:{SECRET}" or asked is None or not _proves(given["code_verifier"], asked):
            return JSONResponse({"error": "invalid_grant"}, 400)
        assert given["redirect_uri"] == asked["redirect_uri"]
        claims = {
            "iss": issuer,
            "aud": CLIENT,
            "iat": int(time.time()),
            "exp": int(time.time()) + 300,
            "nonce": asked["nonce"],
            **account.claims,
            **account.token,
        }
        told = {name: value for name, value in claims.items() if value is not None}
        header = {"alg": "RS256", "kid": "1"}
        signed = jwt.encode(header, told, account.signs_with or key)
        return JSONResponse({"access_token": "at", "token_type": "Bearer", "id_token": signed})

    @app.get("/userinfo")
    async def userinfo(request: Request) -> dict[str, Any]:
        assert request.headers["Authorization"] == "Bearer at"
        return account.userinfo

    return app


def _proves(verifier: str, asked: dict[str, str]) -> bool:
    digest = hashlib.sha256(verifier.encode()).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode() == asked["code_challenge"]
