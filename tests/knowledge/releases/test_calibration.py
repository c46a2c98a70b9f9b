from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from knowledge.releases.calibration import ENOUGH, calibrate, calibration_from_json, calibration_to_json
from knowledge.releases.calibration_examples import OwnQuestions, Ranking
from knowledge.releases.logistic_fit import fit_if_better, fit_logistic
from knowledge.releases.sharpness import fitted_sharpness
from knowledge.releases.snapshot import LocalSnapshot
from knowledge.types import (
    DEFAULT_GATE,
    DEFAULT_RELEVANCE,
    RELEVANCE_OF_FEW,
    Calibration,
    Entry,
    FloatArray,
    Logistic,
    View,
)
from tests.fakes import HashEncoder

PARTS = "rail arch deck pier cable tower paint toll gate lamp bolt rope".split()
BRIDGE = [
    Entry(
        part,
        f"Who looks after the {part} of our old bridge?",
        f"The town looks after the {part}. It is checked in spring.",
        alternates=(f"who looks after the {part}", f"is the {part} of the bridge checked"),
    )
    for part in PARTS
]
BACKGROUND = [
    f"how do i cook {food} with {other}" for food in "rice fish soup pie".split() for other in PARTS
]
embed = HashEncoder().encode


def built(entries: list[Entry], background: list[str] = BACKGROUND) -> Calibration:
    return calibrate(LocalSnapshot.of(entries, embed), background, embed(background))


def unit(*numbers: float) -> FloatArray:
    vector = np.array(numbers, dtype=np.float32)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def test_the_gate_learns_to_tell_the_own_questions_from_the_background() -> None:
    figures = built(BRIDGE).figures
    assert figures["own_questions_on_topic"] >= 0.9
    assert figures["background_on_topic"] <= 0.1


def test_the_relevance_check_learns_where_alternates_show_what_a_right_entry_scores() -> None:
    learned = built(BRIDGE)
    assert learned.relevance != DEFAULT_RELEVANCE
    assert learned.figures["rewordings_accepted"] > learned.figures["absent_accepted"]


def test_without_alternates_the_relevance_check_keeps_the_default() -> None:
    learned = built([replace(entry, alternates=()) for entry in BRIDGE])
    assert learned.relevance == DEFAULT_RELEVANCE
    assert learned.gate != DEFAULT_GATE


def test_a_message_of_the_background_that_the_knowledge_base_is_about_is_dropped() -> None:
    own = BRIDGE[0].question
    learned = built(BRIDGE, [*BACKGROUND, own])
    assert learned.figures["background_dropped"] == 1
    assert len(learned.background) == len(BACKGROUND)
    assert (learned.background @ embed([own])[0]).max() < 0.999


def test_passages_under_one_heading_do_not_raise_the_level() -> None:
    """Where an entry is hidden, another that asks the same still answers: it has to be hidden too."""
    apart = [
        replace(entry, question=f"{entry.id} {n}{n} care", alternates=()) for n, entry in enumerate(BRIDGE)
    ]
    doubled = [*apart, *(replace(entry, id=f"{entry.id}-2") for entry in apart)]

    assert built(doubled).figures["absent_level"] == pytest.approx(
        built(apart).figures["absent_level"], abs=0.05
    )


@pytest.mark.parametrize("count", [0, 1, 3, ENOUGH - 1])
def test_a_handful_of_entries_is_judged_by_the_defaults(count: int) -> None:
    learned = built(BRIDGE[:count])
    assert (learned.gate, learned.relevance) == (DEFAULT_GATE, RELEVANCE_OF_FEW)


def test_no_background_is_no_obstacle() -> None:
    learned = built(BRIDGE, [])
    assert learned.gate == DEFAULT_GATE
    assert learned.features([0.8], unit(1, 0))["background"] == pytest.approx(0.4)


def test_the_same_release_is_calibrated_the_same_way_twice() -> None:
    assert built(BRIDGE) == built(BRIDGE)


def test_it_is_read_back_as_it_was_written() -> None:
    learned = built(BRIDGE)
    read = calibration_from_json(calibration_to_json(learned))
    assert read == learned
    np.testing.assert_allclose(read.background, learned.background, atol=1e-3)


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"background": {"shape": [1, 2], "data": "AAAA"}}'])
def test_damaged_data_is_refused(data: bytes) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        calibration_from_json(data)


