"""The ordinary words of a language, as the encoder's own tokenizer lists them."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

_SUBWORD = "##"
_WORD_STARTS = ("▁", "Ġ")


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
    if marked := [piece[1:] for piece in pieces if piece.startswith(_WORD_STARTS)]:
        whole = marked
    else:
        whole = [piece for piece in pieces if not piece.startswith(_SUBWORD)]
    return frozenset(word.lower() for word in whole if word.isalpha())
