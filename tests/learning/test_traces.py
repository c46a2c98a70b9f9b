from __future__ import annotations

import json

import pytest

from knowledge.types import Hit, Passage, View
from learning.traces import (
    TracedEvidence,
    TracedFallback,
    TracedHit,
    TracedHits,
    TracedQuery,
    TracedSentence,
    TracedVerdict,
    read_steps,
)
from pipeline.llm.usage import ModelCall
from pipeline.turn import (
    Accepted,
    Checked,
    Composed,
    Degraded,
    Evidence,
    Opinion,
    Retrieved,
    Reviewed,
    SearchQuery,
    Sentence,
    Step,
    StepResult,
    Topic,
    TopicVerdict,
    Turn,
    Verdict,
    to_trace,
)
from pipeline.types import Question
from tests.fakes import entry

ENTRY = entry("dna")
HIT = Hit(ENTRY, Passage("dna", View.QUESTION, ENTRY.question, 0, 1), 0.9, 0.8, 0.7, 0.6)
OPINION = Opinion(0.4, 1.0)
QUERY = SearchQuery("dna vaccine", ("dna",), used_history=True, leaning=0.7, asks="is dna changed")
EVIDENCE = Evidence(QUERY, (Accepted(HIT, 0.9),), (("dna", 0.9),), 0.95, OPINION)
CHECKED = Checked(Sentence("It does not.", (1,)), Verdict(True, 0.8, "near", opinion=OPINION))
CALL = ModelCall("topic_gate", "v1", "m", 10, 2, 30.0)
RESULTS: tuple[tuple[StepResult, object], ...] = (
    (
        TopicVerdict(Topic.ON_TOPIC, 0.9, "k", OPINION, "de"),
        TracedVerdict("on_topic", 0.9, "k", "de", OPINION),
    ),
    (QUERY, TracedQuery("dna vaccine", ("dna",), True, 0.7, "is dna changed")),
    (Retrieved((HIT,)), TracedHits((TracedHit("dna"),))),
    (
        EVIDENCE,
        TracedEvidence(
            "dna vaccine", accepted=("dna",), judged={"dna": 0.9}, answerable=0.95, opinion=OPINION
        ),
    ),
    (CHECKED, TracedSentence("It does not.", (1,), "claim", True, 0.8, "near", OPINION)),
    (Degraded("topic_gate", "down", "the next"), TracedFallback("topic_gate", "down", "the next")),
    (Composed(2), None),
    (Reviewed((CHECKED,)), None),
)


@pytest.mark.parametrize(("written", "read"), RESULTS, ids=lambda each: type(each).__name__)
def test_what_the_chain_writes_down_is_read_as_it_was(written: StepResult, read: object) -> None:
    turn = Turn("m", Question("?"), "r1", [Step(written, "specialist", 1.5, (CALL,))])
    (step,) = read_steps(json.loads(json.dumps(to_trace(turn)))["steps"]).steps
    assert (step.result, step.engine, step.elapsed_ms, step.calls) == (read, "specialist", 1.5, (CALL,))


def test_an_older_trace_lacks_what_was_not_told_then() -> None:
    trace = read_steps(
        [
            {"step": "SearchQuery", "engine": "x", "elapsed_ms": 1.0, "result": {"text": "one"}},
            {"step": "Stemmed", "result": {"words": 3}},
            {"step": "SearchQuery", "engine": "x", "elapsed_ms": 1.0, "result": {"text": "two"}},
        ]
    )
    first, last = trace.first(TracedQuery), trace.last(TracedQuery)
    assert first and last and (first.text, last.text, last.used_history) == ("one", "two", False)
    assert (trace.last(TracedEvidence), trace.calls, trace.steps[1].result) == (None, (), None)


def test_a_trace_of_another_shape_is_an_error() -> None:
    with pytest.raises(ValueError, match="text"):
        read_steps([{"step": "SearchQuery", "result": {"words": "one"}}])
