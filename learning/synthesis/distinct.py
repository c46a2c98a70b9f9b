"""Which texts say something new, and how varied a set of texts is."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise

_GRAM = 4
_SAME = 0.7  # of the character n-grams of two texts: more, and one is the other with a word or two added
_WORD = re.compile(r"\w+(?:['’]\w+)*")


def plain(text: str) -> str:
    """The words of a text in lower case, one space apart."""
    return " ".join(_WORD.findall(text.lower()))


class Distinct:
    """Takes in texts that are neither equal to one before nor, within their group, nearly so."""

    def __init__(self) -> None:
        self._seen: set[str] = set()
        self._grams: defaultdict[str, list[frozenset[str]]] = defaultdict(list)

    def takes(self, text: str, group: str) -> bool:
        """Whether the text is new; it counts as seen from then on."""
        key = plain(text)
        grams = _grams(key)
        if not key or key in self._seen or any(_alike(grams, other) for other in self._grams[group]):
            return False
        self._seen.add(key)
        self._grams[group].append(grams)
        return True


def diversity(texts: Sequence[str]) -> Mapping[str, float]:
    """`unique`: the share of texts that no other equals, but for case and marks; `distinct_1` and
    `distinct_2`: different words and word pairs per word (Li et al. 2016); `words`: how many words there
    are on average."""
    words = [plain(text).split() for text in texts]
    counts = Counter(map(" ".join, words))
    singles = [word for each in words for word in each]
    pairs = [pair for each in words for pair in pairwise(each)]
    figures = {
        "unique": sum(count == 1 for count in counts.values()) / max(1, len(texts)),
        "distinct_1": len(set(singles)) / max(1, len(singles)),
        "distinct_2": len(set(pairs)) / max(1, len(pairs)),
        "words": len(singles) / max(1, len(texts)),
    }
    return {name: round(value, 4) for name, value in figures.items()}


def _grams(text: str) -> frozenset[str]:
    padded = f" {text} "
    return frozenset(padded[place : place + _GRAM] for place in range(max(1, len(padded) - _GRAM + 1)))


def _alike(one: frozenset[str], two: frozenset[str]) -> bool:
    shared = len(one & two)
    return shared > _SAME * (len(one) + len(two) - shared)
