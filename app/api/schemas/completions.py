"""POST /v1/chat/completions: the request of the OpenAI API, as far as it means something here."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
)

from app.api.schemas.public import (
    HISTORY_LIMIT,
    HISTORY_TEXT_LIMIT,
    MESSAGE_LIMIT,
    ChatRequest,
    HistoryMessage,
    clean_text,
)
from pipeline.types import Role

MODEL = "candor"
MOST_MESSAGES = 2_000
_NO_TOOLS = "tools are not offered here: replies come from the knowledge base alone"
_NO_LOGPROBS = "there are none: replies are not sampled token by token"
_ONE_REPLY = "must be 1: there is one reply to a message"


class Speaker(StrEnum):
    SYSTEM = "system"
    DEVELOPER = "developer"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"
    FUNCTION = "function"


_INSTRUCTING = (Speaker.SYSTEM, Speaker.DEVELOPER)


def _text_of(content: object) -> object:
    """The text of a content that may come in parts."""
    if content is None:  # an assistant's message that called a tool elsewhere
        return ""
    if not isinstance(content, list):
        return content
    if not all(isinstance(part, dict) and isinstance(part.get("text"), str) for part in content):
        raise ValueError("may hold text only: images, sound and files cannot be read here")
    return "\n".join(part["text"] for part in content)


def _text_alone(message: object) -> object:
    """A message of the history, which is read as far as it is text."""
    content = message.get("content") if isinstance(message, dict) else None
    if not isinstance(message, dict) or not isinstance(content, list):
        return message
    return {**message, "content": [part for part in content if not _is_other(part)]}


def _is_other(part: object) -> bool:
    return isinstance(part, dict) and not isinstance(part.get("text"), str)


class CompletionMessage(BaseModel):
    model_config = ConfigDict(frozen=True)

    role: Speaker
    content: Annotated[str, BeforeValidator(_text_of), AfterValidator(clean_text)] = ""


class StreamOptions(BaseModel):
    include_usage: bool | None = None


class CompletionRequest(BaseModel):
    """Parameters that shape how a model writes (temperature, max_tokens, stop, seed, …) are taken and change
    nothing, as do unknown ones; those that would change what a reply is are refused."""

    model_config = ConfigDict(frozen=True)

    model: Annotated[str, Field(max_length=200)]
    messages: Annotated[list[CompletionMessage], Field(min_length=1, max_length=MOST_MESSAGES)]
    stream: Annotated[bool, Field(strict=True)] | None = None
    stream_options: StreamOptions | None = None
    n: int | None = None
    tools: list[Any] | None = None
    functions: list[Any] | None = None
    response_format: dict[str, Any] | None = None
    modalities: list[str] | None = None
    logprobs: bool | None = None

    @field_validator("n")
    @classmethod
    def _one(cls, n: int | None) -> int | None:
        _must(n in (None, 1), _ONE_REPLY)
        return n

    @field_validator("tools", "functions")
    @classmethod
    def _none(cls, tools: list[Any] | None) -> list[Any] | None:
        _must(not tools, _NO_TOOLS)
        return tools

    @field_validator("response_format")
    @classmethod
    def _plain(cls, wanted: dict[str, Any] | None) -> dict[str, Any] | None:
        _must(
            wanted is None or wanted.get("type") == "text", "must be of type text: replies are written text"
        )
        return wanted

    @field_validator("modalities")
    @classmethod
    def _written(cls, wanted: list[str] | None) -> list[str] | None:
        _must(wanted in (None, [], ["text"]), "must be text: that is all there is")
        return wanted

    @field_validator("logprobs")
    @classmethod
    def _unsampled(cls, wanted: bool | None) -> bool | None:
        _must(not wanted, _NO_LOGPROBS)
        return wanted

    @field_validator("messages", mode="before")
    @classmethod
    def _leave_out_what_is_no_text(cls, messages: object) -> object:
        if not isinstance(messages, list):
            return messages
        spoken = (at for at, message in enumerate(messages) if not _instructs(message))
        last = max(spoken, default=None)
        return [message if at == last else _text_alone(message) for at, message in enumerate(messages)]

    @field_validator("messages")
    @classmethod
    def _end_with_a_question(cls, messages: list[CompletionMessage]) -> list[CompletionMessage]:
        said = [message for message in messages if message.role not in _INSTRUCTING]
        _must(bool(said) and said[-1].role is Speaker.USER, "must end with a message of the user")
        fits = 1 <= len(said[-1].content) <= MESSAGE_LIMIT
        _must(fits, f"the last one must have 1 to {MESSAGE_LIMIT:,} characters after trimming")
        return messages

    def as_chat(self) -> ChatRequest:
        """The same as a request to POST /chat. Callers send all that was ever said: of a long conversation
        the end counts. What system and developer messages and tools say is left out."""
        *past, last = _said(self.messages)
        history = [
            HistoryMessage(role=Role(message.role), content=message.content[:HISTORY_TEXT_LIMIT].strip())
            for message in past
            if message.content
        ]
        return ChatRequest(message=last.content, history=history[-HISTORY_LIMIT:])


def _said(messages: list[CompletionMessage]) -> list[CompletionMessage]:
    return [message for message in messages if message.role in (Speaker.USER, Speaker.ASSISTANT)]


def _instructs(message: object) -> bool:
    return isinstance(message, dict) and message.get("role") in _INSTRUCTING


def _must(hold: bool, otherwise: str) -> None:
    if not hold:
        raise ValueError(otherwise)
