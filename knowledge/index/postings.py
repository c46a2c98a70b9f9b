"""Which document holds which term how often: made whole, or from the postings of the release before and the
documents that are new."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Words = Callable[[str], Iterable[str]]
Terms = Callable[[str], Iterable[str]]


@dataclass(frozen=True, slots=True)
class Postings:
    """By term, as a sparse matrix by columns: the documents that hold term `t`, ascending, are
    `documents[indptr[t]:indptr[t + 1]]`, and `counts` says how often. `lengths` are the documents', in
    terms."""

    vocabulary: Mapping[str, int]
    indptr: NDArray[np.int64]
    documents: NDArray[np.int32]
    counts: NDArray[np.int32]
    lengths: NDArray[np.int32]

    @classmethod
    def of(
        cls,
        texts: Sequence[str],
        words: Words,
        terms: Terms,
        vocabulary: Mapping[str, int] | None = None,
    ) -> Postings:
        """Of texts; `vocabulary` is continued. A word is taken apart once, however often it occurs."""
        numbers = dict(vocabulary or {})
        known: dict[str, list[int]] = {}
        found: list[int] = []
        lengths = np.zeros(len(texts), dtype=np.int32)
        for place, text in enumerate(texts):
            before = len(found)
            for word in words(text):
                if word not in known:
                    known[word] = [numbers.setdefault(term, len(numbers)) for term in terms(word)]
                found += known[word]
            lengths[place] = len(found) - before
        documents = np.repeat(np.arange(len(texts), dtype=np.int64), lengths)
        keys, counts = np.unique(
            np.array(found, dtype=np.int64) * max(1, len(texts)) + documents, return_counts=True
        )
        return _laid_out(numbers, keys, counts.astype(np.int32), lengths)

    def carried(
        self, places: NDArray[np.int64], count: int, fresh: Mapping[int, str], words: Words, terms: Terms
    ) -> Postings:
        """Of `count` documents, of which `fresh` are new texts by their places, and the others are documents
        of these postings: `places` gives each one's new place, ascending, or -1 where it is gone."""
        new = Postings.of(list(fresh.values()), words, terms, self.vocabulary)
        there = np.array(list(fresh), dtype=np.int64)
        moved = places[self.documents]
        kept = moved >= 0
        lengths = np.zeros(count, dtype=np.int32)
        lengths[places[places >= 0]] = self.lengths[places >= 0]
        lengths[there] = new.lengths
        keys = np.concatenate(
            [self._terms()[kept] * count + moved[kept], new._terms() * count + there[new.documents]]
        )
        counts = np.concatenate([self.counts[kept], new.counts])
        order = np.argsort(keys, kind="stable")  # two ascending runs: merged rather than sorted
        return _laid_out(new.vocabulary, keys[order], counts[order], lengths)

    def _terms(self) -> NDArray[np.int64]:
        return np.repeat(np.arange(len(self.indptr) - 1, dtype=np.int64), np.diff(self.indptr))


def _laid_out(
    vocabulary: Mapping[str, int],
    keys: NDArray[np.int64],
    counts: NDArray[np.int32],
    lengths: NDArray[np.int32],
) -> Postings:
    """`keys` ascending: term times the number of documents, plus document."""
    of = max(1, len(lengths))
    indptr = np.zeros(len(vocabulary) + 1, dtype=np.int64)
    np.cumsum(np.bincount(keys // of, minlength=len(vocabulary)), out=indptr[1:])
    return Postings(vocabulary, indptr, (keys % of).astype(np.int32), counts, lengths)
