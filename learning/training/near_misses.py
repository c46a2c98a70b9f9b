"""What a relevance judge learns from: messages beside passages, the right one among near misses."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

import numpy as np
from numpy.typing import NDArray

from knowledge.sentences import split_sentences
from knowledge.types import Entry, FloatArray
from learning.training.config import Noise, Share
from learning.training.corpora import Asked, Corpus, is_held_back
from learning.training.noise import typed
from learning.training.pair_model import PairGroup

Encode = Callable[[Sequence[str]], FloatArray]
"""Texts to unit rows."""
Said = Mapping[str, Sequence[str]]
"""The messages that each entry answers."""

_TWINS = 0.9  # questions closer than this ask the same thing
_OPENING = 200  # characters of an answer that show what it is about
_PIECE = 450  # characters of an answer: more does not fit the window in which the model is trained


@dataclass(frozen=True, slots=True)
class Shown:
    """How a group is made: `passages` of it are near misses, drawn from the `near` nearest; `without` is how
    often the right passage is left out, `bare` how often a passage is the entry's question alone, and `inner`
    how often a piece of the answer does not start at its beginning."""

    passages: int = 4
    near: int = 8
    without: Share = 0.2
    bare: Share = 0.1
    inner: Share = 0.2


def groups_of(
    corpus: Corpus,
    encode: Encode,
    *,
    share: float,
    seed: int,
    held_back: float,
    shown: Shown,
    noise: Noise,
) -> list[PairGroup]:
    """Groups of a `share` of the corpus's messages, those about held-back entries left out: a message, the
    passage of an entry that answers it (labelled 1), and those of entries which the encoder finds near it
    though they do not (0). A message that nothing answers has near misses alone."""
    rng = Random(f"{seed} {corpus.name}")  # noqa: S311 (repeatable on purpose)

    def held(entry_id: str) -> bool:
        return is_held_back(entry_id, seed, held_back)

    asked = [each for each in corpus.asked if not any(map(held, each.entry_ids))]
    asked += [Asked(text, ()) for text, near in corpus.unanswerable if not (near and held(near))]
    rng.shuffle(asked)
    said: defaultdict[str, list[str]] = defaultdict(list)
    for each in asked:
        for key in each.entry_ids:
            said[key].append(each.message)
    chosen = asked[: round(len(asked) * share)]
    found = zip(chosen, near_misses(corpus, chosen, encode, shown.near), strict=True)
    return [group for each, near in found if (group := _group(each, near, corpus, said, shown, noise, rng))]


def near_misses(corpus: Corpus, asked: Sequence[Asked], encode: Encode, count: int) -> list[list[str]]:
    """For each message the ids of the `count` nearest entries that do not answer it: none of its own, of
    their relatives, or of entries that ask the same."""
    order = [*corpus.entries]
    entries = [corpus.entries[key] for key in order]
    questions = encode([entry.question for entry in entries])
    openings = encode([f"{entry.question} {entry.answer[:_OPENING]}".strip() for entry in entries])
    messages = encode([each.message for each in asked])
    nearest = np.argsort(-np.maximum(messages @ questions.T, messages @ openings.T), axis=1)
    close = questions @ questions.T > _TWINS
    place = {key: row for row, key in enumerate(order)}
    return [
        _without(each, [order[column] for column in row[: count + 24].tolist()], corpus, close, place)[:count]
        for each, row in zip(asked, nearest, strict=True)
    ]


def _without(
    asked: Asked, found: Sequence[str], corpus: Corpus, close: NDArray[np.bool_], place: dict[str, int]
) -> list[str]:
    right = {*asked.entry_ids}.union(*(corpus.related.get(key, ()) for key in asked.entry_ids))
    rows = [place[key] for key in asked.entry_ids if key in place]
    return [key for key in found if key not in right and not any(close[row, place[key]] for row in rows)]


def _group(
    asked: Asked, near: Sequence[str], corpus: Corpus, said: Said, shown: Shown, noise: Noise, rng: Random
) -> PairGroup | None:
    wrong = rng.sample(near, min(shown.passages, len(near)))
    kept = bool(asked.entry_ids) and rng.random() >= shown.without
    keys = [rng.choice(asked.entry_ids), *wrong] if kept else wrong
    if not keys:
        return None
    passages = tuple(_passage(corpus, said, key, asked.message, shown, rng) for key in keys)
    return PairGroup(
        typed(asked.message, noise, rng), passages, tuple(float(kept and i == 0) for i in range(len(keys)))
    )


def _passage(corpus: Corpus, said: Said, key: str, message: str, shown: Shown, rng: Random) -> str:
    entry = corpus.entries[key]
    if not entry.answer:  # an intent: known by what else is said for it
        others = [text for text in said[key] if text != message]
        return rng.choice(others) if others else entry.question
    piece = _piece(entry, shown, rng)
    if message == entry.question:
        return piece  # with the question in it, it would be too easy
    return entry.question if rng.random() < shown.bare else f"{entry.question} {piece}"


def _piece(entry: Entry, shown: Shown, rng: Random) -> str:
    paragraph = rng.choice([line for line in entry.answer.splitlines() if line.strip()])
    starts = [start for start, _ in split_sentences(paragraph)] or [0]
    start = rng.choice(starts) if rng.random() < shown.inner else starts[0]
    return paragraph[start : start + _PIECE]
