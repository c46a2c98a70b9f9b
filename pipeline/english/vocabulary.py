"""The words of the live knowledge base, as the query rewriter needs them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass

from knowledge.types import Entry
from pipeline.english.language import stem
from pipeline.english.words import LETTERS, nearest_spelling

_UBIQUITOUS_SHARE, _ENOUGH_ENTRIES = 0.25, 50
_SHORTEST, _LONG = 5, 9


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """`words` are all that occur. `ubiquitous` occur in so many entries that they tell
    nothing: "vaccine" in a knowledge base about vaccines. `targets` are what a typo may be corrected to,
    by first letter."""

    words: frozenset[str]
    ubiquitous: frozenset[str]
    targets: Mapping[str, Sequence[str]]

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> Vocabulary:
        """Reads all text of `entries`; a word written in one entry only may itself be a typo, so it is no
        target."""
        counts: Counter[str] = Counter()
        size = 0
        for entry in entries:
            text = " ".join((entry.question, entry.answer, *entry.alternates, *entry.misconceptions))
            counts.update(set(LETTERS.findall(text.lower())))
            size += 1
        targets = defaultdict(list)
        for word, count in counts.items():
            if count > 1 and len(word) >= _SHORTEST - 1:
                targets[word[0]].append(word)
        often = _UBIQUITOUS_SHARE * size if size >= _ENOUGH_ENTRIES else size + 1
        return cls(
            frozenset(counts),
            frozenset(word for word, count in counts.items() if count >= often),
            targets,
        )

    def correct(self, word: str, everyday: Set[str]) -> str:
        """The word of the knowledge base that a lower-case `word` is a typo of, or `word` itself: where it is
        a word of its own or a form of one, too short to tell, or two edits off (three in a long word; a swap
        is one). Without `everyday` words nothing is corrected: an ordinary word would be taken for a typo."""
        if not everyday or len(word) < _SHORTEST or word in self.words or word in everyday:
            return word
        near = nearest_spelling(word, self.targets.get(word[0], ()), 1 if len(word) < _LONG else 2)
        return near if near and stem(near) != stem(word) else word
