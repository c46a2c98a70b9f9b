"""What a message refers to: the words of the conversation that belong in a query that stands alone.

After QuReTeC (Voskarides et al. 2020, "Query Resolution for Conversational Search with Limited Supervision"),
which classifies each word of the history as part of the resolved query or not; here a logistic model over
where the word was said takes the place of BERT. Weights: `bench/rewriting_fit.py`, on the same rewrites as
`dependence`.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from knowledge.types import Logistic
from pipeline.stages.dependence import PERSONAL, STANDS_ALONE_BELOW, TOKEN, dependence, subject
from pipeline.stages.language import split_sentences, stem
from pipeline.types import Message, Role

USER_TURNS, ASSISTANT_TURNS, SENTENCES = 8, 2, 3
"""How much of a conversation is read: its opening, the last user messages, the beginnings of the last
answers."""
MAX_CHARACTERS = 600
MAX_TERMS = 6
LIKELY, NEAR_THE_BEST = 0.28, 0.6
"""Least probability of a word that is brought in; of a message that surely refers to something also the words
nearly as probable as the likeliest. Chosen on the development sets of `bench/rewriting.py`: below 0.25 more
messages that stand alone are changed, and nothing is found that was not found before."""
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
_MARKER = re.compile(r"\s*\[\d+\]")

MODEL = Logistic(
    weights={
        "after_topic": -0.55,
        "answer_0_sentence_0": 1.22,
        "answer_0_sentence_1": 0.49,
        "answer_0_sentence_2": 0.27,
        "answer_1_sentence_0": 0.15,
        "answer_1_sentence_1": -0.22,
        "answer_1_sentence_2": -0.87,
        "answer_mentions": 0.78,
        "before_topic": -1.32,
        "both_said": -0.69,
        "ends_in_ed": -0.50,
        "ends_in_ly": -0.71,
        "last_turn": 0.20,
        "last_turn_share": 1.51,
        "name": 1.11,
        "no_name_for_a_person": -0.89,
        "opening": 1.15,
        "opening_left": 2.02,
        "topic_for_a_pronoun": 0.46,
        "topic_turn": 0.54,
        "turn_share": 0.53,
        "user_mentions": 0.93,
    },
    bias=-3.66,
)


@dataclass(slots=True)
class _Term:
    word: str
    user_mentions: int = 0
    answer_mentions: int = 0
    places: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    spellings: Counter[bool] = field(default_factory=Counter)

    def seen(self, place: str, value: float = 1.0) -> None:
        self.places[place] = max(self.places[place], value)


def referents(text: str, history: Sequence[Message], *, sure: bool = False) -> list[str]:
    """The words of the history that `text` leaves out and most likely means, in the order of the
    conversation; at most `MAX_TERMS`. `sure` that it refers to something: the likeliest words are taken
    even where none is likely by itself."""
    scored = [(MODEL.probability(found), word) for word, _, found in candidates(text, history)]
    best = max((probability for probability, _ in scored), default=0.0)
    bar = min(LIKELY, NEAR_THE_BEST * best) if sure else LIKELY
    likely = sorted((pair for pair in scored if pair[0] >= bar), reverse=True)[:MAX_TERMS]
    chosen = {word for _, word in likely}
    return [word for _, word in scored if word in chosen]


def candidates(text: str, history: Sequence[Message]) -> Iterator[tuple[str, str, dict[str, float]]]:
    """Every word of the history that `text` lacks: as it was written, its stem, and what is known of it."""
    words = [word.lower() for word in TOKEN.findall(text)]
    own = {stem_of(word) for word in words}
    person, pronoun = bool(_PERSONS & set(words)), bool(PERSONAL & set(words))
    for key, term in _collect(history).items():
        if key not in own:
            yield term.word, key, _features(term, person=person, pronoun=pronoun)


def _collect(history: Sequence[Message]) -> dict[str, _Term]:
    """The words that name something, by stem, in the order of their first use."""
    terms: dict[str, _Term] = {}
    said = [message.text[:MAX_CHARACTERS] for message in history if message.role is Role.USER]
    users = [turn for turn in said if any(_naming(turn))]  # a greeting opens no topic
    answers = [message.text[:MAX_CHARACTERS] for message in history if message.role is Role.ASSISTANT]
    kept = list(enumerate(users))
    kept = kept if len(kept) <= USER_TURNS else [kept[0], *kept[1 - USER_TURNS :]]
    topic = max((place for place, turn in kept if dependence(turn) < STANDS_ALONE_BELOW), default=0)
    if kept and topic and not _stems(kept[0][1]) & _stems(users[topic]):
        kept = [
            pair for pair in kept if pair[0] >= topic
        ]  # the subject was changed: what came before is done
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


def _features(term: _Term, *, person: bool, pronoun: bool) -> dict[str, float]:
    name = term.spellings[True] > term.spellings[False]
    lower = term.word.lower()
    return {place: term.places[place] for place in PLACES} | {
        "user_mentions": math.log1p(term.user_mentions),
        "answer_mentions": math.log1p(term.answer_mentions),
        "both_said": float(bool(term.user_mentions and term.answer_mentions)),
        "name": float(name),
        "no_name_for_a_person": float(person and not name),
        "topic_for_a_pronoun": float(pronoun) * term.places["topic_turn"],
        "ends_in_ed": float(lower.endswith("ed")),
        "ends_in_ly": float(lower.endswith("ly")),
    }


def _naming(text: str) -> Iterator[tuple[str, bool]]:
    """The words that name something, each with whether it opens the text."""
    for place, word in enumerate(TOKEN.findall(text)):
        if len(word) > 1 and subject(word.lower().replace("’", "'")):
            yield word, place == 0


def _stems(text: str) -> set[str]:
    return {stem_of(word) for word, _ in _naming(text)}


def stem_of(word: str) -> str:
    """The stem of a word as `candidates` counts it: lower case, no possessive."""
    return stem(word.lower().split("'")[0].split("’")[0])
