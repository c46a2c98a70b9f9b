"""Richer wordings of what an entry answers, from a language model: a bounded number of calls, and nothing
of an answer is taken that a frame could not have said. Where the model fails, the plan goes on without
it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Annotated

from pydantic import BaseModel, Field

from knowledge.progress import Show
from knowledge.types import Entry
from pipeline.errors import ModelOutputError, ModelUnavailable
from pipeline.llm.prompting import PromptFile
from pipeline.ports import ChatModel
from pipeline.types import Message, Role

_PROMPT = Path(__file__).parent.parent / "prompts" / "questions.md"
_ANSWER_CHARACTERS = 700  # of an entry: enough to know what it is about
_TOKENS_A_MESSAGE = 40
_LONGEST = 300  # characters of a message
_AT_A_TIME = 2
_GIVES_UP = 5  # failures in a row


class Wordings(BaseModel):
    """What the model is to answer with."""

    messages: Annotated[list[str], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Bounds:
    """At most `calls` calls, each for `messages` messages about one entry."""

    calls: int
    messages: int = 8


@dataclass(frozen=True, slots=True)
class Worded:
    """Messages by the id of their entry, and how many calls were made and failed."""

    messages: Mapping[str, tuple[str, ...]]
    calls: int
    failed: int


async def llm_wordings(
    model: ChatModel, entries: Sequence[Entry], bounds: Bounds, rng: Random, show: Show
) -> Worded:
    """Each entry once, in random order, as far as the calls reach. Stops early where nothing works."""
    prompt = PromptFile("synthesis", _PROMPT.read_text("utf-8").strip())
    found: dict[str, tuple[str, ...]] = {}
    order = rng.sample([*entries], min(len(entries), bounds.calls))
    made = failed = in_a_row = 0
    for start in range(0, len(order), _AT_A_TIME):
        part = order[start : start + _AT_A_TIME]
        answers = await asyncio.gather(*(_worded(model, prompt, entry, bounds.messages) for entry in part))
        made += len(part)
        for entry, messages in zip(part, answers, strict=True):
            failed += not messages
            in_a_row = 0 if messages else in_a_row + 1
            if messages:
                found[entry.id] = messages
        show(made / len(order), f"wording: {made:,} of {len(order):,} entries")
        if in_a_row >= _GIVES_UP:
            break
    return Worded(found, made, failed)


async def _worded(model: ChatModel, prompt: PromptFile, entry: Entry, count: int) -> tuple[str, ...]:
    asked = f"Question: {entry.question}\nAnswer: {entry.answer[:_ANSWER_CHARACTERS]}"
    rendered = prompt.render((Message(Role.USER, asked),), {"count": str(count)})
    try:
        answer = await model.answer(rendered, Wordings, _TOKENS_A_MESSAGE * count)
    except (ModelUnavailable, ModelOutputError):
        return ()
    trimmed = (" ".join(text.split()).strip("\"'- ") for text in answer.messages)
    return tuple(text for text in trimmed if 0 < len(text) <= _LONGEST)
