"""The retriever's training set as plain data: every batch of every epoch, planned before the first step.

A plan depends on its seed alone, so that a run can be repeated, and taken up where it was interrupted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from random import Random

from knowledge.sentences import sentence_spans
from knowledge.types import Entry
from learning.training.config import RetrieverConfig, Views
from learning.training.corpora import Asked, Corpus
from learning.training.retrieval.noise import typed

_PIECE_CHARACTERS = 500  # of an answer: more does not fit the window in which the model is trained


@dataclass(frozen=True, slots=True)
class Example:
    """A message as typed, a text of the entry that answers it, that entry's id, and the ids of all entries
    that must not count as wrong for the message."""

    message: str
    passage: str
    entry_id: str
    accepted: frozenset[str]


@dataclass(frozen=True, slots=True)
class Lessons:
    """A corpus as far as it is trained on. `confused` maps an entry to those that the model takes for it,
    worst first; `same` to those which are too close to be told apart."""

    corpus: Corpus
    asked: tuple[Asked, ...]
    confused: Mapping[str, Sequence[str]]
    same: Mapping[str, frozenset[str]]
    share: float = 1.0


def planned(lessons: Sequence[Lessons], config: RetrieverConfig) -> list[list[Example]]:
    """Batches of `config.batch` examples in the order of training, each from one corpus."""
    rng = Random(config.seed)  # noqa: S311 (repeatable on purpose)
    whole: list[list[Example]] = []
    steps = 0
    for number in range(ceil(config.epochs)):
        epoch = [batch for lesson in lessons for batch in _epoch(lesson, config, rng)]
        rng.shuffle(epoch)
        steps += len(epoch) if number + 1 <= config.epochs else round(len(epoch) * (config.epochs % 1))
        whole += epoch
    return whole[:steps]


def _epoch(lessons: Lessons, config: RetrieverConfig, rng: Random) -> Iterator[list[Example]]:
    siblings: defaultdict[str, list[str]] = defaultdict(list)
    for asked in lessons.asked:
        for entry_id in asked.entry_ids:
            siblings[entry_id].append(asked.message)
    for group in _grouped(lessons, config, rng):
        yield [_example(asked, lessons, siblings, config, rng) for asked in group]


def _grouped(lessons: Lessons, config: RetrieverConfig, rng: Random) -> Iterator[list[Asked]]:
    """Full batches of messages: a random part, and a part about entries that are easily taken for those."""
    asked = [*lessons.asked]
    rng.shuffle(asked)
    asked = asked[: round(len(asked) * lessons.share)]
    waiting: defaultdict[str, list[int]] = defaultdict(list)
    for row, each in enumerate(asked):
        waiting[each.entry_ids[0]].append(row)
    left = dict.fromkeys(range(len(asked)))  # an ordered set
    while len(left) >= config.batch:
        batch = [*left][: round(config.batch * (1 - config.hard))]
        for row in batch:
            del left[row]
        for row in _confusable([asked[row].entry_ids[0] for row in batch], lessons, waiting, left):
            if len(batch) == config.batch:
                break
            batch.append(row)
            del left[row]
        rest = [*left][: config.batch - len(batch)]
        for row in rest:
            del left[row]
        yield [asked[row] for row in batch + rest]


def _confusable(
    entry_ids: Sequence[str], lessons: Lessons, waiting: Mapping[str, list[int]], left: Mapping[int, None]
) -> Iterator[int]:
    """Messages that are left over, about the worst confusion of each entry, then the second worst, ..."""
    ranks = max((len(found) for found in lessons.confused.values()), default=0)
    for rank in range(ranks):
        for entry_id in entry_ids:
            for other in lessons.confused.get(entry_id, ())[rank : rank + 1]:
                row = next((row for row in waiting.get(other, ()) if row in left), None)
                if row is not None:
                    yield row


def _example(
    asked: Asked, lessons: Lessons, siblings: Mapping[str, list[str]], config: RetrieverConfig, rng: Random
) -> Example:
    entry_id = rng.choice(asked.entry_ids)
    entry = lessons.corpus.entries[entry_id]
    related = lessons.corpus.related.get(entry_id, frozenset()) | lessons.same.get(entry_id, frozenset())
    others = [*lessons.corpus.wordings.get(entry_id, ()), *siblings[entry_id]]
    passage = _view(entry, [text for text in others if text != asked.message], asked.message, config, rng)
    return Example(typed(asked.message, config.noise, rng), passage, entry_id, related | {*asked.entry_ids})


def _view(entry: Entry, others: Sequence[str], message: str, config: RetrieverConfig, rng: Random) -> str:
    if message == entry.question and entry.answer:
        return _piece(entry.answer, config.views, rng)  # anything with the question in it would be too easy
    draw = rng.random()
    if entry.answer and draw < config.views.answer:
        return f"{entry.question} {_piece(entry.answer, config.views, rng)}"
    if others and draw >= config.views.answer + config.views.question:
        return rng.choice(others)
    return entry.question


def _piece(answer: str, views: Views, rng: Random) -> str:
    """Whole sentences of one paragraph, as many as fit."""
    paragraph = rng.choice([line for line in answer.splitlines() if line.strip()])
    starts = [start for start, _ in sentence_spans(paragraph)] or [0]
    start = rng.choice(starts) if rng.random() < views.inner else starts[0]
    return paragraph[start : start + _PIECE_CHARACTERS]
