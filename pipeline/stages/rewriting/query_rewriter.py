"""The query rewriter: the message and the conversation before it become a query that stands alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from knowledge.types import Snapshot
from pipeline.english.normalising import Rewording, Slang, normalise
from pipeline.english.vocabulary import Vocabulary
from pipeline.english.words import TERM
from pipeline.ports import Knowledge, release_of
from pipeline.stages.rewriting.context_dependence import brief, subject
from pipeline.stages.rewriting.ordinals import pointed_at
from pipeline.stages.rewriting.term_resolution import TermResolver
from pipeline.turn import SearchQuery
from pipeline.types import Message, Question, Role, TurnContext

MAX_ALTERNATES = 3
MAY_REFER_BACK = 0.45
"""A message less dependent than this is not tried with words of the history even where nothing else is
found: it has a subject of its own, and borrowed words would find answers to another question."""


@dataclass(frozen=True, slots=True)
class _Release:
    """What is derived from one release, once."""

    vocabulary: Vocabulary
    rewording: Rewording


class SpecialistQueryRewriter:
    """Rules and two small logistic models; no text is generated, every word of a query was said before.

    A message that stands alone is searched for exactly as it is. One that does not is followed by the words
    of the history that it means. Alternates are worded plainly (no slang or typos), with and without
    words of the history. `everyday` gives ordinary words that are no typos although the knowledge base lacks
    them; where it gives none, no typo is corrected."""

    engine = "specialist"

    def __init__(
        self,
        knowledge: Knowledge,
        terms: TermResolver,
        slang: Slang,
        everyday: Callable[[], Set[str]] = frozenset,
    ) -> None:
        self._knowledge = knowledge
        self._terms = terms
        self._slang = slang
        self._everyday = everyday
        self._known: WeakKeyDictionary[Snapshot, _Release] = WeakKeyDictionary()

    async def __call__(self, question: Question) -> SearchQuery:
        """Raises `RetrievalFailed` where no release is loaded."""
        text = question.text.strip()
        if question.language:
            return _as_it_is(text, question.history)
        release = await self._current(question.context)
        needs, meant = self._meant(text, question.history, release.vocabulary.ubiquitous)
        used = bool(meant) and needs >= self._terms.dependence.alone_below
        query = _with(text, meant) if used else text
        plain = self._plain(text, release)
        if used:
            alone = [plain] if needs < 1 and _says_something(text, release.vocabulary.ubiquitous) else []
            tries = [_with(plain, meant), *alone]
        else:
            tries = [plain, *([_with(plain, meant)] if meant else ())]
        alternates, own = _distinct(query, tries), text if used else ""
        return SearchQuery(query, alternates, used, leaning=needs, own=own, borrowed=tuple(meant))

    def _meant(
        self, text: str, history: Sequence[Message], ubiquitous: Set[str]
    ) -> tuple[float, Sequence[str]]:
        """How probably the message refers to what was said, and the words of it that it means."""
        if not any(message.role is Role.USER for message in history):
            return 0.0, ()
        if item := pointed_at(text, history):
            return 1.0, item
        needs = self._terms.dependence(text, history, ubiquitous)
        return needs, self._terms.referents(text, history, needs) if needs >= MAY_REFER_BACK else ()

    def _plain(self, text: str, release: _Release) -> str:
        return normalise(text, release.rewording, release.vocabulary, self._everyday())

    async def _current(self, context: TurnContext) -> _Release:
        """What the release of this turn knows; read once for each, beside the event loop, and forgotten with
        it."""
        snapshot = release_of(context, self._knowledge)
        release = self._known.get(snapshot)
        if release is None:
            release = self._known[snapshot] = await asyncio.to_thread(self._read, snapshot)
        return release

    def _read(self, snapshot: Snapshot) -> _Release:
        vocabulary = Vocabulary.of(snapshot.entries.values())
        return _Release(vocabulary, self._slang.plain_words(vocabulary))


def _as_it_is(text: str, history: Sequence[Message]) -> SearchQuery:
    """A text in a language of which no words are known here: a brief one is tried behind the message before
    it, too."""
    before = [message.text for message in history if message.role is Role.USER][-1:]
    return SearchQuery(text, (" ".join([*before, text]),) if before and brief(text) else ())


def _says_something(text: str, ubiquitous: Set[str]) -> bool:
    return any(subject(word.lower(), ubiquitous) for word in TERM.findall(text))


def _with(text: str, terms: Iterable[str]) -> str:
    return " ".join((text, *terms))


def _distinct(query: str, alternates: Iterable[str]) -> tuple[str, ...]:
    """At most three, none saying the same words as the query or another."""
    seen = {_key(query)}
    kept = []
    for text in alternates:
        if _key(text) not in seen:
            seen.add(_key(text))
            kept.append(text)
    return tuple(kept[:MAX_ALTERNATES])


def _key(text: str) -> str:
    return " ".join(TERM.findall(text.casefold()))
