"""The places of a conversation at which phrases of the house stand: its first sentence and its last, and the
first and last sentence of each answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from knowledge.sentences import split_sentences
from learning.voice.small_talk import SmallTalk, exchanges
from learning.voice.transcripts import Conversation
from pipeline.types import Role


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the chatbot: in which conversation, the user's line before it, and the kind of small talk it
    answers; "" for an answer."""

    talk: int
    before: str
    sentences: tuple[str, ...]
    kind: str


@dataclass(frozen=True, slots=True)
class Use:
    """A phrase at its place: in which conversation, and the user's line before it."""

    text: str
    talk: int
    before: str = ""


def lines_of(conversations: Sequence[Conversation], small_talk: SmallTalk) -> Iterator[Line]:
    """All of the chatbot's. A conversation that the chatbot opens is greeted."""
    for place, said, line in exchanges(conversations):
        kind = small_talk.kind(said) if said else "greeting"
        yield Line(place, said, tuple(split_sentences(line)), kind)


def without_salutation(line: Line, greetings: frozenset[str]) -> Line:
    """A line without its salutation, where it goes on to answer; where nothing else follows but a question
    back, it only greets."""
    if line.kind or line.sentences[0] not in greetings:
        return line
    rest = line.sentences[1:]
    return replace(line, kind="greeting") if all(map(_asks_back, rest)) else replace(line, sentences=rest)


def _asks_back(sentence: str) -> bool:
    return sentence.endswith("?")


def first_sentences(lines: Sequence[Line]) -> Iterator[Use]:
    """Of the chatbot's first line in each conversation."""
    first = {line.talk: line for line in reversed(lines)}
    for line in first.values():
        yield Use(line.sentences[0], line.talk, line.before)


def last_sentences(conversations: Sequence[Conversation]) -> Iterator[Use]:
    """Of the chatbot's last line, where that ends the conversation."""
    for place, talk in enumerate(conversations):
        if len(talk) > 1 and talk[-1].role is Role.ASSISTANT:
            yield Use(split_sentences(talk[-1].text)[-1], place)


def openings(lines: Sequence[Line]) -> Iterator[Use]:
    """How answers of several sentences begin."""
    for line in lines:
        text = line.sentences[0]
        if not line.kind and len(line.sentences) > 1 and not _asks_back(text) and not text[-1].isalnum():
            yield Use(text, line.talk, line.before)


def endings(lines: Sequence[Line], begun: frozenset[str]) -> Iterator[Use]:
    """How answers of several sentences end."""
    for line in lines:
        if not line.kind and len(line.sentences) > 1 and line.sentences[-1] not in begun:
            yield Use(line.sentences[-1], line.talk, line.before)
