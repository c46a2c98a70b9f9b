"""What the relevance judge learns from, and how its logit becomes a probability."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from knowledge.types import Entry, FloatArray
from learning.training.config import Noise
from learning.training.corpora import Asked, Corpus, is_held_back
from learning.training.near_misses import Shown, groups_of, near_misses
from learning.training.pair_model import PairGroup
from learning.training.relevance_stack import Candidate, set_id, stacked

_SUBJECTS = "renew fine lost reserve card hours kids print room donate".split()
_QUIET = Noise(careless=0, slip=0, no_apostrophe=0)


def _by_words(texts: Sequence[str]) -> FloatArray:
    """Each subject is a direction; every text leans a little towards all of them."""
    rows = np.full((len(texts), len(_SUBJECTS)), 0.1, dtype=np.float32)
    for row, text in enumerate(texts):
        for column, subject in enumerate(_SUBJECTS):
            rows[row, column] += subject in text
    unit: FloatArray = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


def _library() -> Corpus:
    entries = {
        subject: Entry(subject, f"What about {subject}?", f"About {subject} we say so.\nAnd more.")
        for subject in _SUBJECTS
    }
    return Corpus(
        name="library",
        licence="Apache-2.0",
        entries=entries,
        asked=tuple(
            Asked(f"{subject} please {number}", (subject,)) for subject in _SUBJECTS for number in range(4)
        ),
        related={"renew": frozenset({"fine"})},
        unanswerable=tuple((f"{subject} on the moon", subject) for subject in _SUBJECTS),
    )


def _groups(shown: Shown, held_back: float = 0.0) -> list[PairGroup]:
    return groups_of(_library(), _by_words, share=1.0, seed=1, held_back=held_back, shown=shown, noise=_QUIET)


def test_the_right_passage_comes_first_among_near_misses() -> None:
    groups = [group for group in _groups(Shown(passages=3, without=0)) if "please" in group.text]
    assert len(groups) == 40
    for group in groups:
        subject = group.text.split()[0]
        assert group.labels == (1.0, 0.0, 0.0, 0.0)
        assert subject in group.passages[0] or group.passages[0] == "And more."
        assert not any(subject in passage for passage in group.passages[1:])


def test_a_message_without_an_answer_has_near_misses_alone() -> None:
    groups = [group for group in _groups(Shown(without=0)) if "moon" in group.text]
    assert len(groups) == 10
    assert all(set(group.labels) == {0.0} for group in groups)
    assert sum(any(group.text.split()[0] in one for one in group.passages) for group in groups) >= 5


def test_the_right_passage_is_left_out_as_often_as_asked() -> None:
    assert not any(1.0 in group.labels for group in _groups(Shown(without=1)))


def test_held_back_entries_are_asked_for_in_no_group() -> None:
    held = {subject for subject in _SUBJECTS if is_held_back(subject, 1, 0.4)}
    assert 0 < len(held) < len(_SUBJECTS)
    asked = {group.text.split()[0] for group in _groups(Shown(), held_back=0.4)}
    assert asked == {*_SUBJECTS} - held


def test_relatives_and_twins_are_no_near_misses() -> None:
    corpus = _library()
    twins = Corpus(
        name="twins",
        licence="",
        entries={**corpus.entries, "renew-2": Entry("renew-2", "What about renew?", "The same.")},
        asked=corpus.asked,
        related=corpus.related,
    )
    found = near_misses(
        twins, [Asked("renew please", ("renew",)), Asked("lost please", ("lost",))], _by_words, 20
    )
    assert not {"renew", "renew-2", "fine"} & {*found[0]}
    assert {"renew", "fine"} < {*found[1]}


def _candidates(seed: int) -> list[Candidate]:
    """Of each message's candidates one is right; the pair logit says which, a little noisily."""
    rng = np.random.default_rng(seed)
    names = ("base", "pair", "pair_lead", "score_lead", "question_cosine")
    return [
        Candidate(
            f"kb {message}",
            rank,
            right := rank == message % 3 and message % 4 > 0,
            dict.fromkeys(names, 0.0) | {"pair": float(rng.normal(2.0 if right else -2.0, 1.0))},
        )
        for message in range(300)
        for rank in range(3)
    ]


def test_the_stack_learns_whom_to_believe_and_is_calibrated() -> None:
    model, figures = stacked(_candidates(0))
    assert model.weights["pair"] > 1.0
    assert abs(model.weights["base"] - 0.5) < 0.01  # says nothing here: the prior stands
    assert figures["auroc"] > 0.97
    assert figures["calibration_error"] < 0.06
    assert figures["right_first"] > 0.95 > 0.5 > figures["right_first.retriever"]
    assert figures["auroc.answerable"] > 0.9


def test_the_set_that_was_measured_on_is_named_by_its_messages() -> None:
    groups = [candidate.group for candidate in _candidates(0)]
    assert set_id(groups) == set_id(groups[::-1])
    assert set_id(groups) != set_id(groups[3:])


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_a_share_of_the_messages_is_seen(share: float) -> None:
    groups = groups_of(_library(), _by_words, share=share, seed=1, held_back=0, shown=Shown(), noise=_QUIET)
    assert len(groups) == 50 * share
