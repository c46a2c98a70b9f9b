"""Wordings of an entry's question: frames filled with its parts, and words that give way to others."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import yaml

from knowledge.types import Entry, KnowledgeError
from learning.synthesis.parts import PARTS, claimed, inner, parts, telling_sentences, tidy
from learning.synthesis.wording.rewording import WordGroups

KINDS = ("plain", "indirect", "loaded", "statement", "personal", "keyword", "claim_check", "from_answer")
_LEANING = frozenset({"q", "Q", "y", "s", "f", "h", "w", "do", "v", "may", "plan"})
"""The parts that need what was said before the question."""
_PART = re.compile(r"\{(\w+)\}")
_OPENER = re.compile(r"([^{.]+ )\{[qQ]\}")


class WordingUnusable(KnowledgeError):
    """The file of frames cannot be used."""


@dataclass(frozen=True, slots=True)
class Wording:
    """A message before it is typed. `seed` is the text of the entry that it was made of."""

    text: str
    kind: str
    seed: str


@dataclass(frozen=True, slots=True)
class Talk:
    """What a conversation is made of besides questions; `{x}` stands for what is asked about next."""

    follow_up: tuple[str, ...]
    why: tuple[str, ...]
    opening: tuple[str, ...]
    greeting_reply: tuple[str, ...]
    bridge: tuple[str, ...]
    change: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Frames:
    """`frames` by kind, and what their parts are reworded with."""

    frames: Mapping[str, tuple[str, ...]]
    relations: tuple[str, ...]
    words: WordGroups
    talk: Talk

    @classmethod
    def read(cls, file: Path) -> Frames:
        """Raises `WordingUnusable`."""
        try:
            given = yaml.safe_load(file.read_text("utf-8"))
            frames = {kind: _texts(given["frames"][kind]) for kind in KINDS}
            groups = (tuple(map(_texts, given[name])) for name in ("interchangeable", "opposites"))
            words = WordGroups(*groups)
            talk = Talk(**{name: _texts(texts) for name, texts in given["talk"].items()})
            relations = _texts(given["relations"])
        except (OSError, UnicodeDecodeError, yaml.YAMLError, LookupError, TypeError) as error:
            raise WordingUnusable(f"{file} cannot be used: {error}") from error
        named = {part for group in frames.values() for frame in group for part in _PART.findall(frame)}
        if unknown := sorted(named.difference(PARTS)):
            raise WordingUnusable(f"{file}: no part of a question is called {', '.join(unknown)}")
        return cls(frames, relations, words, talk)

    def wordings(self, entry: Entry, rng: Random) -> Iterator[Wording]:
        """An entry's wordings: each frame once for each text that fills it, the text reworded anew each time
        this is asked. Alternates are texts as people write them: they come as they are, too."""
        yield from (Wording(text, "plain", text) for text in entry.alternates)
        yield from self._filled(parts(self.reworded(entry.question, rng)), entry.question, rng)
        for text in entry.alternates:  # one that is no question may still be no claim: "card lost what now"
            known = {
                name: part for name, part in parts(self.reworded(text, rng)).items() if name not in {"m", "h"}
            }
            yield from self._filled(known, text, rng)
        for misconception in entry.misconceptions:
            yield from self._filled(claimed(self.reworded(misconception, rng)), misconception, rng)
        for sentence in telling_sentences(entry):
            yield from self._filled({"a": inner(self.reworded(sentence, rng))}, sentence, rng)

    def _filled(self, known: Mapping[str, str], seed: str, rng: Random) -> Iterator[Wording]:
        for kind, frames in self.frames.items():
            for frame in frames:
                given = {**known, "rel": rng.choice(self.relations)}
                needed = set(_PART.findall(frame))
                if needed - {"rel"} and all(given.get(part) for part in needed):
                    text = _PART.sub(lambda part: given[part.group(1)], frame)  # noqa: B023 (used at once)
                    yield Wording(tidy(_preface(known, frame) + text), kind, seed)

    def reworded(self, text: str, rng: Random, most: int = 2) -> str:
        """The text with up to `most` of its words given way to others."""
        return self.words.reworded(text, rng, most)

    @property
    def openers(self) -> tuple[str, ...]:
        """What frames put before a question: "quick one,". A message has one of them, not two."""
        frames = (*self.frames["plain"], *self.frames["personal"])
        return tuple(found[1].lower() for frame in frames if (found := _OPENER.match(frame)))


def _preface(known: Mapping[str, str], frame: str) -> str:
    """What the question does not make sense without goes in front, but not of a few keywords."""
    needs = _LEANING.intersection(_PART.findall(frame))
    return f"{known['preface']} " if needs and known.get("preface") else ""


def _texts(given: Any) -> tuple[str, ...]:  # noqa: ANN401
    if not isinstance(given, list) or not all(isinstance(text, str) for text in given):
        raise TypeError(f"{given!r} is no list of texts")
    return tuple(given)
