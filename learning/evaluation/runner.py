"""Puts a suite to the real chain, in this process, and keeps what each stage made of it."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Any, TypeVar
from uuid import uuid4

from knowledge.types import Entry, Hit, Passage, View
from learning.evaluation.fates import Fate, Wanted, fate_of
from learning.evaluation.layouts.passages import passage_of
from learning.evaluation.records import Case, CaseResult, Pair, PairResult, Suite, SuiteRun
from learning.evaluation.statistics.measures import must_not_answer, unit_of
from learning.evaluation.statistics.seen import seen_in
from learning.traces import TracedTurn, read_steps
from pipeline.chat_pipeline import ChatPipeline
from pipeline.engines import Stages
from pipeline.errors import ModelOutputError, ModelUnavailable
from pipeline.ports import Encoder, Knowledge, unheard
from pipeline.stages.composing.answer_composer import WHOLE_WORDS
from pipeline.stages.retrieval import HybridRetrieval
from pipeline.turn import Accepted, Evidence, Retrieved, SearchQuery, Sentence
from pipeline.types import Question, Reply, TurnContext

Show = Callable[[float, str], None]
"""Called with the share of the work done, 0..1, and what is being done."""
CANDIDATES = 5
"""Entries found for a message that are judged with it, beside those that answer it."""
_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
_DEPTH = 10  # entries of a search that are kept: as deep as recall is reported


class LastTrace:
    """Implements the chain's `TraceSink`: the turn that ended last."""

    def __init__(self) -> None:
        self.turn = TracedTurn()

    async def record(self, trace: Mapping[str, Any], context: TurnContext) -> None:
        self.turn = read_steps(trace["steps"])


@dataclass(frozen=True, slots=True)
class Chain:
    """What is measured: a chain on a knowledge base, recording its turns to `traces`. Answers of up to
    `whole_words` have to be said whole."""

    pipeline: ChatPipeline
    encoder: Encoder
    knowledge: Knowledge
    traces: LastTrace
    whole_words: int = WHOLE_WORDS

    @property
    def stages(self) -> Stages:
        return self.pipeline.stages


async def run_suite(chain: Chain, suite: Suite, system: Mapping[str, str], show: Show) -> SuiteRun:
    """Asks one thing after another, so that a turn's time is its own. The chain has to be on the suite's
    knowledge base already. `system` says what is measured. Raises what a turn raises."""
    cases = await run_cases(chain, suite, show)
    pairs = suite.relevance_pairs or tuple(_found_pairs(chain, cases))
    groups = [tuple(group) for _, group in groupby(pairs, key=lambda pair: pair.text)]
    relevance = await _each(groups, partial(_relevance, chain), show, f"passages of {suite.name}:")
    grounding = await _each(
        suite.grounding_pairs, partial(_grounding, chain), show, f"sentences of {suite.name}:"
    )
    judged = tuple(result for group in relevance for result in group)
    return SuiteRun(suite.name, system, tuple(cases), judged, tuple(grounding))


async def run_cases(chain: Chain, suite: Suite, show: Show) -> Sequence[CaseResult]:
    """The suite's questions alone, as `run_suite` asks them."""
    if suite.cases:  # what is loaded only once is no turn's own time
        await chain.pipeline.run(uuid4().hex, suite.cases[0].question, unheard)
    return await _each(suite.cases, partial(_case, chain), show, f"questions of {suite.name}:")


async def _each(
    items: Sequence[_Item], work: Callable[[_Item], Awaitable[_Result]], show: Show, what: str
) -> list[_Result]:
    results = []
    for number, item in enumerate(items, 1):
        results.append(await work(item))
        show(number / len(items), f"{what} {number:,} of {len(items):,}")
    return results


async def _case(chain: Chain, case: Case) -> CaseResult:
    """Retrieval and rewriter are asked also where the gate ended the turn: each stage is measured on all."""
    started = time.perf_counter()
    reply = await chain.pipeline.run(uuid4().hex, case.question, unheard)
    elapsed_ms = (time.perf_counter() - started) * 1000
    seen, calls = seen_in(chain.traces.turn), chain.traces.turn.calls
    query = seen.query or await _query(chain, case.question)
    cited = {citation.index: citation.entry_id for citation in reply.citations}
    return CaseResult(
        case=case,
        outcome=reply.outcome,
        cited=tuple(cited[index] for index in sorted(cited)),
        topic=seen.topic,
        on_topic=seen.on_topic,
        query=query,
        found=await _found(chain, query),
        found_raw=await _found(chain, case.question.text),
        found_rewrite=await _found(chain, case.rewrite) if case.rewrite else (),
        judged=seen.judged,
        elapsed_ms=elapsed_ms,
        calls=len(calls),
        prompt_tokens=sum(call.prompt_tokens for call in calls),
        completion_tokens=sum(call.completion_tokens for call in calls),
        opinions=seen.opinions,
        degraded=seen.degraded,
        reply=reply.text,
        suggestions=reply.suggestions,
        fate=_fate(chain, case, reply),
        attempts=seen.attempts,
    )


