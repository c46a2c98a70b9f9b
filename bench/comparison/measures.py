"""What a reply is worth, read off its text alone, so that every arm is measured alike."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from bench.grounding import evidence_of
from knowledge.sentences import split_sentences
from knowledge.types import Entry
from learning.voice.house_talk import may_carry_fact
from pipeline.english.language import content_words
from pipeline.stages.grounding.grounding_check import SpecialistGroundingCheck
from pipeline.turn import Sentence


@dataclass(frozen=True, slots=True)
class Judged:
    """Of a reply: how many sentences claim something, how many of these an entry that answers supports,
    and how many no entry does."""

    claims: int
    right: int
    made_up: int

    @property
    def declines(self) -> bool:
        return not self.claims

    @property
    def facts_right(self) -> bool:
        """It claims something, and an entry that answers supports all of it."""
        return self.claims > 0 and self.right == self.claims


class Judge:
    """Holds sentences against entries: word for word, or as the grounding check of the chain does. A sentence
    that is nearly one of the house, asks, or only talks about the talk, claims nothing."""

    def __init__(
        self, check: SpecialistGroundingCheck, entries: Mapping[str, Entry], house: Sequence[str]
    ) -> None:
        self._check = check
        self._entries = entries
        named = [
            re.escape(entry.question) for entry in entries.values()
        ]  # questions that are offered or named
        self._house = re.compile("|".join(sorted((*house, *named), key=len, reverse=True)), re.IGNORECASE)
        self._said = {key: _even(entry.answer) for key, entry in entries.items()}

    async def __call__(self, text: str, entry_ids: Sequence[str]) -> Judged:
        text = self._house.sub(" ", text)
        claims = [each for each in split_sentences(text) if self._claims(each)]
        right = made_up = 0
        for claim in claims:
            first = [key for key in entry_ids if key in self._entries]
            if await self._supported(claim, first):
                right += 1
            elif not await self._supported(claim, [key for key in self._entries if key not in first]):
                made_up += 1
        return Judged(len(claims), right, made_up)

    def _claims(self, sentence: str) -> bool:
        return (
            not sentence.rstrip().endswith("?") and bool(content_words(sentence)) and may_carry_fact(sentence)
        )

    async def _supported(self, claim: str, keys: Sequence[str]) -> bool:
        if any(_even(claim) in self._said[key] for key in keys):
            return True
        for key in keys:
            verdict = await self._check(Sentence(claim, (1,)), evidence_of(self._entries[key]))
            if verdict.supported:
                return True
        return False


def house_lines(file: Path) -> list[str]:
    """A pattern for each sentence of the house voice, with whatever fills its places."""
    sentences = [
        each for text in _texts(yaml.safe_load(file.read_text("utf-8"))) for each in split_sentences(text)
    ]
    return [re.sub(r"\\{\w+\\}", ".{1,200}?", re.escape(each)) for each in sentences if len(each.split()) > 1]


def _texts(node: object) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    for inner in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _texts(inner)


def _even(text: str) -> str:
    return " ".join(text.replace("*", "").replace("#", "").replace("|", " ").split()).strip(" -").lower()
