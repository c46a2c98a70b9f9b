"""What of an entry can be found: its questions, and its answer in whole sentences."""

from __future__ import annotations

from collections.abc import Iterator

from knowledge.sentences import sentence_spans
from knowledge.types import Entry, Passage, View

CHUNK_WORDS = 80
"""About what fits the encoder's window with room to spare, and what one thought of an answer takes."""
OVERLAP_WORDS = 25
"""A chunk opens with the last sentence of the one before where that sentence is no longer than this."""


def passages_of(entry: Entry) -> list[Passage]:
    """QUESTION, ALTERNATEs, MISCONCEPTIONs, CHUNKs, then SENTENCEs of one entry."""
    whole = [
        (View.QUESTION, entry.question),
        *((View.ALTERNATE, text) for text in entry.alternates),
        *((View.MISCONCEPTION, text) for text in entry.misconceptions),
    ]
    sentences = sentence_spans(entry.answer)
    cut = [
        *((View.CHUNK, span) for span in _chunks(entry.answer, sentences)),
        *((View.SENTENCE, span) for span in sentences),
    ]
    return [Passage(entry.id, view, text, 0, len(text)) for view, text in whole] + [
        Passage(entry.id, view, entry.answer[start:end], start, end, _context(entry, view))
        for view, (start, end) in cut
    ]


def _context(entry: Entry, view: View) -> str:
    """An answer is found better beside its question; a sentence is compared with other sentences, bare."""
    return entry.question if view is View.CHUNK else ""


def _chunks(text: str, sentences: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Spans of consecutive sentences of up to `CHUNK_WORDS` words; a longer sentence is cut between words."""
    pieces = [piece for span in sentences for piece in _pieces(text, span)]
    words = [len(text[start:end].split()) for start, end in pieces]
    first = 0
    while first < len(pieces):
        last, total = first, words[first]
        while last + 1 < len(pieces) and total + words[last + 1] <= CHUNK_WORDS:
            last += 1
            total += words[last]
        yield pieces[first][0], pieces[last][1]
        overlaps = last > first and last + 1 < len(pieces) and words[last] <= OVERLAP_WORDS
        fits = overlaps and words[last] + words[last + 1] <= CHUNK_WORDS
        first = last if fits else last + 1


def _pieces(text: str, span: tuple[int, int]) -> Iterator[tuple[int, int]]:
    start, end = span
    position, count = start, 0
    for word in text[start:end].split():
        at = text.index(word, position)
        if count == CHUNK_WORDS:
            yield start, position
            start, count = at, 0
        position, count = at + len(word), count + 1
    yield start, end
