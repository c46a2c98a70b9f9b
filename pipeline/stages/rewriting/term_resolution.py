"""What a message refers to: the words of the conversation that belong in a query that stands alone.

After QuReTeC (Voskarides et al. 2020, "Query Resolution for Conversational Search with Limited Supervision"),
which classifies each word of the history as part of the resolved query or not; here a logistic model over
where the word was said takes the place of BERT. `learning.training.rewriter` fits it on human rewrites.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from knowledge.sentences import split_sentences
from knowledge.types import Logistic
from pipeline.english.language import stem
from pipeline.english.words import TERM
from pipeline.stages.odds import log_odds
from pipeline.stages.rewriting.context_dependence import (
    PERSONAL,
    SURELY_DEPENDS,
    ContextDependence,
    stems,
    subject,
)
from pipeline.types import Message, Role

USER_TURNS, ASSISTANT_TURNS, SENTENCES = 8, 2, 3
"""How much of a conversation is read: its opening, the last user messages, the beginnings of the last
answers."""
MAX_CHARACTERS = 600
MAX_TERMS = 6
NEAR_THE_BEST = 0.6
"""Of a message that surely refers to something, also words this nearly as probable as the likeliest are
taken. More words, or less probable ones, find less on the development side."""
OPENS_A_TOPIC = 0.65
"""A turn less dependent than this names the topic of those after it."""
_PERSONS = frozenset("he him his he's she her hers she's himself herself who".split())
PLACES = (
    *(
        "opening",
        "opening_left",
        "before_topic",
        "topic_turn",
        "after_topic",
        "last_turn",
        "last_turn_share",
        "turn_share",
    ),
    *(f"answer_{age}_sentence_{place}" for age in range(ASSISTANT_TURNS) for place in range(SENTENCES)),
)
_ENDINGS = ("ed", "ly", "ing")
_LONGEST = 14  # letters that count
_SURE = 0.99
_MARKER = re.compile(r"\s*\[\d+\]")


@dataclass(frozen=True, slots=True)
class TermResolver:
    """The rewriter's two models. A word is brought in from probability `likely` on."""

    dependence: ContextDependence
    model: Logistic
    likely: float

    @classmethod
    def of(cls, weights: Mapping[str, Any]) -> TermResolver:
        """From the weights of the rewriter's card. Raises `LookupError`, `TypeError` and `ValueError` where
        they are not those of `learning.training.rewriter`."""
        terms = weights["terms"]
        known = {name: float(weight) for name, weight in terms["weights"].items()}
        if unknown := known.keys() - _features(_Term(""), 0.5, frozenset()).keys():
            raise ValueError(f"unknown features: {', '.join(sorted(unknown))}")
        model = Logistic(known, float(terms["bias"]))
        return cls(ContextDependence.of(weights["dependence"]), model, float(terms["likely"]))

    def referents(self, text: str, history: Sequence[Message], needs: float) -> list[str]:
        """The words of the history that `text` leaves out and most likely means, in the order of the
        conversation; at most `MAX_TERMS`. `needs` is how probably `text` refers to something."""
        scored = [
            (self.model.probability(found), word) for word, _, found in self.candidates(text, history, needs)
        ]
        best = max((probability for probability, _ in scored), default=0.0)
        bar = min(self.likely, NEAR_THE_BEST * best) if needs >= SURELY_DEPENDS else self.likely
        likely = sorted((pair for pair in scored if pair[0] >= bar), reverse=True)[:MAX_TERMS]
        chosen = {word for _, word in likely}
        return [word for _, word in scored if word in chosen]

    def candidates(
        self, text: str, history: Sequence[Message], needs: float
    ) -> Iterator[tuple[str, str, dict[str, float]]]:
        """Every word of the history that `text` lacks: as it was written, its stem, and its features."""
        words = [word.lower() for word in TERM.findall(text)]
        own = {stem_of(word) for word in words}
        for key, term in _collect(history, self.dependence).items():
            if key not in own:
                yield term.word, key, _features(term, needs, frozenset(words))


