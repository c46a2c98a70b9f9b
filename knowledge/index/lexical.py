"""Passages by their words: BM25 (bm25s) over Snowball stems and, so that a typo costs a little rather
than the whole word, over pieces of words."""

from __future__ import annotations

import json
import logging
import math
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np

from knowledge.types import FloatArray

K1, B = 1.2, 0.6
PIECE = 4  # characters
_WORD = re.compile(r"\w+(?:['’]\w+)*")
_LENGTHS = "lengths.json"


class LexicalIndex:
    """BM25 scores of every document for a query, as shares of what the query itself would score.

    Reading is safe from any thread."""

    def __init__(self, bm25: Any, mean_length: float, documents: int) -> None:  # noqa: ANN401 - untyped library
        self._bm25 = bm25
        self._mean_length = mean_length
        self._documents = documents

    @classmethod
    def build(cls, texts: Sequence[str]) -> Self:
        """An index of `texts`; their positions are the columns of what `scores` returns."""
        bm25s = _bm25s()
        vocabulary: dict[str, int] = {}
        known: dict[str, list[int]] = {}  # a word is taken apart once, however often it occurs

        def numbers(word: str) -> list[int]:
            if word not in known:
                known[word] = [vocabulary.setdefault(term, len(vocabulary)) for term in _terms_of(word)]
            return known[word]

        documents = [[number for word in _words(text) for number in numbers(word)] for text in texts]
        mean_length = sum(map(len, documents)) / max(1, len(documents))
        bm25 = bm25s.BM25(k1=K1, b=B, method="lucene", backend="numpy")
        if mean_length:
            bm25.index((documents, vocabulary), show_progress=False)
        return cls(bm25 if mean_length else None, mean_length, len(documents))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Raises `OSError`, `ValueError` or `KeyError` where the folder is not an index."""
        bm25s = _bm25s()
        lengths = json.loads((folder / _LENGTHS).read_text(encoding="utf-8"))
        bm25 = bm25s.BM25.load(folder, show_progress=False) if lengths["mean"] else None
        return cls(bm25, lengths["mean"], lengths["documents"])

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        if self._bm25 is not None:
            self._bm25.save(folder, show_progress=False)
        lengths = {"mean": self._mean_length, "documents": self._documents}
        (folder / _LENGTHS).write_text(json.dumps(lengths), encoding="utf-8")

    def scores(self, text: str) -> FloatArray:
        """One score a document in [0, 1], shape (documents,): 1 is as good as the query word for word. Words
        that no document has count against every document."""
        asked = list(dict.fromkeys(terms(text)))
        known = self._bm25.get_tokens_ids(asked) if self._bm25 is not None else []
        if not known:
            return np.zeros(self._documents, dtype=np.float32)
        indptr = self._bm25.scores["indptr"]
        frequencies = [int(indptr[token + 1] - indptr[token]) for token in known]
        frequencies += [0] * (len(asked) - len(known))
        raw = self._bm25.get_scores_from_ids(known)
        share: FloatArray = np.clip(raw / self._verbatim(frequencies), 0, 1).astype(np.float32, copy=False)
        return share

    def _verbatim(self, frequencies: Sequence[int]) -> float:
        """What a document made of exactly the query's words would score (Lucene's BM25)."""
        length = len(frequencies) / self._mean_length
        weight = 1 / (1 + K1 * (1 - B + B * length))
        total = self._documents
        return sum(weight * math.log(1 + (total - df + 0.5) / (df + 0.5)) for df in frequencies)


def _bm25s() -> Any:  # noqa: ANN401
    """The library, without the log handler that it puts on the error stream of whoever imports it first."""
    import bm25s

    log = logging.getLogger("bm25s")
    log.handlers.clear()
    log.setLevel(logging.WARNING)
    return bm25s


def terms(text: str) -> list[str]:
    """The stem of each of a text's words, and the overlapping pieces of the word with its borders marked."""
    return [term for word in _words(text) for term in _terms_of(word)]


def _words(text: str) -> list[str]:
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold().replace("’", "'"))


def _terms_of(word: str) -> list[str]:
    import Stemmer

    stem: str = Stemmer.Stemmer("english", 0).stemWord(word)  # made anew: it is not thread-safe
    return [stem, *_pieces(f"<{word}>")]


def _pieces(word: str) -> list[str]:
    return [f"#{word[i : i + PIECE]}" for i in range(max(1, len(word) - PIECE + 1))]
