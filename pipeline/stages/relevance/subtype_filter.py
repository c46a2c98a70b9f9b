"""Another kind of what a whole knowledge base is about: "flu shot" in one about COVID-19 vaccines."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Set
from dataclasses import dataclass, replace
from itertools import chain
from weakref import WeakKeyDictionary

from knowledge.types import Entry, Snapshot
from pipeline.english.language import stem
from pipeline.english.lexicon import DESCRIBING, FUNCTION_WORDS
from pipeline.english.normalising import Slang
from pipeline.english.words import nearest_spelling
from pipeline.ports import Knowledge, RelevanceCheck, release_of
from pipeline.stages.relevance.domain_term import DomainTerms
from pipeline.turn import Accepted, Evidence, Retrieved, SearchQuery

_WORD = re.compile(r"[^\W_]+(?:['’&-][^\W_]+)*|[,;:.!?()]")
_PART = re.compile(r"[^\W\d_]+")
_ENDINGS = ("al", "ly", "ing", "ed", "est", "able", "ible", "ive", "ous", "ful", "less", "ic", "'s")
_OTHERS = re.compile(
    r"\bother (?:[\w-]+ )?(?P<head>[\w-]+),? (?:like|such as|including|for example|e\.g\.)"
    r"(?P<kinds>[^.;!?]+)",
    re.I,
)
_FOR = ("for", "against")
_SHORTEST = 3
_ONE_KIND = 0.2  # share of the entries
_HARDLY = 0.01  # the same
_TYPO = 4  # letters from which a word may be a typo of another
_LONG = 8  # and from which of two letters
_PART_OF = 5  # letters from which a word may be part of another, or be made longer: "corona", "anticovid"


@dataclass(frozen=True, slots=True)
class Subtypes:
    """How a knowledge base speaks of its main subject. `own` are the words that it puts before the subject,
    and it `is_of_one_kind` where a fifth of the entries put the same one there: "COVID-19 vaccine". `known`
    are the stems of its words; in one of a kind, without names that next to no entry has. `others` are the
    stems of those that it calls another kind itself: "other vaccines, such as the flu shot" (a pattern of
    Hearst 1992)."""

    subject: DomainTerms
    known: frozenset[str]
    own: frozenset[str]
    others: frozenset[str]
    is_of_one_kind: bool
    ordinary: Set[str]

    @classmethod
    def of(cls, entries: Iterable[Entry], slang: Slang, ordinary: Set[str]) -> Subtypes:
        """`ordinary` words, in lower case, are no typos of others."""
        entries = tuple(entries)
        subject = DomainTerms.of(entries, slang)
        texts = [_text(entry) for entry in entries] if subject.stems else []

        def subject_kinds(text: str) -> set[str]:
            return {kind for kind in _kinds(text, subject.stems) if _may_be_a_kind(kind)}

        own = Counter(chain.from_iterable(map(subject_kinds, texts)))
        is_of_one_kind = max(own.values(), default=0) > _ONE_KIND * len(texts)
        hardly = _HARDLY * len(texts) if is_of_one_kind else 0
        counts = Counter(chain.from_iterable(map(_stems, texts)))
        usual = {stem(word) for word in ordinary}
        known = frozenset(word for word, count in counts.items() if count > hardly or word in usual)
        others = {word for text in texts for word in _called_other(text, subject)}
        return cls(subject, known, frozenset(own), frozenset(others), is_of_one_kind, ordinary)

    def another(self, said: str, entry: Entry) -> bool:
        """Whether what was `said` names a kind, wherever it names the subject, that the entry does not name,
        and that this knowledge base does not know or calls another one."""
        named = _kinds(self.subject.reword(said), self.subject.stems) if self.subject.stems else []
        if not named or not all(map(self._is_strange, named)):
            return False
        return _stems(_text(entry)).isdisjoint({*map(stem, named), *map(_name, named)})

    def _is_strange(self, kind: str) -> bool:
        """Ordinary words are strange only to a knowledge base of one kind: "worn card", "dead water"."""
        if stem(kind) in self.others:
            return True
        if not _may_be_a_kind(kind) or (kind in self.ordinary and not self.is_of_one_kind):
            return False
        parts = _PART.findall(kind)
        return not any(stem(part) in self.known or self._is_spelt_otherwise(part) for part in parts)

    def _is_spelt_otherwise(self, word: str) -> bool:
        """Whether a word is another form of one that stands before the subject here, or a typo."""
        if any(_is_part(word, kind) or _is_part(kind, word) for kind in self.own):
            return True
        if word in self.ordinary:
            return False
        most = 1 if len(word) < _LONG else 2
        return len(word) >= _TYPO and bool(nearest_spelling(word, (*self.known, *FUNCTION_WORDS), most))


class SubtypeFilter:
    """Of what `check` accepts, entries that speak of another kind of the subject than the one that was asked
    about are no evidence: what holds for one vaccine may harm who asked about another. Nor is
    their question offered."""

    def __init__(
        self, check: RelevanceCheck, knowledge: Knowledge, slang: Slang, ordinary: Callable[[], Set[str]]
    ) -> None:
        self._check = check
        self._knowledge = knowledge
        self._slang = slang
        self._ordinary = ordinary
        self._kinds: WeakKeyDictionary[Snapshot, Subtypes] = WeakKeyDictionary()
        self.engine = check.engine

    async def __call__(self, query: SearchQuery, retrieved: Retrieved) -> Evidence:
        """Raises what `check` raises, and `RetrievalFailed`."""
        evidence = await self._check(query, retrieved)
        if query.language or not (evidence.accepted or evidence.offered):
            return evidence
        kinds = self._of(release_of(query.context, self._knowledge))

        def meant(items: tuple[Accepted, ...]) -> tuple[Accepted, ...]:
            return tuple(item for item in items if not kinds.another(query.text, item.hit.entry))

        accepted = meant(evidence.accepted) if meant(evidence.accepted[:1]) else ()
        return replace(evidence, accepted=accepted, offered=meant(evidence.offered))

    def _of(self, snapshot: Snapshot) -> Subtypes:
        if snapshot not in self._kinds:
            self._kinds[snapshot] = Subtypes.of(snapshot.entries.values(), self._slang, self._ordinary())
        return self._kinds[snapshot]


def _kinds(text: str, heads: Set[str]) -> list[str]:
    """The word that stands before each naming of the subject, or behind a "for" or "against" after it; ""
    where there is none."""
    words = [word.lower().replace("’", "'") for word in _WORD.findall(text)]
    found = []
    for place, word in enumerate(words):
        before = words[place - 1] if place else ""
        if stem(word) in heads and stem(before) not in heads:
            after = [each for each in words[place + 1 : place + 4] if each not in ("a", "an", "the")]
            for_what = after[1] if len(after) > 1 and after[0] in _FOR else ""
            found.append(for_what if _may_be_a_kind(for_what) and not _may_be_a_kind(before) else before)
    return found


def _is_part(one: str, other: str) -> bool:
    return len(one) >= _PART_OF and one != other and one in other


def _may_be_a_kind(word: str) -> bool:
    """Whether a word can be a noun that says which one: neither how it is, nor how many, nor what is done."""
    return (
        len(word) >= _SHORTEST
        and word[0].isalpha()
        and word not in FUNCTION_WORDS
        and word not in DESCRIBING
        and not word.endswith(_ENDINGS)
    )


def _name(kind: str) -> str:
    """The stem of a kind, of a compound that of its longest part: "COVID-19" is "covid"."""
    return stem(max(_PART.findall(kind), key=len, default=kind))


def _called_other(text: str, subject: DomainTerms) -> Iterator[str]:
    for match in _OTHERS.finditer(subject.reword(text)):
        if stem(match["head"].lower()) in subject.stems:
            yield from (stem(kind) for kind in _kinds(match["kinds"], subject.stems) if _may_be_a_kind(kind))


def _text(entry: Entry) -> str:
    return "\n".join((entry.question, *entry.alternates, *entry.misconceptions, entry.answer))


def _stems(text: str) -> frozenset[str]:
    """The stems of the words and of the parts of compounds."""
    lower = text.lower()
    return frozenset(stem(word) for word in (*_WORD.findall(lower), *_PART.findall(lower)))
