"""The outside contract as types: what callers send and what they get."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal, Self

import regex
from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler, model_validator
from pydantic.config import JsonDict
from pydantic_core import CoreSchema
from pydantic_core.core_schema import no_info_after_validator_function

from app.store.turns.conversations import ExchangeRow, Rating, citation_fields
from pipeline.types import Message, Outcome, Reply, Role

MESSAGE_LIMIT = 4_000
HISTORY_LIMIT = 50
HISTORY_TEXT_LIMIT = 16_000
_BREAKS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_UNSEEN = regex.compile(r"[[\p{Cc}\p{Cf}]--[\n\t]]", regex.VERSION1)
_HALF_PAIR = re.compile("[\ud800-\udfff]")
_SEEN = r"[^\s\x00-\x1f\x7f-\x9f]"
_Id = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]  # PostgreSQL takes no NUL
_JOINERS = "\u200c\u200d"  # part of how Persian, Indic scripts and emoji are written


def clean_text(text: str) -> str:
    """Text as a reader sees it: without control, zero-width, bidirectional and tag characters, trimmed.
    Joiners stay between characters beyond ASCII. Raises `ValueError` for lone surrogates."""
    if text.isascii() and text.isprintable():
        return text.strip()
    if _HALF_PAIR.search(text):
        raise ValueError("contains half of a surrogate pair")
    text = _BREAKS.sub("\n", text)
    return _UNSEEN.sub(lambda found: found[0] if _is_joining(text, found.start()) else "", text).strip()


def _is_joining(text: str, at: int) -> bool:
    return (
        text[at] in _JOINERS
        and 0 < at < len(text) - 1
        and text[at - 1] > "\x7f"
        and text[at + 1] > "\x7f"
        and text[at - 1] not in _JOINERS
    )


@dataclass(frozen=True, slots=True)
class between:  # reads as a constraint: Annotated[str, between(1, 9)]
    """For text that is cleaned first."""

    least: int
    most: int

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:  # noqa: ANN401
        return no_info_after_validator_function(self._cleaned, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        seen = {"minLength": self.least, "pattern": _SEEN} if self.least else {}
        return {**handler(schema), "maxLength": self.most, **seen}

    def _cleaned(self, text: str) -> str:
        cleaned = clean_text(text)
        if not self.least <= len(cleaned) <= self.most:
            raise ValueError(f"must have {self.least} to {self.most:,} characters after trimming")
        return cleaned


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class HistoryMessage(Strict):
    role: Role
    content: Annotated[str, between(1, HISTORY_TEXT_LIMIT)]


_EITHER: JsonDict = {
    "not": {
        "properties": {"conversation_id": {"type": "string"}, "history": {"type": "array"}},
        "required": ["conversation_id", "history"],
    }
}


class ChatRequest(Strict):
    model_config = ConfigDict(json_schema_extra=_EITHER)

    message: Annotated[str, between(1, MESSAGE_LIMIT)]
    conversation_id: _Id | None = None
    history: Annotated[list[HistoryMessage], Field(max_length=HISTORY_LIMIT)] | None = None
    user_id: _Id | None = None
    stream: Annotated[bool, Field(strict=True)] = False

    @model_validator(mode="after")
    def _one_past(self) -> Self:
        if self.conversation_id is not None and self.history is not None:
            raise ValueError("conversation_id and history cannot be used together")
        return self

    def past(self) -> tuple[Message, ...]:
        return tuple(Message(item.role, item.content) for item in self.history or ())


class CitationBody(BaseModel):
    index: int
    entry_id: str
    title: str
    url: str | None
    start: int
    end: int


class ChatResponse(BaseModel):
    conversation_id: str
    message_id: str
    reply: str
    outcome: Outcome
    citations: list[CitationBody]
    suggestions: list[str]

    @classmethod
    def of(cls, conversation_id: str, message_id: str, reply: Reply) -> Self:
        return cls(
            conversation_id=conversation_id,
            message_id=message_id,
            reply=reply.text,
            outcome=reply.outcome,
            citations=[CitationBody(**citation_fields(citation)) for citation in reply.citations],
            suggestions=list(reply.suggestions),
        )


class UserMessage(BaseModel):
    role: Literal["user"] = "user"
    message_id: str
    content: str
    created_at: datetime


class AssistantMessage(BaseModel):
    role: Literal["assistant"] = "assistant"
    message_id: str
    content: str
    outcome: Outcome
    citations: list[CitationBody]
    suggestions: list[str]
    created_at: datetime


class ConversationBody(BaseModel):
    conversation_id: str
    messages: list[UserMessage | AssistantMessage]

    @classmethod
    def of(cls, conversation_id: str, exchanges: list[ExchangeRow]) -> Self:
        return cls(
            conversation_id=conversation_id, messages=[said for row in exchanges for said in _said(row)]
        )


class FeedbackRequest(Strict):
    message_id: _Id
    rating: Rating
    comment: Annotated[str, between(0, 2_000)] | None = None


class ImportCounts(BaseModel):
    created: int
    updated: int
    unchanged: int
    removed: int
    ignored_fields: list[str]
    warnings: list[str] = []


class Page(BaseModel):
    total: int
    offset: int
    limit: int


class TurnPageBody(Page):
    items: list[dict[str, Any]]


def _said(row: ExchangeRow) -> tuple[UserMessage, AssistantMessage]:
    return (
        UserMessage(message_id=row.message_id, content=row.message, created_at=row.created_at),
        AssistantMessage(
            message_id=row.message_id,
            content=row.reply,
            outcome=Outcome(row.outcome),
            citations=[CitationBody(**citation) for citation in row.citations],
            suggestions=row.suggestions,
            created_at=row.created_at,
        ),
    )
