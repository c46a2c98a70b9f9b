"""A message as a careful writer would have put it: without slang, typos and asides. Only alternates of a
query are written this way, for a message means what it says first."""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from dataclasses import dataclass
from pathlib import Path

from pipeline.english.language import plain
from pipeline.english.lexicon import NEGATIONS, NUMBER_WORDS
from pipeline.english.questions import asks
from pipeline.english.vocabulary import Vocabulary
from pipeline.english.words import LETTERS
from pipeline.stages.rewriting.context_dependence import NAME, subject

_CLAUSE = re.compile(r"(?<=[,;:.!?–—])\s+")


@dataclass(frozen=True, slots=True)
class Slang:
    """Lower-case slang to plain words: `chat` always, `health` where the knowledge base knows the meaning."""

    chat: Mapping[str, str]
    health: Mapping[str, str]

    @classmethod
    def load(cls, file: Path) -> Slang:
        """Reads `slang.yaml`. Raises `OSError` where it is missing."""
        import yaml

        loaded = yaml.safe_load(file.read_text(encoding="utf-8"))
        return cls(chat=dict(loaded["chat"]), health=dict(loaded["health"]))

    def plain_words(self, vocabulary: Vocabulary) -> Rewording:
        """The slang that applies to this knowledge base."""
        known = {
            slang: plain
            for slang, plain in self.health.items()
            if vocabulary.words & set(LETTERS.findall(plain.lower()))
        }
        return Rewording({**self.chat, **known})


class Rewording:
    """Replaces whole words and phrases, the longest first."""

    def __init__(self, plain: Mapping[str, str]) -> None:
        self._plain = plain
        longest_first = sorted(plain, key=len, reverse=True) or ["(?!)"]
        self._pattern = re.compile(
            r"(?<![\w'’-])(?:" + "|".join(map(re.escape, longest_first)) + r")(?![\w'’-])", re.IGNORECASE
        )

    def __call__(self, text: str) -> str:
        """An acronym in a message that is not shouted (IM, GP, US) is left alone."""
        shouted = text.isupper()

        def reword(match: re.Match[str]) -> str:
            said = match.group()
            acronym = said.isupper() and not shouted
            return said if acronym else self._plain[said.lower()]

        return re.sub(r"\s+", " ", self._pattern.sub(reword, text)).strip()


def normalise(text: str, rewording: Rewording, vocabulary: Vocabulary, everyday: Set[str]) -> str:
    """`text` without slang and typos; names, numbers and negations stay. Never empty."""
    bare = rewording(text) or text
    names = {match.group().lower() for match in NAME.finditer(bare)} if not bare.isupper() else set()

    def correct(match: re.Match[str]) -> str:
        word = match.group()
        return word if word.lower() in names else _keep_case(word, vocabulary.correct(word.lower(), everyday))

    return LETTERS.sub(correct, bare)


def without_asides(text: str, vocabulary: Vocabulary) -> str:
    """A message that asks without the clauses of which the knowledge base knows no telling word: "my back is
    killing me, when are you open". Names, numbers and negations stay; the message itself where nothing is
    left."""
    clauses = _CLAUSE.split(text)
    kept = [clause for clause in clauses if vocabulary.knows(clause) or _particular(clause)]
    return " ".join(kept) if kept and len(kept) < len(clauses) and asks(" ".join(kept)) else text


def _particular(clause: str) -> bool:
    """Whether the clause holds a name, a number or a negation; an unusual first word counts as a name."""
    words = LETTERS.findall(clause)
    named = NAME.search(clause) or (words[:1] and words[0][0].isupper() and subject(words[0].lower()))
    counted = any(map(str.isdigit, clause)) or NUMBER_WORDS.keys() & {word.lower() for word in words}
    denies = any(word in NEGATIONS for word in LETTERS.findall(plain(clause).lower()))
    return bool(named or counted or denies)


def _keep_case(word: str, corrected: str) -> str:
    if corrected == word.lower():
        return word
    return corrected.upper() if word.isupper() else corrected
