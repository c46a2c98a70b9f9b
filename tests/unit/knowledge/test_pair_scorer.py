from __future__ import annotations

import asyncio
import random
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.batching import BatchedPairScorer
from knowledge.model_card import CARD, CardUnusable, card_json
from knowledge.pair_scorer import PairScorer, PairScorerFailed, _batches
from tests.unit.knowledge.pair_models import WORDS, a_card, a_graph, write_pair_model

CLS, SEP, TOLL, BRIDGE, PAINT = 1, 2, 4, 5, 6


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_pair_model(tmp_path / "reckoner")


@pytest.fixture
def scorer(folder: Path) -> PairScorer:
    return PairScorer.load(folder, threads=1)


def some_pairs(count: int) -> list[tuple[str, str]]:
    chance = random.Random(7)
    return [
        (
            " ".join(chance.choices(WORDS[4:], k=2)),
            " ".join(chance.choices(WORDS[4:], k=chance.randint(0, 7))),
        )
        for _ in range(count)
    ]


def test_both_texts_reach_the_model_each_in_its_segment(scorer: PairScorer) -> None:
    logits = scorer.score([("toll", "bridge paint"), ("bridge paint", "toll")])

    assert logits.tolist() == [[CLS + TOLL + SEP, 3], [CLS + BRIDGE + PAINT + SEP, 2]]
    assert scorer.score([]).shape == (0, scorer.width) == (0, 2)


def test_neither_the_order_nor_the_company_changes_a_score(scorer: PairScorer) -> None:
    pairs = some_pairs(300)
    together = scorer.score(pairs)

    assert np.array_equal(scorer.score(pairs[::-1])[::-1], together)
    assert np.array_equal(np.vstack([scorer.score([pair]) for pair in pairs]), together)


def test_the_longer_text_gives_way(scorer: PairScorer) -> None:
    """A window of twelve tokens, three of them special."""
    whole = CLS + TOLL + PAINT + SEP

    assert scorer.score([("toll paint", "arch " * 40)]).tolist() == [[whole, 8]]
    assert scorer.score([("arch " * 40, "toll paint")])[0, 1] == 3


def test_texts_that_are_hardly_texts_are_read(scorer: PairScorer) -> None:
    assert np.isfinite(scorer.score([("", ""), ("\ud800", "toll"), ("\0", "\n")])).all()


@given(st.lists(st.integers(3, 512), max_size=200))
def test_batches_hold_every_row_once_and_stay_small(lengths: list[int]) -> None:
    batches = list(_batches(lengths))

    assert sorted(row for batch in batches for row in batch) == list(range(len(lengths)))
    assert all(len(batch) * max(lengths[row] for row in batch) <= 512 for batch in batches)


@pytest.mark.parametrize("file", ["model.onnx", "tokenizer.json", CARD])
def test_a_damaged_folder_is_refused(folder: Path, file: str) -> None:
    (folder / file).write_bytes((folder / file).read_bytes()[:-20])

    with pytest.raises(CardUnusable, match=file):
        PairScorer.load(folder)


def test_a_card_of_something_else_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(CardUnusable, match="nowhere"):
        PairScorer.load(tmp_path / "nowhere")
    for card in (a_card(folder, files={}), a_card(folder, max_tokens=0)):
        (folder / CARD).write_text(card_json(card))
        with pytest.raises(CardUnusable, match="pair model"):
            PairScorer.load(folder)


def test_a_graph_that_cannot_run_is_refused(folder: Path) -> None:
    (folder / "model.onnx").write_bytes(b"no graph")
    (folder / CARD).write_text(card_json(a_card(folder)))
    with pytest.raises(PairScorerFailed, match="cannot load"):
        PairScorer.load(folder)


def test_a_number_that_is_none_is_no_score(tmp_path: Path) -> None:
    """A logistic model would turn it into certainty."""
    graph = a_graph()
    graph.graph.node[-1].output[0] = "numbers"
    graph.graph.node.append(onnx.helper.make_node("Log", ["numbers"], ["logs"]))
    graph.graph.node.append(onnx.helper.make_node("Sub", ["logs", "numbers"], ["less"]))
    graph.graph.node.append(onnx.helper.make_node("Sqrt", ["less"], ["logits"]))
    folder = write_pair_model(tmp_path / "broken")
    onnx.save(graph, str(folder / "model.onnx"))
    (folder / CARD).write_text(card_json(a_card(folder)))

    with pytest.raises(PairScorerFailed, match="no usable logits"):
        PairScorer.load(folder)


async def test_concurrent_turns_share_the_model_and_have_their_own_scores(scorer: PairScorer) -> None:
    batched = BatchedPairScorer(scorer)
    pairs = some_pairs(60)
    turns = [batched.score(pairs[start : start + 5]) for start in range(0, 60, 5)]

    assert np.array_equal(np.vstack(await asyncio.gather(*turns)), scorer.score(pairs))
    await batched.close()
    with pytest.raises(PairScorerFailed, match="the reckoner is closed"):
        await batched.score(pairs)
