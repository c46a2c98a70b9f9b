"""The curated knowledge base as plain data: the only part of `knowledge` that `pipeline` may import."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]


class KnowledgeError(Exception):
    """Base of all that the knowledge base may raise (the rest is in `knowledge.errors`). Messages are plain
    English for operators: no traceback, no code."""


class EntryStatus(StrEnum):
    DRAFT = "draft"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    RETIRED = "retired"

    @classmethod
    def _missing_(cls, value: object) -> EntryStatus | None:
        """`archived` was the word for retired, and is still read as that."""
        return cls.RETIRED if value == "archived" else None


@dataclass(frozen=True, slots=True)
class Source:
    """Where an answer comes from; `url` is an absolute http(s) address, '' where it has none, as a file."""

    title: str
    url: str


UNWRITTEN = "The answer is still to be written."
"""The answer of a draft that has none yet: such an entry cannot be approved."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One curated answer. `id` is a slug of 1 to 100 characters, unique in the knowledge base. By `review_by`
    somebody should have read it again; nothing happens to it then. `about` and `not_about` are words or names
    that it does and does not speak of, where its text does not say so by itself. `language` is a code of
    ISO 639, empty where it is the knowledge base's; `translation_of` is the id of the entry that this one
    translates."""

    id: str
    question: str
    answer: str
    topic: str = "general"
    alternates: tuple[str, ...] = ()
    misconceptions: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()
    reviewed_on: date | None = None
    valid_until: date | None = None
    status: EntryStatus = EntryStatus.APPROVED
    review_by: date | None = None
    about: tuple[str, ...] = ()
    not_about: tuple[str, ...] = ()
    language: str = ""
    translation_of: str = ""

    def is_servable(self, today: date) -> bool:
        """Approved and not expired: `valid_until` is the last day on which the answer may be given."""
        is_approved = self.status is EntryStatus.APPROVED and self.is_written
        return is_approved and (self.valid_until is None or today <= self.valid_until)

    @property
    def is_written(self) -> bool:
        """Whether there is an answer yet."""
        return self.answer != UNWRITTEN


class BlockKind(StrEnum):
    PARAGRAPH = "paragraph"
    LIST = "list"  # with the line that introduces it
    TABLE = "table"  # with the line that introduces it
    CODE = "code"  # with the line that introduces it


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of an answer that is said whole or not at all: `answer[start:end]`. `under` are the spans of
    the headings and label lines that it stands under, outermost first; they lie outside the block."""

    kind: BlockKind
    start: int
    end: int
    under: tuple[tuple[int, int], ...] = ()


