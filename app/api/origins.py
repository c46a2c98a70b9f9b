"""Web origins as browsers send them."""

from __future__ import annotations

from urllib.parse import urlsplit

ANY = "*"
_PORTS = {"http": 80, "https": 443}


def origin_of(given: str) -> str:
    """The origin that `given` means: scheme and host in lower case, no default port, no slash behind.
    Raises `ValueError` where it is none, or more than one."""
    if given == ANY:
        return given
    try:
        parts = urlsplit(given)
        host, port = parts.hostname or "", parts.port
        host = host if host.isascii() else host.encode("idna").decode()
    except ValueError:
        raise ValueError(_complaint(given)) from None
    beyond = parts.path.strip("/") or parts.query or parts.fragment or parts.username or parts.password
    if parts.scheme not in _PORTS or not host or beyond or " " in host or "*" in host:
        raise ValueError(_complaint(given))
    named = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{named}" + ("" if port in (None, _PORTS[parts.scheme]) else f":{port}")


def _complaint(given: str) -> str:
    return (
        f"{given!r} is no origin: write scheme and host, like https://shop.example or http://localhost:3000"
    )
