"""Learns the house voice from example conversations: how the chatbot opens, hedges and closes. Never what it
says about the world: a phrase is taken only if every word of it is talk about the talk itself."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from knowledge.sentences import split_sentences
from learning.transcripts import Conversation
from pipeline.stages.language import denies
from pipeline.stages.manner import says_nothing_of_the_world
from pipeline.types import Role
from pipeline.voice import HouseVoice, Opener

SHORTEST, LONGEST = 2, 14  # words
AFFIRMS = re.compile(
    r"\b(?:that['’]s|that is|you['’]re|you are|have that|got that) (?:quite )?(?:right|correct|true)"
)
ENDORSES = re.compile(r"\b(?:is|are|was|were) (?:\w+ )?(?:so|true|right|correct)\b")
REJECTS = re.compile(r"\bmyth|misunderst|rumou?r")
CARES = re.compile(
    r"\b(?:sorry|understand|worr|concern|careful|cautious|afraid|scared|nervous|hear you"
    r"|sounds? (?:hard|difficult|tough))"
)
RECEIVES = re.compile(r"\b(?:question|ask|wonder|here['’]s|here is|let me|bring|rais)")
REFUSES = re.compile(
    r"\b(?:can['’]?t|cannot|do(?:n['’]?t| not)) (?:have|know|help|say|tell|answer)|\boutside"
)
HEDGES = re.compile(r"general information|personal advice|situation|check with|may differ|own case")
CLOSES = re.compile(
    r"\bhope|anything else|ask (?:me|away|again)|more questions|another question|here if|come back"
)


@dataclass(frozen=True, slots=True)
class _Use:
    """A sentence of the chatbot between the user's line and the sentence that follows it."""

    text: str
    before: str
    after: str
    is_first: bool
    is_last: bool


@dataclass(frozen=True, slots=True)
class Phrases:
    """What the chatbot says around its facts, by what it does; heard most first."""

    openers: Mapping[Opener, tuple[str, ...]]
    hedges: tuple[str, ...]
    closings: tuple[str, ...]

    @property
    def said_first(self) -> frozenset[str]:
        """All openers."""
        return frozenset(phrase for phrases in self.openers.values() for phrase in phrases)


def learn_voice(conversations: Sequence[Conversation], fixed: Mapping[str, Any]) -> HouseVoice:
    """The voice of the chatbot's lines. `fixed` holds whole replies by outcome and kind (a text, a list, or a
    mapping of kinds to lists), and `openers`, `hedges` and `closings` for what the conversations do not
    teach. Phrases heard most come first. Raises `ValueError` where a needed reply is missing."""
    heard = learn_phrases(conversations)
    given = fixed.get("openers", {})
    return HouseVoice(
        openers={kind: heard.openers[kind] or tuple(given.get(kind, ())) for kind in Opener},
        hedges=heard.hedges or tuple(fixed.get("hedges", ())),
        closings=heard.closings or tuple(fixed.get("closings", ())),
        fixed=dict(_replies(fixed)),
    )


def learn_phrases(conversations: Sequence[Conversation]) -> Phrases:
    """The house phrases of the chatbot's lines: short, formulaic, and of no word that is about the world."""
    openers: dict[Opener, Counter[str]] = defaultdict(Counter)
    hedges: Counter[str] = Counter()
    closings: Counter[str] = Counter()
    for use in (use for conversation in conversations for use in _uses(conversation)):
        if not is_house_phrase(use.text):
            continue
        kind = _opener_kind(use)
        if kind:
            openers[kind][use.text] += 1
        elif HEDGES.search(use.text.lower()):
            hedges[use.text] += 1
        elif use.is_last and not use.is_first and CLOSES.search(use.text.lower()):
            closings[use.text] += 1
    return Phrases({kind: _heard(openers[kind]) for kind in Opener}, _heard(hedges), _heard(closings))


def _uses(conversation: Conversation) -> Iterator[_Use]:
    before = ""
    for message in conversation:
        if message.role is Role.USER:
            before = message.text
            continue
        sentences = [message.text[start:end] for start, end in split_sentences(message.text)]
        for place, text in enumerate(sentences):
            after = sentences[place + 1] if place + 1 < len(sentences) else ""
            yield _Use(text, before, after, place == 0, not after)
        before = ""


def is_house_phrase(text: str) -> bool:
    """Short, whole, without a yes or no, and without a fact."""
    return (
        SHORTEST <= len(text.split()) <= LONGEST
        and text[-1] in ".!?"
        and not REFUSES.search(text.lower())
        and not re.match(r"(?:yes|no)\W*$", text, re.IGNORECASE)
        and says_nothing_of_the_world(text)
    )


def _opener_kind(use: _Use) -> Opener | None:
    """What a first sentence does, by its words, and by what it stands between: it must answer a user's line
    and be followed by an answer. One that leads to a "No" belongs to denials."""
    if not use.is_first or not use.before or not use.after or use.text.endswith("?"):
        return None
    text = use.text.lower()
    if AFFIRMS.search(text) or ENDORSES.search(text) or denies(text) or REJECTS.search(text):
        return None
    if CARES.search(text):
        return Opener.EMPATHY
    return Opener.NEUTRAL if RECEIVES.search(text) else None


def _heard(counts: Counter[str]) -> tuple[str, ...]:
    return tuple(phrase for phrase, _ in counts.most_common())


def _replies(fixed: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every whole reply under its dotted key."""
    for key, value in fixed.items():
        if not prefix and key in ("openers", "hedges", "closings"):
            continue
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            yield from _replies(value, f"{name}.")
        elif isinstance(value, str):
            yield name, (value,)
        elif isinstance(value, Iterable):
            yield name, tuple(map(str, value))
