"""Passages by their words: BM25 (bm25s) over Snowball stems and, so that a typo costs a little rather
than the whole word, over pieces of words."""

from __future__ import annotations

import json
import logging
import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from knowledge.index.postings import Postings
from knowledge.types import FloatArray

K1, B = 1.2, 0.6
PIECE = 4  # characters
_WORD = re.compile(r"\w+(?:['’]\w+)*")
_POSTINGS, _VOCABULARY = "postings.npz", "vocabulary.json"


class LexicalIndex:
    """BM25 scores of every document for a query, as shares of what the query itself would score.

    Reading is safe from any thread."""

    def __init__(self, bm25: Any, mean_length: float, postings: Postings) -> None:  # noqa: ANN401 - untyped
        self._bm25 = bm25
        self._mean_length = mean_length
        self._documents = len(postings.lengths)
        self.postings = postings

    @classmethod
    def build(cls, texts: Sequence[str]) -> Self:
        """An index of `texts`; their positions are the columns of what `scores` returns."""
        return cls.of(Postings.of(texts, _words, _terms_of))

    @classmethod
    def of(cls, postings: Postings) -> Self:
        """An index of documents that are counted already."""
        mean_length = float(postings.lengths.mean()) if len(postings.lengths) else 0.0
        return cls(_weighted(postings, mean_length) if mean_length else None, mean_length, postings)

    def carried(self, places: NDArray[np.int64], count: int, fresh: Mapping[int, str]) -> Self:
        """The index of `count` documents most of which are here: see `Postings.carried`."""
        return self.of(self.postings.carried(places, count, fresh, _words, _terms_of))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Raises `OSError`, `ValueError` or `KeyError` where the folder is not an index."""
        with np.load(folder / _POSTINGS, allow_pickle=False) as arrays:
            parts = [arrays[name] for name in ("indptr", "documents", "counts", "lengths")]
        vocabulary = json.loads((folder / _VOCABULARY).read_text(encoding="utf-8"))
        return cls.of(Postings(vocabulary, *parts))

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        counted = self.postings
        (folder / _VOCABULARY).write_text(json.dumps(dict(counted.vocabulary)), encoding="utf-8")
        np.savez(
            folder / _POSTINGS,
            indptr=counted.indptr,
            documents=counted.documents,
            counts=counted.counts,
            lengths=counted.lengths,
        )

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


def _weighted(postings: Postings, mean_length: float) -> Any:  # noqa: ANN401
    """Lucene's BM25 of every term in every document that holds it, where bm25s looks for it. Its own way of
    counting them goes document by document: seconds at 10,000 entries."""
    frequencies = np.diff(postings.indptr)
    total = len(postings.lengths)
    rarity = np.log(1 + (total - frequencies + 0.5) / (frequencies + 0.5))
    length = K1 * (1 - B + B * postings.lengths / mean_length)
    share = postings.counts / (postings.counts + length[postings.documents])
    bm25 = _bm25s().BM25(k1=K1, b=B, method="lucene", backend="numpy")
    bm25.scores = {
        "data": (np.repeat(rarity, frequencies) * share).astype(np.float32),
        "indices": postings.documents,
        "indptr": postings.indptr,
        "num_docs": total,
    }
    bm25.nonoccurrence_array = None  # of other variants of BM25
    bm25.vocab_dict = postings.vocabulary
    bm25.unique_token_ids_set = range(len(postings.vocabulary))
    return bm25


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
