"""Secrets that are kept only as what proves them: passwords by scrypt, long random keys by SHA-256."""

from __future__ import annotations

import hashlib
import secrets
from base64 import b64decode, b64encode
from threading import BoundedSemaphore

LEAST_PASSWORD = 12
_COST, _BLOCK, _PARALLEL = 15, 8, 3  # 32 MB and some 0.2 s: RFC 7914, with OWASP's parameters
_MEMORY = 64 << 20
_SALT, _LENGTH = 16, 32
_AT_ONCE = BoundedSemaphore(2)  # what many try at once shall not take the memory


def hash_of(password: str) -> str:
    """What to keep of a password, a salt of its own and the parameters within."""
    salt = secrets.token_bytes(_SALT)
    kept = _scrypt(password, salt, _COST, _BLOCK, _PARALLEL)
    return "$".join(["scrypt", str(_COST), str(_BLOCK), str(_PARALLEL), _text(salt), _text(kept)])


def fits(password: str, kept: str | None) -> bool:
    """Whether `kept` was made of this password. It takes as long where nothing is kept, so that time does not
    tell who has an account."""
    kept = kept or _NOBODY
    _, cost, block, parallel, salt, expected = kept.split("$")
    with _AT_ONCE:
        given = _scrypt(password, b64decode(salt), int(cost), int(block), int(parallel))
    return secrets.compare_digest(given, b64decode(expected))


def digest_of(secret: str) -> str:
    """SHA-256 (hex) of a random key: it has too many possible values to be guessed from that."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def _scrypt(password: str, salt: bytes, cost: int, block: int, parallel: int) -> bytes:
    return hashlib.scrypt(
        password.encode("utf-8", "replace"),
        salt=salt,
        n=1 << cost,
        r=block,
        p=parallel,
        maxmem=_MEMORY,
        dklen=_LENGTH,
    )


def _text(given: bytes) -> str:
    return b64encode(given).decode()


_NOBODY = f"scrypt${_COST}${_BLOCK}${_PARALLEL}${_text(bytes(_SALT))}${_text(bytes(_LENGTH))}"
