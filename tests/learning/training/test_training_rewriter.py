"""The rewriter's trainer on conversations about a harbour, written for this test."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from knowledge.encoders.model_card import read_card
from learning.training.config import TrainingFailed
from learning.training.rewriter import train
from pipeline.stages.rewriting.term_resolution import TermResolver
from pipeline.types import Message, Role

CONFIG = """
sets: [dev_made_up]
folds: 2
alone_below: 0.6
penalty: {dependence: 0.5, terms: 0.5}
"""
THINGS = "lighthouse ferry crane jetty warehouse buoy anchor dredger pilot trawler".split()


def rows() -> list[dict[str, object]]:
    made = []
    for number, thing in enumerate(THINGS):
        history = [
            {"role": "user", "text": f"Who looks after the {thing} in the harbour?"},
            {"role": "assistant", "text": f"The {thing} is looked after by the town. It asks for no fee."},
        ]
        common = {"dataset": "mtrag_human", "conversation_id": f"c{number}", "history": history}
        needy = {"utterance": "Is it open?", "rewrite": f"Is the {thing} open?", "needs_rewrite": True}
        alone = "How deep is the water beside the eastern quay?"
        made += [
            common | needy,
            common | {"utterance": alone, "rewrite": alone, "needs_rewrite": False},
        ]
    return made


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "rewriting").mkdir()
    lines = [json.dumps(row) for row in rows()]
    (tmp_path / "rewriting" / "dev_made_up.jsonl").write_text("\n".join(lines))
    (tmp_path / "config.yaml").write_text(CONFIG)
    return tmp_path


def trained(data: Path, out: str = "out") -> TermResolver:
    train(data / "config.yaml", data, data / out, resume=False, show=lambda _share, _text: None)
    return TermResolver.of(read_card(data / out).weights)


def test_it_learns_what_refers_back_and_to_what(data: Path) -> None:
    terms = trained(data)
    assert terms.dependence("Is it open?") > terms.dependence("How deep is the water beside the quay?")
    asked = Message(Role.USER, "Who looks after the winch in the harbour?")
    history = (asked, Message(Role.ASSISTANT, "It was built long ago. Nobody does. The mayor decides."))
    found = {
        word: terms.model.probability(features)
        for word, _, features in terms.candidates("Is it open?", history, 0.9)
    }
    assert found["winch"] > found["mayor"]


@pytest.mark.slow
def test_the_same_data_gives_the_same_card(data: Path) -> None:
    trained(data), trained(data, "again")
    assert (data / "out/card.json").read_text() == (data / "again/card.json").read_text()


def test_the_card_tells_the_data_and_the_figures(data: Path) -> None:
    trained(data)
    card = read_card(data / "out")
    assert [(each.name, each.licence, each.rows) for each in card.data] == [("mtrag_human", "Apache-2.0", 20)]
    assert card.figures["standing_alone_unchanged"] == 1
    assert card.selection.figure in card.figures


@pytest.mark.slow
def test_extra_sets_are_learned_from_and_not_measured_on(data: Path) -> None:
    trained(data)
    alone = read_card(data / "out")
    rows = (data / "rewriting" / "dev_made_up.jsonl").read_text().replace("mtrag_human", "synthetic")
    (data / "rewriting" / "more.jsonl").write_text(rows)
    config = data / "config.yaml"
    config.write_text(config.read_text() + "\nextra: [more]\n")
    trained(data)
    card = read_card(data / "out")
    assert card.selection == alone.selection
    assert [(each.name, each.rows) for each in card.data] == [("mtrag_human", 20), ("synthetic", 20)]
    assert card.weights != alone.weights


def test_a_set_whose_licence_is_unknown_is_refused(data: Path) -> None:
    file = data / "rewriting" / "dev_made_up.jsonl"
    file.write_text(file.read_text().replace("mtrag_human", "scraped"))
    with pytest.raises(TrainingFailed, match="scraped"):
        trained(data)


def test_missing_data_is_named(data: Path) -> None:
    (data / "rewriting" / "dev_made_up.jsonl").unlink()
    with pytest.raises(TrainingFailed, match="dev_made_up"):
        trained(data)


@pytest.mark.parametrize("part", ["dependence", "terms"])
def test_weights_of_another_rewriter_are_refused(data: Path, part: str) -> None:
    trained(data)
    weights = dict(read_card(data / "out").weights)
    weights[part] = weights[part] | {"weights": {"mood": 1.0}}
    with pytest.raises(ValueError, match="mood"):
        TermResolver.of(weights)
