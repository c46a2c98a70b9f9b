"""The little English that the rule-based stages share: words, stems, negation, opposites, hedges.

A text is read once into words that know whether they are negated, so that two sentences can be compared
by what they say of the same things. There is no parser: a negation reaches from
its cue to the end of the clause.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache

from pipeline.english.lexicon import (
    BARE_CONTRACTIONS,
    FUNCTION_WORDS,
    GROUPS,
    IRREGULAR,
    NEGATIONS,
    NOT_NEGATING,
    OPPOSITES,
    SYNONYMS,
)

CONTRACTIONS = re.compile(r"\b(ca|wo|sha|[a-z]+?)n['’]?t\b", re.IGNORECASE)
ACRONYM_DOTS = re.compile(r"\b(?:[A-Z]\.){2,}")
WORD = re.compile(r"[^\W\d_]+(?:['’&][^\W\d_]+)*(?:-\d+)?|\d[\d.,]*\d|\d|[,;:()–—.!?]")
CLAUSE_MARKS = frozenset(",;:()–—.!?")
CLAUSE_WORDS = frozenset("but because although though while whereas which who unless".split())
ABBREVIATION = re.compile(
    r"(?:\b(?:[A-Za-z]|Dr|Mr|Mrs|Ms|Prof|St|vs|etc|approx|Inc|Jan|Feb|Aug|Sept|Oct|Nov|Dec)\.)$"
)


@dataclass(frozen=True, slots=True)
class Word:
    """`stem` is lower case and stands for the word and its opposites; `negated` says whether the text
    denies it; `opposite` whether it is the second half of a pair (`rare` has the stem of `common`);
    `paired` whether it belongs to a pair at all."""

    text: str
    stem: str
    clause: int
    negated: bool = False
    opposite: bool = False
    paired: bool = False

    @property
    def content(self) -> bool:
        base = self.text.lower().replace("’", "'").split("'")[0]  # "that's" is as empty as "that"
        return base not in FUNCTION_WORDS or self.opposite


@lru_cache(maxsize=16384)
def read(text: str) -> tuple[Word, ...]:
    """The words of a text, each with its clause and its polarity."""
    words: list[Word] = []
    clause, scope = 0, False
    tokens = WORD.findall(plain(text))
    for position, token in enumerate(tokens):
        lower = token.lower()
        if token in CLAUSE_MARKS or lower in CLAUSE_WORDS:
            clause, scope = clause + 1, False
            continue
        following = tokens[position + 1].lower() if position + 1 < len(tokens) else ""
        root, opposite = canonical(lower)
        paired = stem(lower) in _meanings()
        words.append(Word(token, root, clause, scope != opposite, opposite, paired))
        if lower in NEGATIONS and f"{lower} {following}" not in NOT_NEGATING:
            scope = not scope
    return tuple(words)


def plain(text: str) -> str:
    """Spells out what is said in two ways: `can't`, `cant` and `cannot` become `can not`, `U.S.` `US`."""

    def spell_out(match: re.Match[str]) -> str:
        bare = "'" not in match.group() and "’" not in match.group()
        if bare and match.group().lower() not in BARE_CONTRACTIONS:
            return match.group()
        stem = match.group(1)
        return f"{IRREGULAR.get(stem.lower(), stem)} not"

    text = re.sub(r"\b([Cc])annot\b", r"\1an not", text)
    text = ACRONYM_DOTS.sub(lambda match: match.group().replace(".", ""), text)
    return CONTRACTIONS.sub(spell_out, text)


def denies(text: str) -> bool:
    """Whether the text, taken as a whole, is a denial: an odd number of negations. The contracted
    auxiliary that opens a question ("isn't it safe?") asks and does not deny."""
    opening = re.sub(r"^\W*(?:(?:so|and|but|well|hi|hey|hello|ok|okay)\W+)*", "", text, flags=re.IGNORECASE)
    text = re.sub(r"^(\w+)n['’]?t\b", r"\1", opening, flags=re.IGNORECASE)
    tokens = [token.lower() for token in WORD.findall(plain(text))]
    pairs = zip(tokens, [*tokens[1:], ""], strict=True)
    return sum(one in NEGATIONS and f"{one} {two}" not in NOT_NEGATING for one, two in pairs) % 2 == 1


def content_words(text: str) -> tuple[Word, ...]:
    return tuple(word for word in read(text) if word.content)


def content_stems(*texts: str) -> frozenset[str]:
    """The stems of the words that say something of the world, numbers among them."""
    return frozenset(word.stem for text in texts for word in content_words(text))


@lru_cache(maxsize=16384)
def stem(word: str) -> str:
    """The Snowball stem of a lower-case word."""
    return _stemmer()(word.replace("’", "'").removesuffix("'s"))


@cache
def _stemmer() -> Callable[[str], str]:
    import Stemmer

    stem_word: Callable[[str], str] = Stemmer.Stemmer("english").stemWord
    return stem_word


@cache
def _meanings() -> dict[str, tuple[str, bool]]:
    """The stem that stands for each paired stem, and whether it is on the opposite side."""
    return _pairs(OPPOSITES) | _pairs(GROUPS)


@cache
def _synonyms() -> dict[str, str]:
    lines = ([stem(word) for word in line.split()] for line in SYNONYMS.strip().splitlines())
    return {own: line[0] for line in lines for own in line}


@cache
def group_stems() -> frozenset[str]:
    """The stems that stand for a group and those it excludes."""
    return frozenset(root for root, _ in _pairs(GROUPS).values())


def _pairs(table: str) -> dict[str, tuple[str, bool]]:
    found: dict[str, tuple[str, bool]] = {}
    for line in table.strip().splitlines():
        sides = [[stem(word) for word in side.split()] for side in line.split(": ")]
        found |= {own: (sides[0][0], side is sides[1]) for side in sides for own in side}
    return found


@lru_cache(maxsize=16384)
def canonical(lower: str) -> tuple[str, bool]:
    """The stem that stands for a lower-case word and its synonyms and opposites, and whether it is the
    second half of a pair."""
    if lower in NEGATIONS:
        return lower, False
    own = stem(lower)
    return _meanings().get(own) or (_synonyms().get(own, own), False)
