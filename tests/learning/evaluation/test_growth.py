"""What use makes of a knowledge base: who learns what from which message, and what is shown of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from knowledge.types import Entry
from learning.evaluation.fates import Fate
from learning.evaluation.growth import Growing, Grown, Plan, curves, grown, planned
from learning.evaluation.records import CaseResult, Suite
from learning.evaluation.report.growth_report import print_growth, write_growth
from pipeline.types import Outcome
from tests.learning.evaluation.evaluating import case, result

ENTRIES = tuple(Entry(f"e{n}", f"What about {n}?", "This.") for n in range(10))
CASES = tuple(case(f"m{n}", f"e{n % 10}") for n in range(40))
NOTHING = case("none", expect=None)


def told(fate: Fate, entry_id: str = "e1", **changes: object) -> CaseResult:
    return replace(result(case(f"about {entry_id}", entry_id)), fate=fate, **changes)  # type: ignore[arg-type]


def owner(missing: frozenset[str] = frozenset()) -> Growing:
    return Growing.of(Suite("s", ENTRIES), Plan((), (), missing))


def test_half_of_the_answerable_messages_comes_in_and_the_rest_is_asked() -> None:
    plan = planned(Suite("s", ENTRIES, (*CASES, NOTHING, case("later", "e1", after="before"))))
    assert len(plan.arriving) == 20 and NOTHING in plan.kept
    assert {*plan.arriving}.isdisjoint(plan.kept) and len(plan.kept) == 21
    assert [each for part in plan.slices() for each in part] == [*plan.arriving]
    assert len(plan.missing) == 1
    assert plan == planned(Suite("s", ENTRIES, (*reversed(CASES), NOTHING)))  # chance that is always the same


def test_dated_messages_come_in_by_time() -> None:
    dated = [replace(each, asked_at=f"2026-01-{40 - n:02}") for n, each in enumerate(CASES)]
    plan = planned(Suite("s", ENTRIES, tuple(dated)))
    assert [each.id for each in plan.arriving] == [f"m{n}" for n in range(39, 19, -1)]


@pytest.mark.parametrize("fate", [Fate.WRONG, Fate.REFUSED])
def test_a_message_that_failed_is_added_to_its_entry(fate: Fate) -> None:
    growing = owner()
    growing.learn(told(fate))
    growing.learn(told(fate))  # once is enough
    assert growing.entries["e1"].alternates == ("message about e1",)
    assert growing.added == {"alternates": 1}


def test_a_choice_that_is_taken_is_a_wording() -> None:
    growing = owner()
    growing.learn(told(Fate.OFFERED, suggestions=("What about 0?", "What about 1?")))
    assert growing.entries["e1"].alternates == ("message about e1",)
    assert growing.added == {"choices": 1}


def test_what_was_answered_teaches_nothing() -> None:
    growing = owner()
    growing.learn(told(Fate.RIGHT_ALONE))
    assert tuple(growing.entries.values()) == ENTRIES and not growing.added


def test_a_missing_entry_is_written_when_it_is_asked_for() -> None:
    growing = owner(frozenset({"e1"}))
    assert "e1" not in growing.entries
    growing.learn(told(Fate.REFUSED))
    assert growing.entries["e1"].alternates == ("message about e1",)
    assert growing.added == {"closed gaps": 1} and not growing.missing


def test_the_shares_of_a_step_are_of_their_own_kind() -> None:
    answered = replace(result(NOTHING, outcome=Outcome.ANSWERED), fate=Fate.ANSWERED)
    results = [told(Fate.RIGHT_ALONE), told(Fate.OFFERED), told(Fate.REFUSED), told(Fate.WRONG), answered]
    step = grown(0.5, {"choices": 2}, results)
    assert step.fates == {"right": 0.25, "offered": 0.25, "wrong": 0.25, "no answer": 0.25}
    assert step.answered == 1.0


def test_table_and_page_show_every_step(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    steps = [
        Grown(
            seen,
            {"alternates": int(9 * seen)},
            {"right": right, "offered": 0.2, "wrong": 0.1, "no answer": 0.1},
            0.3,
        )
        for seen, right in ((0.0, 0.4), (1.0, 0.6))
    ]
    print_growth("town", steps)
    assert "100%" in (shown := capsys.readouterr().out) and "0.600" in shown
    assert next(curve.points for curve in curves(steps)) == ((0.0, 0.4), (1.0, 0.6))
    write_growth(tmp_path / "grown.html", {"town": steps})
    page = (tmp_path / "grown.html").read_text("utf-8")
    assert page.count('class="series') == 8 and 'class="guide"' not in page  # four curves and their keys
