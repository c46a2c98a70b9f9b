"""Whether a made-up message is about the entry that it was made for: the way back, from message to entry."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from random import Random

import numpy as np

from knowledge.releases.snapshot import LocalSnapshot, lay_out
from knowledge.types import Entry, FloatArray, View
from learning.synthesis.leaks import told_elsewhere

Embed = Callable[[Sequence[str]], FloatArray]
"""Texts to unit rows."""

CLEAN, TYPED = 3, 10
"""A wording must find its entry among so many before it is typed, the message as typed among so many. Both
are wider than what a right answer takes: what only a better retriever would find has to stay in."""
_TWINS = 0.92  # questions closer than this ask the same thing
_ALONE = 0.35  # share of the entries that may be taken out: those least covered by another
_CLEAR = 0.4  # share of these that go first: what they say, no other answer says in passing
_CHATTY = 0.5  # cosine to small talk from which a question is about the service itself
MARGIN = 0.05
"""By how much what asks for an entry that was taken out, or asks in few words or in words of the answer, must
be nearer to it than to any other."""
_FAR = 0.25  # share of the entries' questions less near to any other entry than a stranger may be


@dataclass(frozen=True, slots=True)
class Back:
    """What a text leads back to: entry ids, best first, with their scores."""

    found: tuple[str, ...]
    scores: tuple[float, ...]

    def leads_only_to(self, entry_ids: Sequence[str]) -> bool:
        """Whether one of the entries comes first and no entry besides them is nearly as near."""
        others = (s for key, s in zip(self.found, self.scores, strict=True) if key not in entry_ids)
        return self.leads_to(entry_ids, 1) and self.scores[0] - next(others, -1.0) >= MARGIN

    def leads_to(self, entry_ids: Sequence[str], among: int) -> bool:
        return not {*entry_ids}.isdisjoint(self.found[:among])


class RoundTrip:
    """Searches a knowledge base as the service does, without its judges."""

    def __init__(self, entries: Sequence[Entry], embed: Embed) -> None:
        self.entries: Mapping[str, Entry] = {entry.id: entry for entry in entries}
        self._embed = embed
        self._snapshot = _searchable(entries, embed)

    def back(self, texts: Sequence[str]) -> list[Back]:
        vectors = self._embed(texts)
        hits = [
            self._snapshot.search(text, vector, TYPED) for text, vector in zip(texts, vectors, strict=True)
        ]
        return [Back(tuple(h.entry.id for h in each), tuple(h.score for h in each)) for each in hits]

    @cached_property
    def _cosines(self) -> FloatArray:
        """Between the entries' questions, shape (entries, entries), itself left out."""
        vectors = self._embed([entry.question for entry in self.entries.values()])
        cosines: FloatArray = vectors @ vectors.T
        np.fill_diagonal(cosines, -1.0)
        return cosines

    @cached_property
    def twins(self) -> Mapping[str, tuple[str, ...]]:
        """Each entry's id, and the ids of those that ask the same."""
        order = [*self.entries]
        return {
            key: (key, *(order[place] for place in np.flatnonzero(row > _TWINS)))
            for key, row in zip(order, self._cosines, strict=True)
        }

    def neighbours(self, count: int) -> Mapping[str, tuple[str, ...]]:
        """For each entry the ids of the `count` others whose questions are nearest, nearest first."""
        order = [*self.entries]
        nearest = np.argsort(-self._cosines, axis=1)[:, : min(count, len(order) - 1)]
        return {key: tuple(order[place] for place in row) for key, row in zip(order, nearest, strict=True)}

    def withheld(self, share: float, small_talk: Sequence[str], rng: Random) -> frozenset[str]:
        """Ids of entries to take out, so that what is asked about them is on topic and has no answer: of
        those that the others cover least, none about the service itself, first those that other answers say
        least of in passing."""
        order = [*self.entries]
        alone = np.argsort(self._nearest())[: int(len(order) * _ALONE)]
        chatty = self._nearness(small_talk) > _CHATTY
        told = told_elsewhere([*self.entries.values()], self._embed)
        free = sorted((place for place in alone if not chatty[place]), key=lambda place: told[place])
        wanted = min(len(free), round(len(order) * share))
        clear = free[: max(wanted, math.ceil(len(free) * _CLEAR))]
        return frozenset(order[place] for place in rng.sample(clear, wanted))

    def _nearness(self, texts: Sequence[str]) -> FloatArray:
        """Each entry's best cosine to one of the texts."""
        if not texts:
            return np.zeros(len(self.entries), dtype=np.float32)
        vectors = self._embed([entry.question for entry in self.entries.values()])
        best: FloatArray = (vectors @ self._embed(texts).T).max(axis=1)
        return best

    def strangers(self, messages: Sequence[str]) -> list[str]:
        """Those of the messages that are further from every entry than the entries are from one another."""
        line = float(np.quantile(self._nearest(), _FAR)) if len(self.entries) > 1 else 1.0
        vectors = self._embed([entry.question for entry in self.entries.values()])
        near = (self._embed(messages) @ vectors.T).max(axis=1)
        return [message for message, cosine in zip(messages, near, strict=True) if cosine < line]

    def _nearest(self) -> FloatArray:
        """How near each entry comes to another: question to question, and question to what is answered."""
        near = self._cosines.max(axis=1)
        questions = [entry.question for entry in self.entries.values()]
        backs = self.back(questions)
        others = [
            max((s for key, s in zip(b.found, b.scores, strict=True) if key != own), default=0.0)
            for b, own in zip(backs, self.entries, strict=True)
        ]
        found: FloatArray = np.maximum(near, np.array(others, dtype=np.float32))
        return found


def _searchable(entries: Sequence[Entry], embed: Embed) -> LocalSnapshot:
    """A snapshot whose single sentences have no vectors: they are not searched, and are most of the work."""
    passages = lay_out(entries)
    searched = [passage.search_text for passage in passages if passage.view is not View.SENTENCE]
    vectors = embed(searched)
    unused = np.zeros((len(passages) - len(searched), vectors.shape[1]), dtype=np.float32)
    return LocalSnapshot.indexed("unreleased", entries, passages, np.concatenate([vectors, unused]))
