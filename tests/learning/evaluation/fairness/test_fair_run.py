"""Whether pairs come out the same: what is compared, counted, shown, and when it is not alike."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from app.cli import fairness
from app.cli.failures import Failed
from learning.evaluation.fairness.fair_run import Came, Pairing, figures_of_pairs, run_twins
from learning.evaluation.fairness.variants import Manner, Twin, twins_of
from learning.evaluation.records import Suite
from learning.evaluation.runner import Chain
from pipeline.types import Citation, Outcome, Question, Reply
from tests.fakes import settings
from tests.learning.evaluation.evaluating import ANSWERED, NO_ANSWER, case

POLITE = Manner("polite", 0.75, ("{message} Please.",))
CASES = [case(str(number), "right") for number in range(4)]


class Deaf:
    """Answers from two entries, and hears nothing of what is asked politely and named in `deaf_to`."""

    def __init__(self, *deaf_to: str) -> None:
        self.deaf_to = deaf_to
        self.asked: list[str] = []

    async def run(self, _id: str, question: Question, _say: object) -> Reply:
        self.asked.append(question.text)
        if question.text in self.deaf_to:
            return Reply("Nothing.", NO_ANSWER)
        cited = (Citation(2, "near", "N", None, 5, 8), Citation(1, "right", "R", None, 0, 4))
        return Reply("Yes. No.", ANSWERED, cited)


async def pairings(chain: Deaf, twins: Sequence[Twin]) -> list[Pairing]:
    shown: list[float] = []
    measured = cast(Chain, SimpleNamespace(pipeline=chain))
    found = await run_twins(measured, Suite("s"), twins, lambda done, _what: shown.append(done))
    assert shown == [number / len(twins) for number in range(1, len(twins) + 1)]
    return found


async def test_each_message_is_put_once_and_compared_by_outcome_and_entries() -> None:
    chain = Deaf("message 1 Please.")
    twins = [*twins_of(CASES, [POLITE]), *twins_of(CASES, [Manner("curt", 0.5, ("{message} now",))])]
    found = await pairings(chain, twins)
    assert len(chain.asked) == len(set(chain.asked)) == 12  # four bare, and each of them in two manners
    assert found[0].first == Came(ANSWERED, ("right", "near"))
    assert [pair.equal for pair in found] == [True, False, *[True] * 6]


def paired(id: str, first: tuple[str, ...], second: tuple[str, ...], manner: str = "polite") -> Pairing:
    came = (Came(ANSWERED if cited else NO_ANSWER, cited) for cited in (first, second))
    of = case(id, "right")
    return Pairing(Twin(manner, of, of), *came)


def test_a_manner_is_fair_as_long_as_so_many_pairs_are_alike() -> None:
    alike, lost = (paired(str(n), ("right",), ("right",)) for n in range(3)), paired("x", ("right",), ())
    (figures,) = figures_of_pairs([*alike, lost], [POLITE])
    assert figures.fair and figures.equal.value == pytest.approx(0.75)
    assert figures.loss is not None and figures.loss.value == pytest.approx(-0.25)
    (stricter,) = figures_of_pairs([paired("0", ("right",), ("right",)), lost], [POLITE])
    assert not stricter.fair


def test_to_gain_what_others_lack_is_no_loss_and_a_wrong_entry_is_not_right() -> None:
    (gained,) = figures_of_pairs([paired("0", (), ("right",)), paired("1", ("wrong",), ())], [POLITE])
    assert gained.loss is not None and gained.loss.value == pytest.approx(0.5)


def test_the_worst_come_first_and_manners_without_pairs_are_left_out() -> None:
    silent = Pairing(paired("b", (), ()).twin, Came(NO_ANSWER, ()), Came(Outcome.OFF_TOPIC, ()))
    given = [silent, paired("c", ("right",), ()), paired("d", ("right",), ("wrong",)), paired("e", (), ())]
    (figures,) = figures_of_pairs(given, [Manner("curt", 0.5), POLITE])
    assert [pair.twin.first.id for pair in figures.worst] == ["d", "c", "b"]


def test_what_is_not_alike_is_shown_kept_and_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def measured(suites: Sequence[Suite], *_: object) -> fairness.Figures:
        return {suite.name: figures_of_pairs([paired("a", ("right",), ())], [POLITE]) for suite in suites}

    suite, saved = tmp_path / "questions.jsonl", tmp_path / "fair.json"
    monkeypatch.setattr(fairness, "read_suite", lambda path, _limit: Suite(path.stem))
    monkeypatch.setattr(fairness, "_measured", measured)
    with pytest.raises(Failed, match="questions: polite"):
        fairness.evaluate_fairness([suite], None, saved, settings(tmp_path))
    told: dict[str, list[dict[str, Any]]] = json.loads(saved.read_text("utf-8"))
    (kept,) = told["questions"]
    assert (kept["manner"], kept["fair"], kept["worst"][0]["cited"]) == ("polite", False, [["right"], []])
    shown = capsys.readouterr().out
    assert "not alike" in shown and "'message a' answered right" in shown
