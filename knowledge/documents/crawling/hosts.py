"""Which hosts may be read, and at which addresses: a page must not make this machine ask its own network."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from knowledge.types import KnowledgeError

Resolve = Callable[[str, int], Sequence[str]]


class CrawlRefused(KnowledgeError):
    """An address that may not be read. The message says why."""


class CrawlFailed(KnowledgeError):
    """A page or a site that could not be read."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a request goes: to `ip`, as `host` and `port` of an address."""

    scheme: str
    host: str
    port: int
    ip: str


def addresses_of(host: str, port: int) -> Sequence[str]:
    """The IP addresses of a host. Raises `CrawlFailed`."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise CrawlFailed(f"The host {host} is not known here.") from None
    return list(dict.fromkeys(str(each[4][0]) for each in found))


@dataclass(frozen=True, slots=True)
class AllowedHosts:
    """The hosts of the setting: a name, `*.` before it for those below, with `:port` for one port only. An
    address of a private network, of this machine or of none is refused unless it is listed itself."""

    listed: tuple[str, ...]
    resolve: Resolve = addresses_of
    setting: str = "CANDOR_CRAWL_HOSTS"

    def target(self, url: str) -> Target:
        """Raises `CrawlRefused` for what is not listed, and `CrawlFailed` for a host that is not known."""
        try:
            parts = urlsplit(url)
            host = (parts.hostname or "").rstrip(".").lower()
            port = parts.port or (443 if parts.scheme == "https" else 80)
        except ValueError:
            raise CrawlRefused(f"{url[:200]} is no address.") from None
        if parts.scheme not in ("http", "https") or not host or parts.username is not None:
            raise CrawlRefused(f"{url[:200]} is no http or https address without a password in it.")
        if not any(_is_named(each, host, port) for each in self.listed):
            raise CrawlRefused(f"The host {host} may not be read: it is not in {self.setting}.")
        return Target(parts.scheme, host, port, self._address(host, port))

    def _address(self, host: str, port: int) -> str:
        """The first address, all of which may be asked: else whoever answers for a name could pick."""
        found = [host] if _is_ip(host) else list(self.resolve(host, port))
        for ip in found:
            if not ipaddress.ip_address(ip.partition("%")[0]).is_global and not self._lists(ip, port):
                raise CrawlRefused(
                    f"The host {host} is at {ip}, an address that is not of the public network:"
                    f" it is read only where {self.setting} lists {ip} too."
                )
        if not found:
            raise CrawlFailed(f"The host {host} is not known here.")
        return found[0]

    def _lists(self, ip: str, port: int) -> bool:
        return any(_is_named(each, ip, port) for each in self.listed)


def _is_named(listed: str, host: str, port: int) -> bool:
    name = listed.lower()
    if name.endswith(f":{port}") and not _is_ip(name):
        name = name.removesuffix(f":{port}")
    name = name.strip("[]")
    return host.endswith(name[1:]) if name.startswith("*.") else host == name


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
