from __future__ import annotations

from dataclasses import replace

import pytest

from learning.evaluation.records import CaseResult, Curve, SuiteRun
from learning.evaluation.report.curves import COVERAGE
from learning.evaluation.statistics.figures import figures_of
from learning.evaluation.statistics.scored import RELEVANCE_THRESHOLD
from pipeline.types import Outcome
from tests.learning.evaluation.evaluating import ANSWERED, NO_ANSWER, OFF_TOPIC, case, pair, result, small_run


def section(name: str, run: SuiteRun) -> dict[str, float]:
    return {figure: each.value for figure, each in figures_of(run).sections.get(name, {}).items()}


def of(*cases: CaseResult) -> SuiteRun:
    return SuiteRun("s", {}, cases)


def test_end_to_end_counts_each_fate_among_those_it_can_befall() -> None:
    figures = section("end to end", small_run())
    assert figures["right first"] == 1 / 4  # of the answerable
    assert figures["right cited"] == 2 / 4
    assert figures["answerable refused"] == 1 / 4
    assert figures["wrong answered"] == 2 / 6  # of all: "wrong", and "gap", which has no answer
    assert figures["wrong first"] == 3 / 6
    assert figures["must not, not answered"] == 1 / 2
    assert figures["entries cited"] == (1 + 2 + 1 + 1) / 4
    assert figures["exact outcome"] == 3 / 5  # of those of which one is expected
    assert figures["right first [crowd]"] == 0
    assert figures["right first [real]"] == 1 / 3
    assert "right first [chat]" not in figures


def test_one_kind_alone_is_not_shown_twice() -> None:
    assert "right first [real]" not in section("end to end", of(result(case("a", "x"), "x")))


def test_an_expected_answer_without_known_entries_is_right_when_it_is_given() -> None:
    given, refused = result(case("a"), "x", judged={"x": 0.9}), result(case("b"), judged={"x": 0.1})
    figures = section("end to end", of(given, refused))
    assert figures == {"entries cited": 1, "exact outcome": 0.5, "risk-coverage area": 0.25}


def test_risk_is_that_of_the_best_candidate_by_its_confidence() -> None:
    """Most confident: right; then the refused one, whose candidate was right; at last two that are wrong."""
    run = of(
        result(case("a", "x"), "x", judged={"x": 0.9, "y": 0.5}),
        result(case("b", "x"), judged={"x": 0.4, "y": 0.2}),
        result(case("c", "x"), judged={"x": 0.1, "y": 0.3}),
        result(case("d", expect=OFF_TOPIC), topic="off_topic"),
    )
    figures = figures_of(run)
    assert figures.sections["end to end"]["risk-coverage area"].value == pytest.approx(
        (0 + 0 + 1 / 3 + 2 / 4) / 4
    )
    (curve,) = (each for each in figures.curves if each.x_label == COVERAGE)
    assert curve.points == ((0.25, 0), (0.5, 0), (0.75, 1 / 3), (1, 0.5))


def test_retrieval_is_asked_of_what_can_be_answered() -> None:
    figures = section("retrieval", small_run())
    assert [figures[f"R@{depth}"] for depth in (1, 3, 5, 10)] == [1 / 4, 3 / 4, 3 / 4, 3 / 4]
    assert figures["MRR"] == pytest.approx((1 + 1 / 2 + 0 + 1 / 3) / 4)
    assert figures["R@1 [crowd]"] == 0


def test_retrieval_of_a_message_that_the_gate_turned_away_is_that_of_the_message_itself() -> None:
    away = result(case("a", "x"), outcome=OFF_TOPIC, topic="off_topic", query="", found_raw=("x",))
    assert section("retrieval", of(away))["R@1"] == 1


def test_the_gate_is_measured_on_scores_and_on_verdicts() -> None:
    run = of(
        result(case("a", "x"), on_topic=0.9),
        result(case("b", "x"), on_topic=0.4, topic="off_topic"),
        result(case("c", expect=OFF_TOPIC, kind="other"), on_topic=0.6),
        result(case("d", expect=Outcome.SMALL_TALK, kind="chat"), on_topic=0.1, topic="small_talk"),
        result(case("e", expect=NO_ANSWER, kind="missing"), on_topic=1.0),
    )
    figures = section("gate", run)
    assert figures["AUROC"] == 3 / 4  # of four pairs of in and out, one is the wrong way round
    assert figures["AUROC [other]"] == 1 / 2
    assert figures["AUROC [chat]"] == 1
    assert figures["recall in scope"] == 1 / 2
    assert figures["turned away [other]"] == 0
    assert figures["turned away [chat]"] == 1
    assert figures["turned away"] == 1 / 2
    assert figures["turned away, answer missing"] == 0


def test_a_run_without_a_gate_has_no_figures_of_it() -> None:
    run = of(result(case("a", "x"), "x", topic=""), result(case("b", expect=OFF_TOPIC), topic=""))
    assert "gate" not in figures_of(run).sections


def test_the_rewriter_closes_a_share_of_the_gap_to_the_human() -> None:
    def turn(id: str, raw: str, ours: str, query: str = "better") -> CaseResult:
        asked = case(id, "x", rewrite="standalone", after="before")
        return result(asked, query=query, found=(ours,), found_raw=(raw,), found_rewrite=("x",))

    alone = case("alone", rewrite="message ALONE", after="before")
    run = of(
        turn("1", "x", "x"),
        turn("2", "y", "x"),
        turn("3", "y", "y", query="message 3"),
        result(alone, query="message  alone"),
        result(replace(alone, id="changed"), query="message alone and more"),
        turn("unreached", "y", "y", query=""),
        result(case("no rewrite", "x"), found=("y",), found_raw=("x",)),
    )
    assert section("rewriter", run) == {
        "R@5 raw": pytest.approx(1 / 3),
        "R@5 ours": pytest.approx(2 / 3),
        "R@5 human": 1,
        "gap closed": pytest.approx(1 / 2),
        "standalone, unchanged": 1 / 2,
        "needing history, changed": pytest.approx(2 / 3),
    }


