"""The two indices alone: what they find, what they say of how sure, and that a disk changes nothing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from knowledge.index.dense import MIN_RECALL, DenseIndex
from knowledge.index.fusion import SHARPNESS, evened
from knowledge.index.lexical import LexicalIndex
from knowledge.types import FloatArray

TEXTS = [
    "Can the vaccine change my DNA?",
    "Are the side effects of vaccines worse for children?",
    "How much does a flu shot cost?",
    "The mRNA stays outside the nucleus, where the DNA is kept.",
]


def clustered(count: int, dimension: int = 32) -> FloatArray:
    rng = np.random.default_rng(5)
    centres = rng.normal(size=(60, dimension))
    vectors = centres[rng.integers(60, size=count)] + 0.5 * rng.normal(size=(count, dimension))
    unit: FloatArray = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return unit


def test_exact_search_finds_the_true_nearest() -> None:
    vectors = clustered(500)
    index = DenseIndex.build(vectors)
    assert index.is_exact and index.recall == 1.0 and len(index) == 500
    truth = np.argsort(-(vectors @ vectors[7]), kind="stable")[:10]
    assert index.nearest(vectors[7], 10).tolist() == truth.tolist()
    assert len(index.nearest(vectors[7], 900)) == 500


def test_a_large_set_is_searched_approximately_with_the_recall_it_claims() -> None:
    vectors = clustered(6_000)
    index = DenseIndex.build(vectors, exact_limit=1_000)
    assert not index.is_exact
    assert index.recall >= MIN_RECALL
    found = [
        len(set(index.nearest(vector, 20).tolist()) & set(np.argsort(-(vectors @ vector))[:20].tolist())) / 20
        for vector in vectors[:100]
    ]
    assert np.mean(found) >= MIN_RECALL - 0.03


def test_a_file_that_is_no_index_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "i").write_bytes(b"garbage")
    with pytest.raises(RuntimeError):
        DenseIndex.load(tmp_path / "i")


def test_lexical_scores_are_shares_of_a_verbatim_match() -> None:
    index = LexicalIndex.build(TEXTS)
    for position, text in enumerate(TEXTS):
        scores = index.scores(text)
        assert scores.argmax() == position
        assert scores[position] > 0.95
        assert ((scores >= 0) & (scores <= 1)).all()


def test_word_forms_case_and_accents_of_writing_match() -> None:
    index = LexicalIndex.build(TEXTS)
    assert index.scores("VACCINES side effect").argmax() == 1
    assert index.scores("ＤＮＡ").max() > 0.3  # full-width letters


def test_words_nobody_has_count_against_all() -> None:
    index = LexicalIndex.build(TEXTS)
    assert index.scores("flu shot cost")[2] > 1.5 * index.scores("flu shot cost zebra giraffe okapi")[2]


@pytest.mark.parametrize("query", ["", "?!", "zebra", "👍"])
def test_nothing_in_common_scores_zero(query: str) -> None:
    assert LexicalIndex.build(TEXTS).scores(query).tolist() == [0, 0, 0, 0]
    assert LexicalIndex.build(["👍", "!"]).scores(query).tolist() == [0, 0]


def test_lexical_index_from_disk_scores_the_same_and_prints_nothing(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    index = LexicalIndex.build(TEXTS)
    index.save(tmp_path / "bm25")
    loaded = LexicalIndex.load(tmp_path / "bm25")
    assert loaded.scores("vaccine DNA").tolist() == index.scores("vaccine DNA").tolist()
    LexicalIndex.build(["!"]).save(tmp_path / "empty")
    assert LexicalIndex.load(tmp_path / "empty").scores("dna").tolist() == [0]
    assert capfd.readouterr() == ("", "")


def test_many_threads_read_the_same() -> None:
    lexical, vectors = LexicalIndex.build(TEXTS), clustered(300)
    dense = DenseIndex.build(vectors)
    with ThreadPoolExecutor(8) as pool:
        words = list(pool.map(lambda n: lexical.scores(TEXTS[n % 4]).argmax(), range(400)))
        rows = list(pool.map(lambda n: dense.nearest(vectors[n], 1)[0], range(300)))
    assert words == [n % 4 for n in range(400)]
    assert rows == list(range(300))


def test_wordings_are_evened_out_for_how_many_there_are() -> None:
    values = np.array([0.5, 0.5, 0.5, 0.9, 0.1, 0.7], dtype=np.float32)
    one, same, apart = evened(values, np.array([0, 1, 3])).tolist()
    assert (one, same) == pytest.approx((0.5, 0.5))  # the same wording thrice is no nearer than once
    assert 0.7 < apart < 0.9 and apart == pytest.approx(0.9 - np.log(3) / SHARPNESS, abs=0.01)
