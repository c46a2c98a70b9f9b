from __future__ import annotations

import io
import json
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from rich.console import Console

from learning.evaluation.fates import Fate
from learning.evaluation.records import SuiteRun
from learning.evaluation.report.html_report import page, write_html
from learning.evaluation.report.report import number, print_comparison, print_table
from learning.evaluation.saved_runs import (
    UnreadableRun,
    runs_from_json,
    runs_to_json,
)
from learning.evaluation.statistics.comparison import NothingToCompare, compare
from learning.evaluation.statistics.figures import figures_of
from tests.learning.evaluation.evaluating import NO_ANSWER, case, result, small_run

HOSTILE = '<script>alert("x")</script>&'


def improved(cases: int, right_before: int, right_after: int) -> tuple[SuiteRun, SuiteRun]:
    """Two runs of the same cases, of which the first ones are right."""
    asked = [case(str(number), f"entry {number}") for number in range(cases)]
    before, after = (
        tuple(result(each, each.entry_ids[0] if place < right else "z") for place, each in enumerate(asked))
        for right in (right_before, right_after)
    )
    return SuiteRun("s", {"model": "old"}, before), SuiteRun("s", {"model": "new"}, after)


def test_a_clear_improvement_is_told_from_one_that_may_be_chance() -> None:
    clear = compare(*improved(100, 50, 60)).sections["end to end"]["right first"]
    assert (clear.before, clear.after) == (0.5, 0.6)
    assert clear.change.value == pytest.approx(0.1)
    assert clear.clear and clear.better
    assert not compare(*improved(100, 50, 51)).sections["end to end"]["right first"].clear


def test_more_of_a_bad_thing_is_worse() -> None:
    worse = compare(*improved(100, 60, 50)).sections["end to end"]
    assert worse["wrong answered"].change.value == pytest.approx(0.1)
    assert worse["wrong answered"].clear and not worse["wrong answered"].better
    assert not worse["right first"].better


def test_cases_that_turned_are_named() -> None:
    before, after = improved(6, 2, 4)
    assert compare(before, after).turned_right == ("2", "3")
    assert compare(before, after).turned_wrong == ()
    assert compare(after, before).turned_wrong == ("2", "3")


def test_only_cases_of_both_runs_are_compared() -> None:
    before, after = improved(10, 5, 5)
    comparison = compare(replace(before, cases=before.cases[:7]), replace(after, cases=after.cases[2:]))
    assert (comparison.shared, comparison.left_out) == (5, 5)
    assert comparison.sections["end to end"]["right first"].before == 3 / 5


def test_a_refused_case_that_must_not_be_answered_turned_right() -> None:
    asked = case("a", expect=NO_ANSWER)
    before, after = SuiteRun("s", {}, (result(asked, "x"),)), SuiteRun("s", {}, (result(asked),))
    assert compare(before, after).turned_right == ("a",)


def test_runs_without_a_common_case_cannot_be_compared() -> None:
    other = SuiteRun("other", {}, (result(replace(case("first"), question=case("x").question)),))
    with pytest.raises(NothingToCompare, match=r"small \(6 cases\) and other \(1 cases\)"):
        compare(small_run(), other)


def test_a_run_survives_being_saved() -> None:
    run = small_run()
    assert runs_from_json(runs_to_json([run, run], [figures_of(run)])) == (run, run)


def test_a_saved_run_shows_its_figures_to_whoever_reads_it() -> None:
    run = small_run()
    saved = json.loads(runs_to_json([run], [figures_of(run)]))
    assert saved["figures"][0]["sections"]["end to end"]["right first"]["value"] == 0.25


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "This is not a saved evaluation. Invalid JSON"),
        ('{"format": 1}', "runs: Field required"),
        ('{"format": 2, "runs": []}', "format: "),
        ('{"format": 1, "runs": [{"suite": "s", "system": {}, "cases": [{}]}]}', "runs.0.cases.0.case: "),
    ],
)
def test_what_is_no_saved_run_is_refused_in_one_line(text: str, told: str) -> None:
    with pytest.raises(UnreadableRun) as raised:
        runs_from_json(text)
    assert told in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_run_of_before_replies_were_kept_is_still_read() -> None:
    saved = json.loads(runs_to_json([small_run()]))
    del saved["verdict"]
    for each in saved["runs"][0]["cases"]:
        del each["reply"], each["suggestions"], each["fate"], each["case"]["needs_all"]
    assert runs_from_json(json.dumps(saved)) == (small_run(),)


