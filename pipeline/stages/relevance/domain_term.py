"""What a whole knowledge base is about, in so many words: "vaccine" in one about vaccines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain

from knowledge.types import Entry, Hit, View
from pipeline.english.language import stem
from pipeline.english.lexicon import FUNCTION_WORDS
from pipeline.english.normalising import Rewording, Slang
from pipeline.english.words import LETTERS, nearest_spelling

_SHARE = 0.5
_ENOUGH = 20  # entries; fewer share a word by chance
_SHORTEST = 5  # letters of a word that may have a typo


@dataclass(frozen=True, slots=True)
class DomainTerms:
    """The `stems` of the content words that half of the entries' questions share; none where they are about
    this and that. `reword` puts its slang plainly: a "jab" is a vaccine."""

    stems: frozenset[str]
    reword: Rewording

    @classmethod
    def of(cls, entries: Iterable[Entry], slang: Slang) -> DomainTerms:
        """Reads the questions of `entries`."""
        questions = [_stems(entry.question) for entry in entries]
        counts = Counter(chain.from_iterable(questions))
        least = _SHARE * len(questions) if len(questions) >= _ENOUGH else len(questions) + 1
        shared = frozenset(word for word, count in counts.items() if count >= least)
        names = {said: plain for said, plain in slang.health.items() if shared & _stems(plain)}
        return cls(shared, Rewording(names))

    def left_out(self, said: str, hit: Hit) -> bool:
        """Whether the passage that was found names the subject and what the user `said` does not: people who
        ask about catching a disease are then told about catching it from a vaccine. A typo names it."""
        passage = hit.entry.question if hit.passage.view is View.CHUNK else hit.passage.text
        meant = self.stems & _stems(passage)
        if not meant:
            return False
        spoken = _stems(said) | _stems(self.reword(said))
        return not meant & spoken and not any(_misspelt(word, meant) for word in spoken)


def _stems(text: str) -> frozenset[str]:
    return frozenset(stem(word) for word in LETTERS.findall(text.lower()) if word not in FUNCTION_WORDS)


def _misspelt(word: str, meant: Iterable[str]) -> bool:
    return len(word) >= _SHORTEST and bool(nearest_spelling(word, meant, 1))
