"""Which lines of a user are small talk that opens or closes a conversation: told by the owner's exemplars, or
by what users of the conversations begin and end with again and again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from learning.voice.transcripts import Conversation
from pipeline.english.lexicon import FUNCTION_WORDS
from pipeline.english.questions import asks
from pipeline.english.words import LETTERS, key_of
from pipeline.types import Role

KINDS = ("farewell", "thanks", "greeting")
"""A line that thanks and takes leave takes leave."""
_BRIEF, _SHORT = 4, 10  # words
_RECURS = 2  # exemplars or conversations
_TELLING = 0.75  # share of a word's exemplars that must be of one kind


@dataclass(frozen=True, slots=True)
class SmallTalk:
    """`markers` are the words that tell a kind; `lines` whole messages whose kind is known."""

    markers: Mapping[str, frozenset[str]]
    lines: Mapping[str, str]

    @classmethod
    def of(
        cls, exemplars: Mapping[str, Sequence[str]], conversations: Sequence[Conversation] = ()
    ) -> SmallTalk:
        """A word that several exemplars of a kind have, and hardly any of another, marks it. A short line
        with which several conversations begin or end greets or takes leave."""
        counts = {
            kind: Counter(word for text in texts for word in _words(text))
            for kind, texts in exemplars.items()
        }
        total = sum(counts.values(), Counter[str]())
        markers = {
            kind: frozenset(
                word
                for word, count in counts.get(kind, Counter[str]()).items()
                if count >= max(_RECURS, _TELLING * total[word]) and word not in FUNCTION_WORDS
            )
            for kind in KINDS
        }
        lines = _at_the_ends(conversations)
        lines |= {key_of(text): kind for kind in KINDS for text in exemplars.get(kind, ())}
        return cls(markers, lines)

    def kind(self, message: str) -> str:
        """The kind of small talk that a message is; "" for any other."""
        words = _words(message)
        if known := self.lines.get(key_of(message)):
            return known
        if "?" in message or len(message.split()) > _SHORT:
            return ""
        return next((kind for kind in KINDS if not words.isdisjoint(self.markers[kind])), "")


def exchanges(conversations: Sequence[Conversation]) -> Iterator[tuple[int, str, str]]:
    """Each line of the chatbot with its conversation, counted from 0, and the user's line before it: "" where
    there is none."""
    for place, talk in enumerate(conversations):
        before = ""
        for message in talk:
            if message.role is Role.ASSISTANT:
                yield place, before, message.text
            before = message.text if message.role is Role.USER else ""


def _at_the_ends(conversations: Sequence[Conversation]) -> dict[str, str]:
    """The short lines with which users of several conversations begin or end."""
    asked = [[said.text for said in talk if said.role is Role.USER] for talk in conversations]
    return {
        key: kind
        for kind, place in (("farewell", -1), ("greeting", 0))
        for key, count in Counter(
            key_of(said[place]) for said in asked if len(said) > 1 and "?" not in said[place]
        ).items()
        if count >= _RECURS and len(key.split()) <= _BRIEF and not asks(key)
    }


def _words(text: str) -> frozenset[str]:
    return frozenset(LETTERS.findall(text.casefold()))
