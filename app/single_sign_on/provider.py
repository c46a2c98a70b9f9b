"""An OpenID provider: the authorization code flow, with PKCE, state and nonce. What it says is checked by
authlib."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, cast
from urllib.parse import urlencode, urlsplit

import httpx

from app.settings import SettingsError
from app.single_sign_on import Identity, ProviderUnavailable, SignOnRefused
from app.single_sign_on.settings import OidcSettings
from knowledge.extras import install

_WITHIN_S = 10.0
_KEPT_S = 600.0  # how long what a provider says of itself is believed
_LEEWAY_S = 60  # clocks differ
_LONGEST_GROUPS = 2_000
_SIGNED_BY = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"}
)
"""Signatures that only the provider can make: with a shared secret, whoever holds it could."""
_BASIC = "client_secret_basic"
_NEEDED = ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri")
_DOWN = "The sign-in service does not answer as it should. Try again later, or sign in another way."
_NOT_PROVEN = "The sign-in service could not prove who you are. Try again."
_log = logging.getLogger("candor.oidc")


@dataclass(frozen=True, slots=True)
class Begun:
    """A sign-in under way. All but `url`, where to send the browser, stays with it until it comes back."""

    url: str
    state: str
    nonce: str
    verifier: str


class OpenIdProvider:
    """One provider. `transport` is for tests. Raises `SettingsError` where the packages are missing."""

    def __init__(
        self,
        settings: OidcSettings,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if problem := missing(settings):
            raise SettingsError(problem)
        self.settings = settings
        self._transport = transport
        self._clock = clock
        self._known: tuple[float, Mapping[str, Any]] | None = None

    async def begin(self, redirect_uri: str) -> Begun:
        """Raises `ProviderUnavailable`."""
        from authlib.common.security import generate_token
        from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
        from authlib.oauth2.rfc7636 import create_s256_code_challenge

        where = (await self.metadata())["authorization_endpoint"]
        state, nonce, verifier = generate_token(32), generate_token(32), generate_token(64)
        url = prepare_grant_uri(
            where,
            self.settings.client_id,
            "code",
            redirect_uri,
            self.settings.scope,
            state,
            nonce=nonce,
            code_challenge=create_s256_code_challenge(verifier),
            code_challenge_method="S256",
        )
        return Begun(url, state, nonce, verifier)

    async def finish(self, redirect_uri: str, code: str, begun: Begun) -> Identity:
        """Who came back with `code`. Raises `SignOnRefused`."""
        metadata = await self.metadata()
        async with self._client() as client:
            token = await self._token(client, metadata, redirect_uri, code, begun.verifier)
            keys = await _json_of(client, "GET", metadata["jwks_uri"])
            claims = self._claims(metadata, keys, token, begun.nonce)
            if "email" not in claims and metadata.get("userinfo_endpoint"):
                bearer = {"Authorization": f"Bearer {token.get('access_token', '')}"}
                told = await _json_of(client, "GET", metadata["userinfo_endpoint"], headers=bearer)
                claims |= _of_same_account(told, claims["sub"])
        return self._identity(claims)

    async def sign_out_url(self, back: str) -> str | None:
        """Where the browser ends the sign-in at the provider too; None where it has no such place. Raises
        `ProviderUnavailable`."""
        end = (await self.metadata()).get("end_session_endpoint")
        if not end:
            return None
        asked = urlencode({"client_id": self.settings.client_id, "post_logout_redirect_uri": back})
        return f"{end}{'&' if urlsplit(end).query else '?'}{asked}"

    async def metadata(self) -> Mapping[str, Any]:
        """What the provider says of itself. Raises `ProviderUnavailable`."""
        if self._known is not None and self._clock() - self._known[0] < _KEPT_S:
            return self._known[1]
        issuer = str(self.settings.issuer)
        async with self._client() as client:
            found = await _json_of(client, "GET", f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if absent := [name for name in _NEEDED if not isinstance(found.get(name), str)]:
            raise _unavailable(f"{issuer} does not name its {', '.join(absent)}")
        if found["issuer"].rstrip("/") != issuer.rstrip("/"):
            raise _unavailable(f"{issuer} calls itself {found['issuer']}")
        self._known = (self._clock(), found)
        return found

    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=self._transport, timeout=_WITHIN_S)

    async def _token(
        self,
        client: httpx.AsyncClient,
        metadata: Mapping[str, Any],
        redirect_uri: str,
        code: str,
        verifier: str,
    ) -> Mapping[str, Any]:
        """What the provider gives for the code: asked as whom it knows, by the way that it offers."""
        public = {"client_id": str(self.settings.client_id)}
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        ways = metadata.get("token_endpoint_auth_methods_supported") or [_BASIC]
        if self.settings.client_secret is None:
            form |= public
            how: dict[str, Any] = {}
        else:
            secret = self.settings.client_secret.get_secret_value()
            if _BASIC in ways:
                how = {"auth": (public["client_id"], secret)}
            else:
                form |= public | {"client_secret": secret}
                how = {}
        return await _json_of(client, "POST", metadata["token_endpoint"], data=form, **how)

    def _claims(
        self,
        metadata: Mapping[str, Any],
        keys: Mapping[str, Any],
        token: Mapping[str, Any],
        nonce: str,
    ) -> dict[str, Any]:
        """What the ID token says, once signature, issuer, audience, times and nonce are right."""
        from authlib.oidc.core import CodeIDToken
        from joserfc import jwt
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet
        from joserfc.jws import JWSRegistry

        offered = metadata.get("id_token_signing_alg_values_supported") or ["RS256"]
        registry = JWSRegistry(algorithms=sorted(_SIGNED_BY & set(offered)), strict_check_header=False)
        try:
            read = jwt.decode(
                str(token["id_token"]), KeySet.import_key_set(cast(Any, keys)), registry=registry
            )
            claims = CodeIDToken(
                read.claims,
                read.header,
                {
                    "iss": {"essential": True, "value": metadata["issuer"]},
                    "aud": {"essential": True, "value": self.settings.client_id},
                },
                {
                    "nonce": nonce,
                    "client_id": self.settings.client_id,
                    "access_token": token.get("access_token"),
                },
            )
            claims.validate(leeway=_LEEWAY_S)
        except (JoseError, KeyError, ValueError, TypeError) as error:
            _log.warning("an ID token was refused: %s: %s", type(error).__name__, error)
            raise SignOnRefused(_NOT_PROVEN) from None
        return dict(claims)

    def _identity(self, claims: Mapping[str, Any]) -> Identity:
        email = claims.get("email")
        verified = claims.get("email_verified")
        listed = claims.get(self.settings.claim or "", ())
        groups = [listed] if isinstance(listed, str) else listed if isinstance(listed, list) else []
        account = f"{claims['iss']}\n{claims['sub']}"
        return Identity(
            subject=hashlib.sha256(account.encode()).hexdigest(),
            email=email.strip().lower() if isinstance(email, str) else "",
            is_verified=verified in (True, "true") or (verified is None and self.settings.trust_email),
            groups=frozenset(map(str, groups[:_LONGEST_GROUPS])),
        )


def missing(settings: OidcSettings) -> str:
    """Why a configured provider cannot be used; empty where it can be, or none is configured."""
    if settings.issuer is None or find_spec("authlib") is not None:
        return ""
    return f"CANDOR_OIDC__ISSUER needs the package authlib: {install('oidc')}"


def _of_same_account(told: Mapping[str, Any], subject: str) -> dict[str, Any]:
    """What some providers tell beside the ID token alone."""
    if told.get("sub") != subject:
        _log.warning("the userinfo is of another account than the ID token")
        raise SignOnRefused(_NOT_PROVEN)
    return {name: value for name, value in told.items() if name not in ("iss", "aud", "sub")}


async def _json_of(client: httpx.AsyncClient, method: str, url: str, **how: Any) -> dict[str, Any]:  # noqa: ANN401
    """The object that an address gives. Raises `SignOnRefused` where it refuses what was brought."""
    try:
        response = await client.request(method, url, **how)
        if method == "POST" and response.is_client_error:
            _log.warning("the provider gave no token: %s", response.text[:500])
            raise SignOnRefused(_NOT_PROVEN)
        response.raise_for_status()
        found = response.json()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise _unavailable(f"{url}: {type(error).__name__}: {error}") from None
    if not isinstance(found, dict):
        raise _unavailable(f"{url} gives no object")
    return found


def _unavailable(reason: str) -> ProviderUnavailable:
    _log.warning("the OpenID provider cannot be used: %s", reason)
    return ProviderUnavailable(_DOWN, reason)
