"""The chain of one turn: the order of the stages, what happens when one says no, and what stands in for one
that is out of order."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from knowledge.types import Hit
from pipeline.delivery import Checks, composed
from pipeline.engines import Stages
from pipeline.errors import ModelOutputError, ModelUnavailable, PipelineError
from pipeline.journal import Journal
from pipeline.message_filter import Draft, EchoGuard, to_reply
from pipeline.ports import Knowledge, Say, TraceSink, release_of
from pipeline.several_questions import SEARCHING, Parts, asks_too_much, questions_of, say_parts
from pipeline.speech import Speech
from pipeline.stages.relevance.chosen_question import Choice, ChosenQuestion
from pipeline.stages.relevance.curated import CuratedQuestion
from pipeline.stages.relevance.pointed_step import PointedStep
from pipeline.stages.relevance.standing_answer import (
    DOUBT,
    StandingAnswer,
    doubt_of_nothing,
    last_answer,
    replies_of,
    says,
)
from pipeline.stages.rewriting.coordination import Coordinations
from pipeline.steering import Steering, is_hostile
from pipeline.turn import (
    Evidence,
    Retrieved,
    SearchQuery,
    Topic,
    TopicVerdict,
    Turn,
    to_trace,
)
from pipeline.types import Outcome, Question, Reply, Role, TurnContext
from pipeline.voice import HouseVoice

_OUTCOMES = {
    Topic.DOUBTFUL: Outcome.OFF_TOPIC,
    Topic.OFF_TOPIC: Outcome.OFF_TOPIC,
    Topic.SMALL_TALK: Outcome.SMALL_TALK,
    Topic.FRAGMENT: Outcome.CLARIFY,
    Topic.UNSAFE: Outcome.DECLINED,
    Topic.CRISIS: Outcome.DECLINED,
    Topic.EMERGENCY: Outcome.DECLINED,
}
MOST_READ = 300
"""Characters of an answer by which others about the same are found."""
_LATELY = 2  # replies with the same answer after which it is said that it is the same
_SUGGESTING = (Outcome.NO_ANSWER, Outcome.OFF_TOPIC, Outcome.CLARIFY)


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
        self._curated = CuratedQuestion(knowledge)
        self._standing = StandingAnswer(stages.retrieval)
        self._parts = Parts(self._curated, Coordinations(stages.retrieval), self._judged, self._search)
        self._steering = Steering(voice)
        self._chosen = ChosenQuestion(knowledge, voice.meanings)
        self._pointed = PointedStep(knowledge)
        self._voice = voice
        self._traces = traces
        self._checks = Checks(EchoGuard(prompts), (stages.grounding, *stages.grounding_spares), stages.review)

    @property
    def stages(self) -> Stages:
        """The stages in use, so that an evaluation can ask each of them alone."""
        return self._stages

    async def run(
        self, message_id: str, question: Question, say: Say, context: TurnContext | None = None
    ) -> Reply:
        """Runs the chain, speaking each piece of the reply through `say` as soon as it is checked. The turn
        speaks of the release that its `context` names, or else of the one that is live when it begins.

        Raises `RetrievalFailed` or `ModelUnavailable` where the service cannot do its work: an outage is
        never told as "no answer". The trace is recorded however the turn ends."""
        context = context or TurnContext()
        turn = Turn(message_id, replace(question, context=context))
        try:
            context = replace(context, release=release_of(context, self._knowledge))
            turn.release_id = context.release_id
            return await self._answer(Journal(turn), replace(question, context=context), Speech(say))
        finally:
            await asyncio.shield(self._traces.record(to_trace(turn), context))

    async def _answer(self, journal: Journal, question: Question, speech: Speech) -> Reply:
        recall = self._stages.recall
        heard = replace(question, history=self._voice.without_remembered(question.history))
        question = self._as_meant(heard if recall and recall.shares else replace(heard, memory=()))
        if (certain := self._curated(question)) is not None:
            journal.add(certain, self._curated.engine)
            return await self._say(journal, replace(question, plain=True), certain, speech)
        if (choice := self._chosen(question)) is not None:
            return await self._say_chosen(journal, question, choice, speech)
        if (pointed := self._pointed(question)) is not None:
            journal.add(pointed, self._pointed.engine)
            return await self._say(journal, question, pointed, speech)
        verdict = await self._judged(journal, question)
        if verdict.language:  # phrases of the house are not in it
            question = replace(question, language=verdict.language, plain=True)
        if verdict.topic is Topic.EMERGENCY:
            return await self._in_emergency(journal, replace(question, plain=True), speech)
        if recall and (recalled := await recall(journal, heard, verdict.topic)):
            return await self._say(journal, question, recalled, speech)
        standing = await self._standing(question, verdict)
        if verdict.kind == DOUBT:
            question = replace(question, doubts=True)
            verdict = verdict if standing else doubt_of_nothing(verdict, question)
        if standing and verdict.topic not in SEARCHING:
            return await self._say_again(journal, question, standing, speech)
        if verdict.topic not in SEARCHING:
            return await self._without_search(journal, question, verdict, speech)
        return await self._look_up(journal, question, speech, verdict.topic is Topic.DOUBTFUL, standing)

    async def _say_chosen(
        self, journal: Journal, question: Question, choice: Choice, speech: Speech
    ) -> Reply:
        """The answers of the questions that were chosen; where it is still open which one is meant, these
        questions again, and where all are refused, that there is no answer."""
        for evidence in choice.chosen:
            journal.add(evidence, self._chosen.engine)
        if language := self._voice.language_of_offer(question.history[-1].text):
            question = replace(question, language=language, plain=True)
        if len(choice.chosen) > 1:
            parts = [(question.text, evidence) for evidence in choice.chosen]
            return await self._say_parts(journal, question, parts, speech)
        if choice.chosen:
            return await self._say(journal, question, choice.chosen[0], speech)
        if not choice.refused:
            return await self._offer(journal, question, choice.offered, speech)
        asked = next((said.text for said in reversed(question.history) if said.role is Role.USER), "")
        retrieval = self._stages.retrieval
        query = SearchQuery.of(replace(question, text=asked or question.text))
        near = await journal.step(retrieval.engine, retrieval(query))
        refused = {hit.entry.id for hit in choice.offered}
        others = Retrieved(tuple(hit for hit in near.hits if hit.entry.id not in refused))
        return await self._fixed(journal, question, Outcome.NO_ANSWER, _in(question), others, speech)

    async def _say_again(
        self, journal: Journal, question: Question, standing: Evidence, speech: Speech
    ) -> Reply:
        journal.add(standing, self._standing.engine)
        return await self._say(journal, replace(question, again=True), standing, speech)

    async def _in_emergency(self, journal: Journal, question: Question, speech: Speech) -> Reply:
        """What to do at once, then the entry if one answers. What was said stands, whatever fails after
        it."""
        speech.urgent = True
        voice = self._voice.on(question.context.release)
        await speech.say_house(voice.reply(Outcome.DECLINED, "emergency", variant=question.text))
        try:
            return await self._look_up(journal, question, speech)
        except PipelineError as error:
            journal.note("emergency", error, "the emergency text alone")
            return self._end(journal, Outcome.ANSWERED if speech.numbers else Outcome.DECLINED, speech)

    async def _look_up(
        self,
        journal: Journal,
        question: Question,
        speech: Speech,
        doubtful: bool = False,
        standing: Evidence | None = None,
    ) -> Reply:
        if not standing and (parts := await self._parts(journal, question, doubtful=doubtful)):
            return await self._say_parts(journal, question, parts, speech)
        first, evidence = await self._search(journal, question, doubtful=doubtful)
        if evidence:
            return await self._say(journal, question, evidence, speech)
        if speech.urgent:
            return self._end(journal, Outcome.DECLINED, speech)
        if standing:
            return await self._say_again(journal, question, standing, speech)
        if evidence.offered:
            return await self._offer(journal, question, [item.hit for item in evidence.offered], speech)
        outcome = Outcome.OFF_TOPIC if doubtful else Outcome.NO_ANSWER
        return await self._fixed(journal, question, outcome, _in(question), first, speech)

    def _as_meant(self, question: Question) -> Question:
        """A message that asks for the rest of a shortened answer is the question before it, once more."""
        history = question.history
        if len(history) < 2 or not self._voice.asks_for_whole(question.text, history[-1].text):
            return question
        place = next((i for i in reversed(range(len(history))) if history[i].role is Role.USER), 0)
        return replace(question, text=history[place].text, history=history[:place], whole=True)

    async def _judged(self, journal: Journal, question: Question) -> TopicVerdict:
        gates = (self._stages.gate, *self._stages.gate_spares)
        return await journal.first_of("topic_gate", gates, lambda gate: gate(question))

    async def _search(
        self, journal: Journal, question: Question, *, doubtful: bool = False
    ) -> tuple[Retrieved, Evidence]:
        query = await self._rewrite(journal, question)
        query = replace(query, doubtful=doubtful, language=question.language)
        first, evidence = await self._find(journal, query)
        if not evidence and (other := await self._rephrased(journal, question, query)):
            _, rephrased = await self._find(journal, other)
            evidence = rephrased if rephrased or not evidence.offered else evidence
        return first, evidence

    async def _say_parts(
        self,
        journal: Journal,
        question: Question,
        parts: Sequence[tuple[str, Evidence]],
        speech: Speech,
    ) -> Reply:
        """Each part's entry, once; or that the part has no answer, or which questions may be meant by it."""

        async def answer(text: str, evidence: Evidence) -> None:
            await self._compose(journal, replace(question, text=text, plain=True), evidence, speech)

        offered = await say_parts(parts, speech, self._voice, answer)
        if asks_too_much(question.text) and not speech.urgent:
            await speech.say_house(self._voice.fixed["more_questions"][0])
        if not speech.numbers:
            raise ModelOutputError("no part's answer may be said")
        return self._end(journal, Outcome.ANSWERED, speech, offered)

    async def _say(self, journal: Journal, question: Question, evidence: Evidence, speech: Speech) -> Reply:
        """What answers; where nothing of it may be said, that there is no answer."""
        lately = replies_of(question.history)[-_LATELY:]
        if len(lately) == _LATELY and all(says(reply, evidence.accepted[0].hit.entry) for reply in lately):
            question = replace(question, again=True)
        await self._compose(journal, question, evidence, speech)
        if speech.numbers:
            return self._end(journal, Outcome.ANSWERED, speech)
        if speech.urgent:
            return self._end(journal, Outcome.DECLINED, speech)
        near = Retrieved(tuple(item.hit for item in evidence.accepted))
        return await self._fixed(journal, question, Outcome.NO_ANSWER, _in(question), near, speech)

    def _end(
        self, journal: Journal, outcome: Outcome, speech: Speech, suggestions: tuple[str, ...] = ()
    ) -> Reply:
        journal.turn.outcome = outcome
        return to_reply(Draft(outcome, tuple(speech.pieces), suggestions, speech.urgent))

    async def _without_search(
        self, journal: Journal, question: Question, verdict: TopicVerdict, speech: Speech
    ) -> Reply:
        outcome = _OUTCOMES[verdict.topic]
        speech.urgent = verdict.topic is Topic.CRISIS
        kind = "crisis" if speech.urgent else verdict.kind
        if outcome is Outcome.OFF_TOPIC:
            kind = kind or _in(question)
        near = Retrieved(())
        if outcome in _SUGGESTING:
            retrieval = self._stages.retrieval
            near = await journal.step(retrieval.engine, retrieval(SearchQuery.of(question)))
        if is_hostile(verdict):
            return await self._steer(journal, question, verdict, speech)
        return await self._fixed(journal, question, outcome, kind, near, speech)

    async def _steer(
        self, journal: Journal, question: Question, verdict: TopicVerdict, speech: Speech
    ) -> Reply:
        """Away from what is declined, to what was talked about before or to the topics."""
        retrieval, outcome = self._stages.retrieval, _OUTCOMES[verdict.topic]
        topics = self._voice.topics(question.context.release)
        towards = last_answer(question.history)[:MOST_READ] or " ".join(topics[:1])
        near = Retrieved(())
        if towards:
            query = SearchQuery.of(replace(question, text=towards, language=""))
            near = await journal.step(retrieval.engine, retrieval(query))
        await speech.say_house(self._steering.reply(outcome, verdict.kind, question))
        return self._end(journal, outcome, speech, questions_of(near.hits))

    async def _offer(
        self, journal: Journal, question: Question, offered: Sequence[Hit], speech: Speech
    ) -> Reply:
        """The curated questions of which one may be meant; a click on one is certain."""
        questions = questions_of(offered)
        spoken = replies_of(question.history)
        await speech.say_house(self._voice.offering(questions, question.text, spoken, question.language))
        return self._end(journal, Outcome.CLARIFY, speech, questions)

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
        spoken = replies_of(question.history)
        voice = self._voice.on(question.context.release)
        await speech.say_house(
            voice.reply(outcome, kind, variant=question.text, spoken=spoken, told=question.told)
        )
        suggestions = questions_of(near.hits) if outcome in _SUGGESTING else ()
        return self._end(journal, outcome, speech, suggestions)

    async def _rewrite(self, journal: Journal, question: Question) -> SearchQuery:
        rewriters = (self._stages.rewriter, *self._stages.rewriter_spares)
        try:
            query = await journal.first_of("query_rewriter", rewriters, lambda rewriter: rewriter(question))
        except (ModelUnavailable, ModelOutputError) as error:
            journal.note("query_rewriter", error, "the message as it is")
            return SearchQuery.of(question)
        return replace(query, context=question.context)

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
        if query.text in (tried.text, *tried.alternates):
            return None
        return replace(query, retry=True, context=question.context)

    async def _find(self, journal: Journal, query: SearchQuery) -> tuple[Retrieved, Evidence]:
        """Tries the query, then each alternate once, until something is judged to answer; else what the first
        of them offers. Gives the first search's hits too: they are the nearest questions."""
        tried: list[tuple[Retrieved, Evidence]] = []
        for attempt in query.attempts():
            retrieval = self._stages.retrieval
            retrieved = await journal.step(retrieval.engine, retrieval(attempt))
            tried.append((retrieved, await self._relevant(journal, attempt, retrieved)))
            if tried[-1][1]:
                break
        found = [evidence for _, evidence in tried]
        offers = (evidence for evidence in found if evidence.offered)
        return tried[0][0], found[-1] if found[-1] else next(offers, found[0])

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
        composers = (self._stages.composer, *self._stages.composer_spares)
        await composed(composers, self._checks, journal, speech, question, evidence)


def _in(question: Question) -> str:
    """The kind of a reply that is in the user's language, where that is another one."""
    return f"in.{question.language}" if question.language else ""