def test_without_a_gap_none_is_closed() -> None:
    same = result(case("a", "x", rewrite="b"), found=("x",), found_raw=("x",), found_rewrite=("x",))
    assert "gap closed" not in section("rewriter", of(same))


def test_relevance_is_measured_on_pairs_and_on_the_candidates_of_the_chain() -> None:
    figures = section("relevance", small_run())
    assert figures["pairs: AUROC"] == 3 / 4
    assert figures["pairs: precision"] == 1  # at the stage's own line
    assert figures["pairs: recall"] == 1 / 2
    assert figures["pairs: ECE"] == pytest.approx((0.1 + 0.6 + 0.6 + 0.1) / 4)
    # right: 0.9, 0.5, 0.3; not: 0.2, 0.6, 0.8, 0.7
    assert figures["candidates: AUROC"] == (4 + 1 + 1) / 12


def test_the_line_of_the_relevance_check_is_the_one_the_run_names() -> None:
    run = replace(small_run(), system={RELEVANCE_THRESHOLD: "0.35"})
    assert section("relevance", run)["pairs: recall"] == 1


def test_a_kind_of_both_classes_is_measured_within_itself() -> None:
    easy = (pair("1", 0.9, True, "easy"), pair("2", 0.8, False, "easy"))
    hard = (pair("3", 0.1, True, "hard"), pair("4", 0.2, False, "hard"))
    figures = section("grounding", SuiteRun("s", {}, grounding=(*easy, *hard)))
    assert (figures["AUROC [easy]"], figures["AUROC [hard]"]) == (1, 0)


def test_kinds_of_one_class_are_held_against_the_other_class() -> None:
    figures = section("grounding", small_run())
    assert figures["AUROC"] == 1 / 2
    assert figures["AUROC [number]"] == 1
    assert figures["AUROC [negation]"] == 0
    assert "AUROC [verbatim]" not in figures  # all that is altered together, which is the figure above


def test_a_family_of_kinds_is_measured_together_too() -> None:
    kinds = {"crowd": "x", "real/plain": "x", "real/fragment": "y", "other/plain": "y"}
    run = of(*(result(case(kind, "x", kind=kind), cited) for kind, cited in kinds.items()))
    figures = section("end to end", run)
    shown = [name for name in figures if name.startswith("right first")]
    assert shown == [
        "right first",
        "right first [crowd]",
        "right first [real]",
        "right first [real/plain]",
        "right first [real/fragment]",
        "right first [other/plain]",
    ]
    assert figures["right first [real]"] == 1 / 2


def test_latency_leaves_out_what_was_not_timed() -> None:
    run = of(*(result(case(str(ms)), elapsed_ms=ms) for ms in (0, 10, 20, 90)))
    assert section("latency", run) == {"p50 ms": 20, "p99 ms": 90}


def test_rows_about_one_entry_count_as_one_unit() -> None:
    run = of(*(result(case(str(number), "x"), "x") for number in range(5)))
    assert figures_of(run).sections["end to end"]["right first"].n == 1


def test_an_empty_run_has_no_figures() -> None:
    figures = figures_of(SuiteRun("none", {}))
    assert (figures.sections, figures.curves, figures.examples) == ({}, (), ())


def test_curves_begin_and_end_where_they_must() -> None:
    curves = {(each.name, each.y_label): each for each in figures_of(small_run()).curves}
    roc = curves["relevance, pairs", "true positive rate"]
    assert roc.points == ((0, 0), (0, 0.5), (0.5, 0.5), (0.5, 1), (1, 1))
    reliability = curves["relevance, pairs", "share that was positive"]
    assert reliability.points == ((0.1, 0), (0.4, 1), (0.6, 0), (0.9, 1))


def test_a_long_curve_is_thinned_to_what_a_plot_can_show() -> None:
    rows = tuple(pair(str(number), number / 5000, number % 3 == 0) for number in range(5000))
    curve: Curve = next(
        each for each in figures_of(SuiteRun("s", {}, relevance=rows)).curves if len(each.points) > 10
    )
    assert len(curve.points) == 200
    assert (curve.points[0], curve.points[-1]) == ((0, 0), (1, 1))
    assert list(curve.points) == sorted(curve.points)


def test_each_failure_is_shown_once_and_named() -> None:
    shown = {each.case_id: (each.problem, each.wanted, each.got) for each in figures_of(small_run()).examples}
    assert shown == {
        "wrong": ("answered wrong", "c", "a"),
        "refused": ("refused though answerable", "d", "no_answer"),
        "gap": ("answered though it must not be", "no_answer", "b"),
    }


def test_an_outcome_of_the_wrong_kind_is_a_failure_of_its_own() -> None:
    run = of(result(case("a", expect=OFF_TOPIC), outcome=NO_ANSWER), result(case("b", expect=ANSWERED)))
    assert [(each.problem, each.wanted, each.got) for each in figures_of(run).examples] == [
        ("wrong outcome", "off_topic", "no_answer"),
        ("wrong outcome", "answered", "no_answer"),
    ]


def test_of_many_failures_five_are_chosen_by_the_seed() -> None:
    run = of(*(result(case(f"{number:02}", "x")) for number in range(50)))
    chosen, again, other = (
        [each.case_id for each in figures_of(run, seed=seed).examples] for seed in (1, 1, 2)
    )
    assert chosen == again != other
    assert len(chosen) == 5 and chosen == sorted(chosen)
