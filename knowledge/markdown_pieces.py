"""What a Markdown parser sees in an answer, with the places where people mean more than they mark: a line all
in bold is a heading, a label between two lists opens the second, a line under a sentence is only a line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice, takewhile
from typing import TYPE_CHECKING

import regex

from knowledge.types import BlockKind

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

BOLD_LEVEL, BOLD_LABEL_LEVEL = 7, 8
"""Of a heading that is only a line in bold, without and with a colon: below all that Markdown has."""

_TAIL = 40  # characters in which the end of a text shows
_LINE = regex.compile(r"([^\r\n]*)(?:\r\n|\r|\n|$)")
_BOLD = regex.compile(r"\s*(\*\*\*?|___?)(?=\S)((?:(?!\*\*|__).)+)(?<=\S)\1\s*[:：]?\s*")
_LABEL = regex.compile(r"[:：](?:[*_]|\s)*$")
_FINISHED = regex.compile(
    r"(?<mark>[\p{Sentence_Terminal}…])(?:[\p{Pe}\p{Pf}\p{Emoji_Presentation}\"'*_`]|\s)*$"
)
_TEXT_ITEM = regex.compile(
    r"\s*(?:\(?(?:\p{Nd}{1,3}|\p{L})[.)]|[^\s\p{L}\p{N}\p{Sc}\p{Pi}\p{Ps}\"'*_`#]{1,4})\s+\S"
)
_ITEM = regex.compile(r"\s*(?:[-*+]|\d{1,9}[.)])\s|[^|]*\|")  # of a list, or of a table
_INDENT = regex.compile(r"[ \t]*")

_KINDS = {
    "bullet_list_open": BlockKind.LIST,
    "ordered_list_open": BlockKind.LIST,
    "table_open": BlockKind.TABLE,
    "fence": BlockKind.CODE,
    "code_block": BlockKind.CODE,
}


@dataclass(frozen=True, slots=True)
class Piece:
    """`answer[start:end]`, one thing that the parser sees. A heading has a `level` above 0. A `rule` is a
    drawn line. `numbers` are those of a numbered list's first and last item. A piece that stands `apart`
    has a drawn line before it. One that `closes` a level ends what headings of that level stand over."""

    kind: BlockKind
    start: int
    end: int
    level: int = 0
    rule: bool = False
    numbers: tuple[int, int] | None = None
    apart: bool = False
    closes: int = 0


def pieces_of(answer: str) -> list[Piece]:
    """All that is not blank in `answer`, in reading order."""
    lines = [match.span(1) for match in _LINE.finditer(answer)]
    return list(_read(answer, lines))


def is_label(text: str) -> bool:
    """Whether the text ends with a colon, in bold or not."""
    return bool(_LABEL.search(text[-_TAIL:]))


def is_finished(text: str) -> bool:
    """Whether the text ends where a sentence does."""
    return bool(_FINISHED.search(text[-_TAIL:]))


def is_text_item(text: str) -> bool:
    """Whether the text opens as a list item does that was typed by hand."""
    return bool(_TEXT_ITEM.match(text))


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark").enable("table")
    parser.disable(["reference", "html_block"])  # their text belongs to the answer like any other
    parser.core.ruler.enableOnly(["normalize", "block"])
    return parser


def _read(answer: str, lines: Sequence[tuple[int, int]]) -> Iterator[Piece]:
    if not lines:
        return
    tokens = _parser().parse(answer[lines[0][0] : lines[-1][1]])
    covered = 0
    for index, token in enumerate(tokens):
        if token.level or token.map is None or token.nesting < 0:
            continue
        first, end = token.map
        yield from _plain(answer, lines[covered:first])
        covered = max(covered, end)
        part = lines[first:end]
        if cuts := _labels_inside(answer, part, token):
            for begin, stop in zip([0, *cuts], [*cuts, len(part)], strict=True):
                yield from _read(answer, part[begin:stop])
        else:
            yield from _seen(answer, part, tokens, index)
    yield from _plain(answer, lines[covered:])


def _labels_inside(answer: str, lines: Sequence[tuple[int, int]], token: Token) -> list[int]:
    """Which lines of a list or table only label the list or table that follows them."""
    if _KINDS.get(token.type) not in (BlockKind.LIST, BlockKind.TABLE):
        return []
    texts = [answer[start:end] for start, end in lines]
    margin, found, below = _indent(texts[0]), [], ""
    for at in range(len(texts) - 1, 0, -1):
        text = texts[at]
        opens = (is_label(text) or _BOLD.fullmatch(text)) and _indent(text) <= margin
        if opens and not _is_item(text) and _is_item(below):
            found.append(at)
        below = text if text.strip() else below
    return found[::-1]


def _is_item(line: str) -> bool:
    return bool(_ITEM.match(line)) or is_text_item(line)


def _indent(line: str) -> int:
    match = _INDENT.match(line)
    return len(match.group().expandtabs(4)) if match else 0


def _seen(
    answer: str, lines: Sequence[tuple[int, int]], tokens: Sequence[Token], index: int
) -> Iterator[Piece]:
    """The piece, or pieces, that the parser's top-level token at `index` stands for."""
    token = tokens[index]
    if token.type == "hr":
        yield from _trimmed(answer, lines, rule=True)
    elif token.type == "heading_open":
        yield from _heading(answer, lines, token)
    elif token.type == "ordered_list_open":
        inside = takewhile(lambda other: other.level, islice(tokens, index + 1, None))
        numbers = [int(item.info) for item in inside if item.level == 1 and item.info]
        yield from _trimmed(answer, lines, BlockKind.LIST, numbers=(numbers[0], numbers[-1]))
    elif token.type == "paragraph_open":
        yield from _plain(answer, lines)
    else:
        yield from _trimmed(answer, lines, _KINDS.get(token.type, BlockKind.PARAGRAPH))


