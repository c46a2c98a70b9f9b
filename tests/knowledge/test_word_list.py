from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from knowledge.word_list import whole_words


@pytest.mark.parametrize(
    ("vocabulary", "expected"),
    [
        ({"heart": 0, "##ache": 1, "[CLS]": 2, "42": 3, "House": 4}, {"heart", "house"}),
        ({"Ġheart": 0, "ache": 1, "<s>": 2, "Ġ42": 3, "ĠHouse": 4}, {"heart", "house"}),
        ([["▁heart", -1.0], ["ache", -2.0], ["▁42", -3.0]], {"heart"}),
    ],
)
def test_only_whole_words_are_listed(tmp_path: Path, vocabulary: Any, expected: set[str]) -> None:  # noqa: ANN401
    (tmp_path / "tokenizer.json").write_text(json.dumps({"model": {"vocab": vocabulary}}), encoding="utf-8")
    assert whole_words(tmp_path) == expected


@pytest.mark.parametrize("content", [None, "", "[]", '{"model": {}}'])
def test_an_unreadable_tokenizer_lists_nothing(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "tokenizer.json").write_text(content, encoding="utf-8")
    assert whole_words(tmp_path) == frozenset()
