"""What goes into the chain, and all that may leave it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field, InstanceOf

from knowledge.types import FloatArray, Snapshot
from pipeline.llm.usage import TurnBudget
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
class Keeping:
    """Where the trace of a turn belongs: to a stored conversation, None for a new one, which is given it with
    its first exchange; and to a user who is remembered, by their key, if the turn `began` before they were
    forgotten."""

    conversation_id: str | None = None
    user_key: str | None = None
    began: datetime | None = None


@dataclass(frozen=True, slots=True)
class TurnContext:
    """All stages of a turn speak of one `release`; None outside of a turn, where whichever is live is meant.
    `budget` is what they may spend on language models, and until when. `vectors` are of the texts that were
    encoded in this turn, by text. What `gives_way` is large and may wait: the encoder serves other turns
    first. The trace is kept as `keeping` says, nowhere with None, and `heard` by who asked for it."""

    release: Snapshot | None = None
    budget: TurnBudget = field(default_factory=TurnBudget)
    vectors: dict[str, FloatArray] = field(default_factory=dict)
    gives_way: bool = False
    keeping: Keeping | None = field(default_factory=Keeping)
    heard: Callable[[Mapping[str, Any]], None] | None = None

    @property
    def release_id(self) -> str:
        return self.release.release_id if self.release else ""


_Context = Annotated[TurnContext, InstanceOf(), Field(exclude=True)]
"""Stays out of whatever is written as JSON."""


@dataclass(frozen=True, slots=True)
class Question:
    """What the user said now, the public conversation before it, oldest first, and what is remembered of them
    from other ones, in the order in which it was said. Who gives `examples`
    wants the reply in their manner, not in that of the house; `examples_context` is the text that their
    replies were drawn from. Neither is evidence. `whole`: the answer is to be said whole, however long it is;
    `plain`: without a phrase of the house around it;
    `again`: what answers was said before and is said once more, in the same words; `doubts`: the user asks
    whether it is so; `told`: what they were last told, in other conversations too, so that it is not worded
    the same. `language`: the code of that of the message, where it is another than the knowledge base's own.
    `context` is that of the turn, given by the chain, and no part of what was asked."""

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
    context: _Context = field(default_factory=TurnContext, compare=False, repr=False)


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
