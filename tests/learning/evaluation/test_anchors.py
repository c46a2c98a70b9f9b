"""Public sets: how they are read, and what their measures say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.anchors import told
from learning.evaluation.anchors.measures import (
    NOTHING,
    Guess,
    best_line,
    decided,
    guess_of,
    in_and_out,
    matthews,
    mean_average_precision,
    recall_at,
)
from learning.evaluation.anchors.published import OF
from learning.evaluation.anchors.readers import clinc150, hint3_bots, stack_faq, suite_of
from learning.evaluation.layouts.rows import SuiteError
from tests.learning.evaluation.evaluating import case, result

GUESSES = [
    Guess("a", 0.9, ("a",)),
    Guess("b", 0.8, ("b",)),
    Guess("a", 0.3, ()),
    Guess("b", 0.2, ()),
]


def test_the_correlation_counts_what_is_not_sure_enough_as_nothing() -> None:
    assert matthews(GUESSES, 0.5) == pytest.approx(1.0)
    assert 0 < matthews(GUESSES, 0.0) < 1
    assert matthews(GUESSES, 1.0) == 0.0  # nothing is ever said
    assert matthews(GUESSES, best_line(GUESSES)) == pytest.approx(1.0)


def test_the_correlation_of_two_classes_is_that_of_the_textbook() -> None:
    table = [("a", "a")] * 6 + [("a", "b")] * 2 + [("b", "a")] * 1 + [("b", "b")] * 3
    guesses = [Guess(said, 1.0, (true,)) for true, said in table]
    assert matthews(guesses, 0.5) == pytest.approx((6 * 3 - 2 * 1) / (7 * 8 * 4 * 5) ** 0.5)


def test_in_and_out_of_scope_are_counted_apart() -> None:
    assert in_and_out(GUESSES, 0.25) == (1.0, 0.5)


def test_a_guess_is_what_was_likeliest_and_a_decision_what_was_said() -> None:
    torn = result(case("1", "a"), judged={"a": 0.3, "b": 0.4})
    assert (guess_of(torn).label, decided(torn).label) == ("b", NOTHING)
    assert decided(result(case("1", "a"), "a")).label == "a"
    assert guess_of(result(case("1"))).label == NOTHING


def test_rankings_are_scored_by_where_the_right_one_is() -> None:
    found, true = [["a", "b"], ["b", "a"], ["c"]], [["a"], ["a"], ["a"]]
    assert mean_average_precision(found, true) == pytest.approx(0.5)
    assert recall_at(found, true, 1) == pytest.approx(1 / 3)


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_a_bot_is_read_as_its_authors_publish_it_or_from_lines(tmp_path: Path, kind: str) -> None:
    train, test = [("open it", "OPEN"), ("open up", "OPEN")], [("open", "OPEN"), ("hm", NOTHING)]
    for side, rows in (("train", train), ("test", test)):
        folder = tmp_path / side if kind == "csv" else tmp_path
        folder.mkdir(exist_ok=True)
        lines = (
            ["sentence,label", *(",".join(row) for row in rows)]
            if kind == "csv"
            else [json.dumps({"text": text, "intent": label}) for text, label in rows]
        )
        (folder / f"shop_{side}.{kind}").write_text("\n".join(lines), "utf-8")
    [(bot, read, asked)] = hint3_bots(tmp_path)
    suite = suite_of(bot, read, asked)
    assert [entry.alternates for entry in suite.entries] == [("open up",)]
    assert [each.entry_ids for each in suite.cases] == [("shop.OPEN",), ()]


def test_out_of_scope_belongs_to_the_test_messages(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match="neither"):
        clinc150(tmp_path)
    sides = {"train": [["hi", "greet"]], "val": [], "test": [["hey", "greet"]], "oos_test": [["eh", "oos"]]}
    (tmp_path / "data_full.json").write_text(json.dumps(sides))
    assert clinc150(tmp_path) == ([("hi", "greet")], [("hey", "greet"), ("eh", "")])


def test_threads_of_a_forum_are_entries_and_their_rephrasings_messages(tmp_path: Path) -> None:
    file = tmp_path / "stackExchange-FAQ.xml"
    file.write_text(
        "<root><qapair><rephr>how to</rephr><rephr>*</rephr><question>How?</question><answer>So.</answer>"
        "<answer>Or so.</answer></qapair><qapair><question>Why?</question></qapair></root>"
    )
    suite = stack_faq(file)
    assert [(entry.question, entry.answer) for entry in suite.entries] == [("How?", "So.")]
    assert [(each.question.text, each.entry_ids) for each in suite.cases] == [("how to", ("thread-0",))]
    file.write_text("<root>")
    with pytest.raises(SuiteError):
        stack_faq(file)


def test_ours_stands_beside_what_is_published_with_its_address() -> None:
    rows = told([("hint3/curekart", "MCC", 0.7, "own"), ("mtrag", "recall at 5", 0.8, "none")])
    assert [row[2] for row in rows] == ["Candor", "BERT", "Candor"]
    assert rows[1][5].startswith("https://github.com/hellohaptik")
    assert all(each.source.startswith("https://") for of in OF.values() for each in of)
