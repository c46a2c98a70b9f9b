"""The multilingual encoder: the same thing in two languages is near, whatever languages do to the vectors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from knowledge.encoders import multilingual
from knowledge.encoders.multilingual import MULTILINGUAL_ENCODER, MultilingualEncoder, WithoutLanguage
from knowledge.encoders.parallel_sentences import PARALLEL_SENTENCES
from knowledge.encoders.types import ready_model
from knowledge.errors import ModelDamaged, ModelNotFound


@pytest.fixture(scope="module")
def encoder() -> MultilingualEncoder:
    return MultilingualEncoder()


def test_what_sets_languages_apart_is_taken_out() -> None:
    chance = np.random.default_rng(7)
    said = chance.normal(size=(12, 40)).astype(np.float32)
    accents = {code: chance.normal(size=40).astype(np.float32) * 4 for code in ("en", "de", "tr")}
    spoken = {code: said + accent for code, accent in accents.items()}
    rows = {code: WithoutLanguage(spoken)(each) for code, each in spoken.items()}
    assert np.allclose(np.linalg.norm(rows["de"], axis=1), 1, atol=1e-5)
    assert float((rows["en"] * rows["de"]).sum(axis=1).min()) > 0.99
    assert float(np.abs((rows["en"] @ rows["de"].T)[~np.eye(12, dtype=bool)]).mean()) < 0.3


def test_sentences_correspond_in_all_languages() -> None:
    assert len({len(sentences) for sentences in PARALLEL_SENTENCES.values()}) == 1


@pytest.mark.parametrize(
    "text", ["Wo habe ich meinen Regenschirm gelassen?", "我把雨伞放在哪里了？", "Где я оставил свой зонт?"]
)
def test_a_question_is_nearest_to_itself_in_english(encoder: MultilingualEncoder, text: str) -> None:
    others = ["How do I cook rice?", "Where did I leave my umbrella?", "Who wrote this book?"]
    assert int(np.argmax(encoder.encode(others) @ encoder.encode([text])[0])) == 1


def test_unrelated_texts_are_far_apart(encoder: MultilingualEncoder) -> None:
    one, other = encoder.encode(["Who wrote this book?", "The soup needs more salt."])
    assert float(one @ other) < 0.4


def test_vectors_do_not_depend_on_their_batch(encoder: MultilingualEncoder) -> None:
    texts = [f"question number {number}" for number in range(70)] + ["\ud800", "x" * 5000]
    rows = encoder.encode(texts)
    assert rows.shape == (72, encoder.dimension) and np.isfinite(rows).all()
    assert np.allclose(rows[3], encoder.encode([texts[3]])[0], atol=1e-4)
    assert encoder.encode([]).shape == (0, encoder.dimension)


def test_it_is_ready_without_an_export(encoder: MultilingualEncoder, tmp_path: Path) -> None:
    stored = ready_model(MULTILINGUAL_ENCODER, tmp_path)
    assert stored is not None and stored.fingerprint == encoder.fingerprint
    assert not list(tmp_path.iterdir())


def test_other_weights_than_the_published_ones_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "resources").mkdir()
    for name in ("weights.npz", "sp.model"):
        (tmp_path / "resources" / name).write_bytes(b"other")
    monkeypatch.setattr(multilingual, "_folder", lambda: tmp_path)
    with pytest.raises(ModelDamaged, match="is not the published"):
        MultilingualEncoder()


def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multilingual, "find_spec", lambda _: None)
    with pytest.raises(ModelNotFound, match="multilingual"):
        MultilingualEncoder()