def test_the_verdict_comes_first() -> None:
    asked = case("a", "x")
    run = SuiteRun("s", {}, (replace(result(asked, "x"), fate=Fate.RIGHT_ALONE),))
    out, figures = io.StringIO(), figures_of(run)
    print_table(figures, Console(file=out))
    assert out.getvalue().splitlines()[1].startswith("Of 100 questions that your knowledge base answers, 100")
    assert json.loads(runs_to_json([run], [figures]))["verdict"] == {"s": list(figures.words)}
    assert f"<h2>s</h2><ul><li>{figures.words[0]}</li>" in page([figures])


def printed(*, terminal: bool = False) -> str:
    out = io.StringIO()
    print_table(
        figures_of(small_run()), Console(file=out, force_terminal=terminal, width=100, color_system=None)
    )
    return out.getvalue()


def test_without_a_terminal_a_figure_is_a_plain_line() -> None:
    (line,) = (line.split() for line in printed().splitlines() if line.startswith("  right first  "))
    assert (line[:3], line[4], line[-1]) == (["right", "first", "0.250"], "to", "4")
    assert printed().isascii()
    assert "refused though answerable [real] refused: 'message refused' wanted d, got no_answer" in printed()


def test_a_terminal_gets_a_table_in_which_kinds_are_no_markup() -> None:
    drawn = printed(terminal=True)
    assert "│" in drawn
    assert "right first [crowd]" in drawn


def test_a_comparison_says_what_is_clear() -> None:
    out = io.StringIO()
    print_comparison(compare(*improved(100, 50, 60)), Console(file=out))
    (line,) = (line.split() for line in out.getvalue().splitlines() if line.startswith("  right first "))
    assert line[2:5] == ["0.500", "0.600", "+0.100"]
    assert line[-1] == "better"
    assert "turned right: 10 50 51" in out.getvalue()


@pytest.mark.parametrize(
    ("value", "signed", "text"),
    [(0.1234, False, "0.123"), (412.36, False, "412.4"), (0.1, True, "+0.100"), (-0.00001, True, "0.000")],
)
def test_numbers_are_short(value: float, signed: bool, text: str) -> None:
    assert number(value, signed=signed) == text


class Page(HTMLParser):
    """Checks that every element is closed and gathers what the page would load or run."""

    void = frozenset({"meta", "br", "path", "circle"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.loads: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.loads += [name for name, _ in attrs if name in ("src", "href", "xlink:href", "onload", "style")]
        if tag not in self.void:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_and_loads_nothing() -> None:
    run = small_run()
    text = page([figures_of(run)], [compare(run, run)])
    parsed = Page(text)
    assert parsed.open == []
    assert parsed.loads == []
    assert not parsed.tags & {"script", "link", "img", "iframe", "object"}
    assert "url(" not in text and "@import" not in text and "://" not in text
    assert {"table", "figure", "details", "svg"} <= parsed.tags


def test_whatever_a_suite_holds_is_text_on_the_page() -> None:
    asked = replace(case("c", HOSTILE, kind=HOSTILE), question=replace(case("c").question, text=HOSTILE))
    run = SuiteRun(HOSTILE, {HOSTILE: HOSTILE}, (result(asked), result(case("other", "x"), "x")))
    other = replace(run, cases=(result(asked, HOSTILE), run.cases[1]))
    text = page([figures_of(run)], [compare(run, other)])
    assert "<script" not in text
    assert text.count("&lt;script&gt;") >= 8


def test_the_page_shows_figures_with_intervals_and_what_changed(tmp_path: Path) -> None:
    before, after = improved(100, 50, 60)
    write_html(tmp_path / "report.html", [figures_of(after)], [compare(before, after)])
    text = (tmp_path / "report.html").read_text("utf-8")
    assert '<th scope="row">right first</th><td>0.600<svg' in text
    assert '<td class="better">better</td>' in text
    assert "Turned right: 10</summary><p>50, 51," in text
