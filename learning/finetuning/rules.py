"""The rules for one line of a training file: OpenAI's for chats, and those for prompts with completions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from learning.finetuning.samples import tokens_of

ROLES = ("system", "developer", "user", "assistant")
_MESSAGE_KEYS = frozenset({"role", "content", "name", "weight"})
_ROW_KEYS = {"chat": frozenset({"messages"}), "completion": frozenset({"prompt", "completion"})}
_NO_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffd]")
_MOJIBAKE = re.compile("[ÃÂ][\x80-\xbf]|â€[\x80-\xbf™œ“”˜]")


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with a line of a file, or with the whole (line 0). A warning is worth a look; an error
    spoils the training or is refused by the server."""

    file: str
    line: int
    text: str
    warning: bool = False

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {'warning' if self.warning else 'error'}: {self.text}"


@dataclass(frozen=True, slots=True)
class CheckedRow:
    """A line without faults: its prompt and its completion as text, all `texts` in it, an estimate of its
    tokens, and its `exchanges`, each message with what the other side said to it, which tell conversations
    apart. `odd` is what may be used and is still unlikely to be meant."""

    file: str
    line: int
    form: str
    prompt: str
    completion: str
    texts: tuple[str, ...]
    tokens: int
    exchanges: tuple[str, ...]
    odd: tuple[str, ...] = ()


def form_of(row: object) -> str:
    """ "chat", "completion", or "" where a row is neither."""
    if not isinstance(row, Mapping):
        return ""
    return "chat" if "messages" in row else "completion" if row.keys() & _ROW_KEYS["completion"] else ""


def faults(row: Mapping[str, Any], form: str) -> Iterator[str]:
    """What keeps a row from being used, by the rules of its form."""
    if unknown := sorted(map(str, row.keys() - _ROW_KEYS[form])):
        yield f"has a key that the format does not know: {', '.join(unknown)}"
    yield from _chat_faults(row["messages"]) if form == "chat" else _completion_faults(row)


def _chat_faults(messages: object) -> Iterator[str]:
    if not isinstance(messages, list) or not messages:
        yield "has no messages"
        return
    for number, said in enumerate(messages, 1):
        yield from (f"message {number} {fault}" for fault in _message_faults(said))
    roles = [said.get("role") for said in messages if isinstance(said, Mapping)]
    if roles[-1:] != ["assistant"]:
        yield "does not end with a message of the assistant"
    if "user" not in roles:
        yield "has no message of the user"
    if any(role in ("system", "developer") for role in roles[1:]):
        yield "has a system message that is not the first"
    replies = [said for said in messages if isinstance(said, Mapping) and said.get("role") == "assistant"]
    if replies and all(said.get("weight") == 0 for said in replies):
        yield "has no reply to learn: all have the weight 0"


def _message_faults(said: object) -> Iterator[str]:
    if not isinstance(said, Mapping):
        yield "is not an object"
        return
    if said.get("role") not in ROLES:
        yield f"has an unknown role: {said.get('role')}"
    yield from _text_faults(said.get("content"), "content")
    if unknown := sorted(map(str, said.keys() - _MESSAGE_KEYS)):
        yield f"has a key that the format does not know: {', '.join(unknown)}"
    if "weight" in said and (said["weight"] not in (0, 1) or said.get("role") != "assistant"):
        yield "has a weight that is not an assistant's 0 or 1"


def _completion_faults(row: Mapping[str, Any]) -> Iterator[str]:
    for name in ("prompt", "completion"):
        yield from _text_faults(row.get(name), name)
    completion = row.get("completion")
    if isinstance(completion, str) and completion.strip() and not completion.startswith(" "):
        yield "has a completion that does not start with a space"


def _text_faults(text: object, name: str) -> Iterator[str]:
    if not isinstance(text, str):
        yield f"has no {name} that is a text"
    elif not text.strip():
        yield f"has an empty {name}"
    elif _NO_TEXT.search(text):
        yield f"has characters in its {name} that are no text"
    elif _MOJIBAKE.search(text):
        yield f"has a {name} that was read in a wrong encoding: {_MOJIBAKE.findall(text)[0]}"


def checked(file: str, line: int, row: Mapping[str, Any], form: str) -> CheckedRow:
    """A row without faults, read."""
    if form == "completion":
        prompt, completion = row["prompt"], row["completion"]
        said = [*(text for text in prompt.splitlines()[:-1] if text.strip()), completion.strip()]
        tokens = tokens_of(prompt) + tokens_of(completion)
        texts = (*prompt.splitlines(), completion)
        return CheckedRow(file, line, form, prompt, completion, texts, tokens, _exchanges(said))
    messages: Sequence[Mapping[str, Any]] = row["messages"]
    prompt = "\n".join(f"{said['role']}: {said['content']}" for said in messages[:-1])
    completion = messages[-1]["content"]
    spoken = [said for said in messages if said["role"] in ("user", "assistant")]
    exchanges = _exchanges([f"{said['role']}: {said['content']}" for said in spoken])
    alike = any(one["role"] == two["role"] for one, two in pairwise(spoken))
    odd = ("has two messages of one side in a row",) if alike else ()
    texts = tuple(said["content"] for said in messages)
    tokens = sum(map(tokens_of, texts))
    return CheckedRow(file, line, form, prompt, completion, texts, tokens, exchanges, odd)


def _exchanges(said: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"{one}\n{two}" for one, two in pairwise(said))
