"""Looks up what a question means for who asks it, by what was remembered of them."""

from __future__ import annotations

from dataclasses import replace

from knowledge.types import Entry
from pipeline.english.language import stem
from pipeline.english.lexicon import FAVOURABLE, UNFAVOURABLE
from pipeline.english.parts import parts_of
from pipeline.errors import ModelOutputError, ModelUnavailable
from pipeline.journal import Journal
from pipeline.memory.concerns import speaks_of_ages, telling
from pipeline.memory.items import Item, Kind
from pipeline.memory.leaning import leans_on
from pipeline.ports import Encoder, QueryRewriter, RelevanceCheck, Retrieval, TopicGate, encoded
from pipeline.stages.gate.topic_gate import says_nothing
from pipeline.turn import Evidence, Retrieved, SearchQuery, Topic
from pipeline.types import Question, TurnContext

MOST = 4
"""Items that are tried for one question."""
MOST_SHARED = 0.5
_PREDICATES = frozenset(map(stem, FAVOURABLE | UNFAVOURABLE | {"allowed", "case", "situation", "worry"}))
SAME = 0.6  # cosine from which an entry's question is about what was remembered, though in other words
_SEARCHING = (Topic.ON_TOPIC, Topic.DOUBTFUL)
_RECALLING = (*_SEARCHING, Topic.FRAGMENT, Topic.OFF_TOPIC)


class Recall:
    """The evidence for a question that leans on what is remembered: searched for with the words of an item,
    and taken only where the entry that is found speaks of that item. These engines see what is remembered."""

    def __init__(
        self,
        encoder: Encoder,
        gate: TopicGate,
        rewriter: QueryRewriter,
        retrieval: Retrieval,
        relevance: RelevanceCheck,
        *,
        shares: bool = False,
    ) -> None:
        """`shares`: the other engines of the chain may know what is remembered, too."""
        self.shares = shares
        self._encoder = encoder
        self._gate = gate
        self._rewriter = rewriter
        self._retrieval = retrieval
        self._relevance = relevance

    async def __call__(self, journal: Journal, question: Question, topic: Topic) -> Evidence | None:
        """None where nothing remembered leads to an entry of its own, where a message asks several things, or
        its `topic` is no question. Raises `RetrievalFailed`."""
        nothing = says_nothing(question.text)  # "what should I do?" is no small talk of who told of something
        fits = topic in _RECALLING or (topic is Topic.SMALL_TALK and nothing)
        if not question.memory or not fits or parts_of(question.text, says_nothing):
            return None
        try:
            return await self._found(journal, question)
        except (ModelUnavailable, ModelOutputError) as error:
            journal.note("recall", error, "the question as it is")
            return None

    async def _found(self, journal: Journal, question: Question) -> Evidence | None:
        items = leans_on(question)[:MOST]
        if not items:
            return None
        asked = await journal.step(self._rewriter.engine, self._rewriter(question))
        tried = [await self._with(journal, question, asked, item) for item in items]
        found = [evidence for evidence in tried if evidence is not None]
        return max(found, key=lambda evidence: evidence.support, default=None)

    async def _with(
        self, journal: Journal, question: Question, asked: SearchQuery, item: Item
    ) -> Evidence | None:
        words = item.words
        told = replace(question, text=f"{question.text} {words}")
        verdict = await journal.step(self._gate.engine, self._gate(told))
        if verdict.topic not in _SEARCHING:
            return None
        query = SearchQuery(
            f"{asked.text} {words}",
            doubtful=verdict.topic is Topic.DOUBTFUL,
            leaning=asked.leaning,
            remembered=item,
            context=question.context,
        )
        retrieved: Retrieved = await journal.step(self._retrieval.engine, self._retrieval(query))
        for hits in (
            retrieved.hits,
            [hit for hit in retrieved.hits if await self._speaks_of(hit.entry, item, question.context)],
        ):
            evidence = await journal.step(
                self._relevance.engine, self._relevance(query, Retrieved(tuple(hits)))
            )
            for each in evidence.accepted or evidence.offered:
                if await self._is_about(each.hit.entry, question, item):
                    return replace(evidence, accepted=(each,), offered=())
        return None

    async def _is_about(self, entry: Entry, question: Question, item: Item) -> bool:
        if not _asks_of(question.text, item.about, entry):
            return False
        return await self._speaks_of(entry, item, question.context)

    async def _speaks_of(self, entry: Entry, item: Item, context: TurnContext) -> bool:
        """Whether an entry is for who this holds of."""
        if item.kind is Kind.AGE:
            return speaks_of_ages(entry)
        asked = (entry.question, *entry.alternates)
        if telling(item.value) & telling("\n".join(asked)):
            return True
        vectors = await encoded(context, self._encoder, [item.value, *asked])
        return float((vectors[1:] @ vectors[0]).max()) >= SAME


def _asks_of(asked: str, about: str, entry: Entry) -> bool:
    """Whether most of what a question names, but for whom it is `about`, is spoken of by the entry: who is
    pregnant and asks about alcohol wants to know about that."""
    named = telling(asked) - telling(about) - _PREDICATES
    text = "\n".join((entry.question, *entry.alternates, entry.answer))
    return len(named & telling(text)) > MOST_SHARED * len(named) or not named
