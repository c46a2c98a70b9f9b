"""An answer as it was written: paragraphs, lists, tables and code, below their headings. What is said of an
answer is whole blocks of it, and this is the one place that reads them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from knowledge.types import Block, BlockKind

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

_Span = tuple[int, int]
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|$)")
_MARKER = re.compile(r"\s*(?:[-*+•‣▪◦–—·]|\(?\d{1,3}[.)]|\(?[a-z][.)])\s+\S")
_TEXT_BULLET = re.compile(r"\s*(?:[•‣▪◦–—·]|\(?\d{1,3}\)|\(?[a-z]\))\s+\S")
_LABEL_END = re.compile(r":[\s*_]*\Z")
_SENTENCE_END = re.compile(r"[.!?…。！？][\"'”’)\]*_]*\Z")
_BOLD_LINE = re.compile(r"(\*\*|__)(?!\s)[^\r\n]+?(?<!\s)\1:?\s*\Z")
_KINDS = {
    "bullet_list_open": BlockKind.LIST,
    "ordered_list_open": BlockKind.LIST,
    "table_open": BlockKind.TABLE,
    "fence": BlockKind.CODE,
    "code_block": BlockKind.CODE,
}
_INTRODUCED = (BlockKind.LIST, BlockKind.TABLE, BlockKind.CODE)
_SHORT = 12  # words of a line without a sentence's end that is taken for a title of what it stands on
_BOLD_LEVEL = 7  # below every heading of Markdown


@dataclass(frozen=True, slots=True)
class _Part:
    """A piece of the answer between the reading and the blocks. `level` is that of a heading, else 0."""

    kind: BlockKind
    start: int
    end: int
    level: int = 0
    is_rule: bool = False


@lru_cache(maxsize=4096)
def read_blocks(answer: str) -> tuple[Block, ...]:
    """The blocks of an answer in reading order. Together with the headings that they stand under they cover
    all of it but white space, and none overlaps another. A heading with nothing below it is a block of its
    own. Markdown is read as CommonMark with tables; a line that ends with a colon, a line in bold and
    bullets that are none to Markdown count as what people mean by them."""
    return tuple(_below_headings(answer, _joined(answer, list(_parts(answer)))))


def spoken_forms(answer: str, block: Block) -> tuple[str, ...]:
    """The texts in which a block may be said: below all headings that it stands under, without the outermost,
    and so on to the block alone, which is the last. What is adjacent in the answer is said as it stands
    there."""
    return tuple(
        _form(answer, [*block.under[skipped:], (block.start, block.end)]) for skipped in _skips(block)
    )


def _skips(block: Block) -> range:
    return range(len(block.under) + 1)


def _form(answer: str, spans: list[_Span]) -> str:
    text = answer[slice(*spans[0])]
    for before, span in pairwise(spans):
        between = answer[before[1] : span[0]]
        text += (between if not between.strip() else "\n\n") + answer[slice(*span)]
    return text


def _parts(answer: str) -> Iterator[_Part]:
    """What Markdown sees, and as paragraphs what it swallows, such as the addresses of links."""
    lines = [match.span() for match in _LINE.finditer(answer)]
    source, origins = _source(answer, lines)
    covered = 0
    for token in _reader().parse(source):
        if token.map is None or token.level or token.nesting < 0:
            continue
        first = origins[token.map[0]] if token.map[0] < len(origins) else len(lines)
        last = origins[token.map[1]] if token.map[1] < len(origins) else len(lines)
        yield from _trimmed(answer, lines, covered, first, BlockKind.PARAGRAPH)
        kind = _KINDS.get(token.type, BlockKind.PARAGRAPH)
        level = int(token.tag[1:]) if token.type == "heading_open" else 0
        for part in _trimmed(answer, lines, max(first, covered), last, kind):
            is_bold = token.type == "paragraph_open" and _BOLD_LINE.match(answer[part.start : part.end])
            yield replace(part, level=_BOLD_LEVEL if is_bold else level, is_rule=token.type == "hr")
        covered = max(covered, last)
    yield from _trimmed(answer, lines, covered, len(lines), BlockKind.PARAGRAPH)


def _source(answer: str, lines: list[_Span]) -> tuple[str, list[int]]:
    """The lines for the parser, and the line of the answer that each was. A line behind a list that
    introduces another one would be taken for a part of the last item: a blank line stands before it there."""
    texts = [answer[start:end].rstrip("\r\n").replace("\0", " ") for start, end in lines]
    source: list[str] = []
    origins: list[int] = []
    for place, text in enumerate(texts):
        following = texts[place + 1] if place + 1 < len(texts) else ""
        introduces = _LABEL_END.search(text) and _MARKER.match(following) and not _MARKER.match(text)
        if introduces and text[:1].strip() and source and source[-1].strip():
            source.append("")
            origins.append(place)
        source.append(text)
        origins.append(place)
    return "\n".join(source), origins


def _trimmed(answer: str, lines: list[_Span], first: int, last: int, kind: BlockKind) -> Iterator[_Part]:
    """The lines from `first` to before `last` without the blank ones around; nothing where all are."""
    while first < last and not answer[slice(*lines[first])].strip():
        first += 1
    if first >= last:
        return
    start, end = lines[first][0], lines[last - 1][1]
    text = answer[start:end]
    indent = 0 if kind is BlockKind.CODE else len(text) - len(text.lstrip())
    yield _Part(kind, start + indent, start + len(text.rstrip()))


def _joined(answer: str, parts: list[_Part]) -> list[_Part]:
    """With what belongs together in one part: a list and the line that introduces it, a label and what it
    labels, bullets that are paragraphs to Markdown, a drawn line and what stands before it."""
    joined: list[_Part] = []
    for part in parts:
        before = joined[-1] if joined else None
        if before is None or (before.level and not part.is_rule):
            joined.append(part)
        elif part.is_rule or before.is_rule:
            joined[-1] = replace(
                before, end=part.end, is_rule=False, kind=part.kind if before.is_rule else before.kind
            )
            if before.is_rule:
                joined[-1] = replace(joined[-1], level=0)
        elif part.level == 0 and (kind := _kind_together(answer, before, part)):
            joined[-1] = _Part(kind, before.start, part.end)
        else:
            joined.append(part)
    return joined


def _kind_together(answer: str, before: _Part, part: _Part) -> BlockKind | None:
    """What two parts are together; None where they are two."""
    first, second = answer[before.start : before.end], answer[part.start : part.end]
    if _TEXT_BULLET.match(_last_paragraph_line(first)) and _TEXT_BULLET.match(second):
        return BlockKind.LIST
    if before.kind is not BlockKind.PARAGRAPH or _TEXT_BULLET.match(first):
        return None
    if _LABEL_END.search(first):
        return BlockKind.LIST if _TEXT_BULLET.match(second) else part.kind
    is_title = "\n" not in first and len(first.split()) <= _SHORT and not _SENTENCE_END.search(first)
    return part.kind if is_title and (part.kind in _INTRODUCED or _TEXT_BULLET.match(second)) else None


def _last_paragraph_line(text: str) -> str:
    return text.rsplit("\n", 1)[-1]


def _below_headings(answer: str, parts: list[_Part]) -> Iterator[Block]:
    above: list[_Part] = []
    for place, part in enumerate(parts):
        while part.level and above and above[-1].level >= part.level:
            above.pop()
        under = tuple((heading.start, heading.end) for heading in above)
        following = parts[place + 1] if place + 1 < len(parts) else None
        is_empty = following is None or 0 < following.level <= part.level
        if part.level and not is_empty:
            above.append(part)
        else:
            yield Block(part.kind, part.start, part.end, under)


@cache
def _reader() -> MarkdownIt:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark").enable("table")
