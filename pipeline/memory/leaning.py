"""Which of what is remembered a question leans on: "is it safe for me?", "and what about my son?"."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from pipeline.english.lexicon import KIN
from pipeline.memory.clauses import spelled_out
from pipeline.memory.concerns import telling
from pipeline.memory.items import Item, Kind
from pipeline.types import Message, Question, Role

_SELF = re.compile(
    r"\b(?:for|about|with|to|on|of|like|affect|hurt|harm|help|protect|concern) (?:me|us|myself)\b"
    r"|\bin (?:my|our) (?:case|situation|condition|position|state|circumstances)\b|\bmy"
    r" (?:case|situation|condition)\b"
    r"|\bwhat about (?:me|us)\b|\b(?:people|someone|somebody|anyone) like (?:me|us)\b"
    r"|\b(?:should|can|could|may|must|shall|am|do|will|would|might) (?:i|we)\b|\b(?:ok"
    r"|okay|safe|dangerous|allowed|fine|risky) (?:if|that|when) (?:i|we)\b"
    r"|\b(?:i|we) (?:can|could|should|may|must|need|have to|am|are allowed)\b",
    re.IGNORECASE,
)
_ASKS_HOW = re.compile(
    r"\b(?:where|when|who|which|how(?! (?:about|safe|dangerous|risky|much|long|often|many)))\b", re.IGNORECASE
)
_THEIRS = re.compile(rf"\b(?:my|our|the) (?P<who>(?:[\w-]+ ){{0,2}}?(?:{KIN}))\b", re.IGNORECASE)
_THEM = re.compile(r"\b(?:he|she|him|her|his|hers|they|them|their)\b", re.IGNORECASE)
_YOUNG = frozenset(
    "son daughter child kid kids children baby toddler newborn infant boy girl twins sons daughters".split()
)
_READ = 2  # messages of the user before this one


def leans_on(question: Question) -> list[Item]:
    """The items that a question may lean on, those said last first; none where it asks for nothing of the
    user's own, or says by itself what they are."""
    text = spelled_out(question.text)
    people = _people(text, question.history, question.memory)
    own = bool(_SELF.search(text)) and not _ASKS_HOW.search(text)
    said = telling(question.text)
    return [
        item
        for item in reversed(question.memory)
        if (item.about in people or (not item.about and own and not people)) and not _says(said, item)
    ]


def _people(text: str, history: Sequence[Message], memory: Iterable[Item]) -> set[str]:
    """Of whom of those that are remembered a message speaks."""
    known = {item.about for item in memory if item.about}
    named = [match["who"].lower() for match in _THEIRS.finditer(text)]
    if not named and _THEM.search(text):
        asked = [message.text for message in history if message.role is Role.USER][-_READ:]
        named = [match["who"].lower() for said in reversed(asked) for match in _THEIRS.finditer(said)][:1]
        if not named and len(known) == 1:
            return known
    return {about for about in known for name in named if _same(about, name)}


def _same(about: str, name: str) -> bool:
    one, other = about.split()[-1], name.split()[-1]
    if one == other:
        return about == name or len(about.split()) == 1 or len(name.split()) == 1
    return {one, other} <= _YOUNG and bool({one, other} & {"child", "kid", "kids", "children", "baby"})


def _says(said: frozenset[str], item: Item) -> bool:
    named = telling(item.value)
    return item.kind is not Kind.AGE and bool(named) and named <= said
