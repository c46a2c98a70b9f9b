"""A message as a careful writer would have put it: without slang and typos. Only alternates of a
query are written this way, for a message means what it says first."""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from dataclasses import dataclass
from pathlib import Path

from pipeline.english.vocabulary import Vocabulary
from pipeline.english.words import LETTERS
from pipeline.stages.rewriting.context_dependence import NAME


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


def _keep_case(word: str, corrected: str) -> str:
    if corrected == word.lower():
        return word
    return corrected.upper() if word.isupper() else corrected
