"""The chain of one turn: the order of the stages, what happens when one says no, and what stands in for one
that is out of order."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from pipeline.allowance import turn_allowance
from pipeline.delivery import Checks, Delivery
from pipeline.errors import ModelOutputError, ModelUnavailable, PipelineError
from pipeline.journal import Journal
from pipeline.message_filter import Draft, EchoGuard, to_reply
from pipeline.ports import (
    AnswerComposer,
    GroundingCheck,
    GroundingReview,
    Knowledge,
    QueryRewriter,
    RelevanceCheck,
    Retrieval,
    Say,
    TopicGate,
    TraceSink,
)
from pipeline.speech import Speech
from pipeline.turn import Evidence, Retrieved, SearchQuery, Topic, TopicVerdict, Turn, to_trace
from pipeline.types import Outcome, Question, Reply
from pipeline.voice import HouseVoice

_OUTCOMES = {
    Topic.OFF_TOPIC: Outcome.OFF_TOPIC,
    Topic.SMALL_TALK: Outcome.SMALL_TALK,
    Topic.FRAGMENT: Outcome.CLARIFY,
    Topic.UNSAFE: Outcome.DECLINED,
    Topic.CRISIS: Outcome.DECLINED,
    Topic.EMERGENCY: Outcome.DECLINED,
}
_SUGGESTING = (Outcome.NO_ANSWER, Outcome.OFF_TOPIC, Outcome.CLARIFY)


@dataclass(frozen=True, slots=True)
class Stages:
    """The seven stages of a turn; the seventh, the message filter, has no variants. Spares take over, in
    order, where the engine of their stage fails. `rephraser` words the question anew where nothing was found,
    `review` gives a second opinion on sentences that the grounding check leaves open; a turn does without
    either where it fails. `covers_all`: what a draft leaves out of the accepted entries is said by the next
    composer, since any of them may be the one that answers."""

    gate: TopicGate
    rewriter: QueryRewriter
    retrieval: Retrieval
    relevance: RelevanceCheck
    composer: AnswerComposer
    grounding: GroundingCheck
    gate_spares: tuple[TopicGate, ...] = ()
    rewriter_spares: tuple[QueryRewriter, ...] = ()
    relevance_spares: tuple[RelevanceCheck, ...] = ()
    composer_spares: tuple[AnswerComposer, ...] = ()
    grounding_spares: tuple[GroundingCheck, ...] = ()
    rephraser: QueryRewriter | None = None
    review: GroundingReview | None = None
    covers_all: bool = False


class ChatPipeline:
    """Answers one message at a time; holds no state between turns and may run many turns at once.

    `prompts` are the texts of all prompts in use: a sentence that repeats one is not said."""

    def __init__(
        self,
        stages: Stages,
        knowledge: Knowledge,
        voice: HouseVoice,
        traces: TraceSink,
        prompts: tuple[str, ...] = (),
    ) -> None:
        self._stages = stages
        self._knowledge = knowledge
        self._voice = voice
        self._traces = traces
        self._checks = Checks(EchoGuard(prompts), (stages.grounding, *stages.grounding_spares), stages.review)

    @property
    def stages(self) -> Stages:
        """The stages in use, so that an evaluation can ask each of them alone."""
        return self._stages

    async def run(self, message_id: str, question: Question, say: Say) -> Reply:
        """Runs the chain, speaking each piece of the reply through `say` as soon as it is checked.

        Raises `RetrievalFailed` or `ModelUnavailable` where the service cannot do its work: an outage is
        never told as "no answer". The trace is recorded however the turn ends."""
        turn = Turn(message_id, question)
        journal = Journal(turn)
        try:
            with journal.accounting(), turn_allowance():
                turn.release_id = self._knowledge.current.release_id
                return await self._answer(journal, question, Speech(say))
        finally:
            await asyncio.shield(self._traces.record(to_trace(turn)))

    async def _answer(self, journal: Journal, question: Question, speech: Speech) -> Reply:
        gates = (self._stages.gate, *self._stages.gate_spares)
        verdict = await journal.first_of("topic_gate", gates, lambda gate: gate(question))
        if verdict.topic is not Topic.ON_TOPIC:
            return await self._without_search(journal, question, verdict, speech)
        query = await self._rewrite(journal, question)
        first, evidence = await self._find(journal, query)
        if not evidence and (other := await self._rephrased(journal, question, query)):
            _, evidence = await self._find(journal, other)
        if evidence:
            await self._compose(journal, question, evidence, speech)
        if speech.pieces:
            journal.turn.outcome = Outcome.ANSWERED
            return to_reply(Draft(Outcome.ANSWERED, tuple(speech.pieces)))
        return await self._fixed(journal, question, Outcome.NO_ANSWER, "", first, speech)

    async def _without_search(
        self, journal: Journal, question: Question, verdict: TopicVerdict, speech: Speech
    ) -> Reply:
        outcome = _OUTCOMES[verdict.topic]
        kind = "crisis" if verdict.topic is Topic.CRISIS else verdict.kind
        near = Retrieved(())
        if outcome in _SUGGESTING:
            retrieval = self._stages.retrieval
            near = await journal.step(retrieval.engine, retrieval(SearchQuery(question.text)))
        return await self._fixed(journal, question, outcome, kind, near, speech)

    async def _fixed(
        self,
        journal: Journal,
        question: Question,
        outcome: Outcome,
        kind: str,
        near: Retrieved,
        speech: Speech,
    ) -> Reply:
        """A reply in the owner's fixed words, with the nearest curated questions where that helps."""
        journal.turn.outcome = outcome
        await speech.speak(self._voice.reply(outcome, kind, variant=question.text))
        suggestions = tuple(hit.entry.question for hit in near.hits[:3]) if outcome in _SUGGESTING else ()
        return to_reply(Draft(outcome, tuple(speech.pieces), suggestions))

    async def _rewrite(self, journal: Journal, question: Question) -> SearchQuery:
        rewriters = (self._stages.rewriter, *self._stages.rewriter_spares)
        try:
            return await journal.first_of("query_rewriter", rewriters, lambda rewriter: rewriter(question))
        except (ModelUnavailable, ModelOutputError) as error:
            journal.note("query_rewriter", error, "the message as it is")
            return SearchQuery(question.text)

    async def _rephrased(
        self, journal: Journal, question: Question, tried: SearchQuery
    ) -> SearchQuery | None:
        """Another wording of the question; None where there is none that was not tried."""
        rephraser = self._stages.rephraser
        if rephraser is None:
            return None
        try:
            query = await journal.step(rephraser.engine, rephraser(question))
        except (ModelUnavailable, ModelOutputError) as error:
            journal.note("query_rewriter", error, "the queries tried so far")
            return None
        return None if query.text in (tried.text, *tried.alternates) else replace(query, retry=True)

    async def _find(self, journal: Journal, query: SearchQuery) -> tuple[Retrieved, Evidence]:
        """Tries the query, then each alternate once, until something is judged useful. Gives the first
        search's hits too: they are the nearest questions."""
        retrieval = self._stages.retrieval
        first: Retrieved | None = None
        for attempt in query.attempts():
            retrieved = await journal.step(retrieval.engine, retrieval(attempt))
            first = first or retrieved
            if evidence := await self._relevant(journal, attempt, retrieved):
                return first, evidence
        return first or Retrieved(()), Evidence(query, ())

    async def _relevant(self, journal: Journal, query: SearchQuery, retrieved: Retrieved) -> Evidence:
        checks = (self._stages.relevance, *self._stages.relevance_spares)
        try:
            return await journal.first_of("relevance_check", checks, lambda check: check(query, retrieved))
        except ModelOutputError as error:
            journal.note("relevance_check", error, "taken as No")
            return Evidence(query, ())

    async def _compose(
        self, journal: Journal, question: Question, evidence: Evidence, speech: Speech
    ) -> None:
        """Says what a composer drafts. Where its draft breaks off, is not supported or gives nothing to say,
        the next composer says what is missing: all of it, or what was not said yet."""
        composers = (self._stages.composer, *self._stages.composer_spares)
        completes = False
        for place, composer in enumerate(composers, 1):
            delivery = Delivery(self._checks, journal, speech, evidence, completes=completes)
            await delivery.take(composer, question)
            fault = None if completes else _fault(delivery)
            completes = fault is None
            if completes and (not self._stages.covers_all or speech.cites_all(evidence)):
                return
            if fault and place < len(composers):
                journal.note("answer_composer", fault, f"the {composers[place].engine} engine")
            elif fault and isinstance(delivery.failure, ModelUnavailable):
                raise delivery.failure
            elif fault and delivery.failure:
                journal.note("answer_composer", fault, "what was said so far")


def _fault(delivery: Delivery) -> PipelineError | None:
    """What is wrong with a draft that was taken to the user, if anything."""
    if delivery.failure or not delivery.refused:
        return delivery.failure or (None if delivery.said else ModelOutputError("nothing to say"))
    return ModelOutputError(f"{delivery.refused} of {delivery.drafted} sentences are not supported")
