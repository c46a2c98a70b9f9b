"""Requests to servers that speak the OpenAI API, each of which lacks something of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pydantic import BaseModel

from pipeline.llm.structured_output import instruction, schema_of
from pipeline.types import Message


class Feature(StrEnum):
    """What a request may do without, each with the words by which a server names it in its complaint."""

    JSON_SCHEMA = "json_schema|response_format|structured|grammar|schema"
    JSON_OBJECT = "json_object|response_format"
    LOGPROBS = "logprobs"
    STREAM_OPTIONS = "stream_options|include_usage"
    TEMPERATURE = "temperature"
    MAX_TOKENS = "max_completion_tokens|max_tokens"
    SYSTEM_ROLE = "system role|role 'system'|system message"

    def named_in(self, complaint: str) -> bool:
        return any(word in complaint for word in self.value.split("|"))


_ABOUT_THE_TEXT = ("context length", "context size", "context window", "content_filter", "content management")
_DROPPED_UNNAMED = (Feature.JSON_SCHEMA, Feature.JSON_OBJECT, Feature.LOGPROBS, Feature.STREAM_OPTIONS)
Without = frozenset[Feature]


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One request, as it would be put to a server that has everything. `shape`: an answer in JSON."""

    model: str
    system: str
    messages: Sequence[Message]
    max_tokens: int
    shape: type[BaseModel] | None = None
    streamed: bool = False
    logprobs: bool = False

    def arguments(self, without: Without) -> dict[str, Any]:
        """The arguments of `chat.completions.create` for a server without these features."""
        system, form = self.system, self._format(without)
        if self.shape is not None and form.get("type") != "json_schema":
            system = f"{system}\n\n{instruction(self.shape)}"
        limit = "max_completion_tokens" if Feature.MAX_TOKENS in without else "max_tokens"
        made: dict[str, Any] = {
            "model": self.model,
            "messages": _messages(system, self.messages, split=Feature.SYSTEM_ROLE not in without),
            limit: self.max_tokens,
        }
        if form:
            made["response_format"] = form
        if Feature.TEMPERATURE not in without:
            made["temperature"] = 0
        if self.logprobs and Feature.LOGPROBS not in without:
            made |= {"logprobs": True, "top_logprobs": 5}
        if self.streamed:
            made["stream"] = True
            if Feature.STREAM_OPTIONS not in without:
                made["stream_options"] = {"include_usage": True}
        return made

    def _format(self, without: Without) -> dict[str, Any]:
        if self.shape is None:
            return {}
        if Feature.JSON_SCHEMA not in without:
            schema = {"name": self.shape.__name__, "strict": True, "schema": schema_of(self.shape)}
            return {"type": "json_schema", "json_schema": schema}
        return {} if Feature.JSON_OBJECT in without else {"type": "json_object"}

    def _uses(self, feature: Feature, without: Without) -> bool:
        match feature:
            case Feature.JSON_SCHEMA:
                return self.shape is not None
            case Feature.JSON_OBJECT:
                return self.shape is not None and Feature.JSON_SCHEMA in without
            case Feature.LOGPROBS:
                return self.logprobs
            case Feature.STREAM_OPTIONS:
                return self.streamed
            case _:
                return True

    def concession(self, complaint: str, without: Without) -> Feature | None:
        """What to leave out of the next try after a server refused a request: what it named, else what
        servers refuse without naming it. None: the request itself is at fault."""
        open_to = [item for item in Feature if item not in without and self._uses(item, without)]
        if any(words in complaint.lower() for words in _ABOUT_THE_TEXT):
            return None
        named = [item for item in open_to if item.named_in(complaint.lower())]
        unnamed = [item for item in _DROPPED_UNNAMED if item in open_to]
        return next(iter(named + unnamed), None)


def _messages(system: str, messages: Sequence[Message], *, split: bool) -> list[dict[str, str]]:
    made = [{"role": message.role.value, "content": message.text} for message in messages]
    if split:
        return [{"role": "system", "content": system}, *made]
    first, *rest = made
    return [{**first, "content": f"{system}\n\n{first['content']}"}, *rest]
