"""Made-up runs for the tests of figures and reports."""

from __future__ import annotations

from collections.abc import Mapping

from learning.evaluation.records import Case, CaseResult, Pair, PairResult, SuiteRun
from pipeline.types import Message, Outcome, Question, Role

ANSWERED, NO_ANSWER, OFF_TOPIC = Outcome.ANSWERED, Outcome.NO_ANSWER, Outcome.OFF_TOPIC


def case(
    id: str,
    *gold: str,
    expect: Outcome | None = ANSWERED,
    kind: str = "real",
    rewrite: str = "",
    after: str = "",
) -> Case:
    history = (Message(Role.USER, after),) if after else ()
    return Case(id, Question(f"message {id}", history), expect, kind, gold, rewrite)


def result(
    of: Case,
    *cited: str,
    outcome: Outcome | None = None,
    topic: str = "on_topic",
    on_topic: float = 0.9,
    query: str | None = None,
    found: tuple[str, ...] = (),
    found_raw: tuple[str, ...] = (),
    found_rewrite: tuple[str, ...] = (),
    judged: Mapping[str, float] | None = None,
    elapsed_ms: float = 10.0,
) -> CaseResult:
    """ANSWERED where something is cited, NO_ANSWER elsewhere, unless told."""
    return CaseResult(
        of,
        outcome or (ANSWERED if cited else NO_ANSWER),
        cited,
        topic,
        on_topic,
        of.question.text if query is None else query,
        found,
        found_raw,
        found_rewrite,
        judged or {},
        elapsed_ms,
    )


def pair(id: str, probability: float, positive: bool, kind: str = "plain", group: str = "") -> PairResult:
    return PairResult(Pair(id, f"text {id}", "passage", positive, kind, group or id), probability)


def small_run() -> SuiteRun:
    """Six cases, one of each fate, and a few pairs."""
    return SuiteRun(
        suite="small",
        system={"version": "1"},
        cases=(
            result(case("first", "a"), "a", found=("a", "b"), judged={"a": 0.9, "b": 0.2}, elapsed_ms=10),
            result(
                case("second", "b", kind="crowd"), "a", "b", found=("a", "b"), judged={"a": 0.6, "b": 0.5}
            ),
            result(case("wrong", "c"), "a", found=("a", "b"), judged={"a": 0.8}, elapsed_ms=30),
            result(case("refused", "d"), found=("b", "a", "d"), judged={"d": 0.3}, elapsed_ms=40),
            result(case("gap", expect=NO_ANSWER, kind="missing"), "b", judged={"b": 0.7}),
            result(
                case("away", expect=None, kind="chat"),
                outcome=OFF_TOPIC,
                topic="off_topic",
                on_topic=0.1,
                query="",
            ),
        ),
        relevance=(pair("1", 0.9, True), pair("2", 0.4, True), pair("3", 0.6, False), pair("4", 0.1, False)),
        grounding=(
            pair("g1", 0.9, True, "verbatim"),
            pair("g2", 0.2, False, "number"),
            pair("g3", 0.95, False, "negation"),
        ),
    )
