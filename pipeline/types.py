"""All that may leave the chain."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pipeline.memory.items import Item


class Role(StrEnum):
    USER = "user"
    ASSISTANT = "assistant"


@dataclass(frozen=True, slots=True)
class Message:
    """One public message of a conversation."""

    role: Role
    text: str


@dataclass(frozen=True, slots=True)
class Exemplar:
    """How a reply once was: `said` by a user, and the `reply`. Shows a manner, never a fact."""

    said: str
    reply: str


@dataclass(frozen=True, slots=True)
class Question:
    """What the user said now, the public conversation before it, oldest first, and what is remembered of them
    from other ones, in the order in which it was said. Who gives `examples`
    wants the reply in their manner, not in that of the house; `examples_context` is the text that their
    replies were drawn from. Neither is evidence. `whole`: the answer is to be said whole, however long it is;
    `plain`: without a phrase of the house around it;
    `again`: what answers was said before and is said once more, in the same words; `doubts`: the user asks
    whether it is so; `told`: what they were last told, in other conversations too, so that it is not worded
    the same. `language`: the
    code of that of the message, where it is another than the knowledge base's own."""

    text: str
    history: tuple[Message, ...] = ()
    memory: tuple[Item, ...] = ()
    examples: tuple[Exemplar, ...] = ()
    examples_context: str = ""
    whole: bool = False
    plain: bool = False
    again: bool = False
    told: tuple[str, ...] = ()
    doubts: bool = False
    language: str = ""


class Outcome(StrEnum):
    ANSWERED = "answered"
    NO_ANSWER = "no_answer"
    OFF_TOPIC = "off_topic"
    SMALL_TALK = "small_talk"
    CLARIFY = "clarify"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True)
class Citation:
    """`index` is the number in the text; `reply.text[start:end]` is what it supports. `title` is the entry's
    question, and of a document the file and page that it is from."""

    index: int
    entry_id: str
    title: str
    url: str | None
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Reply:
    """The one thing a turn gives to the world. `citations` is non-empty exactly when the outcome is
    ANSWERED; `suggestions` are up to three curated questions. `urgent`: an alarm was raised, so that the text
    has to reach the user whatever else fails."""

    text: str
    outcome: Outcome
    citations: tuple[Citation, ...] = ()
    suggestions: tuple[str, ...] = ()
    urgent: bool = False
