"""HTML in an answer, as editors and ticket systems write it, becomes Markdown on its way in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bs4 import BeautifulSoup

_BLOCKS = (
    "address article blockquote br center dd div dl dt h1 h2 h3 h4 h5 h6 hr li ol p pre section table ul"
)
_INLINE = """
a abbr b big button caption cite code col colgroup del em embed font footer form header i iframe img input ins
kbd label link main mark meta nav noscript object option picture q s samp script select small source span
strike strong style sub summary sup svg tbody td textarea tfoot th thead time title tr tt u var video
"""
_SILENT = "script style noscript iframe object embed svg input select textarea title meta link video"


def _tag(names: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\\)</?(?:{'|'.join(names.split())})(?=[\s/>])[^<>]*>|<!--.*?-->", re.I | re.S)


_KNOWN, _BLOCK = _tag(f"{_BLOCKS} {_INLINE}"), _tag(_BLOCKS)
_CODE = re.compile(
    r"(?P<fence>^(`{3,}|~{3,}).*?(?:^\2|\Z))|(?P<ticks>`+)(?!`).+?(?<!`)(?P=ticks)(?!`)", re.M | re.S
)
_KEPT = "\ue000{}\ue001"
_PLACEHOLDERS = re.compile("[]")
_PLACE = re.compile("\ue000(\\d+)\ue001")
_ADDRESS = re.compile(r"(?:https?://|mailto:|tel:)\S+\Z", re.IGNORECASE)


def markdown_of(text: str) -> str:
    """The text with its HTML tags as Markdown: links keep their address, scripts and styles are gone. What
    only looks like a tag (`<your-key>`, `List<int>`) and what stands in code stays as it is, and so does a
    text without any tag. Applying it twice changes nothing more."""
    while (converted := _once(text)) != text:
        text = converted
    return text


def _once(text: str) -> str:
    kept: list[str] = []

    def keep(match: re.Match[str]) -> str:
        kept.append(match.group())
        return _KEPT.format(len(kept) - 1)

    masked = _CODE.sub(keep, _PLACEHOLDERS.sub("", text))
    if not _KNOWN.search(masked):
        return text
    is_page = _BLOCK.search(masked) is not None  # else Markdown with a tag amid its lines, which stay
    parts = [masked] if is_page else masked.split("\n")
    markdown = "\n".join(_converted(part) if _KNOWN.search(part) else part for part in parts)
    return _PLACE.sub(lambda match: "".join(kept[int(match[1]) :][:1]), _named(_tidy(markdown)))


def _tidy(markdown: str) -> str:
    return re.sub(r"\n{3,}", "\n\n", re.sub(r"[ \t]+$", "", markdown, flags=re.MULTILINE)).strip("\n")


def _named(markdown: str) -> str:
    """Tags that are told, not meant (`&lt;b&gt;`), so that they stay."""
    return _KNOWN.sub(lambda match: f"\\{match.group()}", markdown)


def markdown_of_tree(soup: BeautifulSoup) -> str:
    """A parsed page as Markdown, as `markdown_of` has it; a table without a header has its first row as one.
    Changes `soup`."""
    parts, at, markdown = [], 0, _tidy(_written(soup, table_infer_header=True))
    for code in _CODE.finditer(markdown):
        parts += [_named(markdown[at : code.start()]), code.group()]
        at = code.end()
    return "".join([*parts, _named(markdown[at:])])


def _converted(html: str) -> str:
    from bs4 import BeautifulSoup

    tags = {match.start() for match in _KNOWN.finditer(html)}
    escaped = "".join("&lt;" if char == "<" and at not in tags else char for at, char in enumerate(html))
    return _written(BeautifulSoup(escaped, "html.parser"))


def _written(soup: BeautifulSoup, *, table_infer_header: bool = False) -> str:
    from markdownify import MarkdownConverter

    for silent in soup.find_all(_SILENT.split()):
        silent.decompose()
    for link in soup.find_all("a"):
        if not _ADDRESS.match(str(link.get("href") or "").strip()):
            link.unwrap()
    for image in soup.find_all("img"):
        image.replace_with(str(image.get("alt") or ""))
    converter = MarkdownConverter(
        heading_style="ATX",
        bullets="-",
        autolinks=False,
        escape_asterisks=False,
        escape_underscores=False,
        escape_misc=False,
        sup_symbol="^",
        table_infer_header=table_infer_header,
    )
    return str(converter.convert_soup(soup))
