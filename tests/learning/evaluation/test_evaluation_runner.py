"""The runner: what it keeps of each turn, and how it has single pairs judged."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from knowledge.releases.snapshot import LocalSnapshot
from learning.evaluation.fates import Fate
from learning.evaluation.layouts.passages import passage_of
from learning.evaluation.records import Case, Pair, Suite
from learning.evaluation.runner import CANDIDATES, Chain, LastTrace, run_suite
from pipeline.chat_pipeline import ChatPipeline
from pipeline.engines import Stages
from pipeline.stages.retrieval import HybridRetrieval
from pipeline.turn import Accepted, Evidence, Retrieved, SearchQuery, Sentence, Topic, TopicVerdict, Verdict
from pipeline.types import Message, Outcome, Question, Role
from pipeline.voice import REQUIRED, HouseVoice
from tests.fakes import AsyncHashEncoder, entry, snapshot

WORDS = "amber birch cedar daisy elm fern grape hazel iris juniper".split()


@dataclass
class Gate:
    """Turns away what speaks of chess."""

    engine: str = "fake"

    async def __call__(self, question: Question) -> TopicVerdict:
        outside = "chess" in question.text
        return TopicVerdict(Topic.OFF_TOPIC if outside else Topic.ON_TOPIC, 0.1 if outside else 0.8)


@dataclass
class Rewriter:
    """Adds what was said last."""

    engine: str = "fake"

    async def __call__(self, question: Question) -> SearchQuery:
        before = question.history[-1].text if question.history else ""
        return SearchQuery(f"{question.text} {before}".strip(), ("again",))


@dataclass
class Relevance:
    """Judges the first candidates: 0.9 where the query names the entry, 0.2 elsewhere."""

    engine: str = "fake"
    seen: list[tuple[str, ...]] = field(default_factory=list)

    async def __call__(self, query: SearchQuery, retrieved: Retrieved) -> Evidence:
        self.seen.append(tuple(hit.entry.id for hit in retrieved.hits))
        judged = [
            Accepted(hit, 0.9 if hit.entry.id in query.text else 0.2) for hit in retrieved.hits[:CANDIDATES]
        ]
        accepted = tuple(item for item in judged if item.probability > 0.5)
        return Evidence(query, accepted, tuple((item.hit.entry.id, item.probability) for item in judged))


@dataclass
class Composer:
    """One sentence for each accepted entry, the last one first."""

    engine: str = "fake"

    async def __call__(self, question: Question, evidence: Evidence) -> AsyncIterator[Sentence]:
        for number in range(len(evidence.accepted), 0, -1):
            yield Sentence(evidence.accepted[number - 1].hit.entry.answer, (number,))


@dataclass
class Grounding:
    """Supported is what the evidence holds word by word."""

    engine: str = "fake"

    async def __call__(self, sentence: Sentence, evidence: Evidence) -> Verdict:
        held = sentence.text in evidence.accepted[sentence.cites[0] - 1].hit.entry.answer
        return Verdict(held, 0.75 if held else 0.25)


@dataclass(frozen=True)
class Fixed:
    current: LocalSnapshot


@pytest.fixture
def chain() -> Chain:
    knowledge, encoder, traces = Fixed(snapshot(*map(entry, WORDS))), AsyncHashEncoder(), LastTrace()
    retrieval = HybridRetrieval(encoder, knowledge)
    stages = Stages(Gate(), Rewriter(), retrieval, Relevance(), Composer(), Grounding())
    voice = HouseVoice({}, (), (), dict.fromkeys(REQUIRED, ("Well.",)))
    return Chain(ChatPipeline(stages, knowledge, voice, traces), encoder, knowledge, traces)


def case(text: str, *gold: str, said: str = "", rewrite: str = "") -> Case:
    history = (Message(Role.USER, said),) if said else ()
    return Case(text, Question(text, history), Outcome.ANSWERED if gold else None, "made", gold, rewrite)


def quiet(share: float, doing: str) -> None:
    assert 0 < share <= 1


async def test_a_turn_is_kept_with_what_each_stage_made_of_it(chain: Chain) -> None:
    asked = case("what of it", "fern", said="fern", rewrite="what about fern?")
    (result,) = (await run_suite(chain, Suite("s", cases=(asked,)), {"version": "1"}, quiet)).cases
    assert (result.outcome, result.cited) == (Outcome.ANSWERED, ("fern",))
    assert (result.topic, result.on_topic, result.query) == ("on_topic", 0.8, "what of it fern")
    assert result.found[0] == result.found_rewrite[0] == "fern"
    assert len(result.found) == len(result.found_raw) == 10
    assert result.judged["fern"] == 0.9
    assert len(result.judged) == CANDIDATES
    assert result.elapsed_ms > 0
    assert (result.fate, result.reply) == (Fate.RIGHT_ALONE, f"{entry('fern').answer} [1]")


async def test_citations_come_in_the_order_of_their_numbers(chain: Chain) -> None:
    asked = case("elm and iris", "iris")
    (result,) = (await run_suite(chain, Suite("s", cases=(asked,)), {}, quiet)).cases
    reply = await chain.pipeline.run("m", asked.question, _unheard)
    numbered = sorted({(citation.index, citation.entry_id) for citation in reply.citations})
    assert result.cited == tuple(entry_id for _, entry_id in numbered)
    assert set(result.cited) == {"elm", "iris"}


async def test_a_message_turned_away_is_still_rewritten_and_searched_for(chain: Chain) -> None:
    (result,) = (await run_suite(chain, Suite("s", cases=(case("chess with elm"),)), {}, quiet)).cases
    assert (result.outcome, result.topic, result.on_topic) == (Outcome.OFF_TOPIC, "off_topic", 0.1)
    assert (result.query, result.found[0]) == ("chess with elm", "elm")
    assert result.judged == {}


async def test_where_nothing_was_accepted_the_querys_own_judgement_counts(chain: Chain) -> None:
    (result,) = (await run_suite(chain, Suite("s", cases=(case("what now"),)), {}, quiet)).cases
    relevance = chain.stages.relevance
    assert isinstance(relevance, Relevance)
    assert result.outcome is Outcome.NO_ANSWER
    assert tuple(result.judged) == relevance.seen[-2][:CANDIDATES] != relevance.seen[-1][:CANDIDATES]


async def test_each_answerable_question_makes_pairs_of_right_and_found_entries(chain: Chain) -> None:
    suite = Suite("s", cases=(case("what about elm", "elm", "iris"), case("chess")))
    pairs = (await run_suite(chain, suite, {}, quiet)).relevance
    said = {result.pair.passage: (result.pair.positive, result.probability) for result in pairs}
    assert said[passage_of(entry("elm"))] == (True, 0.9)
    assert said[passage_of(entry("iris"))] == (True, 0.2)
    assert len(said) in (CANDIDATES, CANDIDATES + 1)
    assert {result.pair.text for result in pairs} == {"what about elm"}


async def test_a_passage_is_judged_among_the_candidates_wherever_it_was_found(chain: Chain) -> None:
    text = "what about elm"
    ranking = await HybridRetrieval(chain.encoder, chain.knowledge, 10)(SearchQuery(text))
    last = passage_of(ranking.hits[-1].entry)
    passages = {last: 0.2, passage_of(entry("elm")): 0.9, passage_of(entry("nowhere")): 0.0}
    own = tuple(Pair(passage, text, passage, True, "made", passage) for passage in passages)
    results = (await run_suite(chain, Suite("s", relevance_pairs=own), {}, quiet)).relevance
    assert {result.pair.passage: result.probability for result in results} == passages


async def test_sentences_are_judged_against_their_passage(chain: Chain) -> None:
    pairs = tuple(
        Pair(text, text, "Elms grow tall.", True, "made", "g") for text in ("Elms grow tall.", "Elms fly.")
    )
    results = (await run_suite(chain, Suite("s", grounding_pairs=pairs), {}, quiet)).grounding
    assert [result.probability for result in results] == [0.75, 0.25]


async def _unheard(text: str) -> None:
    pass
