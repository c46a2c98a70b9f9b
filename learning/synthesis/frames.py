"""Wordings of an entry's question: frames filled with its parts, and words that give way to others."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import yaml

from knowledge.sentences import split_sentences
from knowledge.types import Entry, KnowledgeError
from learning.synthesis.grammar import Clause, doing, embedded, parse, statement
from learning.synthesis.verbs import VERBS
from pipeline.stages.dependence import TOKEN, subject
from pipeline.stages.lexicon import DANGLING

KINDS = ("plain", "indirect", "loaded", "statement", "personal", "keyword", "claim_check", "from_answer")
PARTS = ("q", "Q", "s", "w", "np", "do", "v", "k", "m", "a", "rel")
_PART = re.compile(r"\{(\w+)\}")
_SENTENCE_WORDS = range(5, 22)  # of an answer: a shorter one says little, a longer one nobody repeats
_LEANS = frozenset(
    "if when because especially while although unless since for and click please yes no".split()
)
_ODD = re.compile(r"[?\"“”:;()]")
_KEYWORDS = 7
_LEAST_KEYWORDS = 2
_I = re.compile(r"\b(?:i|i'm|i've|i'd|my|we|our)\b", re.IGNORECASE)


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
    """`frames` by kind; of `interchangeable`, the first gives way to any of the others."""

    frames: Mapping[str, tuple[str, ...]]
    relations: tuple[str, ...]
    interchangeable: tuple[tuple[str, ...], ...]
    talk: Talk

    @classmethod
    def read(cls, file: Path) -> Frames:
        """Raises `WordingUnusable`."""
        try:
            given = yaml.safe_load(file.read_text("utf-8"))
            frames = {kind: _texts(given["frames"][kind]) for kind in KINDS}
            groups = tuple(_texts(group) for group in given["interchangeable"])
            talk = Talk(**{name: _texts(texts) for name, texts in given["talk"].items()})
            relations = _texts(given["relations"])
        except (OSError, UnicodeDecodeError, yaml.YAMLError, LookupError, TypeError) as error:
            raise WordingUnusable(f"{file} cannot be used: {error}") from error
        named = {part for group in frames.values() for frame in group for part in _PART.findall(frame)}
        if unknown := sorted(named.difference(PARTS)):
            raise WordingUnusable(f"{file}: no part of a question is called {', '.join(unknown)}")
        return cls(frames, relations, groups, talk)

    def wordings(self, entry: Entry, rng: Random) -> Iterator[Wording]:
        """An entry's wordings: each frame once for each text that fills it, the text reworded anew each time
        this is asked. Alternates are texts as people write them: they come as they are, too."""
        yield from (Wording(text, "plain", text) for text in entry.alternates)
        yield from self._filled(parts(self.reworded(entry.question, rng)), entry.question, rng)
        for text in entry.alternates:  # one that is no question may still be no claim: "card lost what now"
            known = {name: part for name, part in parts(self.reworded(text, rng)).items() if name != "m"}
            yield from self._filled(known, text, rng)
        for misconception in entry.misconceptions:
            yield from self._filled({"m": inner(self.reworded(misconception, rng))}, misconception, rng)
        for sentence in telling_sentences(entry):
            yield from self._filled({"a": inner(self.reworded(sentence, rng))}, sentence, rng)

    def _filled(self, known: Mapping[str, str], seed: str, rng: Random) -> Iterator[Wording]:
        for kind, frames in self.frames.items():
            for frame in frames:
                given = {**known, "rel": rng.choice(self.relations)}
                needed = set(_PART.findall(frame))
                if needed - {"rel"} and all(given.get(part) for part in needed):
                    text = _PART.sub(lambda part: given[part.group(1)], frame)  # noqa: B023 (used at once)
                    yield Wording(_tidy(_preface(known, frame) + text), kind, seed)

    def reworded(self, text: str, rng: Random, most: int = 2) -> str:
        """The text with up to `most` of its words given way to others."""
        groups = [group for group in self.interchangeable if _whole(group[0]).search(text)]
        for group in rng.sample(groups, min(len(groups), rng.randint(0, most))):
            other = rng.choice(group[1:])
            text = _whole(group[0]).sub(lambda found: _as_cased(other, found.group()), text, count=1)  # noqa: B023
        return text


def parts(question: str) -> dict[str, str]:
    """What frames are filled with, of one question; a part that cannot be made is left out."""
    clause = parse(question)
    found = {"k": keywords(question)}
    if clause is None:
        asks = question.rstrip().endswith("?")
        return found | ({"q": inner(question), "Q": question.rstrip("?")} if asks else {"m": inner(question)})
    plain = Clause(clause.asks, clause.auxiliary, clause.subject, clause.predicate)
    words = (plain.asks, plain.auxiliary, plain.subject, plain.predicate)
    asked = inner(" ".join(filter(None, words)))
    found |= {"q": asked, "Q": _tidy(asked), "w": embedded(plain), "preface": clause.preface}
    if not plain.asks:
        found["s"] = statement(plain)
    if plain.asks == "what" and not plain.predicate:
        found["np"] = plain.subject
    if plain.asks in {"", "how", "where", "why"} and plain.verb and _I.fullmatch(plain.subject):
        found |= {"do": plain.predicate, "v": doing(plain)}
    return {name: text for name, text in found.items() if text}


def telling_sentences(entry: Entry) -> list[str]:
    """The sentences of the answer that say something of their own, about a word of the question."""
    about = _content(entry.question)
    spans = split_sentences(entry.answer)
    found = []
    for start, end in spans:
        sentence = entry.answer[start:end].rstrip(" .!")
        words = sentence.split()
        dangles = not words or words[0].lower().strip(",") in DANGLING | VERBS | _LEANS
        if (
            len(words) in _SENTENCE_WORDS
            and not dangles
            and not _ODD.search(sentence)
            and about & _content(sentence)
        ):
            found.append(sentence)
    return found


def keywords(question: str) -> str:
    """The words that carry meaning, in their order; empty where there are too few to tell what is meant."""
    kept = [word for word in TOKEN.findall(question) if subject(word.lower().replace("’", "'"))]
    return " ".join(kept[:_KEYWORDS]) if len(kept) >= _LEAST_KEYWORDS else ""


def inner(text: str) -> str:
    """A sentence as it stands inside another: without its full stop, and with a small first letter unless the
    first word is a name or I."""
    bare = text.strip().rstrip(".?!")
    first = bare.partition(" ")[0]
    ordinary = (first[1:].islower() and not first.startswith(("I'", "I’"))) or first in {"A"}
    return bare[:1].lower() + bare[1:] if ordinary else bare


def _preface(known: Mapping[str, str], frame: str) -> str:
    """What the question does not make sense without goes in front, but not of a few keywords."""
    needs = {"q", "Q", "s", "w", "do", "v"}.intersection(_PART.findall(frame))
    return f"{known['preface']} " if needs and known.get("preface") else ""


def _content(text: str) -> set[str]:
    return {base for word in TOKEN.findall(text.lower().replace("’", "'")) if (base := subject(word))}


def _whole(phrase: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w'’-]){re.escape(phrase)}(?![\w'’-])", re.IGNORECASE)


def _as_cased(text: str, like: str) -> str:
    return text[:1].upper() + text[1:] if like[:1].isupper() else text


def _tidy(text: str) -> str:
    text = re.sub(r"\s+", " ", text).strip()
    return text[:1].upper() + text[1:]


def _texts(given: Any) -> tuple[str, ...]:  # noqa: ANN401
    if not isinstance(given, list) or not all(isinstance(text, str) for text in given):
        raise TypeError(f"{given!r} is no list of texts")
    return tuple(given)