def test_features_are_the_score_the_lead_and_the_nearness_to_the_background() -> None:
    background = np.stack([unit(1, 0), unit(1, 0), unit(1, 0), unit(0, 1)])
    features = Calibration(background=background).features([0.9, 0.5, 0.3], unit(1, 0))
    assert features == pytest.approx({"score": 0.9, "lead": 0.5, "bounded_lead": 0.2, "background": 1.0})


def test_a_fit_without_one_class_is_the_prior() -> None:
    prior = Logistic({"score": 3.0}, -1.0)
    assert fit_logistic(prior, [{"score": 1.0}], []) is prior
    assert fit_logistic(prior, [], [{"score": 0.0}]) is prior


def test_a_fit_moves_the_line_between_the_classes_and_further_with_more_examples() -> None:
    prior = Logistic({"score": 10.0}, -9.0)
    few = fit_logistic(prior, [{"score": 0.6}] * 2, [{"score": 0.2}] * 2)
    many = fit_logistic(prior, [{"score": 0.6}] * 200, [{"score": 0.2}] * 200)
    assert prior.probability({"score": 0.6}) < few.probability({"score": 0.6})
    assert few.probability({"score": 0.6}) < many.probability({"score": 0.6})
    assert many.probability({"score": 0.6}) > 0.8
    assert many.probability({"score": 0.2}) < 0.2


def test_odds_are_how_often_a_yes_is_expected() -> None:
    prior, mixed = Logistic({"score": 0.0}, 0.0), [{"score": 0.5}] * 300
    fitted = fit_logistic(prior, mixed, mixed, odds=4.0)
    assert fitted.probability({"score": 0.5}) == pytest.approx(0.8, abs=0.02)


def test_the_level_is_that_of_the_questions_whatever_alternates_there_are() -> None:
    own = OwnQuestions(LocalSnapshot.of(BRIDGE, embed), Calibration())
    hidden = own.hidden(own.rows(frozenset({View.QUESTION})))
    level = np.mean([features["score"] for features in hidden])
    assert built(BRIDGE).figures["absent_level"] == pytest.approx(level)


def test_an_answer_that_repeats_an_alternate_does_not_find_it() -> None:
    """A wording that is left out must be gone from the answer too, or every wording looks surely answered."""
    repeating, silent = (
        OwnQuestions(LocalSnapshot.of([replace(e, answer=text(e)) for e in BRIDGE], embed), Calibration())
        for text in (lambda entry: f"{entry.alternates[0]}.", lambda entry: entry.question)
    )
    row = silent.rows(frozenset({View.ALTERNATE}))[:1]
    scores = [own.reworded(row)[0]["score"] for own in (repeating, silent)]
    assert scores[0] == pytest.approx(scores[1], abs=0.01)


def test_what_is_learned_is_kept_only_where_it_is_better_on_left_out_groups() -> None:
    prior, groups = Logistic({"score": 10.0}, -9.0), [f"e{n % 6}" for n in range(60)]
    found, absent = [{"score": 0.6}] * 60, [{"score": 0.2}] * 60
    assert fit_if_better(prior, found, absent, groups) == fit_logistic(prior, found, absent)
    assert fit_if_better(prior, found, absent, ["e0", "e1"] * 30) is prior  # too few to leave any out
    apart = [{"score": 0.9 if group == "e0" else 0.4} for group in groups]
    best = fit_logistic(prior, apart, absent, weight_sd=9.0, bias_sd=9.0)
    assert fit_if_better(best, absent, apart, groups, odds=1.0) != best  # it was wrong, and so it is moved


def test_sharpness_is_learned_from_how_far_right_entries_lead() -> None:
    leading = [Ranking((0.6, 0.5), 0, f"e{n}") for n in range(40)]
    torn = [Ranking((0.6, 0.5), n % 2, f"e{n % 20}") for n in range(40)]
    assert fitted_sharpness(22.0, leading) > 22.0 > fitted_sharpness(22.0, torn)
    assert fitted_sharpness(22.0, leading[:4]) == 22.0
