"""A caller's own texts as a knowledge base for one question: searched as a release is, and thrown away."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Mapping, Sequence
from uuid import uuid4

import numpy as np

from app.api.schemas.answers import Document
from knowledge.index.lexical import LexicalIndex
from knowledge.releases.snapshot import LocalSnapshot, lay_out
from knowledge.sentences import sentence_spans
from knowledge.types import Calibration, Entry, FloatArray, Logistic, Passage

CALIBRATION = Calibration(gate=Logistic({}, 5.0))
"""Whatever the documents are about is the topic. They are too few to learn from: whether one of them answers
is judged as in any knowledge base."""
_BLOCK = 16  # passages embedded at a time: between two blocks the caller may leave, and conversations go on
_QUESTION_LIMIT = 300
_PREFIX = "document-"

Encode = Callable[[Sequence[str]], FloatArray]


async def snapshot_of(
    documents: Sequence[Document],
    question: str,
    most: int,
    encode: Encode,
    *,
    seconds: float = math.inf,
    clock: Callable[[], float] = time.monotonic,
) -> LocalSnapshot:
    """Of the `most` documents that share most words with the question; of as many of them, most first, as are
    embedded in about so many `seconds`, but one at least. `encode` blocks; it runs in a thread. Raises
    `EncoderFailed`."""
    ends = clock() + seconds
    places = await asyncio.to_thread(_nearest_by_words, documents, question, most)
    entries = [_entry(place, documents[place]) for place in places]
    passages = await asyncio.to_thread(lay_out, entries)
    rank = {entry.id: place for place, entry in enumerate(entries)}
    in_turn = sorted(passages, key=lambda passage: rank[passage.entry_id])
    texts = list(dict.fromkeys(passage.search_text for passage in in_turn))
    rows: dict[str, FloatArray] = {}
    read: set[str] = set()
    for start in range(0, len(texts), _BLOCK):
        if read and clock() >= ends:
            break
        block = texts[start : start + _BLOCK]
        rows |= zip(block, await asyncio.to_thread(encode, block), strict=True)
        read = _complete(passages, rows)
    kept = [passage for passage in passages if passage.entry_id in read]
    vectors = np.stack([rows[passage.search_text] for passage in kept])
    release_id = f"documents-{uuid4().hex}"
    used = [entry for entry in entries if entry.id in read]
    return await asyncio.to_thread(LocalSnapshot.indexed, release_id, used, kept, vectors, CALIBRATION)


def _complete(passages: Sequence[Passage], rows: Mapping[str, FloatArray]) -> set[str]:
    """The entries all of whose passages have a vector, by text."""
    missing = {passage.entry_id for passage in passages if passage.search_text not in rows}
    return {passage.entry_id for passage in passages} - missing


def place_of(entry_id: str) -> int:
    """Which of the caller's documents an entry was made of, counted from 0."""
    return int(entry_id.removeprefix(_PREFIX))


def _nearest_by_words(documents: Sequence[Document], question: str, most: int) -> list[int]:
    """Most first, and of equals in their own order."""
    scores = LexicalIndex.build([document.text for document in documents]).scores(question)
    nearest: list[int] = np.argsort(-scores, kind="stable")[:most].tolist()
    return nearest


def _entry(place: int, document: Document) -> Entry:
    """A text asks no question: its title, or how it begins, says what it is about."""
    start, end = sentence_spans(document.text)[0]
    title = document.title or document.text[start:end]
    return Entry(f"{_PREFIX}{place}", title[:_QUESTION_LIMIT], document.text)
