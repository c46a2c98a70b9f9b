"""An answer as the blocks that are said whole or not at all.

A block is a paragraph, a list, a table or code, each with the line that introduces it; headings stand over
blocks. In doubt two pieces are one block: what is said may be longer, never torn from what qualifies it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import zip_longest

from knowledge.markdown_pieces import BOLD_LABEL_LEVEL, Piece, is_finished, is_label, is_text_item, pieces_of
from knowledge.types import Block, BlockKind

_REMEMBERED = 4096  # answers; a turn reads the same few again and again
_SHORT_LINE = 60  # characters: a line that ends no sentence and is no longer names what stands beneath it
_SET = (BlockKind.LIST, BlockKind.TABLE, BlockKind.CODE)


@lru_cache(maxsize=_REMEMBERED)
def read_blocks(answer: str) -> tuple[Block, ...]:
    """The blocks of an answer in reading order. With the headings they stand under they hold every character
    that is not blank, and none twice; a heading over nothing is a paragraph."""
    return tuple(_under_headings(_joined(answer, _without_rules(pieces_of(answer)))))


def spoken_forms(answer: str, block: Block) -> tuple[str, ...]:
    """The texts in which a block may be said, longest first: under all its headings, under the inner ones
    only, and so on to its own text. What is adjacent in the answer is said exactly as it stands there."""
    own = (block.start, block.end)
    return tuple(_as_written(answer, [*block.under[at:], own]) for at in range(len(block.under) + 1))


def whole(answer: str) -> str:
    """The answer as it is said whole: without the blank lines around it."""
    blocks = read_blocks(answer)
    if not blocks:
        return ""
    start, _ = [*blocks[0].under, (blocks[0].start, 0)][0]
    return answer[start : blocks[-1].end]


def _as_written(answer: str, spans: list[tuple[int, int]]) -> str:
    (start, last), *rest = spans
    text = answer[start:last]
    for start, end in rest:
        adjacent = not answer[last:start].strip()
        text += answer[last:end] if adjacent else "\n\n" + answer[start:end]
        last = end
    return text


def _without_rules(pieces: Sequence[Piece]) -> list[Piece]:
    """Each drawn line as a part of the piece below it; of the one above, where that is none or a heading."""
    kept: list[Piece] = []
    rule: Piece | None = None
    for piece in pieces:
        if piece.rule:
            rule = replace(piece, start=rule.start) if rule else piece
        elif rule is None:
            kept.append(piece)
        elif piece.level and kept:
            kept = [*kept[:-1], replace(kept[-1], end=rule.end), piece]
        else:
            kept.append(replace(piece, start=rule.start, apart=True))
        rule = rule if piece.rule else None
    if rule is None:
        return kept
    return [*kept[:-1], replace(kept[-1], end=rule.end)] if kept else [replace(rule, level=0)]


def _joined(answer: str, pieces: Sequence[Piece]) -> list[Piece]:
    """The pieces, each together with what introduces it."""
    joined: list[Piece] = []
    tail: Piece | None = None  # what the block last begun ends with
    for piece, following in zip_longest(pieces, pieces[1:]):
        if piece.level:
            if following is None or not _introduces_set(piece, following):
                joined.append(piece)
                tail = None
                continue
            piece = replace(piece, level=0, closes=piece.level)
        at = len(joined)
        if tail and not piece.apart and _goes_on(answer, tail, piece):
            at -= 1
        elif piece.numbers and piece.numbers[0] > 1:
            at = _place_of_number(joined, piece.numbers[0] - 1)
        joined[at:] = [_merged(answer, joined[at], piece, tail) if at < len(joined) else piece]
        tail = piece
    return joined


def _introduces_set(heading: Piece, following: Piece) -> bool:
    """Whether a line in bold with a colon opens a list, table or code, and only that."""
    return heading.level == BOLD_LABEL_LEVEL and following.kind in _SET and not following.apart


def _goes_on(answer: str, tail: Piece, piece: Piece) -> bool:
    """Whether `piece` belongs to the block that ends with `tail`, just before it."""
    text = answer[tail.start : tail.end]
    listed = _both_items(answer, tail, piece)
    if tail.kind is BlockKind.PARAGRAPH:
        if piece.kind is BlockKind.PARAGRAPH:
            return is_label(text) or listed or _names_what_follows(text)
        adjacent = len((answer[tail.end : piece.start] + ".").splitlines()) == 2
        return adjacent or not is_finished(text)
    return tail.kind is BlockKind.LIST and (piece.kind is BlockKind.LIST or listed or is_label(text))


def _names_what_follows(text: str) -> bool:
    short = len(text) <= _SHORT_LINE and "\n" not in text
    return short and not is_finished(text) and not is_text_item(text)


def _place_of_number(joined: list[Piece], number: int) -> int:
    """Where the numbered list that ends with `number` stands under the same heading; the end if nowhere."""
    for at in range(len(joined) - 1, -1, -1):
        numbers = joined[at].numbers
        if joined[at].level:
            break
        if numbers:
            return at if numbers[1] == number else len(joined)
    return len(joined)


def _both_items(answer: str, tail: Piece, piece: Piece) -> bool:
    return all(is_text_item(answer[one.start : one.end]) for one in (tail, piece))


def _merged(answer: str, block: Piece, piece: Piece, tail: Piece | None) -> Piece:
    kind = piece.kind if block.kind is BlockKind.PARAGRAPH else block.kind
    listed = tail is not None and _both_items(answer, tail, piece)
    if listed or BlockKind.LIST in (block.kind, piece.kind):
        kind = BlockKind.LIST
    return replace(block, end=piece.end, kind=kind, numbers=piece.numbers or block.numbers)


def _under_headings(pieces: Sequence[Piece]) -> Iterator[Block]:
    over: list[Piece] = []  # the headings that the next piece stands under
    bare = False  # the innermost of them stands over nothing yet
    for piece in pieces:
        level = piece.level or piece.closes
        if bare and level and level <= over[-1].level:
            yield _heading_alone(over)
        while level and over and level <= over[-1].level:
            over.pop()
        bare = piece.level > 0
        if bare:
            over.append(piece)
        else:
            yield Block(piece.kind, piece.start, piece.end, _spans(over))
    if bare:
        yield _heading_alone(over)


def _heading_alone(over: Sequence[Piece]) -> Block:
    *outer, heading = over
    return Block(BlockKind.PARAGRAPH, heading.start, heading.end, _spans(outer))


def _spans(headings: Sequence[Piece]) -> tuple[tuple[int, int], ...]:
    return tuple((heading.start, heading.end) for heading in headings)
