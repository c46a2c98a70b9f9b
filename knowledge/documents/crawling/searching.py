"""Pages of a site that may answer a question: what its own search finds, or those of its sitemap whose
addresses have words of the question."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from itertools import islice
from urllib.parse import quote_plus, unquote, urlsplit

from knowledge.documents.crawling.fetching import Fetched, Fetcher
from knowledge.documents.crawling.hosts import AllowedHosts, CrawlFailed
from knowledge.documents.crawling.links import Link, links_of
from knowledge.documents.crawling.site import PageReader, Site, entrance, pause_of
from knowledge.documents.types import converter
from knowledge.index.lexical import LexicalIndex

QUERY = "{query}"
"""Stands in the address of a search page for what is searched for."""
SETTING = "CANDOR_SEARCH_SITES"
MOST_PAGES = 8
MOST_BYTES = 2_000_000  # of a page
MOST_SECONDS = 120.0
_MOST_LISTED = 5_000  # addresses of a sitemap that are compared


def search_site(
    site: str,
    query: str,
    told: Callable[[int, int, str], None],
    *,
    seconds: float = MOST_SECONDS,
    sleep: Callable[[float], object] = time.sleep,
) -> Site:
    """What the best `MOST_PAGES` pages hold; none where nothing fits. `site` is the address of a search page,
    with `QUERY` in it, or a site with a sitemap; its host alone is asked. `told` is called before each page
    with how many were read, of how many, and its address; what it raises ends the search. Raises
    `CrawlRefused`, `CrawlFailed` and `ConverterMissing`."""
    hosts = AllowedHosts((_host(site),), setting=SETTING)
    fetcher = Fetcher(hosts, MOST_BYTES, seconds, sleep=sleep)
    try:
        address, robots, fetched = entrance(site.replace(QUERY, quote_plus(query)), fetcher)
        fetcher.pause = pause_of(robots)
        links = _found(fetched) if QUERY in site else _listed(address, fetcher)
        reader = PageReader(fetcher, robots, told)
        documents = list(reader.documents(_best(links, query)))
    finally:
        fetcher.close()
    return Site(tuple(documents), tuple(reader.notes))


def _host(site: str) -> str:
    """With its port, if it names one: no other service of that machine is asked."""
    return urlsplit(site).netloc.lower()


def _found(fetched: Fetched) -> list[Link]:
    """What a search page links to."""
    where = urlsplit(fetched.url).netloc
    if fetched.status != 200:
        raise CrawlFailed(f"The search of {where} answers with status {fetched.status}.")
    if "html" not in fetched.kind:
        raise CrawlFailed(f"The search of {where} answers with {fetched.kind or 'no type'}, not with a page.")
    return links_of(fetched.data.decode("utf-8", "replace"), fetched.url)


def _listed(address: str, fetcher: Fetcher) -> list[Link]:
    """What a site's sitemap names."""
    converter("usp", "A site")
    from knowledge.documents.crawling.sitemaps import pages_of

    here = urlsplit(address)
    listed = list(islice(pages_of(address, fetcher), _MOST_LISTED))
    if not listed:
        raise CrawlFailed(f"{here.netloc} has no sitemap: name its search page, with {QUERY} in the address.")
    return [Link(url, "") for url in listed if urlsplit(url).netloc == here.netloc]


def _best(links: Sequence[Link], query: str) -> list[str]:
    """Those whose words and addresses have most words of the query; of a site with few pages, all."""
    if len(links) <= MOST_PAGES:
        return [link.url for link in links]
    named = [f"{link.text} {_words(link.url)}" for link in links]
    scores = LexicalIndex.build(named).scores(query)
    ranked = sorted(range(len(links)), key=lambda at: (-scores[at], at))
    return [links[at].url for at in ranked[:MOST_PAGES] if scores[at] > 0]


def _words(url: str) -> str:
    """ "/help/lost-parcels.html" as words."""
    path = unquote(urlsplit(url).path).rpartition(".")[0] or unquote(urlsplit(url).path)
    return " ".join("".join(sign if sign.isalnum() else " " for sign in path).split())
