"""What an operator can set of it."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode

from app.store.curators import Role

ANY = "*"
_LOCAL = {"localhost", "127.0.0.1", "::1"}


class OidcSettings(BaseModel):
    """The provider, and who of its accounts may do what."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, use_attribute_docstrings=True, hide_input_in_errors=True
    )

    issuer: str | None = None
    """OpenID provider whose accounts may sign in to the console: its issuer URL (docs/console.md)."""
    client_id: str | None = None
    """As what Candor is registered there."""
    client_secret: SecretStr | None = None
    """The secret that goes with it; a public client has none."""
    name: str = "single sign-on"
    """What the button on the sign-in page says after "Sign in with"."""
    scope: str = "openid email profile"
    """What is asked for; some providers tell groups only for a further word."""
    domains: Annotated[tuple[str, ...], NoDecode] = ()
    """E-mail domains whose accounts may sign in, comma-separated; `*`: any. Default: users of the console."""
    role: Role | None = None
    """Role of who signs in for the first time and is no user yet. Default: they are refused."""
    claim: str | None = None
    """The claim that names somebody's groups or roles, as `groups`."""
    roles: Annotated[tuple[str, ...], NoDecode] = ()
    """Which of them is which role: `GROUP=role`, comma-separated. It then holds at each sign-in."""
    trust_email: bool = False
    """Believe e-mail addresses of which the provider does not say whether they are verified."""

    @field_validator("issuer")
    @classmethod
    def _is_secure(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOCAL):
            raise ValueError("begin with https://")
        return value.removesuffix("/.well-known/openid-configuration")

    @field_validator("domains", "roles", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        """A list of JSON is for names with a comma in them."""
        if not isinstance(value, str):
            return value
        if value.lstrip().startswith("["):
            try:
                return json.loads(value)
            except ValueError:
                raise ValueError("begins as a list in JSON, and is none") from None
        return [part.strip() for part in value.split(",") if part.strip()]

    @field_validator("domains")
    @classmethod
    def _are_domains(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(domain.removeprefix("@").lower() for domain in value)

    @field_validator("roles")
    @classmethod
    def _are_pairs(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for pair in value:
            group, _, role = pair.rpartition("=")
            if not group or role.strip() not in list(Role):
                raise ValueError(f"{pair!r} is not GROUP=role; roles are {', '.join(Role)}")
        return value

    @model_validator(mode="after")
    def _goes_together(self) -> OidcSettings:
        if self.issuer is None:
            if self.client_id or self.client_secret or self.domains or self.role or self.claim or self.roles:
                raise ValueError("CANDOR_OIDC__ISSUER is missing: who is to be asked?")
            return self
        if not self.client_id:
            raise ValueError("CANDOR_OIDC__ISSUER needs CANDOR_OIDC__CLIENT_ID")
        if bool(self.claim) is not bool(self.roles):
            raise ValueError("CANDOR_OIDC__CLAIM and CANDOR_OIDC__ROLES need each other")
        if self.role and not self.domains:
            raise ValueError("CANDOR_OIDC__ROLE needs CANDOR_OIDC__DOMAINS: whose accounts? (*: any)")
        return self

    def role_of(self, groups: Collection[str]) -> Role | None:
        """The highest role that the groups give; None where they give none."""
        pairs = (pair.rpartition("=") for pair in self.roles)
        given = [Role(role.strip()) for group, _, role in pairs if group.strip() in groups]
        return max(given, key=list(Role).index, default=None)

    def takes(self, email: str) -> bool:
        """Whether an address is of one of the domains."""
        return ANY in self.domains or email.rpartition("@")[2] in self.domains