def _fate(chain: Chain, case: Case, reply: Reply) -> Fate | None:
    if not (case.answerable or must_not_answer(case)):
        return None
    wanted = Wanted(case.entry_ids, case.needs_all, chain.whole_words)
    return fate_of(reply, wanted, chain.knowledge.current.entries)


async def _query(chain: Chain, question: Question) -> str:
    """What the rewriter makes of a message that was turned away; the message where a model fails at it."""
    try:
        return (await chain.stages.rewriter(question)).text
    except (ModelUnavailable, ModelOutputError):
        return question.text


async def _found(chain: Chain, query: str) -> tuple[str, ...]:
    retrieval = HybridRetrieval(chain.encoder, chain.knowledge, _DEPTH)
    return tuple(hit.entry.id for hit in (await retrieval(SearchQuery(query))).hits)


def _found_pairs(chain: Chain, results: Iterable[CaseResult]) -> Iterator[Pair]:
    """Each answerable query with the entries that answer it, and with the first candidates that do not."""
    answerable = [result for result in results if result.case.answerable]
    entries = chain.knowledge.current.entries if answerable else {}
    for result in answerable:
        case = result.case
        for entry_id in dict.fromkeys((*case.entry_ids, *result.found[:CANDIDATES])):
            if entry_id in entries:
                passage, truth = passage_of(entries[entry_id]), entry_id in case.entry_ids
                yield Pair(f"{case.id} {entry_id}", result.query, passage, truth, case.kind, unit_of(case))


async def _relevance(chain: Chain, pairs: Sequence[Pair]) -> Sequence[PairResult]:
    """What the relevance check says of each passage when it is among the candidates for the text that the
    pairs share: in its own place, or else in the last one. A passage that is not served answers nothing."""
    snapshot, query = chain.knowledge.current, SearchQuery(pairs[0].text)
    ranking = await HybridRetrieval(chain.encoder, chain.knowledge, len(snapshot.entries))(query)
    hits = {passage_of(hit.entry): hit for hit in ranking.hits}
    natural = (await chain.stages.retrieval(query)).hits
    results = []
    for pair in pairs:
        hit = hits.get(pair.passage)
        evidence = await _judged(chain, query, Retrieved(_with(natural, hit) if hit else ()))
        probability = dict(evidence.judged).get(hit.entry.id, 0.0) if hit else 0.0
        results.append(PairResult(pair, probability))
    return results


async def _judged(chain: Chain, query: SearchQuery, retrieved: Retrieved) -> Evidence:
    """A model that fails at it has said No."""
    try:
        return await chain.stages.relevance(query, retrieved)
    except (ModelUnavailable, ModelOutputError):
        return Evidence(query, ())


def _with(natural: tuple[Hit, ...], hit: Hit) -> tuple[Hit, ...]:
    """The candidates with `hit` among those that are judged."""
    judged = [each.entry.id for each in natural[:CANDIDATES]]
    if hit.entry.id in judged:
        return natural
    others = tuple(each for each in natural if each.entry.id != hit.entry.id)
    return (*others[: CANDIDATES - 1], hit, *others[CANDIDATES - 1 :])


async def _grounding(chain: Chain, pair: Pair) -> PairResult:
    """What the grounding check says of a sentence that cites one entry, whose answer is the evidence."""
    entry = Entry("evidence", "What is known?", pair.passage)
    passage = Passage(entry.id, View.QUESTION, entry.question, 0, len(entry.question))
    evidence = Evidence(SearchQuery(pair.text), (Accepted(Hit(entry, passage, 1.0, 1.0, 1.0, 1.0), 1.0),))
    verdict = await chain.stages.grounding(Sentence(pair.text, (1,)), evidence)
    return PairResult(pair, verdict.probability)
