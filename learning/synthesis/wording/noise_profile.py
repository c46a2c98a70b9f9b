"""How people really type, as rates: measured on real messages, kept without a word of them, and followed by
whoever makes messages up."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path
from statistics import fmean
from typing import Annotated, TypeVar

import yaml
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from knowledge.sentences import split_sentences
from knowledge.types import KnowledgeError
from learning.synthesis.wording.grammar import AUXILIARIES
from learning.synthesis.wording.keyboard import NEIGHBOURS
from pipeline.english.lexicon import BARE_CONTRACTIONS

Share = Annotated[float, Field(ge=0, le=1)]
_Item = TypeVar("_Item")
SLIPS = ("omitted", "swapped", "doubled", "added", "other")
OPENINGS = ("question_word", "yes_no", "first_person", "else")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_QUESTION_WORDS = frozenset("what whats who which where wheres when why how hows whos".split())
_FIRST_PERSON = frozenset("i i'm im i've ive i'd my we we're our".split())
_BARE = BARE_CONTRACTIONS | frozenset("im ive whats thats theyre youre hes shes hows wheres".split())
_MARKS = re.compile(r"[?!.]{2,}")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
LEAST_LETTERS = 5
"""Slips are looked for in words this long: a shorter one that nobody knows may be anything."""
_A_NAME = 3  # what is written this often is no slip, but a word that the list lacks
_DECILES = 10


class ProfileUnusable(KnowledgeError):
    """A noise profile cannot be read."""


@dataclass(frozen=True, slots=True)
class MessageSource:
    """Whose messages were measured, under which licence, and how many."""

    name: str
    licence: str
    messages: int


@dataclass(frozen=True, slots=True)
class NoiseProfile:
    """Shares of messages, unless said otherwise: begun with a small letter, all in capitals, without a
    closing mark, with a repeated one, with slang, of several sentences. `no_apostrophe` is of contractions,
    `slip` of words of `LEAST_LETTERS` or more; `slips` and `openings` say of which kind they are. `words`
    are the deciles of the length."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    small_letter: Share
    shouted: Share
    no_closing_mark: Share
    repeated_mark: Share
    no_apostrophe: Share
    slip: Share
    slang: Share
    several_sentences: Share
    slips: dict[str, Share]
    openings: dict[str, Share]
    words: tuple[float, ...]
    sources: tuple[MessageSource, ...] = field(default_factory=tuple)

    @classmethod
    def read(cls, file: Path) -> NoiseProfile:
        """Raises `ProfileUnusable`."""
        try:
            return TypeAdapter(cls).validate_python(yaml.safe_load(file.read_text("utf-8")))
        except (OSError, UnicodeDecodeError, yaml.YAMLError, ValidationError) as error:
            raise ProfileUnusable(f"{file} is no noise profile: {error}") from error

    def write(self, file: Path) -> None:
        """With its sources in front. Raises `OSError`."""
        head = ["# How people type: rates measured on real messages; none of their text is kept. Sources:"]
        head += [f"#   {each.name}: {each.messages} messages, {each.licence}" for each in self.sources]
        plain = asdict(self) | {"words": [*self.words], "sources": [asdict(each) for each in self.sources]}
        file.write_text("\n".join(head) + "\n" + yaml.safe_dump(plain, sort_keys=False), encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Lexicon:
    """What tells a slip and slang from other words: `ordinary` lower-case words, and `slang`."""

    ordinary: Set[str]
    slang: Set[str]


def measure(messages: Sequence[str], lexicon: Lexicon, sources: Iterable[MessageSource] = ()) -> NoiseProfile:
    """The profile of at least one message."""
    words = [[word.lower().replace("’", "'") for word in _WORD.findall(message)] for message in messages]
    contractions = [word for each in words for word in each if "'" in word or word in _BARE]
    often = Counter(word for each in words for word in each)
    slips = Counter(
        kind
        for word, times in often.items()
        for kind in [slip_kind(word, lexicon)] * times
        if kind and times < _A_NAME
    )
    long = sum(len(word) >= LEAST_LETTERS for each in words for word in each)
    return NoiseProfile(
        small_letter=_share(messages, lambda text: text[:1].islower()),
        shouted=_share(messages, lambda text: text.isupper() and " " in text),
        no_closing_mark=_share(messages, lambda text: text.rstrip()[-1:] not in "?.!"),
        repeated_mark=_share(messages, lambda text: bool(_MARKS.search(text))),
        no_apostrophe=_share(contractions, lambda word: word in _BARE),
        slip=_rounded(slips.total() / max(1, long)),
        slang=_share(words, lambda each: not lexicon.slang.isdisjoint(each)),
        several_sentences=_share(messages, lambda text: len(split_sentences(text)) > 1),
        slips=_shares(slips, SLIPS),
        openings=_shares(Counter(map(opening, messages)), OPENINGS),
        words=deciles([len(each) for each in words]),
        sources=tuple(sources),
    )


def opening(message: str) -> str:
    """How a message begins, one of `OPENINGS`."""
    first = _WORD.search(message)
    word = first.group().lower().replace("’", "'") if first else ""
    if word in _QUESTION_WORDS or word.split("'")[0] in _QUESTION_WORDS:
        return "question_word"
    if word in AUXILIARIES or f"{word[:-1]}'{word[-1:]}" in AUXILIARIES:
        return "yes_no"
    return "first_person" if word in _FIRST_PERSON else "else"


def deciles(lengths: Sequence[int]) -> tuple[float, ...]:
    """The lengths at 10, 20, ... 90 % of the messages."""
    ordered = sorted(lengths)
    return tuple(float(ordered[len(ordered) * tenth // _DECILES]) for tenth in range(1, _DECILES))


def slip_kind(word: str, lexicon: Lexicon) -> str:
    """Which slip of a key made the word of an ordinary one, empty where none did."""
    known = word in lexicon.ordinary or word in lexicon.slang or word in _BARE or "'" in word
    if known or len(word) < LEAST_LETTERS or not (word.isascii() and word.isalpha()):
        return ""
    return next((kind for kind, made in _undone(word) if made in lexicon.ordinary), "")


def _undone(word: str) -> Iterable[tuple[str, str]]:
    """What the word may have been, by the slip that would have made it. First and last letters are left
    alone: there, what looks like a slip is mostly an ending."""
    cuts = range(1, len(word) - 1)
    yield from (("swapped", word[:i] + word[i + 1] + word[i] + word[i + 2 :]) for i in cuts)
    yield from (
        ("doubled", word[:i] + word[i + 1 :]) for i, (one, two) in enumerate(pairwise(word)) if one == two
    )
    yield from (("omitted", word[:i] + letter + word[i:]) for i in cuts for letter in _LETTERS)
    yield from (("other", word[:i] + letter + word[i + 1 :]) for i in cuts for letter in NEIGHBOURS[word[i]])
    yield from (("added", word[:i] + word[i + 1 :]) for i in cuts)


def distances(made: NoiseProfile, real: NoiseProfile) -> dict[str, float]:
    """How far two profiles are apart, by feature, 0 (alike) to 1: differences of shares, total variation of
    distributions, and of the deciles of length the mean relative difference; and the `mean` of all."""
    plain = ("small_letter", "shouted", "no_closing_mark", "repeated_mark", "no_apostrophe", "slip", "slang")
    found = {name: abs(getattr(made, name) - getattr(real, name)) for name in (*plain, "several_sentences")}
    found["slips"] = _variation(made.slips, real.slips)
    found["openings"] = _variation(made.openings, real.openings)
    found["words"] = fmean(
        abs(one - two) / max(one, two, 1) for one, two in zip(made.words, real.words, strict=True)
    )
    return {name: _rounded(value) for name, value in (found | {"mean": fmean(found.values())}).items()}


def _variation(one: Mapping[str, float], two: Mapping[str, float]) -> float:
    return sum(abs(one.get(name, 0.0) - two.get(name, 0.0)) for name in {*one, *two}) / 2


def _share(items: Sequence[_Item], holds: Callable[[_Item], bool]) -> float:
    return _rounded(sum(map(holds, items)) / len(items)) if items else 0.0


def _shares(counts: Mapping[str, int], names: Sequence[str]) -> dict[str, float]:
    total = sum(counts.values())
    return {name: _rounded(counts.get(name, 0) / total) if total else 0.0 for name in names}


def _rounded(value: float) -> float:
    return round(value, 4)
