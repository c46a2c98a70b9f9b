"""The chain of one turn: the order of the stages, what happens when one says no, and who may speak."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeVar

from pipeline.errors import ModelOutputError, ModelUnavailable
from pipeline.message_filter import Draft, EchoGuard, Piece, StreamFilter, to_reply
from pipeline.ports import (
    AnswerComposer,
    GroundingCheck,
    Knowledge,
    QueryRewriter,
    RelevanceCheck,
    Retrieval,
    Say,
    TopicGate,
    TraceSink,
)
from pipeline.turn import (
    Accepted,
    Checked,
    Degraded,
    Evidence,
    Retrieved,
    SearchQuery,
    Sentence,
    SentenceKind,
    Step,
    StepResult,
    Topic,
    TopicVerdict,
    Turn,
    Verdict,
    to_trace,
)
from pipeline.types import Outcome, Question, Reply
from pipeline.voice import HouseVoice

_OUTCOMES = {
    Topic.OFF_TOPIC: Outcome.OFF_TOPIC,
    Topic.SMALL_TALK: Outcome.SMALL_TALK,
    Topic.FRAGMENT: Outcome.CLARIFY,
    Topic.UNSAFE: Outcome.DECLINED,
    Topic.CRISIS: Outcome.DECLINED,
}


class _Engine(Protocol):
    @property
    def engine(self) -> str: ...


_Result = TypeVar("_Result", bound=StepResult)
_Spare = TypeVar("_Spare", bound=_Engine)
_SUGGESTING = (Outcome.NO_ANSWER, Outcome.OFF_TOPIC, Outcome.CLARIFY)


@dataclass(frozen=True, slots=True)
class Stages:
    """The seven stages of a turn; the seventh, the message filter, has no variants. A spare takes over where
    the model of its stage does not answer."""

    gate: TopicGate
    rewriter: QueryRewriter
    retrieval: Retrieval
    relevance: RelevanceCheck
    composer: AnswerComposer
    grounding: GroundingCheck
    relevance_spare: RelevanceCheck | None = None
    grounding_spare: GroundingCheck | None = None


@dataclass(slots=True)
class _Speech:
    """What has been said so far. Citations are numbered in the order of their first use."""

    say: Say
    filter: StreamFilter = field(default_factory=StreamFilter)
    pieces: list[Piece] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)

    def filtered(self, sentence: Sentence) -> Sentence:
        """The sentence as it may be shown; what is checked is this text, so that it is what is said."""
        return replace(sentence, text=(self.filter.feed(sentence.text) + self.filter.flush()).strip())

    async def speak(self, text: str, cited: tuple[Accepted, ...] = ()) -> None:
        numbered = tuple(
            (self.numbers.setdefault(item.hit.entry.id, len(self.numbers) + 1), item) for item in cited
        )
        start = 1 if self.pieces else 0
        markers = "".join(f" [{number}]" for number, _ in numbered)
        piece = Piece(" " * start + text + markers, start, start + len(text), numbered)
        self.pieces.append(piece)
        await self.say(piece.text)


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
        self._echo = EchoGuard(prompts)

    @property
    def stages(self) -> Stages:
        """The stages in use, so that an evaluation can ask each of them alone."""
        return self._stages

    async def run(self, message_id: str, question: Question, say: Say) -> Reply:
        """Runs the chain, speaking each piece of the reply through `say` as soon as it is checked.

        Raises `RetrievalFailed` or `ModelUnavailable` where the service cannot do its work: an outage is
        never told as "no answer". The trace is recorded however the turn ends."""
        turn = Turn(message_id, question)
        try:
            turn.release_id = self._knowledge.current.release_id
            return await self._answer(turn, question, _Speech(say))
        finally:
            await asyncio.shield(self._traces.record(to_trace(turn)))

    async def _answer(self, turn: Turn, question: Question, speech: _Speech) -> Reply:
        gate = self._stages.gate
        verdict = await _step(turn, gate.engine, gate(question))
        if verdict.topic is not Topic.ON_TOPIC:
            return await self._without_search(turn, question, verdict, speech)
        query = await self._rewrite(turn, question)
        first, evidence = await self._find(turn, query)
        if evidence:
            await self._compose(turn, question, evidence, speech)
        if speech.pieces:
            turn.outcome = Outcome.ANSWERED
            return to_reply(Draft(turn.outcome, tuple(speech.pieces)))
        return await self._fixed(turn, question, Outcome.NO_ANSWER, "", first, speech)

    async def _without_search(
        self, turn: Turn, question: Question, verdict: TopicVerdict, speech: _Speech
    ) -> Reply:
        outcome = _OUTCOMES[verdict.topic]
        kind = "crisis" if verdict.topic is Topic.CRISIS else verdict.kind
        near = Retrieved(())
        if outcome in _SUGGESTING:
            retrieval = self._stages.retrieval
            near = await _step(turn, retrieval.engine, retrieval(SearchQuery(question.text)))
        return await self._fixed(turn, question, outcome, kind, near, speech)

    async def _fixed(
        self, turn: Turn, question: Question, outcome: Outcome, kind: str, near: Retrieved, speech: _Speech
    ) -> Reply:
        """A reply in the owner's fixed words, with the nearest curated questions where that helps."""
        turn.outcome = outcome
        await speech.speak(self._voice.reply(outcome, kind, variant=question.text))
        suggestions = tuple(hit.entry.question for hit in near.hits[:3]) if outcome in _SUGGESTING else ()
        return to_reply(Draft(outcome, tuple(speech.pieces), suggestions))

    async def _rewrite(self, turn: Turn, question: Question) -> SearchQuery:
        rewriter = self._stages.rewriter
        try:
            return await _step(turn, rewriter.engine, rewriter(question))
        except (ModelUnavailable, ModelOutputError) as error:
            _note(turn, "query_rewriter", error, "the message as it is")
            return SearchQuery(question.text)

    async def _find(self, turn: Turn, query: SearchQuery) -> tuple[Retrieved, Evidence]:
        """Tries the query, then each alternate once, until something is judged useful. Gives the first
        search's hits too: they are the nearest questions."""
        retrieval = self._stages.retrieval
        first: Retrieved | None = None
        for attempt in query.attempts():
            retrieved = await _step(turn, retrieval.engine, retrieval(attempt))
            first = first or retrieved
            try:
                evidence = await self._relevant(turn, attempt, retrieved)
            except ModelOutputError as error:
                _note(turn, "relevance_check", error, "taken as No")
                continue
            if evidence:
                return first, evidence
        return first or Retrieved(()), Evidence(query, ())

    async def _relevant(self, turn: Turn, query: SearchQuery, retrieved: Retrieved) -> Evidence:
        relevance = self._stages.relevance
        try:
            return await _step(turn, relevance.engine, relevance(query, retrieved))
        except ModelUnavailable as error:
            spare = _instead(turn, "relevance_check", error, self._stages.relevance_spare)
            return await _step(turn, spare.engine, spare(query, retrieved))

    async def _compose(self, turn: Turn, question: Question, evidence: Evidence, speech: _Speech) -> None:
        """Says each sentence that its evidence supports. House phrases wait for the first supported claim:
        without one they are not said at all."""
        composer, waiting, claimed = self._stages.composer, list[Sentence](), False
        try:
            async for draft in composer(question, evidence):
                sentence = speech.filtered(draft)
                if not await self._may_be_said(turn, sentence, evidence):
                    continue
                waiting.append(sentence)
                claimed = claimed or sentence.kind is SentenceKind.CLAIM
                if claimed:
                    for ready in waiting:
                        await speech.speak(ready.text, tuple(evidence.accepted[n - 1] for n in ready.cites))
                    waiting.clear()
        except ModelOutputError as error:
            _note(turn, "answer_composer", error, "what was said so far")

    async def _may_be_said(self, turn: Turn, sentence: Sentence, evidence: Evidence) -> bool:
        in_range = all(1 <= number <= len(evidence.accepted) for number in sentence.cites)
        if not sentence.text:
            reason = "the message filter left nothing of it"
        elif not in_range or bool(sentence.cites) is not (sentence.kind is SentenceKind.CLAIM):
            reason = "its citations do not fit its kind or the evidence"
        elif self._echo.repeats_a_prompt(sentence.text):
            reason = "it repeats a prompt"
        else:
            return (await self._grounded(turn, sentence, evidence)).supported
        _record(turn, Checked(sentence, Verdict(False, 0.0, reason)), "pipeline", time.perf_counter())
        return False

    async def _grounded(self, turn: Turn, sentence: Sentence, evidence: Evidence) -> Verdict:
        grounding = self._stages.grounding
        started = time.perf_counter()
        try:
            try:
                verdict = await grounding(sentence, evidence)
            except ModelUnavailable as error:
                grounding = _instead(turn, "grounding_check", error, self._stages.grounding_spare)
                verdict = await grounding(sentence, evidence)
        except ModelOutputError as error:
            _note(turn, "grounding_check", error, "taken as not supported")
            return Verdict(False, 0.0, "no usable verdict")
        _record(turn, Checked(sentence, verdict), grounding.engine, started)
        return verdict


async def _step(turn: Turn, engine: str, work: Awaitable[_Result]) -> _Result:
    """Awaits a stage and journals its result with the time it took."""
    started = time.perf_counter()
    result = await work
    _record(turn, result, engine, started)
    return result


def _record(turn: Turn, result: StepResult, engine: str, started: float) -> None:
    turn.steps.append(Step(result, engine, (time.perf_counter() - started) * 1000))


def _instead(turn: Turn, stage: str, error: ModelUnavailable, spare: _Spare | None) -> _Spare:
    """The spare engine of a stage whose model is out. Raises `error` where there is none."""
    if spare is None:
        raise error
    _note(turn, stage, error, f"the {spare.engine} engine")
    return spare


def _note(turn: Turn, stage: str, error: Exception, fallback: str) -> None:
    _record(
        turn, Degraded(stage, f"{type(error).__name__}: {error}", fallback), "pipeline", time.perf_counter()
    )
