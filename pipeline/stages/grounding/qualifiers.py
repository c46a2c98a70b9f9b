"""What qualifies a piece of an answer, so that a sentence in other words must say it too: the line that a
list stands under, and the exception behind a rule."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from knowledge.blocks import read_blocks
from knowledge.sentences import split_sentences
from knowledge.types import BlockKind, Entry
from pipeline.english.evidence_text import overlap
from pipeline.english.language import Word, denies, read
from pipeline.english.words import key_of

RETOLD = 0.6  # share of a sentence's content words that a piece must have to be what it retells
KEPT = 0.5  # share of a qualifier's content words that a sentence must have to have kept it
_LIMITING = re.compile(
    r"\W*(?:but|however|except(?:ions?)?|unless|only|though|although|otherwise|not (?:for|if|when|on|in)"
    r"|(?:this|that|these|it) (?:does|do|is|are) not)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Piece:
    words: tuple[Word, ...]
    qualifiers: tuple[str, ...]


def lost_qualifier(text: str, entries: Sequence[Entry]) -> str:
    """What the piece of the entries that a sentence retells holds only with, and the sentence does not say;
    "" where it says all."""
    words = read(text)
    pieces = [piece for entry in entries for piece in _pieces(entry)]
    shares = [overlap(words, {word.stem for word in piece.words}) for piece in pieces]
    best = max(shares, default=0.0)
    if best < RETOLD:
        return ""
    stems = {word.stem for word in words}
    retold = [piece for piece, share in zip(pieces, shares, strict=True) if share == best]
    lost = [[each for each in piece.qualifiers if _lacks(text, stems, each)] for piece in retold]
    return min(lost, key=len)[0] if all(lost) else ""


def is_heading(text: str, entries: Sequence[Entry]) -> bool:
    """Whether a text is a heading of one of the entries, which says nothing by itself."""
    said = key_of(text)
    return any(
        said == key_of(entry.answer[start:end])
        for entry in entries
        for block in read_blocks(entry.answer)
        for start, end in block.under
    )


def _lacks(text: str, stems: set[str], qualifier: str) -> bool:
    words = read(qualifier)
    if denies(qualifier) and not denies(text):
        return True
    return any(word.content for word in words) and overlap(words, stems) < KEPT


@lru_cache(maxsize=256)
def _pieces(entry: Entry) -> tuple[_Piece, ...]:
    return tuple(_read(entry))


def _read(entry: Entry) -> Iterator[_Piece]:
    for block in read_blocks(entry.answer):
        text = entry.answer[block.start : block.end]
        above = tuple(entry.answer[start:end] for start, end in block.under)
        if block.kind is BlockKind.PARAGRAPH:
            pieces = split_sentences(text)
        else:
            first, *pieces = text.splitlines()
            above = (*above, first) if first.rstrip(" *_").endswith(":") else above
            pieces = pieces if above and above[-1] == first else [first, *pieces]
        for place, piece in enumerate(pieces):
            limits = tuple(_limits(pieces[place + 1 :])) if block.kind is BlockKind.PARAGRAPH else ()
            yield _Piece(read(piece), (*above, *limits))


def _limits(following: Sequence[str]) -> Iterator[str]:
    for sentence in following:
        if not _LIMITING.match(sentence):
            return
        yield sentence
