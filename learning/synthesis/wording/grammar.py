"""Questions taken apart, and put together again as statements and as parts of other sentences.

There is no parser: the subject of a question ends where the first word stands that may begin a predicate.
Where none is found, the question is left whole."""

from __future__ import annotations

import re
from dataclasses import dataclass

from knowledge.sentences import sentence_spans
from learning.synthesis.wording.verbs import (
    ADVERBS,
    OPENS_PREDICATE,
    PREDICATIVE,
    VERBS,
    gerund,
    is_participle,
    third_person,
)
from pipeline.english.lexicon import BE, DO, HAVE, MODALS

_DO, _BE, _HAVE = (forms | {f"{form}n't" for form in forms} for forms in (DO, BE, HAVE))
_MODAL = MODALS | {f"{form}n't" for form in MODALS} | {"can't", "won't"}
AUXILIARIES = _DO | _BE | _HAVE | _MODAL
_PRONOUNS = frozenset("i you we they he she it there everyone anyone someone".split())
QUESTION_WORDS = frozenset("what who whom whose which where when why how".split())
_PREPOSITIONS = frozenset("of for between in on with about from to".split())
_NEVER_LAST = frozenset("of the a an my your our and & or that who".split())
_JOINING = re.compile(
    r"[,;]? (?:and|but|or) (?=(?:what|who|where|when|why|how|do|does|is|are|can|should|will)\b)"
)


@dataclass(frozen=True, slots=True)
class Clause:
    """A question: `asks` is its question word with what belongs to it ("how long"), empty where yes or no is
    the answer; `predicate` is empty where the parts could not be told apart and `subject` is all the rest.
    `preface` is what is said before it."""

    asks: str
    auxiliary: str
    subject: str
    predicate: str
    preface: str = ""

    @property
    def verb(self) -> str:
        """The verb after `do` or a modal, else empty."""
        first = self.predicate.partition(" ")[0]
        return first if first in VERBS and self.auxiliary in _DO | _MODAL else ""


def parse(question: str) -> Clause | None:
    """The last question of a text that ends in one; None where it does not begin like a question."""
    spans = sentence_spans(question)
    last = question[spans[-1][0] : spans[-1][1]].rstrip("?!. ")
    preface = question[: spans[-1][0]].strip()
    clause = _clause(_JOINING.split(last)[0])
    if clause is None and ", " in last:  # "If I am young, should I ...?"
        before, _, after = last.partition(", ")
        clause, preface = _clause(after), f"{preface} {before},".strip()
    if clause is None:
        return None
    return Clause(clause.asks, clause.auxiliary, clause.subject, clause.predicate, preface)


def _clause(text: str) -> Clause | None:
    words = text.split()
    lower = [word.lower().replace("’", "'") for word in words]
    if not words:
        return None
    if lower[0] not in QUESTION_WORDS:
        return _taken_apart("", words, lower) if lower[0] in AUXILIARIES and len(words) > 2 else None
    at = next((place for place, word in enumerate(lower[:5]) if place and word in AUXILIARIES), None)
    if at is None or (at > 1 and lower[0] not in {"how", "which", "what", "whose"}):
        return None
    asks = " ".join([lower[0], *words[1:at]])
    return _taken_apart(asks, words[at:], lower[at:])


def _taken_apart(asks: str, words: list[str], lower: list[str]) -> Clause:
    auxiliary = lower[0]
    rest, low = words[1:], lower[1:]
    cut = _boundary(auxiliary, low, bool(asks) and auxiliary in _BE)
    return Clause(asks, auxiliary, " ".join(rest[:cut]), " ".join(rest[cut:]))


def _boundary(auxiliary: str, low: list[str], asked: bool) -> int:
    """How many words are the subject; all of them where that cannot be told."""
    if low and low[0] in _PRONOUNS:
        return 1
    begins = _verbal if auxiliary in _DO | _MODAL else _predicative
    for place in range(1, len(low)):
        if asked and low[place] in _PREPOSITIONS:
            return len(low)  # "what is the difference between ...": nothing is said of it
        gerund_before = low[place - 1].endswith("ing") and is_participle(low[place])  # "getting vaccinated"
        if low[place - 1] in _NEVER_LAST or gerund_before:
            continue
        if begins(low, place):
            return place - (low[place - 1] in ADVERBS and place > 1)
    return len(low)


def _verbal(low: list[str], place: int) -> bool:
    return low[place] in VERBS


def _predicative(low: list[str], place: int) -> bool:
    word = low[place].strip(",")
    return word in PREDICATIVE or word in OPENS_PREDICATE or is_participle(word)


def statement(clause: Clause) -> str:
    """What a yes-no question asks about, as a statement without a full stop; empty where the parts could not
    be told apart. Of an `asks`, the clause that follows it: "protection lasts"."""
    if not clause.predicate:
        return ""
    subject, auxiliary, predicate = clause.subject, clause.auxiliary, clause.predicate
    if auxiliary == "do":
        return f"{subject} {predicate}"
    if auxiliary == "does":
        verb, _, rest = predicate.partition(" ")
        if verb in ADVERBS:
            second, _, rest = rest.partition(" ")
            return f"{subject} {verb} {third_person(second)} {rest}".strip()
        return f"{subject} {third_person(verb)} {rest}".strip()
    return f"{subject} {auxiliary} {predicate}"


def embedded(clause: Clause) -> str:
    """A question as part of a sentence: "how long protection lasts", "if the vaccine is safe"; empty where
    the parts could not be told apart."""
    if clause.asks and not clause.predicate:
        return f"{clause.asks} {clause.subject} {clause.auxiliary}" if clause.auxiliary in _BE else ""
    said = statement(clause)
    return f"{clause.asks or 'if'} {said}" if said else ""


def doing(clause: Clause) -> str:
    """The predicate of "should I ..." or "do I ..." as a gerund: "getting the vaccine"; else empty."""
    if not clause.verb or clause.subject.lower() not in {"i", "we", "you", "people"}:
        return ""
    return f"{gerund(clause.verb)} {clause.predicate[len(clause.verb) :].strip()}".strip()
