"""Questions that cannot be understood without the one before: made from two entries that have a subject in
common, so that the full question is known."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from random import Random

from knowledge.sentences import sentence_spans
from knowledge.types import Entry
from learning.synthesis.parts import inner
from learning.synthesis.wording.frames import Talk
from learning.synthesis.wording.grammar import AUXILIARIES, parse, statement
from learning.synthesis.wording.verbs import PREDICATIVE, VERBS, is_participle
from pipeline.english.lexicon import FUNCTION_WORDS
from pipeline.stages.rewriting.context_dependence import stems

_DETERMINERS = ("the", "a", "an", "my", "our", "your", "these", "this")
_PERSONS = frozenset("i you we it there they".split())
_PEOPLE = frozenset(
    """child kid baby infant newborn toddler teen teenager adolescent son daughter boy girl mother father mum
    dad parent wife husband partner sister brother friend man woman person patient doctor nurse teacher
    student neighbour colleague boss employee customer guest visitor""".split()
)
_PHRASE = re.compile(rf"\b(?:{'|'.join(_DETERMINERS)})(?: [\w’'&-]+){{1,3}}", re.IGNORECASE)
_NAME = re.compile(r"(?<=[a-z,] )(?:[A-Z][\w-]*[A-Z0-9][\w-]*|[A-Z][a-z]+)(?: [A-Z][\w-]*)*")
_REASON = re.compile(
    r"\b(?:because|since|so that|due to|that is why|this is why|the reason)\b", re.IGNORECASE
)
_BEFORE_SUBJECT = AUXILIARIES | frozenset("if that whether when because until before after while".split())
_SHARED_WORDS = 3  # of two questions that differ in one phrase
_LONGEST_PHRASE = 5
_SINGULAR_ENDINGS = ("ss", "us", "is")


@dataclass(frozen=True, slots=True)
class FollowUp:
    """`message` asks what `full` asks, after a question about the entry `after`; `about` is the entry that
    answers it."""

    message: str
    full: str
    kind: str
    after: str
    about: str


def follow_ups(before: Entry, then: Entry, talk: Talk, rng: Random) -> Iterator[FollowUp]:
    """The ways in which the question of `then` may be asked after that of `before`."""
    for kind, message in (
        ("pronoun", pronominal(before.question, then.question)),
        ("ellipsis", elliptic(before.question, then.question)),
    ):
        if message:
            if kind == "ellipsis":
                message = rng.choice(talk.follow_up).replace("{x}", message)
            yield FollowUp(message, then.question, kind, before.id, then.id)


def asks_why(entry: Entry, talk: Talk, rng: Random) -> FollowUp | None:
    """ "Why?", after the first sentence of an answer that gives a reason further on."""
    clause = parse(entry.question)
    spans = sentence_spans(entry.answer)
    rest = entry.answer[spans[0][1] :] if spans else ""
    said = statement(clause) if clause and not clause.asks else ""
    if not said or not _REASON.search(rest):
        return None
    return FollowUp(rng.choice(talk.why), f"{entry.question} Why?", "why", entry.id, entry.id)


def pronominal(before: str, then: str) -> str:
    """`then` with a pronoun for what both are about; empty where that is nothing, or all of it, or where the
    pronoun could mean something else."""
    first, second = parse(before), parse(then)
    if first is None or second is None or second.preface:
        return ""
    for phrase in _phrases(then, second.subject):
        named = _bare(first.subject) == _bare(phrase) or (
            first.subject.lower() in _PERSONS and _mentions(before, phrase)
        )
        somebody = phrase.split()[-1].lower() in _PEOPLE  # not "it", and he or she cannot be told
        headless = second.subject.startswith(f"{phrase} ")  # "it from the vaccine", of the immunity
        if named and not somebody and not headless and stems(then) - stems(phrase):
            opens = second.subject == phrase or _opens(phrase, then)
            return re.sub(rf"\b{re.escape(phrase)}(?!\.?\w)", _pronoun(phrase, opens), then, count=1)
    return ""


def elliptic(before: str, then: str) -> str:
    """The one phrase in which `then` differs from `before`; empty where they differ in more, or in a word
    that says nothing alone."""
    old, new = ([word.strip("?.,!") for word in text.split()] for text in (before, then))
    lower = [word.lower() for word in old], [word.lower() for word in new]
    codes = SequenceMatcher(None, *lower, autojunk=False).get_opcodes()
    changes = [each for each in codes if each[0] != "equal"]
    if len(changes) != 1 or changes[0][0] == "delete":
        return ""
    _, _, _, start, end = changes[0]
    words, rest = new[start:end], [*new[:start], *new[end:]]
    if end < len(new) and not _says_little(new[end]):
        words, rest = [*words, new[end]], rest  # what it is a kind of: "the Novavax vaccine"
    enough = len(rest) >= max(_SHARED_WORDS, len(words)) and len(words) <= _LONGEST_PHRASE
    alone = (
        all(map(_says_little, (words[0], words[-1]))) or _says_little(words[-1]) or words[0].lower() in VERBS
    )
    return inner(" ".join(words)) if start and enough and stems(" ".join(rest)) and not alone else ""


def _says_little(word: str) -> bool:
    low = word.lower()
    return low in VERBS or low in PREDICATIVE or low in FUNCTION_WORDS or is_participle(low)


def _phrases(question: str, topic: str) -> Iterator[str]:
    """What a pronoun may stand for: what the question is about, names, and what has an article before it."""
    if stems(topic):
        yield topic
    found = [match.group() for match in _NAME.finditer(question)]
    for match in _PHRASE.finditer(question):
        words = match.group().split()
        ends = (n for n, word in enumerate(words[1:], 1) if word.lower() in FUNCTION_WORDS | VERBS)
        found.append(" ".join(words[: next(ends, len(words))]))
    for phrase in found:
        before, _, after = question.partition(phrase)
        following = after.strip(" ?,.").split(" ")[0]
        determined = before.rstrip().rsplit(" ", 1)[-1].lower() in _DETERMINERS
        apart = not following or (_says_little(following) and following != "of")
        abbreviated = re.match(r"\.\w", after)  # "the U" of "the U.S."
        if stems(phrase) and apart and not determined and not abbreviated:
            yield phrase


def _opens(phrase: str, question: str) -> bool:
    """Whether the phrase is the subject of a clause inside the question."""
    before, _, after = question.partition(phrase)
    following = after.strip(" ?,.").split(" ")[0].lower()
    last = before.rstrip().rsplit(" ", 1)[-1].lower()
    return following in AUXILIARIES or (following in VERBS and last in _BEFORE_SUBJECT)


def _bare(phrase: str) -> str:
    """The phrase without its article and the ending of the plural."""
    words = phrase.lower().split()
    kept = words[1:] if words[:1] and words[0] in _DETERMINERS else words
    return " ".join(kept).removesuffix("s")


def _mentions(question: str, phrase: str) -> bool:
    """Whether the question names it, and not only as part of a longer name."""
    found = re.search(rf"\b{re.escape(_bare(phrase))}s?(?![\w-])(.*)", question, re.IGNORECASE)
    following = found[1].strip(" ?,.").split(" ")[0] if found else ""
    return found is not None and (not following or _says_little(following))


def _pronoun(phrase: str, opens: bool) -> str:
    last = phrase.split()[-1].lower()
    plural = (last.endswith("s") and not last.endswith(_SINGULAR_ENDINGS)) or " and " in phrase
    plural = plural or last in {"people", "children", "men", "women"}
    return ("they" if opens else "them") if plural else "it"
