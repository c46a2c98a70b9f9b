"""Markdown and plain text as headings and what stands between them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache

import regex

from knowledge.documents.types import Part
from knowledge.markdown_pieces import Piece, is_label, pieces_of

CLOSING = "\ue002"
"""A paragraph of a converter's own: what was folded under the heading before it ends here."""
FOLDED_LEVEL = 6
"""Of a heading that opens what a page folds away (`details`), or a term of its definitions."""
_QUESTION = regex.compile(r"[?？؟](?:[\p{Pe}\p{Pf}\"'*_`]|\s)*$")
_LABELLED = regex.compile(r"(?:\*\*|__)?\p{L}{1,10}\s?\d{0,3}[.:](?:\*\*|__)?\s+(?=\S)")
_NUMBER = regex.compile(r"(?:\p{L}{1,2})?\d{1,3}(?:\.\d{1,3})*[.):]*\s+|\(\d{1,3}\)\s+")
_UNDERLINE = regex.compile(r"\n\s*(?:=+|-+)\s*\Z")
_MARKS = regex.compile(r"\A\s*#{1,6}(?:\s+|\Z)|\s+#+\s*\Z")
_LONGEST_QUESTION = 200  # characters of a line that opens what follows; a longer one is prose
_FEWEST_PAIRS = 2  # one question on a line of its own is rhetoric


def is_question(text: str) -> bool:
    """Whether the text ends as a question does."""
    return bool(_QUESTION.search(text[-40:]))


def unnumbered(text: str) -> str:
    """A question without the number or label that stands before it in a list of questions."""
    return _NUMBER.sub("", _LABELLED.sub("", text, count=1), count=1).strip() or text


def plain(markdown: str) -> str:
    """The words of a line of Markdown."""
    tokens = _inline().parseInline(markdown)
    words = "".join(
        child.content if child.type in ("text", "code_inline") else " " if "break" in child.type else ""
        for token in tokens
        for child in token.children or ()
    )
    return " ".join(words.split())


def parts_of(markdown: str, page: int | None = None) -> list[Part]:
    """All that is not blank, in reading order. A line in bold opens a section where it asks, and so does a
    line before its answer (`Q: …` before `A: …`)."""
    found = pieces_of(markdown)
    opening = _asked_by_lines(markdown, found)
    parts: list[Part] = []
    start = end = 0

    def body() -> None:
        if text := markdown[start:end].strip("\n"):
            parts.append(Part(text, 0, page))

    for place, piece in enumerate(found):
        text = markdown[piece.start : piece.end]
        level = opening.get(place) or _level(piece, text)
        if text.strip() == CLOSING:
            body()
            parts.append(Part("", FOLDED_LEVEL, page))
        elif level:
            body()
            parts.append(Part(_heading(text), level, page))
        else:
            start = start if start != end else piece.start
            end = piece.end
            continue
        start = end = piece.end
    body()
    return [_unlabelled(parts, at) for at in range(len(parts))]


def _level(piece: Piece, text: str) -> int:
    if piece.rule:
        return 0
    if piece.level > FOLDED_LEVEL:  # a line in bold
        return piece.level if is_question(text) else 0
    return piece.level


def _heading(text: str) -> str:
    return plain(_MARKS.sub("", _UNDERLINE.sub("", text.strip())).replace("\n", " "))


def _asked_by_lines(markdown: str, found: Sequence[Piece]) -> dict[int, int]:
    """Which pieces are questions that only their place makes headings, by their level. Of bare lines that is
    so where nothing else is a heading and several ask."""
    texts = [markdown[piece.start : piece.end] for piece in found]
    lines = {at for at, text in enumerate(texts) if _may_open(text, found[at])}
    pairs = {at for at in lines if _LABELLED.match(texts[at]) and _is_answered(texts, at)}
    if not pairs and not any(_level(piece, text) for piece, text in zip(found, texts, strict=True)):
        pairs = {at for at in lines if at + 1 < len(texts) and at + 1 not in lines}
    if len(pairs) < _FEWEST_PAIRS:
        return {}
    return dict.fromkeys(pairs, FOLDED_LEVEL + 1)


def _may_open(text: str, piece: Piece) -> bool:
    one_line = "\n" not in text.strip() and len(text) <= _LONGEST_QUESTION
    return not piece.level and not piece.rule and one_line and is_question(text)


def _is_answered(texts: Sequence[str], at: int) -> bool:
    return at + 1 < len(texts) and bool(_LABELLED.match(texts[at + 1])) and not is_label(texts[at + 1])


def _unlabelled(parts: Sequence[Part], at: int) -> Part:
    """An answer without the `A:` before it, where a labelled question stands above it."""
    part = parts[at]
    if part.level or not at or not parts[at - 1].level or not _LABELLED.match(parts[at - 1].text):
        return part
    return Part(_LABELLED.sub("", part.text, count=1), 0, part.page)


def one_a_paragraph(text: str) -> str:
    """Plain text in which a question stands on a line above its answer, each a paragraph of its own."""
    return "\n".join(_set_off(text.split("\n")))


def _set_off(lines: Sequence[str]) -> Iterator[str]:
    for at, line in enumerate(lines):
        begins = not at or not lines[at - 1].strip()
        opens = is_question(line) and len(line) <= _LONGEST_QUESTION
        if opens and not begins and _LABELLED.match(line):
            yield ""
            begins = True
        yield line
        if opens and begins and at + 1 < len(lines) and lines[at + 1].strip():
            yield ""


@cache
def _inline():  # type: ignore[no-untyped-def]  # noqa: ANN202
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark")
