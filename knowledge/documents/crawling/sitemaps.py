"""The pages that a site's sitemaps name, through ultimate-sitemap-parser on a checked fetcher. The package
belongs to the extra `documents`: whoever imports this module has seen that it is there."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from urllib.parse import urlsplit

from usp.tree import sitemap_tree_for_homepage
from usp.web_client.abstract_client import (
    AbstractWebClient,
    AbstractWebClientResponse,
    AbstractWebClientSuccessResponse,
    WebClientErrorResponse,
)

from knowledge.documents.crawling.fetching import Fetched, Fetcher
from knowledge.documents.crawling.hosts import CrawlFailed, CrawlRefused

MOST_SITEMAPS = 200
_LOGGERS = ("usp.tree", "usp.fetch_parse", "usp.helpers")


def pages_of(address: str, fetcher: Fetcher) -> Iterator[str]:
    """The addresses of the pages of the site, as its sitemaps have them, each once."""
    for name in _LOGGERS:  # it warns of each place where a sitemap might have been
        logging.getLogger(name).setLevel(logging.CRITICAL)
    parts = urlsplit(address)
    tree = sitemap_tree_for_homepage(f"{parts.scheme}://{parts.netloc}/", web_client=_Client(fetcher))
    seen: set[str] = set()
    for page in tree.all_pages():
        if page.url not in seen:
            seen.add(page.url)
            yield page.url


class _Success(AbstractWebClientSuccessResponse):
    def __init__(self, fetched: Fetched) -> None:
        self._fetched = fetched

    def status_code(self) -> int:
        return self._fetched.status

    def status_message(self) -> str:
        return "OK"

    def header(self, case_insensitive_name: str) -> str | None:
        return self._fetched.kind if case_insensitive_name.lower() == "content-type" else None

    def raw_data(self) -> bytes:
        return self._fetched.data

    def url(self) -> str:
        return self._fetched.url


class _Client(AbstractWebClient):
    """Asks for each sitemap once, and for so many in all: sitemaps may name each other for ever."""

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher
        self._asked: set[str] = set()

    def set_max_response_data_length(self, max_response_data_length: int | None) -> None:
        """The fetcher has a limit of its own."""

    def get(self, url: str) -> AbstractWebClientResponse:
        if url in self._asked or len(self._asked) >= MOST_SITEMAPS:
            return WebClientErrorResponse("asked already, or too many", retryable=False)
        self._asked.add(url)
        try:
            fetched = self._fetcher.get(url)
        except (CrawlFailed, CrawlRefused) as error:
            return WebClientErrorResponse(str(error), retryable=False)
        if fetched.status != 200:
            return WebClientErrorResponse(f"status {fetched.status}", retryable=False)
        return _Success(fetched)
