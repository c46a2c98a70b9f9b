"""A reply as the OpenAI API gives it, whole or in chunks. What POST /chat tells besides the text is in more
fields of the message; the clients of that API let them through."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.api.errors import Problem
from app.api.schemas.completions import MODEL, CompletionMessage, CompletionRequest
from app.api.schemas.public import ChatResponse
from app.api.sse import data
from pipeline.llm.completion import estimated_tokens

_DONE = b"data: [DONE]\n\n"
_PREFIX = "chatcmpl-"


@dataclass(frozen=True, slots=True)
class Completion:
    """One completion in the making; `message_id` is that of the turn."""

    message_id: str
    request: CompletionRequest
    created: int = field(default_factory=lambda: int(time.time()))

    def whole(self, response: ChatResponse) -> dict[str, Any]:
        message = {"role": "assistant", "content": response.reply, "refusal": None, **_besides(response)}
        return {
            **self._head("chat.completion"),
            "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}],
            "usage": self.usage(response.reply),
        }

    def usage(self, reply: str) -> dict[str, int]:
        """The tokens of what was sent and what comes back, estimated at four bytes each: the specialists have
        no tokens of their own, and what a language model is asked internally is on the trace's account."""
        sent, said = _tokens(self.request.messages), estimated_tokens(reply)
        return {"prompt_tokens": sent, "completion_tokens": said, "total_tokens": sent + said}

    def opening(self) -> bytes:
        return self._chunk({"role": "assistant", "content": ""})

    def sentence(self, text: str) -> bytes:
        return self._chunk({"content": text})

    def reply(self, response: ChatResponse) -> bytes:
        last = self._chunk(_besides(response), "stop")
        if not self._tells_usage:
            return last + _DONE
        usage = {**self._head("chat.completion.chunk"), "choices": [], "usage": self.usage(response.reply)}
        return last + data(usage) + _DONE

    def error(self, problem: Problem, request_id: str) -> bytes:
        """The stream ends without its [DONE]: nobody shall take half a reply for a whole one."""
        return data(problem.envelope())

    def _chunk(self, delta: Mapping[str, Any], finish_reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        usage = {"usage": None} if self._tells_usage else {}
        return data({**self._head("chat.completion.chunk"), "choices": [choice], **usage})

    @property
    def _tells_usage(self) -> bool:
        options = self.request.stream_options
        return bool(options and options.include_usage)

    def _head(self, kind: str) -> dict[str, Any]:
        return {"id": _PREFIX + self.message_id, "object": kind, "created": self.created, "model": MODEL}


def _besides(response: ChatResponse) -> dict[str, Any]:
    """All but the text."""
    return response.model_dump(mode="json", exclude={"reply"})


def _tokens(messages: Sequence[CompletionMessage]) -> int:
    return sum(estimated_tokens(message.content) for message in messages)
