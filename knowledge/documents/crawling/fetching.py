"""One request after another to allowed hosts, each bounded in size and time, redirects checked as the first
address was."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urljoin

import httpx

from knowledge.documents.crawling.hosts import AllowedHosts, CrawlFailed, Target

AGENT = "Candor"
"""As robots.txt may name it."""
MOST_REDIRECTS = 5
_TIMEOUT_S = 10.0
_PAGE_S = 30.0  # for one page: a server may send a byte now and then for ever
_REDIRECTS = (301, 302, 303, 307, 308)
_HEADERS = {"User-Agent": f"{AGENT}/1.0", "Accept-Encoding": "gzip"}


@dataclass(frozen=True, slots=True)
class Fetched:
    """What was at `url`, where redirects led to. `kind` is the media type, lower case, without parameters."""

    url: str
    status: int
    kind: str
    data: bytes


@dataclass(slots=True)
class Fetcher:
    """Reads from allowed hosts for at most `seconds` in all. `pause` is waited before each request but the
    first. Its connections end with `close`."""

    hosts: AllowedHosts
    most_bytes: int
    seconds: float
    pause: float = 0.0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], object] = time.sleep
    _client: httpx.Client = field(
        default_factory=lambda: httpx.Client(timeout=_TIMEOUT_S, follow_redirects=False, trust_env=False)
    )
    _ends: float = 0.0

    def __post_init__(self) -> None:
        self._ends = self.clock() + self.seconds

    def close(self) -> None:
        self._client.close()

    def get(self, url: str) -> Fetched:
        """Raises `CrawlRefused` and `CrawlFailed`."""
        for _ in range(MOST_REDIRECTS + 1):
            target = self.hosts.target(url)
            if self.clock() >= self._ends:
                raise CrawlFailed(f"The site was left after {self.seconds:,.0f} seconds.")
            if self.pause:
                self.sleep(self.pause)
            found = self._once(url, target)
            if isinstance(found, Fetched):
                return found
            url = found
        raise CrawlFailed(f"{url} redirects more than {MOST_REDIRECTS} times.")

    def _once(self, url: str, target: Target) -> Fetched | str:
        """What is there, or where a redirect leads. The request goes to the address that was checked."""
        asked = httpx.URL(url).copy_with(host=target.ip, fragment=None)
        default = target.port == (443 if target.scheme == "https" else 80)
        host = f"[{target.host}]" if ":" in target.host else target.host
        headers = {**_HEADERS, "Host": host if default else f"{host}:{target.port}"}
        extensions = {"sni_hostname": target.host}
        try:
            with self._client.stream("GET", asked, headers=headers, extensions=extensions) as response:
                if response.status_code in _REDIRECTS and "Location" in response.headers:
                    return urljoin(url, str(response.headers["Location"]))
                kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
                return Fetched(url, response.status_code, kind, self._body(response, url))
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            raise CrawlFailed(f"{url} cannot be read: {type(error).__name__}.") from None

    def _body(self, response: httpx.Response, url: str) -> bytes:
        data, ends = bytearray(), min(self.clock() + _PAGE_S, self._ends)
        for chunk in response.iter_bytes():
            data += chunk
            if len(data) > self.most_bytes:
                raise CrawlFailed(f"{url} is larger than {self.most_bytes:,} bytes.")
            if self.clock() > ends:
                raise CrawlFailed(f"{url} takes too long.")
        return bytes(data)
