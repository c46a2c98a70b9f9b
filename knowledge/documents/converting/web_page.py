"""HTML as Markdown: the main content of a page as its author wrote it, without what surrounds it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from knowledge.documents.parts import CLOSING, FOLDED_LEVEL, parts_of
from knowledge.documents.types import Content, converter
from knowledge.importing.html import markdown_of_tree
from knowledge.importing.reading import Unreadable

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag

MOST_BYTES = 10_000_000
_KIND = "HTML"
_AROUND = {"nav", "aside", "footer", "form", "button", "dialog", "template"}
_SILENT = {"script", "style", "noscript", "iframe", "object", "embed", "svg", "select", "textarea", "title"}
_MOST_SPAN = 1_000  # rows or columns of one cell
_MOST_CELLS = 200_000  # of all tables of a page, filled in ones included
_WHOLE = 0.9  # of the words of the main content lie in what is taken
_DEEP = "tags stand within tags to a depth that cannot be read"
_MOST_DEPTH = 1_000
_TAG = re.compile(r"<(/?)([a-z][a-z0-9-]*)", re.IGNORECASE)
_UNNESTED = frozenset(
    "area base br col embed hr img input link meta source track wbr p li dt dd tr td th thead tbody tfoot"
    " colgroup caption option optgroup rp rt html head body".split()
)
"""Tags that hold nothing, or that the next one of their kind ends: nobody has to close them."""
_TAGS = "html head body main section article header details summary figure figcaption dl dt dd"


def read_page(html: str, url: str = "") -> Content:
    """Raises `Unreadable`, and `ConverterMissing`."""
    if len(html) > MOST_BYTES:
        raise Unreadable(f"the page has more than {MOST_BYTES:,} characters")
    if _depth(html) > _MOST_DEPTH:  # to clean it would take time by the square of that
        raise Unreadable(_DEEP)
    try:
        return _read(html, url)
    except RecursionError:
        raise Unreadable(_DEEP) from None


def read_fragment(html: str) -> Content:
    """What a converter wrote, all of it; a first heading of the outermost level is its title. Raises
    `Unreadable`."""
    try:
        parts = tuple(parts_of(_markdown(_clean(html, set()))))
        return Content(parts, parts[0].text if parts and parts[0].level == 1 else "")
    except RecursionError:
        raise Unreadable("it is nested to a depth that cannot be read") from None


def _read(html: str, url: str) -> Content:
    from bs4 import BeautifulSoup

    page = BeautifulSoup(_clean(html, _AROUND), "html.parser")
    named = re.search(r"<title[^>]*>(.*?)</title", html, re.IGNORECASE | re.DOTALL)
    title = BeautifulSoup(named[1], "html.parser").get_text(" ", strip=True) if named else ""
    main = _main(page, html, url)
    heading = main.find("h1") or page.find("h1")
    if heading is not None and heading not in main.descendants:
        main.insert(0, heading.extract())
    words = heading.get_text(" ", strip=True) if heading else title
    return Content(tuple(parts_of(_markdown(str(main)))), words)


def _depth(html: str) -> int:
    depth = deepest = 0
    for close, name in _TAG.findall(html):
        if name.lower() not in _UNNESTED:
            depth = max(0, depth - 1) if close else depth + 1
            deepest = max(deepest, depth)
    return deepest


def _clean(html: str, around: set[str]) -> str:
    """No script, no handler, no style, no address but of the web; and none of the tags in `around`."""
    nh3 = converter("nh3", _KIND)
    tags = nh3.ALLOWED_TAGS | set(_TAGS.split()) - {"html", "head", "body"}
    cleaned: str = nh3.clean(
        html.replace(CLOSING, ""),
        tags=tags - around,
        clean_content_tags=_SILENT | around,
        attributes={"a": {"href"}, "img": {"alt"}, "td": _SPANS, "th": _SPANS, "ol": {"start"}},
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel=None,
    )
    return cleaned


_SPANS = {"colspan", "rowspan"}


def _main(page: BeautifulSoup, html: str, url: str) -> Tag:
    """What the author marked as the page's main part; else the smallest part that holds about all that
    trafilatura takes for its text: that drops what it is unsure of, list items and cells among them."""
    marked = page.find_all("main")
    if len(marked) == 1 and marked[0].get_text(strip=True):
        return marked[0]
    trafilatura = converter("trafilatura", _KIND)
    found = trafilatura.extract(html, url=url or None, include_comments=False, favor_recall=True)
    wanted = set(_words(found or ""))
    part: Tag = page
    while wanted:
        inner = [child for child in part.find_all(True, recursive=False) if _holds(child, wanted)]
        if not inner:
            break
        part = inner[0]
    return part if part.name not in _OF_TABLES else part.find_parent("table") or page


_OF_TABLES = {"tr", "td", "th", "tbody", "thead", "table", "ul", "ol", "li", "dl"}


def _holds(part: Tag, wanted: set[str]) -> bool:
    return len(wanted & set(_words(part.get_text(" ")))) >= _WHOLE * len(wanted)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def _markdown(html: str) -> str:
    from bs4 import BeautifulSoup

    tree = BeautifulSoup(html, "html.parser")
    _unfold(tree)
    _fill_tables(tree)
    return markdown_of_tree(tree)


def _unfold(tree: BeautifulSoup) -> None:
    """What a page folds under a summary, and terms with what they mean, as a heading with its text."""
    for folded in tree.find_all("details"):
        if (summary := folded.find("summary")) is not None:
            summary.name = f"h{FOLDED_LEVEL}"
            folded.append(_closing(tree))
        folded.name = "div"
    for listed in tree.find_all("dl"):
        if not all("?" in term.get_text() for term in listed.find_all("dt")):
            continue
        for term in listed.find_all("dt"):
            term.name = f"h{FOLDED_LEVEL}"
        for meaning in listed.find_all("dd"):
            meaning.name = "div"
        listed.append(_closing(tree))
        listed.name = "div"


def _closing(tree: BeautifulSoup) -> Tag:
    tag = tree.new_tag("p")
    tag.string = CLOSING
    return tag


def _fill_tables(tree: BeautifulSoup) -> None:
    """A cell over several rows holds for each of them, as Markdown has no such cells. Raises `Unreadable`."""
    filled = 0
    for table in tree.find_all("table"):
        below: dict[int, tuple[int, Tag]] = {}
        for row in table.find_all("tr"):
            column = 0
            for cell in list(row.find_all(["td", "th"], recursive=False)):
                while column in below:
                    cell.insert_before(_copied(below, column))
                    column += 1
                    filled += 1
                rows, columns = _span(cell, "rowspan"), _span(cell, "colspan")
                filled += rows * columns
                if filled > _MOST_CELLS:
                    raise Unreadable(f"its tables have more than {_MOST_CELLS:,} cells")
                if rows > 1:
                    below |= {column + at: (rows, cell) for at in range(columns)}
                column += columns
            while column in below:
                row.append(_copied(below, column))
                column += 1
            below = {at: (left - 1, cell) for at, (left, cell) in below.items() if left > 1}


def _copied(below: dict[int, tuple[int, Tag]], column: int) -> Any:  # noqa: ANN401
    import copy

    cell = copy.copy(below[column][1])
    cell.attrs = {}
    return cell


def _span(cell: Tag, name: str) -> int:
    given = str(cell.get(name) or "1")
    return min(max(int(given), 1), _MOST_SPAN) if given.isascii() and given.isdigit() else 1
