"""When a retriever of one's own is worth serving, and what it is measured on."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from knowledge.encoders.model_card import ModelCard, Selection
from knowledge.types import Entry
from learning.training.cards import write_card
from learning.training.config import RetrieverConfig, TrainingFailed, read_config
from learning.training.corpora import Asked
from learning.training.judging.matcher import Experience, _figures, _parted, _practice, _Served, check_worth

CONFIG = Path(__file__).resolve().parents[3] / "learning/training/configs/matcher.yaml"
ENTRIES = [Entry(f"e{n}", f"What about {n}?", "This.") for n in range(20)]
MADE = [Asked(f"message {n} {m}", (f"e{n}",)) for n in range(20) for m in range(5)]


def card(**figures: float) -> ModelCard:
    found = {
        "own.lift": 0.05,
        "elsewhere.cost": 0.0,
        **{key.replace("_", ".", 1): v for key, v in figures.items()},
    }
    return ModelCard(
        "m", "retriever", "b", "l", date(2026, 1, 1), (), {}, found, Selection("own.right_first", "x")
    )


def test_only_what_is_better_at_home_and_forgets_little_is_worth_it() -> None:
    check_worth(card())
    check_worth(card(elsewhere_cost=0.01))
    with pytest.raises(TrainingFailed, match="no more often"):
        check_worth(card(own_lift=0.0))
    with pytest.raises(TrainingFailed, match="costs"):
        check_worth(card(elsewhere_cost=0.02))


def test_real_messages_are_measured_on_and_never_learned() -> None:
    real = [MADE[0], Asked("real", ("e1",))]
    learned, trial = _parted(Experience(ENTRIES, MADE, [Asked("thanked for", ("e2",))], real), 1)
    assert [*trial.asked] == real
    assert MADE[0] not in learned
    assert len(learned) == len(MADE)  # one less, and what was thanked for


def test_without_real_messages_a_part_of_the_made_ones_is_set_aside() -> None:
    learned, trial = _parted(Experience(ENTRIES, MADE), 1)
    assert {*learned}.isdisjoint(trial.asked)
    assert 3 <= len(trial.asked) <= 20
    assert len(learned) + len(trial.asked) == len(MADE)
    with pytest.raises(TrainingFailed, match="nothing to measure"):
        _parted(Experience(ENTRIES, []), 1)


def test_wordings_of_people_are_learned_and_measured_beside_the_made_up_ones() -> None:
    worded = [Asked(f"Said {n}!", (f"e{n % 20}",)) for n in range(60)]
    learned, trial = _parted(Experience(ENTRIES, MADE, worded), 1)
    assert {*worded} & {*learned} and {*worded} & {*trial.asked}
    again = [Asked(f"said {n}", (f"e{n % 20}",)) for n in range(60)]
    learned, _ = _parted(Experience(ENTRIES, MADE, worded, again), 1)
    assert {*worded}.isdisjoint(learned)  # in other letters it is the same message


def test_practice_that_is_measured_on_is_not_learned() -> None:
    kept, elsewhere = _practice(read_config(CONFIG, RetrieverConfig))
    assert kept and len(elsewhere) == 6
    assert {each.name for each in kept}.isdisjoint(trial.corpus.name for trial in elsewhere)


def test_the_lift_is_paired_and_the_cost_a_mean_over_knowledge_bases() -> None:
    _, home = _parted(Experience(ENTRIES, MADE, real=MADE[::5]), 1)
    was = [np.array([0, 1] * 10, np.float32), np.ones(4, np.float32), np.ones(2, np.float32)]
    now = [np.array([1, 1] * 10, np.float32), np.array([1, 1, 1, 0], np.float32), np.ones(2, np.float32)]
    figures = _figures(was, now, home)
    assert figures["own.lift"] == 0.5
    assert 0 < figures["own.lift_low"] < 0.5 < figures["own.lift_high"]
    assert figures["elsewhere.cost"] == 0.125


def test_a_retriever_of_several_parts_is_known_by_its_card(tmp_path: Path) -> None:
    parts = replace(card(), weights={"parts": {"minilm": 0.6, "other": 0.4}})
    write_card(tmp_path / "pair", parts)
    assert _Served.of(tmp_path / "pair").part == "minilm"
    write_card(tmp_path / "single", card())
    assert dict(_Served.of(tmp_path / "single").shares) == {"": 1.0}
    with pytest.raises(TrainingFailed, match="card"):
        _Served.of(tmp_path / "none")
