"""What frames are filled with: an entry's question in parts, its misconceptions, sentences of its answer."""

from __future__ import annotations

import re

from knowledge.sentences import sentence_spans
from knowledge.types import Entry
from learning.synthesis.wording.grammar import (
    AUXILIARIES,
    QUESTION_WORDS,
    Clause,
    doing,
    embedded,
    parse,
    statement,
)
from learning.synthesis.wording.verbs import HARMS, VERBS
from pipeline.english.lexicon import DANGLING
from pipeline.english.words import TERM
from pipeline.stages.rewriting.context_dependence import stems, subject

PARTS = ("q", "Q", "y", "s", "f", "h", "w", "np", "do", "v", "may", "plan", "k", "m", "i", "a", "rel")
_SENTENCE_WORDS = range(5, 22)  # of an answer: a shorter one says little, a longer one nobody repeats
_LEANS = frozenset(
    "if when because especially while although unless since for and click please yes no".split()
)
_ODD = re.compile(r"[?\"“”:;()]|\b(?:I|[Ww]e|[Uu]s|[Oo]ur|[Mm]y|[Mm]e)\b")  # or of the service
_KEYWORDS = range(2, 8)  # fewer do not tell what is meant; nobody types more, and half of them ask less
_TELLING = frozenset(
    """not no never without cannot less more fewer worse better after before under over above below other
    another same long old""".split()
)
_WHERE = frozenset("when where why who".split())  # only where they begin the question: "when I am ill"
_PERSONS = frozenset({"i", "we", "you"})
_ADVICE = re.compile(r"^it is (?:better|possible|necessary|ok) (?:for \w+ )?to\b", re.IGNORECASE)
_OF_ONESELF = re.compile(r"(?:I|We)\b")
_ABLE = frozenset({"can", "could", "may"})
_NO_CLAIM = frozenset({"should", "would", "may", "might", "could"})


def parts(question: str) -> dict[str, str]:
    """What frames are filled with, of one question; a part that cannot be made is left out."""
    clause = parse(question)
    found = {"k": keywords(question)}
    if clause is None:
        first = question.strip().partition(" ")[0].lower()
        asks = question.rstrip().endswith("?") or first in QUESTION_WORDS | AUXILIARIES
        return found | ({"q": inner(question), "Q": question.rstrip("?")} if asks else _stated(question))
    plain = Clause(clause.asks, clause.auxiliary, clause.subject, clause.predicate)
    words = (plain.asks, plain.auxiliary, plain.subject, plain.predicate)
    asked = inner(" ".join(filter(None, words)))
    found |= {"q": asked, "Q": tidy(asked), "w": embedded(plain), "preface": clause.preface}
    if not plain.asks:
        found |= {"y": asked} | _said(plain)
    if plain.asks == "what" and not plain.predicate:
        found["np"] = plain.subject
    found |= _done(plain)
    return {name: text for name, text in found.items() if text}


def _stated(text: str) -> dict[str, str]:
    """Of a statement in place of a question: what people say of themselves, nobody hides or denies."""
    return {"i": inner(text)} if _OF_ONESELF.match(text) else claimed(text)


def claimed(claim: str) -> dict[str, str]:
    """What frames are filled with, of a claim; nothing of one that is put as a question."""
    if parse(claim):
        return {}
    said = inner(claim)
    return {"m": said} | ({"h": said} if _harmful(said) else {})


def _said(clause: Clause) -> dict[str, str]:
    """A yes-no question as a statement; as a claim only where it is one about the world."""
    said = statement(clause)
    asks_advice = clause.subject.lower() in _PERSONS or _ADVICE.search(said)
    found = {"s": said, "f": "" if asks_advice or clause.auxiliary in _NO_CLAIM else said}
    return found | ({"h": found["f"]} if _harmful(said) else {})


def _done(clause: Clause) -> dict[str, str]:
    """What somebody does or thinks of doing, of a question about oneself. "Do I need it?" asks for no way to
    need it, so only "how" gives ways."""
    if not clause.verb or clause.subject.lower() not in _PERSONS:
        return {}
    if clause.asks == "how":
        return {"do": clause.predicate, "v": doing(clause)}
    if not clause.asks and clause.auxiliary in _ABLE:
        return {"may": clause.predicate}
    if not clause.asks and clause.auxiliary == "should":
        return {"plan": doing(clause)}
    return {}


def telling_sentences(entry: Entry) -> list[str]:
    """The sentences of the answer that say something of their own, about two words of the question: one may
    be what all entries are about."""
    about = stems(entry.question)
    shared = max(1, min(len(about), 2))
    spans = sentence_spans(entry.answer)
    found = []
    for start, end in spans:
        sentence = entry.answer[start:end].rstrip(" .!")
        words = sentence.split()
        dangles = not words or words[0].lower().strip(",") in DANGLING | VERBS | _LEANS
        if (
            len(words) in _SENTENCE_WORDS
            and not dangles
            and not _ODD.search(sentence)
            and len(about & stems(sentence)) >= shared
        ):
            found.append(sentence)
    return found


def keywords(question: str) -> str:
    """The words that carry meaning, in their order, with what is asked of them: "how long", "not", "more".
    Empty where there are too few to tell what is meant, or so many that some would have to go, or where a
    verb that is denied would go: "I don't think so"."""
    words = TERM.findall(question)
    low = [word.lower().replace("’", "'") for word in words]
    named = {place for place, word in enumerate(low) if subject(word)}
    telling = {place for place, word in enumerate(low) if word in _TELLING or word.endswith("n't")}
    measured = {
        place + step
        for place, word in enumerate(low[:-1])
        if word == "how" and low[place + 1] not in AUXILIARIES | {"to"}
        for step in (0, 1)  # "how long", "how many"
    }
    denied = {place + 1 for place, word in enumerate(low[:-1]) if word == "not" or word.endswith("n't")}
    if any(low[place] in VERBS for place in denied - named):
        return ""
    opening = {0} if low and low[0] in _WHERE else set()
    kept = sorted(named | telling | measured | opening)
    enough = named and (measured or len(named) >= _KEYWORDS.start)
    return " ".join(words[place] for place in kept) if enough and len(kept) in _KEYWORDS else ""


def inner(text: str) -> str:
    """A sentence as it stands inside another: without its full stop, and with a small first letter unless the
    first word is a name or I."""
    bare = text.strip().rstrip(".?!")
    first = bare.partition(" ")[0]
    ordinary = (first[1:].islower() and not first.startswith(("I'", "I’"))) or first in {"A"}
    return bare[:1].lower() + bare[1:] if ordinary else bare


def tidy(text: str) -> str:
    """One space between words, and a capital first."""
    text = re.sub(r"\s+", " ", text).strip()
    return text[:1].upper() + text[1:]


def _harmful(text: str) -> bool:
    return not HARMS.isdisjoint(word.lower() for word in TERM.findall(text))
