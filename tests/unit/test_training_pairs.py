"""The pair models' training and export, on a tiny random encoder."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from knowledge.model_card import ModelCard, Selection
from knowledge.pair_scorer import PairScorer
from learning.training.cards import write_card
from learning.training.config import TrainingFailed
from learning.training.pair_export import export_pair_model
from learning.training.pair_model import PairGroup, PairModel, PairSettings, _loss
from tests.tiny_bert import write_tiny_bert

THINGS = "apple bread chair door engine flower garden house island jacket".split()
SETTINGS = PairSettings(seed=3, epochs=1, pairs=8, rate=3e-3, max_tokens=24, listwise=0.5, checkpoint=5)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("base")
    write_tiny_bert(folder)
    return folder


def lessons(count: int, seed: int) -> list[PairGroup]:
    """A passage is right where it speaks of the thing that is asked for."""
    rng = random.Random(seed)
    drawn = [rng.sample(THINGS, 3) for _ in range(count)]
    return [
        PairGroup(f"where is the {right}", tuple(f"the {thing} is here" for thing in things), (1.0, 0.0, 0.0))
        for things in drawn
        for right in things[:1]
    ]


def fresh(base: Path, frozen: int = 0) -> PairModel:
    return PairModel(base, max_tokens=24, seed=1, frozen=frozen)


def silent(share: float, doing: str) -> None:
    pass


def test_it_learns_which_passage_is_right(base: Path, tmp_path: Path) -> None:
    model = fresh(base)
    loss = model.train(
        lessons(120, 0), replace(SETTINGS, epochs=3), checkpoint=tmp_path / "c", resume=False, show=silent
    )
    scores = [model.score([(group.text, passage) for passage in group.passages]) for group in lessons(30, 1)]
    assert loss < 0.4
    assert np.mean([each.argmax() == 0 for each in scores]) > 0.9
    assert np.mean([each[0] > 0 > each[1] for each in scores]) > 0.8


def test_the_same_seed_gives_the_same_model_also_after_a_stop(base: Path, tmp_path: Path) -> None:
    def stopping(share: float, doing: str) -> None:
        raise KeyboardInterrupt

    groups, pairs = lessons(80, 0), [("where is the door", "the door is here")]
    whole, stopped = fresh(base), fresh(base)
    whole.train(groups, SETTINGS, checkpoint=tmp_path / "a", resume=False, show=silent)
    with pytest.raises(KeyboardInterrupt):
        stopped.train(groups, SETTINGS, checkpoint=tmp_path / "b", resume=False, show=stopping)
    resumed, told = fresh(base), list[float]()
    resumed.train(
        groups, SETTINGS, checkpoint=tmp_path / "b", resume=True, show=lambda share, _: told.append(share)
    )
    assert resumed.score(pairs) == pytest.approx(whole.score(pairs), abs=1e-6)
    assert told[-1] == 1.0


def test_frozen_layers_stay_as_they_are(base: Path, tmp_path: Path) -> None:
    import torch

    model, before = fresh(base, frozen=1), fresh(base, frozen=1)
    model.train(lessons(20, 0), SETTINGS, checkpoint=tmp_path / "c", resume=False, show=silent)
    changed = {
        name
        for (name, new), old in zip(model.net.named_parameters(), before.net.parameters(), strict=True)
        if not torch.equal(new, old)
    }
    assert not any(name.startswith(("bert.embeddings", "bert.encoder.layer.0")) for name in changed)
    assert any(name.startswith("bert.encoder.layer.1") for name in changed)


def test_a_right_passage_that_stands_out_costs_less() -> None:
    import torch

    batch = [PairGroup("q", ("a", "b"), (1.0, 0.0)), PairGroup("q", ("a",), (0.0,))]
    behind, ahead = torch.tensor([-1.0, 1.0, 0.0]), torch.tensor([1.0, -1.0, 0.0])
    assert _loss(ahead, batch, 1.0) < _loss(behind, batch, 1.0)
    listwise = [_loss(logits, batch, 1.0) - _loss(logits, batch, 0.0) for logits in (ahead, behind)]
    assert listwise[0] < listwise[1]  # the softmax has its own say beside the single pairs
    heavy = [replace(batch[0], weight=3.0), batch[1]]
    assert _loss(behind, heavy, 1.0) > _loss(behind, batch, 1.0)


def test_nothing_to_train_on_is_said(base: Path, tmp_path: Path) -> None:
    for groups, settings in (([], SETTINGS), (lessons(2, 0), replace(SETTINGS, epochs=0.1))):
        with pytest.raises(ValueError, match="examples"):
            fresh(base).train(groups, settings, checkpoint=tmp_path / "c", resume=False, show=silent)


def test_what_shares_a_batch_changes_no_score(base: Path) -> None:
    model = fresh(base)
    short, long = ("where", "here"), ("where is the garden", "the flower is in the garden behind the house")
    together = model.score([short, long], exact=True)
    alone = [model.score([pair], exact=True)[0] for pair in (short, long)]
    assert together == pytest.approx(alone, abs=1e-5)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_export_serves_the_same_scores(base: Path, tmp_path: Path) -> None:
    model = fresh(base)
    model.train(lessons(80, 0), SETTINGS, checkpoint=tmp_path / "c", resume=False, show=silent)
    probes = [(group.text, passage) for group in lessons(12, 5) for passage in group.passages]
    assert export_pair_model(model, tmp_path / "out", probes) >= 0.99
    card = ModelCard(
        name="tiny",
        task="relevance",
        base="none",
        base_licence="none",
        created=date(2026, 11, 22),
        data=(),
        config={},
        figures={"auroc": 1.0},
        selection=Selection("auroc", "0"),
        max_tokens=24,
    )
    write_card(tmp_path / "out", card)
    served = PairScorer.load(tmp_path / "out", threads=1).score(probes)[:, 0]
    assert np.corrcoef(served, model.score(probes, exact=True))[0, 1] > 0.99


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_an_export_that_differs_is_refused(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = fresh(base)
    noise = np.random.default_rng(0).normal(size=6).astype(np.float32)
    monkeypatch.setattr("learning.training.pair_export._logits", lambda *_: noise)
    with pytest.raises(TrainingFailed, match="not true"):
        export_pair_model(model, tmp_path / "out", [("a", thing) for thing in THINGS[:6]])