def _heading(answer: str, lines: Sequence[tuple[int, int]], token: Token) -> Iterator[Piece]:
    level = int(token.tag[1:])
    text = answer[lines[0][0] : lines[-1][1]]
    if token.markup == "-" and not _is_title(answer[lines[0][0] : lines[-2][1]]):
        yield from _plain(answer, lines[:-1])
        yield from _trimmed(answer, lines[-1:], rule=True)
    else:
        yield from _trimmed(answer, lines, level=level, rule=not text.strip("#=- \t"))


def _plain(answer: str, lines: Sequence[tuple[int, int]]) -> Iterator[Piece]:
    """A paragraph, less a first line in bold, which is a heading; a list where its lines are items."""
    blank = takewhile(lambda line: not answer[slice(*line)].strip(), lines)
    lines = lines[sum(1 for _ in blank) :]
    if not lines:
        return
    opening = answer[slice(*lines[0])]
    if _BOLD.fullmatch(opening) and _is_title(opening):
        level = BOLD_LABEL_LEVEL if is_label(opening) else BOLD_LEVEL
        yield from _trimmed(answer, lines[:1], level=level)
        yield from _plain(answer, lines[1:])
        return
    items = sum(is_text_item(answer[start:end]) for start, end in lines)
    listed = is_text_item(opening) and items > 1
    yield from _trimmed(answer, lines, BlockKind.LIST if listed else BlockKind.PARAGRAPH)


def _is_title(text: str) -> bool:
    """One line that is no statement."""
    end = _FINISHED.search(text[-_TAIL:])
    return len(text.strip().splitlines()) == 1 and (end is None or end["mark"] in "?？؟")


def _trimmed(
    answer: str,
    lines: Sequence[tuple[int, int]],
    kind: BlockKind = BlockKind.PARAGRAPH,
    *,
    level: int = 0,
    rule: bool = False,
    numbers: tuple[int, int] | None = None,
) -> Iterator[Piece]:
    """The piece from its first to its last letter; the indent of lists and code is part of them."""
    start, end = lines[0][0], lines[-1][1]
    text = answer[start:end]
    if not text.strip():
        return
    end = start + len(text.rstrip())
    blank = len(text) - len(text.lstrip())
    indented = kind in (BlockKind.LIST, BlockKind.CODE)
    start = max(line for line, _ in lines if line <= start + blank) if indented else start + blank
    yield Piece(kind, start, end, level, rule, numbers)