class View(StrEnum):
    """Which side of an entry a passage shows."""

    QUESTION = "question"
    ALTERNATE = "alternate"
    MISCONCEPTION = "misconception"
    CHUNK = "chunk"  # consecutive whole sentences of the answer, as many as fit the encoder's window
    SENTENCE = "sentence"  # one sentence of the answer


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of an entry that can be found. `start`/`end` are character offsets in the field it was cut
    from (`answer` for CHUNK and SENTENCE, the whole string for the others): `field[start:end] == text`.
    `context` is what the piece cannot be understood without: for a CHUNK, the question that it answers."""

    entry_id: str
    view: View
    text: str
    start: int
    end: int
    context: str = ""

    @property
    def search_text(self) -> str:
        """What is embedded and indexed in place of `text`."""
        return f"{self.context} {self.text}" if self.context else self.text


@dataclass(frozen=True, slots=True)
class Hit:
    """An entry found for a query, with its best passage and the signals that found it.

    `score` orders hits (fused, higher is better, no unit). `question_cosine` is the best cosine to the
    entry's question, alternates and misconceptions, `answer_cosine` the best to its answer, both in
    [-1, 1]; `lexical` is BM25 divided by what a verbatim match of the query would score, in [0, 1]."""

    entry: Entry
    passage: Passage
    score: float
    question_cosine: float
    answer_cosine: float
    lexical: float


@dataclass(frozen=True, slots=True)
class Logistic:
    """A logistic model over named features: probability = sigmoid(bias + sum(weight * feature))."""

    weights: Mapping[str, float]
    bias: float

    def probability(self, features: Mapping[str, float]) -> float:
        z = self.bias + sum(weight * features[name] for name, weight in self.weights.items())
        return 1.0 / (1.0 + math.exp(-max(-60.0, min(60.0, z))))


DEFAULT_GATE = Logistic({"score": 20.0, "background": -14.0}, -2.0)
"""Holds where a knowledge base is too small to learn from: measured over four, of 200 to 1,100 entries."""
DEFAULT_RELEVANCE = Logistic({"score": 12.0, "background": -8.4, "lead": 4.8}, -1.9)
"""As `DEFAULT_GATE`; even odds lie where one honest question in fifteen is refused."""
RELEVANCE_OF_FEW = Logistic({"score": 12.0, "background": -8.4, "lead": 4.8}, 0.0)
"""Of fewer entries than a release learns from, which come less close to what they do not answer: on twelve
knowledge bases of seven entries, .77 of the messages were answered rightly and .10 of those that nothing
answers, by the default .56 and .02."""
DEFAULT_SHARPNESS = 20.0
"""Per unit of fused score: how much likelier the better of two entries is the one that answers."""


LEARNED = "own_questions_on_topic"
"""A figure of a calibration whose gate learned from its knowledge base, which a small one is not enough
for."""
_TYPICAL_BACKGROUND = 0.4  # stands in where there is no background to be near to
_TYPICAL_LEAD = 0.1  # stands in where there is no other entry to lead
_MODEST_LEAD = 0.2  # more says that one entry answers, not that the message is foreign to the others
_NEIGHBOURS = 3
_RUNNERS_UP = 5


def _no_background() -> FloatArray:
    return np.zeros((0, 0), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Calibration:
    """What a release learned about its own scores when it was built (see `knowledge.releases.calibration`).

    `background` are unit vectors, shape (n, dimension), of messages that the knowledge base is not about.
    `gate` and `relevance` read `features` of a query: is it on topic, has it an answer."""

    gate: Logistic = DEFAULT_GATE
    relevance: Logistic = DEFAULT_RELEVANCE
    background: FloatArray = field(default_factory=_no_background, compare=False)
    figures: Mapping[str, float] = field(default_factory=dict)
    sharpness: float = DEFAULT_SHARPNESS

    def shares(self, scores: Sequence[float]) -> list[float]:
        """Which of the entries found answers, if any of them does: probabilities from their fused scores
        (a conditional logit, McFadden 1974)."""
        best = max(scores, default=0.0)
        weights = [math.exp(self.sharpness * (score - best)) for score in scores]
        return [weight / sum(weights) for weight in weights]

    def features(self, scores: Sequence[float], vector: FloatArray) -> dict[str, float]:
        """What the judges read, from a query's unit vector and the fused scores of the entries, best first:
        `score` of the best, its `lead` over the mean of the next five, that lead counted up to a
        `bounded_lead`, and how near the query is to the `background`. Unrelated knowledge bases have much the
        same scale in all of them."""
        score = scores[0] if scores else 0.0
        following = scores[1 : 1 + _RUNNERS_UP]
        near = nearest_mean(self.background @ vector) if len(self.background) else _TYPICAL_BACKGROUND
        lead = score - sum(following) / len(following) if following else _TYPICAL_LEAD
        return {"score": score, "background": near, "lead": lead, "bounded_lead": min(lead, _MODEST_LEAD)}


def nearest_mean(cosines: FloatArray) -> float:
    """The mean of the three greatest of at least one cosine."""
    return float(np.sort(cosines)[-_NEIGHBOURS:].mean())


class Snapshot(Protocol):
    """One immutable release, searchable. Safe to read from any thread."""

    @property
    def release_id(self) -> str: ...

    @property
    def entries(self) -> Mapping[str, Entry]: ...

    @property
    def calibration(self) -> Calibration: ...

    def search(self, text: str, vector: FloatArray, limit: int) -> Sequence[Hit]:
        """The best `limit` entries for a query, best first, one hit an entry, none expired.
        `vector` is the query's unit embedding, shape (dimension,). With an empty text, by that alone."""
        ...

    def asked(self, text: str) -> Hit | None:
        """The entry whose own question a text is, but for case, marks and white space; None where it is
        nobody's. Not an expired one."""
        ...

    def nearness(self, entry_id: str, vectors: FloatArray) -> FloatArray:
        """How near unit vectors, shape (n, dimension), are to an entry: each one's best cosine to what is
        searched of it, shape (n,)."""
        ...

    def sentences(self, entry_id: str) -> tuple[Sequence[Passage], FloatArray]:
        """An entry's SENTENCE passages in reading order and their unit vectors, shape (n, dimension)."""
        ...
