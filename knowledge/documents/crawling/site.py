"""A site as documents: the pages that its sitemaps name below an address, as its robots.txt allows."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any
from urllib.parse import urldefrag, urlsplit

from knowledge.documents.crawling.fetching import AGENT, Fetched, Fetcher
from knowledge.documents.crawling.hosts import AllowedHosts, CrawlFailed, CrawlRefused
from knowledge.documents.reading import TYPES, read_document
from knowledge.documents.types import Document, DocumentUnreadable, converter

_KIND = "A site"
MOST_SECONDS = 3_600.0
_LONGEST_PAUSE_S = 10.0  # that robots.txt may ask for between two pages
_MOST_NOTES = 20
_MOST_ROBOTS = 500_000  # bytes, as RFC 9309 has it


@dataclass(frozen=True, slots=True)
class Site:
    """The pages that could be read; `notes` say in plain English which could not, and why."""

    documents: tuple[Document, ...]
    notes: tuple[str, ...]


def read_site(
    address: str,
    hosts: tuple[str, ...],
    most_pages: int,
    most_bytes: int,
    told: Callable[[int, int, str], None],
    seconds: float = MOST_SECONDS,
    sleep: Callable[[float], None] = time.sleep,
) -> Site:
    """At most so many pages of at most so many bytes each; `told` is called before each with how many were
    read, of how many, and its address. Raises `CrawlRefused`, `CrawlFailed` where there is none, and
    `ConverterMissing`."""
    fetcher = Fetcher(AllowedHosts(hosts), most_bytes, seconds, sleep=sleep)
    try:
        address, robots, _ = entrance(address, fetcher)
        fetcher.pause = pause_of(robots)
        reader = PageReader(fetcher, robots, told)
        addresses, notes = _addresses(address, fetcher, most_pages)
        reader.notes += notes
        documents = list(reader.documents(addresses))
    finally:
        fetcher.close()
    if not documents:
        why = f": {reader.notes[0]}" if reader.notes else ""
        raise CrawlFailed(f"No page of {address} could be read{why}.")
    return Site(tuple(documents), tuple(_shortened(reader.notes)))


def entrance(address: str, fetcher: Fetcher) -> tuple[str, Any, Fetched]:
    """Where the address leads, which may be another allowed host, what that one's robots.txt allows, and what
    is there. Raises `CrawlRefused`, `CrawlFailed` and `ConverterMissing`."""
    for _ in range(2):
        robots = _robots(address, fetcher)
        if not robots.can_fetch(address, AGENT):
            raise CrawlRefused(f"The robots.txt of {urlsplit(address).netloc} forbids to read {address}.")
        fetched = fetcher.get(address)
        if urlsplit(fetched.url).netloc == urlsplit(address).netloc:
            break
        address = fetched.url
    return address, robots, fetched


def pause_of(robots: Any) -> float:  # noqa: ANN401
    """The seconds between two requests that a robots.txt asks for, so far as that is reasonable."""
    return min(float(robots.crawl_delay(AGENT) or 0), _LONGEST_PAUSE_S)


def _addresses(address: str, fetcher: Fetcher, most: int) -> tuple[list[str], list[str]]:
    """The pages of the sitemaps that lie below the address; without any, the address itself."""
    courlan = converter("courlan", _KIND)
    converter("usp", _KIND)
    from knowledge.documents.crawling.sitemaps import pages_of

    parts = urlsplit(address)
    folder = parts.path if parts.path.endswith("/") else f"{parts.path}/"
    below = (
        cleaned
        for url in pages_of(address, fetcher)
        if (cleaned := courlan.clean_url(urldefrag(url).url))
        and (urlsplit(cleaned).path + "/").startswith(folder)
        and urlsplit(cleaned).netloc == parts.netloc
    )
    found = list(islice(dict.fromkeys(below), most + 1))
    if not found:
        return [address], [f"no sitemap of {parts.netloc} names a page below {address}: only that was read"]
    notes = [f"only the first {most:,} pages were read"] if len(found) > most else []
    return found[:most], notes


def _robots(address: str, fetcher: Fetcher) -> Any:  # noqa: ANN401
    """What robots.txt allows: all where there is none, nothing where its server fails (RFC 9309)."""
    protego = converter("protego", _KIND).Protego
    parts = urlsplit(address)
    fetched = fetcher.get(f"{parts.scheme}://{parts.netloc}/robots.txt")
    if fetched.status >= 500:
        return protego.parse("User-agent: *\nDisallow: /")
    text = fetched.data[:_MOST_ROBOTS].decode("utf-8", "replace") if fetched.status == 200 else ""
    return protego.parse(text)


@dataclass(slots=True)
class PageReader:
    """Reads pages as documents; `notes` tell what was left out, and why."""

    fetcher: Fetcher
    robots: Any
    told: Callable[[int, int, str], None]
    notes: list[str] = field(default_factory=list)

    def documents(self, addresses: Iterable[str]) -> Iterator[Document]:
        """What each address holds; what cannot be read is noted. Two addresses that lead to one page are one
        document."""
        listed, seen = list(addresses), set[str]()
        for at, url in enumerate(listed):
            self.told(at, len(listed), url)
            try:
                fetched = self._fetch(url)
                if fetched.url in seen:
                    continue
                seen.add(fetched.url)
                yield read_document(
                    fetched.url, fetched.data, self.fetcher.most_bytes, kind=_kind(fetched), url=fetched.url
                )
            except (CrawlFailed, CrawlRefused, DocumentUnreadable) as error:
                self.notes.append(str(error).rstrip("."))

    def _fetch(self, url: str) -> Fetched:
        if not self.robots.can_fetch(url, AGENT):
            raise CrawlRefused(f"{url} was left out: robots.txt forbids it.")
        fetched = self.fetcher.get(url)
        if fetched.status != 200:
            raise CrawlFailed(f"{url} was left out: it answers with status {fetched.status}.")
        if urlsplit(fetched.url).netloc != urlsplit(url).netloc:
            raise CrawlRefused(f"{url} was left out: it leads to another site, {fetched.url}.")
        if not self.robots.can_fetch(fetched.url, AGENT):
            raise CrawlRefused(f"{fetched.url} was left out: robots.txt forbids it.")
        return fetched


def _kind(fetched: Fetched) -> str:
    """The suffix that its media type stands for. Raises `CrawlFailed` for a picture and the like."""
    kind = TYPES.get(fetched.kind)
    if kind is None:
        raise CrawlFailed(f"{fetched.url} was left out: {fetched.kind or 'no type'} is no kind of document.")
    return kind


def _shortened(notes: list[str]) -> list[str]:
    more = len(notes) - _MOST_NOTES
    return notes if more <= 0 else [*notes[:_MOST_NOTES], f"and {more:,} more pages were left out"]
