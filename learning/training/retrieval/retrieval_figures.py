"""How well an encoder finds entries, and which ones it confuses."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from knowledge.index.passages import passages_of
from knowledge.types import FloatArray, View
from learning.evaluation.statistics.statistics import auroc
from learning.training.corpora import Asked, Corpus, is_held_back

Encode = Callable[[Sequence[str]], FloatArray]
"""Texts to unit rows."""

_SEARCHED = {View.QUESTION, View.CHUNK}
_TWINS = 0.9  # questions closer than this ask the same thing
_NEIGHBOURS = 8


@dataclass(frozen=True, slots=True)
class Trial:
    """Messages to find entries for in a whole knowledge base, and on-topic ones that it does not answer."""

    corpus: Corpus
    asked: tuple[Asked, ...]
    unanswerable: tuple[str, ...]
    probes: tuple[Asked, ...]


def held_back_trial(corpus: Corpus, seed: int, share: float) -> Trial:
    """Messages about entries that are not trained on. Of those without an answer, all are measured with."""

    def held(entry_id: str) -> bool:
        return is_held_back(entry_id, seed, share)

    asked = tuple(each for each in corpus.asked if any(map(held, each.entry_ids)))
    return Trial(corpus, asked, tuple(text for text, _ in corpus.unanswerable), corpus.probes)


def measured_on(trials: Sequence[Trial]) -> list[object]:
    """The messages of the trials, as JSON values."""
    return [
        [trial.corpus.name, [[each.message, *each.entry_ids] for each in trial.asked], *trial.unanswerable]
        for trial in trials
    ]


def figures(trials: Sequence[Trial], encode: Encode) -> dict[str, float]:
    """Per knowledge base `NAME.right_first` and `NAME.in_first_five` (shares), `NAME.auroc` of the best score
    between answerable and unanswerable messages, `NAME.real_right_first` on real messages; and the means over
    the knowledge bases, those of `practice/` taken together as one."""
    found: dict[str, float] = {}
    groups: defaultdict[str, defaultdict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for trial in trials:
        for name, value in _measured(trial, encode).items():
            groups[trial.corpus.name.partition("/")[0]][name].append(value)
    for group, values in groups.items():
        found |= {f"{group}.{name}": round(float(np.mean(each)), 4) for name, each in values.items()}
    for name in ("right_first", "in_first_five", "auroc"):
        over = [value for key, value in found.items() if key.partition(".")[2] == name]
        found |= {name: round(float(np.mean(over)), 4)} if over else {}
    return found


def _measured(trial: Trial, encode: Encode) -> dict[str, float]:
    order = [*trial.corpus.entries]
    search = _searcher(trial.corpus, order, encode)
    scores = search([each.message for each in trial.asked])
    ranks = _ranks(scores, trial.asked, order)
    result = {"right_first": float(np.mean(ranks == 0)), "in_first_five": float(np.mean(ranks < 5))}
    if trial.unanswerable:
        best = [*scores.max(axis=1), *search(trial.unanswerable).max(axis=1)]
        result["auroc"] = float(auroc(best, np.arange(len(best)) < len(scores)))
    if trial.probes:
        messages = [each.message for each in trial.probes]
        result["real_right_first"] = float(np.mean(_ranks(search(messages), trial.probes, order) == 0))
    return result


def ranks(trial: Trial, encode: Encode) -> NDArray[np.int64]:
    """For each message of the trial, how many entries come before the first that answers it."""
    order = [*trial.corpus.entries]
    search = _searcher(trial.corpus, order, encode)
    return _ranks(search([each.message for each in trial.asked]), trial.asked, order)


def _searcher(corpus: Corpus, order: Sequence[str], encode: Encode) -> Callable[[Sequence[str]], FloatArray]:
    """Messages to the best cosine of each entry's question and answer chunks, shape (messages, entries)."""
    passages = [p for key in order for p in passages_of(corpus.entries[key]) if p.view in _SEARCHED]
    vectors = encode([passage.search_text for passage in passages])
    place = {key: number for number, key in enumerate(order)}
    starts = np.searchsorted([place[passage.entry_id] for passage in passages], range(len(order)))

    def search(messages: Sequence[str]) -> FloatArray:
        return np.maximum.reduceat(encode(messages) @ vectors.T, starts, axis=1)

    return search


def _ranks(scores: FloatArray, asked: Sequence[Asked], order: Sequence[str]) -> NDArray[np.int64]:
    """For each message, how many entries come before the first that answers it."""
    place = {key: number for number, key in enumerate(order)}
    best = [max(row[place[key]] for key in each.entry_ids) for row, each in zip(scores, asked, strict=True)]
    ranks: NDArray[np.int64] = (scores > np.array(best)[:, None]).sum(axis=1)
    return ranks


def confusions(
    corpus: Corpus, asked: Sequence[Asked], encode: Encode
) -> tuple[dict[str, list[str]], dict[str, frozenset[str]]]:
    """Hard negatives as the encoder sees them: for each entry those most often ranked near its messages
    though they answer none, most often first; and for each entry its twins, which are no negatives at all."""
    order = [*corpus.entries]
    entries = [corpus.entries[key] for key in order]
    questions = encode([entry.question for entry in entries])
    twins = _twins(questions @ questions.T, order)
    answers = encode([f"{entry.question} {entry.answer[:200]}" for entry in entries])
    messages = encode([each.message for each in asked])
    scores = np.maximum(messages @ questions.T, messages @ answers.T)
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for row, each in zip(np.argsort(-scores, axis=1)[:, :_NEIGHBOURS].tolist(), asked, strict=True):
        right = {*each.entry_ids}.union(*(_close(key, corpus, twins) for key in each.entry_ids))
        for key in each.entry_ids:
            counts[key].update(order[place] for place in row if order[place] not in right)
    return {
        key: [other for other, _ in count.most_common(_NEIGHBOURS)] for key, count in counts.items()
    }, twins


def _twins(cosines: FloatArray, order: Sequence[str]) -> dict[str, frozenset[str]]:
    return {
        key: frozenset(order[place] for place in np.flatnonzero(row > _TWINS).tolist() if order[place] != key)
        for key, row in zip(order, cosines, strict=True)
    }


def _close(key: str, corpus: Corpus, twins: Mapping[str, frozenset[str]]) -> frozenset[str]:
    return corpus.related.get(key, frozenset()) | twins[key]
