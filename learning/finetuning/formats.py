"""Samples as lines of a training file: chat messages, or a prompt with its completion."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from learning.finetuning.samples import Sample
from learning.voice.transcript_files import Speakers
from pipeline.types import Message, Role

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ChatFormat:
    """The chat format of the OpenAI API. `system` comes first, if it is not empty, with the passages of the
    sample. Earlier replies bear the weight 0: each of them is learned from its own sample."""

    system: str = ""

    def row(self, sample: Sample) -> Row:
        system = _with_passages(self.system, sample.passages)
        head = [{"role": "system", "content": system}] if system else []
        past = [self._said(said) for said in sample.history]
        return {"messages": [*head, *past, {"role": "assistant", "content": sample.reply}]}

    def _said(self, said: Message) -> dict[str, Any]:
        weight = {"weight": 0} if said.role is Role.ASSISTANT else {}
        return {"role": said.role.value, "content": said.text, **weight}


@dataclass(frozen=True, slots=True)
class CompletionFormat:
    """The older format: the conversation as text, each line with its speaker, ending where the chatbot is to
    go on. A completion starts with a space and ends with `stop`; line breaks within messages become spaces,
    so that a line is a message."""

    speakers: Speakers
    stop: str = "\n"
    system: str = ""

    def row(self, sample: Sample) -> Row:
        names = {Role.USER: self.speakers.user, Role.ASSISTANT: self.speakers.chatbot}
        lines = [f"{names[said.role]}: {_on_one_line(said.text)}" for said in sample.history]
        head = _with_passages(self.system, sample.passages)
        prompt = "\n".join((*([head, ""] if head else []), *lines, f"{self.speakers.chatbot}:"))
        return {"prompt": prompt, "completion": f" {_on_one_line(sample.reply)}{self.stop}"}


def line_of(row: Row) -> str:
    """A row as one line of JSON."""
    return json.dumps(row, ensure_ascii=False) + "\n"


def _with_passages(system: str, passages: Sequence[str]) -> str:
    numbered = [f"[{number}] {passage}" for number, passage in enumerate(passages, 1)]
    return "\n\n".join(part for part in (system, "\n".join(numbered)) if part)


def _on_one_line(text: str) -> str:
    return " ".join(text.split())
