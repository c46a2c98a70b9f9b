"""What a page links to: the addresses in its content, with the words that stand on them."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urldefrag, urljoin, urlsplit

_AROUND = frozenset({"nav", "header", "footer", "aside", "form", "script", "style"})


@dataclass(frozen=True, slots=True)
class Link:
    url: str
    text: str


def links_of(html: str, address: str) -> list[Link]:
    """The links to other pages of the same host, in order, each page once; not those of a menu, a head or a
    foot."""
    parser = _Parser()
    parser.feed(html)
    parser.close()
    here = urlsplit(address)
    found: dict[str, Link] = {}
    for href, words in parser.links:
        try:
            url = urldefrag(urljoin(address, href)).url
            parts = urlsplit(url)
        except ValueError:
            continue
        if parts.scheme in ("http", "https") and parts.netloc == here.netloc and parts.path != here.path:
            text = " ".join(" ".join(words).split())
            found[url] = Link(url, f"{found[url].text} {text}".strip() if url in found else text)
    return list(found.values())


@dataclass
class _Parser(HTMLParser):
    """Without recursion, whatever the depth."""

    links: list[tuple[str, list[str]]] = field(default_factory=list)
    around: int = 0
    within: bool = False

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.around += tag in _AROUND
        if tag == "a":
            href = dict(attrs).get("href")
            self.within = bool(href) and not self.around
            if self.within:
                self.links.append((href or "", []))

    def handle_endtag(self, tag: str) -> None:
        self.around -= tag in _AROUND and self.around > 0
        self.within = self.within and tag != "a"

    def handle_data(self, data: str) -> None:
        if self.within:
            self.links[-1][1].append(data)
