"""A site by its sitemap, from a real server on the loopback interface; and what must not be asked."""

from __future__ import annotations

import gzip
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from knowledge.documents.crawling import sitemaps
from knowledge.documents.crawling.fetching import Fetcher
from knowledge.documents.crawling.hosts import AllowedHosts, CrawlFailed, CrawlRefused
from knowledge.documents.crawling.site import Site, read_site
from tests.loopback import Asgi, Receive, Send, on_loopback

LIMIT = 100_000
HERE = ("127.0.0.1",)
Answer = tuple[int, str, bytes]


@dataclass
class Pages:
    """A web server: what it has by path, and what it was asked for."""

    address: str = ""
    has: dict[str, Answer] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    queries: list[str] = field(default_factory=list)
    agents: set[str] = field(default_factory=set)

    async def __call__(self, scope: Asgi, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        self.asked.append(scope["path"])
        self.queries.append(scope["query_string"].decode())
        self.agents.add(headers[b"user-agent"].decode())
        status, kind, body = self.has.get(scope["path"], (404, "text/plain", b""))
        more = [(b"location", body)] if status in (301, 302) else [(b"content-type", kind.encode())]
        more += [(b"content-encoding", b"gzip")] if body.startswith(b"\x1f\x8b") else []
        await send({"type": "http.response.start", "status": status, "headers": more})
        await send({"type": "http.response.body", "body": b"" if status in (301, 302) else body})

    def page(self, path: str, heading: str, text: str = "Text of it.") -> None:
        body = f"<html><body><main><h1>{heading}</h1><p>{text}</p></main></body></html>"
        self.has[path] = (200, "text/html; charset=utf-8", body.encode())

    def sitemap(self, *paths: str, at: str = "/sitemap.xml", index: bool = False) -> None:
        outer, inner = ("sitemapindex", "sitemap") if index else ("urlset", "url")
        named = "".join(f"<{inner}><loc>{self.address}{path}</loc></{inner}>" for path in paths)
        space = "http://www.sitemaps.org/schemas/sitemap/0.9"
        body = f'<?xml version="1.0"?><{outer} xmlns="{space}">{named}</{outer}>'
        self.has[at] = (200, "application/xml", body.encode())

    def robots(self, text: str) -> None:
        self.has["/robots.txt"] = (200, "text/plain", text.encode())

    def redirect(self, path: str, to: str) -> None:
        self.has[path] = (302, "", to.encode())

    def read(self, below: str = "/", most: int = 50, hosts: tuple[str, ...] = HERE) -> Site:
        return read_site(self.address + below, hosts, most, LIMIT, lambda *_: None, sleep=self.slept.append)

    slept: list[float] = field(default_factory=list)


@pytest.fixture(scope="module")
def server() -> Iterator[Pages]:
    pages = Pages()
    with on_loopback(pages, lifespan="off") as address:
        pages.address = address
        yield pages


@pytest.fixture
def pages(server: Pages) -> Pages:
    for kept in (server.has, server.asked, server.queries, server.agents, server.slept):
        kept.clear()
    server.page("/", "Home")
    return server


def test_the_pages_of_the_sitemap_become_documents(pages: Pages) -> None:
    pages.robots(f"User-agent: *\nDisallow: /secret\nCrawl-delay: 3\nSitemap: {pages.address}/map.xml")
    pages.sitemap("/help.xml", at="/map.xml", index=True)
    pages.sitemap("/help/a", "/help/a#top", "/secret/b", "/gone", "/logo", "/help/c", at="/help.xml")
    pages.page("/help/a", "Parcels")
    pages.page("/secret/b", "Secret")
    pages.page("/help/c", "Letters")
    pages.has["/logo"] = (200, "image/png", b"\x89PNG")
    site = pages.read()
    assert [(each.title, each.url) for each in site.documents] == [
        ("Parcels", f"{pages.address}/help/a"),
        ("Letters", f"{pages.address}/help/c"),
    ]
    assert "/secret/b" not in pages.asked and set(pages.slept) == {3.0}
    assert pages.agents == {"Candor/1.0"}
    notes = " ".join(site.notes)
    assert "robots.txt forbids it" in notes and "status 404" in notes and "image/png is no kind" in notes
    pages.page("/help/", "Help")
    assert len(pages.read("/help/").documents) == 2


def test_a_host_has_to_be_listed_and_a_private_address_too() -> None:
    def resolve(host: str, _port: int) -> list[str]:
        return {"public.example": ["93.184.216.34"], "inside.example": ["93.184.216.34", "10.0.0.5"]}[host]

    hosts = AllowedHosts(
        ("public.example", "*.inside.example", "inside.example", "other.example:8080"), resolve
    )
    assert hosts.target("https://public.example/a").ip == "93.184.216.34"
    for url in (
        "https://evil.example/",
        "https://public.example.evil.org/",
        "https://xinside.example/",
        "http://other.example/",
        "http://127.0.0.1/",
        "http://[::1]/",
        "http://169.254.169.254/latest/meta-data",
        "https://user:pw@public.example/",
        "ftp://public.example/",
        "file:///etc/passwd",
        "https://public.example:99999/",
    ):
        with pytest.raises(CrawlRefused):
            hosts.target(url)
    with pytest.raises(CrawlRefused, match=r"10\.0\.0\.5"):
        hosts.target("https://inside.example/")
    trusted = AllowedHosts(("inside.example", "10.0.0.5"), resolve)
    assert trusted.target("https://inside.example/").host == "inside.example"


def test_a_redirect_is_checked_as_the_first_address_was(pages: Pages) -> None:
    pages.sitemap("/a", "/b", "/c", "/d")
    port = pages.address.rpartition(":")[2]
    pages.redirect("/a", f"http://localhost:{port}/inner")
    pages.redirect("/b", "http://169.254.169.254/latest/meta-data")
    pages.redirect("/c", "/c")
    pages.redirect("/d", "/target")
    pages.page("/inner", "Inner")
    pages.page("/target", "Target")
    site = pages.read()
    assert [each.title for each in site.documents] == ["Target"]
    notes = " ".join(site.notes)
    assert "localhost may not be read" in notes and "169.254.169.254 may not be read" in notes
    assert "redirects more than 5 times" in notes and "/inner" not in pages.asked


def test_sitemaps_that_name_each_other_end(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sitemaps, "MOST_SITEMAPS", 30)
    pages.sitemap("/sitemap.xml", "/two.xml", *(f"/n{n}.xml" for n in range(100)), index=True)
    pages.sitemap("/sitemap.xml", "/two.xml", at="/two.xml", index=True)
    pages.sitemap("/a", at="/n3.xml")
    pages.page("/a", "Found")
    started = time.monotonic()
    assert [each.title for each in pages.read().documents] == ["Found"]
    assert time.monotonic() - started < 20 and len(pages.asked) < 40


def test_limits_of_number_and_size_and_time(pages: Pages) -> None:
    pages.sitemap(*(f"/p{n}" for n in range(9)))
    for n in range(9):
        pages.page(f"/p{n}", f"Page {n}")
    pages.page("/p0", "Large", "x" * LIMIT)
    bomb = gzip.compress(b"<p>" + b"0" * 50_000_000)
    pages.has["/p1"] = (200, "text/html", bomb)
    site = pages.read(most=4)
    assert [each.title for each in site.documents] == ["Page 2", "Page 3"]
    assert "only the first 4 pages were read" in site.notes
    assert sum("larger than 100,000 bytes" in note for note in site.notes) == 2
    now = [0.0]
    fetcher = Fetcher(AllowedHosts(HERE), LIMIT, 100.0, clock=lambda: now[0])
    assert fetcher.get(f"{pages.address}/p2").status == 200
    now[0] = 100.0
    with pytest.raises(CrawlFailed, match="left after 100 seconds"):
        fetcher.get(f"{pages.address}/p2")
    fetcher.close()


def test_without_a_sitemap_the_page_alone_is_read(pages: Pages) -> None:
    pages.page("/faq", "Questions")
    site = pages.read("/faq")
    assert [each.title for each in site.documents] == ["Questions"]
    assert "no sitemap" in site.notes[0] and "only that was read" in site.notes[0]


def test_what_robots_txt_forbids_is_not_read(pages: Pages) -> None:
    pages.robots("User-agent: Candor\nDisallow: /")
    with pytest.raises(CrawlRefused, match=r"robots\.txt .* forbids"):
        pages.read()
    pages.has["/robots.txt"] = (503, "text/plain", b"")
    with pytest.raises(CrawlRefused, match=r"robots\.txt .* forbids"):
        pages.read()
    assert set(pages.asked) == {"/robots.txt"}


def test_a_site_of_which_nothing_can_be_read_is_told(pages: Pages) -> None:
    pages.sitemap("/a")
    with pytest.raises(CrawlFailed, match=r"No page of .* could be read: .*status 404"):
        pages.read()
    with pytest.raises(CrawlRefused, match="not in CANDOR_CRAWL_HOSTS"):
        pages.read(hosts=())
