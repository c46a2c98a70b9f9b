"""Which language a message is in, and which ones a knowledge base is in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Set
from dataclasses import dataclass
from functools import cache
from typing import Any

from knowledge.types import Entry
from pipeline.english.words import LETTERS

TOLD_APART = frozenset("en zh hi es fr ar bn pt ru ur de tr it nl pl".split())
"""ISO 639-1 codes of the languages that a message may be found to be in."""
_SURE = 0.75
_KNOWN_WORDS = 0.75  # a message with this share of words of the knowledge base is in its language
_SHARE = 0.2  # of the entries, from which on a language is one of the knowledge base
_READ = 400  # characters


@dataclass(frozen=True, slots=True)
class SpokenLanguages:
    """The languages of a knowledge base, the most frequent one first, and its `words` in lower case. Where
    its entries do not tell it has none, and no message is foreign to it."""

    codes: tuple[str, ...]
    words: Set[str]

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> SpokenLanguages:
        """Reads all text of `entries`, in some milliseconds for a hundred of them."""
        counts: Counter[str] = Counter()
        words: set[str] = set()
        for entry in entries:
            text = " ".join((entry.question, entry.answer, *entry.alternates))
            words.update(_words(text))
            code, share = _ranked(text)[0]
            counts[code] += share >= _SURE
        least = _SHARE * counts.total()
        return cls(tuple(code for code, count in counts.most_common() if count >= max(least, 1)), words)

    def other(self, text: str) -> str:
        """The language of a message that is surely not in the knowledge base's first; empty otherwise."""
        said = list(_words(text[:_READ]))
        known = sum(word in self.words for word in said)
        if not self.codes or not said or known >= _KNOWN_WORDS * len(said):
            return ""
        ranked = [
            (code, share) for code, share in _ranked(text[:_READ]) if code in {*TOLD_APART, *self.codes}
        ]
        code, share = ranked[0]
        sure = share >= _SURE * sum(share for _, share in ranked)
        return code if sure and code != self.codes[0] else ""


def _words(text: str) -> list[str]:
    return [word for word in LETTERS.findall(text.lower()) if len(word) > 1 or not word.isascii()]


def _ranked(text: str) -> list[tuple[str, float]]:
    """Languages with their probabilities, the most probable one first."""
    return [(str(code), float(share)) for code, share in _identifier().rank(text)]


@cache
def _identifier() -> Any:  # noqa: ANN401 - the library has no types
    """Loaded once: it takes half a second."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
