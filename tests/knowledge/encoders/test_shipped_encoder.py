"""Which encoder serves when nobody chose one."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.settings import read_settings
from knowledge.encoders.types import DEFAULT_ENCODER


@pytest.fixture(autouse=True)
def seeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CANDOR_SEEDS_DIR", str(tmp_path))
    monkeypatch.delenv("CANDOR_ENCODER", raising=False)
    return tmp_path


def test_without_a_trained_retriever_it_is_the_plain_model(tmp_path: Path) -> None:
    assert read_settings(tmp_path / ".env").encoder == DEFAULT_ENCODER


def test_the_retriever_of_the_seeds_is_the_default(seeds: Path) -> None:
    retriever = seeds / "models" / "retriever"
    retriever.mkdir(parents=True)

    assert read_settings(seeds / ".env").encoder == str(retriever)


def test_the_owners_retriever_goes_first(seeds: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANDOR_DATA_DIR", str(seeds / "data"))
    for folder in (seeds / "models/retriever", seeds / "data/retriever"):
        folder.mkdir(parents=True)

    assert read_settings(seeds / ".env").encoder == str(seeds / "data/retriever")


def test_an_encoder_that_was_chosen_stays(seeds: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (seeds / "models" / "retriever").mkdir(parents=True)
    monkeypatch.setenv("CANDOR_ENCODER", DEFAULT_ENCODER)

    assert read_settings(seeds / ".env").encoder == DEFAULT_ENCODER
