"""The ordinary words of a language, as the encoder's own tokenizer lists them."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

_SUBWORD = "##"
_WORD_START = "▁"


@lru_cache(maxsize=2)
def whole_words(model_folder: Path) -> frozenset[str]:
    """The lower-case words that the tokenizer in `model_folder` keeps whole: some twenty thousand for the
    default model, none where the folder has no readable `tokenizer.json` or one of another shape."""
    try:
        vocabulary = json.loads((model_folder / "tokenizer.json").read_text(encoding="utf-8"))["model"][
            "vocab"
        ]
    except (OSError, ValueError, KeyError, TypeError):
        return frozenset()
    pieces = list(vocabulary) if isinstance(vocabulary, dict) else [str(piece) for piece, *_ in vocabulary]
    marked = any(piece.startswith(_WORD_START) for piece in pieces)
    whole = (
        piece.removeprefix(_WORD_START)
        for piece in pieces
        if not piece.startswith(_SUBWORD) and piece.startswith(_WORD_START) >= marked
    )
    return frozenset(word.lower() for word in whole if word.isalpha())
