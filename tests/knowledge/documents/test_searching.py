"""What a site's own search, or its sitemap, has for a question: from a server on the loopback interface."""

from __future__ import annotations

import pytest

from knowledge.documents.crawling.hosts import CrawlFailed, CrawlRefused
from knowledge.documents.crawling.links import links_of
from knowledge.documents.crawling.searching import MOST_BYTES, MOST_PAGES, search_site
from knowledge.documents.crawling.site import Site
from tests.knowledge.documents.test_crawling import Pages, pages, server

__all__ = ["pages", "server"]


def search(pages: Pages, query: str = "lost parcels", at: str = "/search?q={query}") -> Site:
    return search_site(pages.address + at, query, lambda *_: None, sleep=pages.slept.append)


def results(pages: Pages, *links: tuple[str, str]) -> None:
    found = "".join(f'<li><a href="{href}">{text}</a></li>' for href, text in links)
    body = f'<html><body><nav><a href="/imprint">Lost parcels here</a></nav><main><ul>{found}</ul></main>'
    pages.has["/search"] = (200, "text/html", body.encode())


def test_what_the_search_of_a_site_finds_is_read(pages: Pages) -> None:
    pages.robots("User-agent: *\nDisallow: /secret\nCrawl-delay: 2")
    results(
        pages,
        ("/parcels", "Lost parcels"),
        ("https://other.example/parcels", "Lost parcels elsewhere"),
        ("/secret", "Lost parcels of others"),
        ("/search?page=2", "Next"),
    )
    pages.page("/parcels", "Lost parcels", "We look for them.")
    site = search(pages)
    assert [each.url for each in site.documents] == [f"{pages.address}/parcels"]
    assert "q=lost+parcels" in pages.queries and set(pages.slept) == {2.0}
    assert not {"/secret", "/imprint"} & set(pages.asked)
    assert "robots.txt forbids it" in site.notes[0]


def test_of_many_pages_those_with_words_of_the_question_are_read(pages: Pages) -> None:
    paths = [f"/page-{number}" for number in range(2 * MOST_PAGES)]
    pages.sitemap(*paths, "/help/lost-parcels.html", at="/sitemap.xml")
    pages.page("/help/lost-parcels.html", "Lost parcels")
    site = search(pages, at="/")
    assert [each.url for each in site.documents] == [f"{pages.address}/help/lost-parcels.html"]
    assert not set(paths) & set(pages.asked)


def test_a_search_that_finds_nothing_is_no_failure(pages: Pages) -> None:
    results(pages)
    assert search(pages) == Site((), ())


def test_a_huge_page_is_left_out_and_said_so(pages: Pages) -> None:
    results(pages, ("/parcels", "Lost parcels"))
    pages.page("/parcels", "Lost parcels", "x" * (MOST_BYTES + 1))
    site = search(pages)
    assert site.documents == () and "is larger than 2,000,000 bytes" in site.notes[0]


def test_what_cannot_be_searched_is_said_why(pages: Pages) -> None:
    with pytest.raises(CrawlFailed, match="answers with status 404"):
        search(pages)
    pages.has["/search"] = (200, "application/json", b"{}")
    with pytest.raises(CrawlFailed, match="answers with application/json, not with a page"):
        search(pages)
    with pytest.raises(CrawlFailed, match="has no sitemap: name its search page"):
        search(pages, at="/")
    pages.robots("User-agent: *\nDisallow: /search")
    with pytest.raises(CrawlRefused, match=r"robots\.txt .* forbids"):
        search(pages)
    with pytest.raises(CrawlFailed, match="cannot be read"):
        search_site("http://127.0.0.1:1/?q={query}", "x", lambda *_: None)


def test_only_a_listed_host_is_asked(pages: Pages) -> None:
    pages.redirect("/search", "http://127.0.0.1:9/inside")
    with pytest.raises(CrawlRefused, match="not in CANDOR_SEARCH_SITES"):
        search(pages)


def test_links_are_read_whatever_surrounds_them() -> None:
    html = (
        '<a href="/a">one <b>two</b></a><a href="/a#x">three</a><a href="javascript:x">no</a><a>no</a>'
        '<header><form><a href="/menu">no</a></form></header></nav><a href="//[">no</a><a href="b">four'
    )
    found = links_of(html, "https://site.example/search?q=x")
    assert [(link.url, link.text) for link in found] == [
        ("https://site.example/a", "one two three"),
        ("https://site.example/b", "four"),
    ]
