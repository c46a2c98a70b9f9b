"""Training samples from conversations: each line of the chatbot, with the conversation before it."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from learning.voice.transcripts import Conversation
from pipeline.llm.completion import estimated_tokens
from pipeline.types import Message, Role

MESSAGE_TOKENS = 4  # what a chat format adds to a message


@dataclass(frozen=True, slots=True)
class Sample:
    """A `reply` and what it replies to: `history` ends with the user's message. `conversation` keeps the
    samples of one conversation together. `passages` are what the reply should stand on, if anything."""

    conversation: str
    history: tuple[Message, ...]
    reply: str
    passages: tuple[str, ...] = ()

    @property
    def question(self) -> str:
        return self.history[-1].text


def samples_of(name: str, talk: Conversation) -> Iterator[Sample]:
    """The samples of a conversation. Lines that follow each other from one side are one message; what the
    chatbot says before the user has said anything is history, but no sample."""
    merged: list[Message] = []
    for said in talk:
        if merged and merged[-1].role is said.role:
            merged[-1] = replace(said, text=f"{merged[-1].text}\n{said.text}")
        else:
            merged.append(said)
    for place, said in enumerate(merged):
        if said.role is Role.ASSISTANT and place:
            yield Sample(name, tuple(merged[:place]), said.text)


def capped(sample: Sample, most_tokens: int, beside: int = 0) -> Sample | None:
    """The sample with as much of its history as fits, the latest first; `beside` counts the tokens of what
    else is sent. None where not even the user's message and the reply fit."""
    left = most_tokens - beside - tokens_of(sample.reply) - sum(map(tokens_of, sample.passages))
    kept: list[Message] = []
    for said in reversed(sample.history):
        left -= tokens_of(said.text)
        if left < 0:
            break
        kept.insert(0, said)
    return replace(sample, history=tuple(kept)) if kept else None


def tokens_of(text: str) -> int:
    """An estimate: what a server counts is only known to its own tokenizer."""
    return estimated_tokens(text) + MESSAGE_TOKENS


def held_out(names: Sequence[str], share: float, seed: int) -> frozenset[str]:
    """The conversations kept for validation: about this share of them, at least one where `share` is not 0
    and there are two, never all."""
    if not share or len(names) < 2:
        return frozenset()
    count = min(len(names) - 1, max(1, round(share * len(names))))
    return frozenset(random.Random(seed).sample(sorted(names), count))  # noqa: S311
