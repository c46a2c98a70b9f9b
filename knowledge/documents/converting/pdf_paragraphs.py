"""The lines of a PDF as paragraphs and lists."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise, zip_longest
from statistics import median

from knowledge.documents.converting.pdf_lines import Line
from knowledge.documents.parts import is_question
from knowledge.markdown_pieces import is_finished, is_label

_PARAGRAPH = 1.4  # times the usual distance of two lines
_NEAR = 8  # lines above and below
_INDENT = 2.0  # points
_ROOM = 0.97  # of a line's reach: ragged text is a little shorter
_SIZE = 0.1  # of a size: what is set so much larger or smaller is something else
_SIGN = "•●▪■◦‣∙·–—*\uf0b7-"
_BULLET = re.compile(rf"[{_SIGN}]\s+(?=\S)")
_ITEM = re.compile(rf"(?:[{_SIGN}]|\(?\d{{1,3}}[.)]|\(?[a-z][.)])\s+\S")
_MEANT = re.compile(r"(?=[#>])")  # what Markdown would take for a sign of its own


def markdown_of_lines(lines: Sequence[Line]) -> str:
    """Markdown: lines that go on are joined; items, and lines that end before they had to, stand by
    themselves."""
    reach = {id(line): _reach(lines, at) for at, line in enumerate(lines)}
    return "\n".join(_written(paragraph, reach) for paragraph in _paragraphs(lines)).strip("\n")


def _reach(lines: Sequence[Line], at: int) -> float:
    """How far to the right a line could go: as far as those near it that begin no further to the right."""
    line, near = lines[at], lines[max(0, at - _NEAR) : at + _NEAR + 1]
    return max(each.right for each in near if each.page == line.page and each.left < line.left + _INDENT)


def _ends_early(line: Line, following: Line, reach: Mapping[int, float]) -> bool:
    """Whether the next line's first word had room on this one: then somebody ended it, as in a table."""
    letter = (following.right - following.left) / max(1, len(following.text))
    word = len(following.text.partition(" ")[0]) + 1
    return line.page == following.page and line.right + word * letter < _ROOM * reach[id(line)]


def _paragraphs(lines: Sequence[Line]) -> Iterator[list[Line]]:
    """An empty one stands for a blank line."""
    gaps = [above.bottom - line.bottom for above, line in pairwise(lines) if above.bottom > line.bottom]
    usual = median(gaps) if gaps else 0.0
    open_: list[Line] = []
    for line in lines:
        if open_ and (_ITEM.match(line.text) or _begins(open_, line, usual)):
            yield open_
            if not _ITEM.match(line.text) or not (_ITEM.match(open_[0].text) or is_label(open_[-1].text)):
                yield []
            open_ = []
        open_.append(line)
    yield open_


def _begins(above: Sequence[Line], line: Line, usual: float) -> bool:
    """Whether a line begins a paragraph: by the space above it, its size, or the question before it."""
    last = above[-1]
    if len(above) == 1 and is_question(last.text):
        return True
    if abs(line.size - last.size) > _SIZE * last.size:
        return True
    gap = last.bottom - line.bottom
    if line.page != last.page or gap <= 0:  # another page or column, on which a sentence may go on
        return is_finished(last.text) or not line.text[:1].islower()
    return gap > usual * _PARAGRAPH


def _written(lines: Sequence[Line], reach: Mapping[int, float]) -> str:
    text = ""
    for line, following in zip_longest(lines, lines[1:]):
        ends = following is not None and not line.hyphen and _ends_early(line, following, reach)
        text += line.text + ("\n" if ends else "" if line.hyphen else " ")
    text = text.strip()
    if bullet := _BULLET.match(text):
        return f"- {text[bullet.end() :]}"
    return _MEANT.sub(r"\\", text, count=1) if _MEANT.match(text) else text
