"""Signing in to the console with an account of an OpenID provider: which, and as whom."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom a provider says somebody is. `subject` stands for the account for good, also where its address
    changes; `email` is lower-case, and empty where none is known; `groups` are what its claim of groups
    holds."""

    subject: str
    email: str
    is_verified: bool
    groups: frozenset[str]


class SignOnRefused(Exception):
    """Nobody was signed in. The message is for whoever tried."""


class ProviderUnavailable(SignOnRefused):
    """The provider cannot be reached, or does not answer as one does. `reason` is for administrators."""

    def __init__(self, told: str, reason: str) -> None:
        super().__init__(told)
        self.reason = reason