@dataclass(slots=True)
class _Term:
    word: str
    user_mentions: int = 0
    answer_mentions: int = 0
    places: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    spellings: Counter[bool] = field(default_factory=Counter)

    def seen(self, place: str, value: float = 1.0) -> None:
        self.places[place] = max(self.places[place], value)


def _collect(history: Sequence[Message], dependence: ContextDependence) -> dict[str, _Term]:
    """The words that name something, by stem, in the order of their first use."""
    terms: dict[str, _Term] = {}
    said = [message.text[:MAX_CHARACTERS] for message in history if message.role is Role.USER]
    users = [turn for turn in said if any(_naming(turn))]  # a greeting opens no topic
    answers = [message.text[:MAX_CHARACTERS] for message in history if message.role is Role.ASSISTANT]
    kept = list(enumerate(users))
    kept = kept if len(kept) <= USER_TURNS else [kept[0], *kept[1 - USER_TURNS :]]
    topic = max((place for place, turn in kept if dependence(turn) < OPENS_A_TOPIC), default=0)
    if kept and topic and not stems(kept[0][1]) & stems(users[topic]):
        kept = [pair for pair in kept if pair[0] >= topic]  # the subject changed: what came before is done
    for place, turn in kept:
        _read_turn(terms, turn, place - topic, len(users) - 1 - place, opening=place == 0)
    for age, answer in enumerate(reversed(answers[-ASSISTANT_TURNS:])):
        _read_answer(terms, answer, age)
    return terms


def _read_turn(terms: dict[str, _Term], turn: str, from_topic: int, age: int, *, opening: bool) -> None:
    """Notes a user's words: where they stand to the last turn that made sense alone, and how long ago."""
    found = list(_naming(turn))
    for word, initial in found:
        term = terms.setdefault(stem_of(word), _Term(word))
        term.user_mentions += 1
        term.seen("topic_turn" if from_topic == 0 else "after_topic" if from_topic > 0 else "before_topic")
        term.seen("last_turn_share" if age == 0 else "turn_share", 1 / len(found))
        if age == 0:
            term.seen("last_turn")
        if opening:
            term.seen("opening" if from_topic == 0 else "opening_left")
        if not initial:
            term.spellings[word[0].isupper()] += 1


def _read_answer(terms: dict[str, _Term], answer: str, age: int) -> None:
    for place, sentence in enumerate(split_sentences(_MARKER.sub("", answer))[:SENTENCES]):
        for word, initial in _naming(sentence):
            term = terms.setdefault(stem_of(word), _Term(word))
            term.answer_mentions += 1
            term.seen(f"answer_{age}_sentence_{place}")
            if not initial:
                term.spellings[word[0].isupper()] += 1


def _features(term: _Term, needs: float, words: frozenset[str]) -> dict[str, float]:
    """Of a word of the history, for a message of these `words` that refers to something with probability
    `needs`."""
    name = term.spellings[True] > term.spellings[False]
    lower = term.word.lower()
    return (
        {place: term.places[place] for place in PLACES}
        | {f"ends_in_{ending}": float(lower.endswith(ending)) for ending in _ENDINGS}
        | {
            "user_mentions": math.log1p(term.user_mentions),
            "answer_mentions": math.log1p(term.answer_mentions),
            "both_said": float(bool(term.user_mentions and term.answer_mentions)),
            "name": float(name),
            "no_name_for_a_person": float(bool(_PERSONS & words) and not name),
            "topic_for_a_pronoun": float(bool(PERSONAL & words)) * term.places["topic_turn"],
            "length": min(len(lower), _LONGEST) / _LONGEST,
            "has_digit": float(any(map(str.isdigit, lower))),
            "needed": log_odds(needs, _SURE),
        }
    )


def _naming(text: str) -> Iterator[tuple[str, bool]]:
    """The words that name something, each with whether it opens the text."""
    for place, word in enumerate(TERM.findall(text)):
        if len(word) > 1 and subject(word.lower().replace("’", "'")):
            yield word, place == 0


def stem_of(word: str) -> str:
    """The stem of a word as `candidates` counts it: lower case, no possessive."""
    return stem(word.lower().split("'")[0].split("’")[0])
