"""A user's id is a capability: who knows it may read and delete what is remembered. So it has to be one that
nobody can guess, or one that the owner's site has signed."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass

from app.api.errors import Problem

LEAST_CHARACTERS = 22
"""Of URL-safe Base64: 132 bits."""
LEAST_GUESSES = 20.0
"""Decimal digits of the number of guesses that `zxcvbn` (Wheeler 2016) expects an id to withstand: names,
dates, sequences and repetitions count for what they are. 22 random characters have 22."""
_RANDOM = re.compile(rf"[A-Za-z0-9_-]{{{LEAST_CHARACTERS},200}}")
_SIGNED = re.compile(r"(?P<name>.{1,135})\.(?P<signature>[0-9a-f]{64})", re.DOTALL)
_MEASURED = 72  # characters: zxcvbn takes no more

GUESSABLE = (
    "This user_id can be guessed, so nothing is remembered under it: send at least"
    f" {LEAST_CHARACTERS} random characters of A-Z, a-z, 0-9, - and _, or one that your site has signed."
)
FORGED = "The signature of this user_id is not right."
UNSIGNED = "This user_id is signed, and the service has no secret to check that with."


@dataclass(frozen=True, slots=True)
class User:
    """`key` stands for the id in the database: a digest that leads back to no id."""

    key: str


def signed(name: str, secret: str) -> str:
    """The id that the owner's site sends for a user that it knows by `name`."""
    return f"{name}.{hmac.new(secret.encode(), name.encode(), hashlib.sha256).hexdigest()}"


def user_of(user_id: str, secret: str | None) -> User:
    """Raises a 403 `Problem` for a signature that is not right, and a 422 for an id that can be guessed."""
    if match := _SIGNED.fullmatch(user_id):
        if secret is None:
            raise Problem(403, "forbidden", UNSIGNED)
        right = signed(match["name"], secret).rpartition(".")[2]
        if not hmac.compare_digest(right, match["signature"]):
            raise Problem(403, "forbidden", FORGED)
        return User(_digest("signed", match["name"]))
    if _RANDOM.fullmatch(user_id) and _withstands(user_id):
        return User(_digest("random", user_id))
    raise Problem(422, "guessable-user-id", GUESSABLE, param="user_id")


def _withstands(user_id: str) -> bool:
    from zxcvbn import zxcvbn

    return float(zxcvbn(user_id[:_MEASURED])["guesses_log10"]) >= LEAST_GUESSES


def _digest(sort: str, name: str) -> str:
    return hashlib.sha256(f"{sort}:{name}".encode("utf-8", "surrogatepass")).hexdigest()
