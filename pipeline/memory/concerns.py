"""What a knowledge base cares to know of who asks: learned from its own entries, whatever they are about."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from knowledge.types import Entry
from pipeline.english.language import read, stem
from pipeline.english.lexicon import FUNCTION_WORDS
from pipeline.memory.items import Item, Kind
from pipeline.stages.rewriting.context_dependence import VAGUE

_AGES = re.compile(
    r"\b(?:age[ds]?|years? old|months? old|under|over|from|until|younger"
    r"|older)\b[^.\n]{0,20}\b\d{1,2}\b|\b\d{1,2}(?:[- ](?:year|month)s?(?:[- ]olds?)?|\+)"
    r"|\b(?:child(?:ren)?|bab(?:y|ies)|minors?|toddlers?|infants?|teen\w*|seniors?|older"
    r" (?:people|adults)|elderly)\b",
    re.IGNORECASE,
)
_DWELLS = re.compile(
    r"\b(?:mov(?:e|ed|ing)|live|lives|living|resid\w+|address|abroad|country|city|town)\b", re.IGNORECASE
)
_SOME = 2  # entries that speak of ages, or of where people live, before those matter
_WORDS = 0.3
"""What it is worth, as so much of a cosine, that all words that tell something are said by the entries."""
_EMPTY = frozenset(map(stem, VAGUE)) | frozenset(
    map(
        stem,
        """new old big small bad good first second third last next day days week weeks month months
        year years today yesterday tomorrow people person man woman lot bit little thing stuff time
        times today really own high low right left own today problem question called named name""".split(),
    )
)


@dataclass(frozen=True, slots=True)
class Concerns:
    """`asked` are the stems of what its questions name, `said` those of its answers. It may care for `ages`,
    or for `places` where somebody lives."""

    asked: frozenset[str]
    said: frozenset[str]
    ages: bool
    places: bool

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> Concerns:
        """Reads all `entries`."""
        asked, said = set[str](), set[str]()
        aged = placed = 0
        for entry in entries:
            questions = " \n".join((entry.question, *entry.alternates))
            asked |= set(_stems(questions))
            said |= set(_stems(entry.answer))
            aged += bool(_AGES.search(f"{questions}\n{entry.answer}"))
            placed += bool(_DWELLS.search(questions))
        return cls(frozenset(asked), frozenset(said), aged >= _SOME, placed >= 1)

    def weight(self, item: Item) -> float:
        """What it says for an item that its questions or its answers have words of it, as so much of a
        cosine: the more of them, the more."""
        named = telling(item.value)
        shared = max(len(named & self.asked), len(named & self.said))
        return _WORDS * shared / len(named) if named else 0.0

    def knows(self, item: Item) -> bool | None:
        """Whether ages, and where somebody lives, matter at all; None for any other item."""
        if item.kind is Kind.AGE:
            return self.ages
        return True if item.kind is Kind.PLACE and self.places else None


def speaks_of_ages(entry: Entry) -> bool:
    """Whether what an entry asks is about somebody's age."""
    return bool(_AGES.search("\n".join((entry.question, *entry.alternates))))


def telling(text: str) -> frozenset[str]:
    """The stems of the words of a text that say what it is about."""
    return frozenset(_stems(text))


def _stems(text: str) -> Iterator[str]:
    for word in read(text):
        lower = word.text.lower()
        root = stem(lower)
        if lower not in FUNCTION_WORDS and root not in _EMPTY and len(lower) > 2 and not lower.isdigit():
            yield root
