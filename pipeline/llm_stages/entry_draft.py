"""What a large language model drafts where there is no entry: for an editor, never for a user."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from knowledge.types import Hit
from pipeline.llm.prompting import PromptFile
from pipeline.llm_stages.fencing import MESSAGE_WORDS, fenced, passages, user_message
from pipeline.ports import ChatModel

_TOKENS = 700
_MOST_MESSAGES = 8
_PASSAGE_WORDS = 160


class _Written(BaseModel):
    model_config = ConfigDict(extra="forbid")

    question: str
    answer: str
    used: list[int]


class NothingToDraft(Exception):
    """The passages say nothing that a draft could be made of. The message is for editors."""


@dataclass(frozen=True, slots=True)
class WrittenDraft:
    """`used` are the hits that the answer was taken from, one at least."""

    question: str
    answer: str
    used: tuple[Hit, ...]


class EntryDrafter:
    """Words the question of several messages, and an answer from passages, in one call."""

    def __init__(self, model: ChatModel) -> None:
        self._model = model
        self._file = PromptFile.read("entry_draft")

    async def __call__(self, messages: Sequence[str], hits: Sequence[Hit]) -> WrittenDraft:
        """Raises `NothingToDraft`, and what the model raises. Numbers of passages that there are not count
        for nothing; an answer that names none is not taken."""
        if not hits:
            raise NothingToDraft("There is no entry that a draft could be made from.")
        asked = [
            fenced("message", text, MESSAGE_WORDS, number)
            for number, text in enumerate(messages[:_MOST_MESSAGES], 1)
        ]
        prompt = self._file.render(user_message(*passages(hits, _PASSAGE_WORDS), *asked))
        written = await self._model.answer(prompt, _Written, _TOKENS)
        used = tuple(hits[number - 1] for number in dict.fromkeys(written.used) if 0 < number <= len(hits))
        answer, question = written.answer.strip(), " ".join(written.question.split())
        if not answer or not used:
            raise NothingToDraft("The language model finds nothing in the nearest entries to answer it with.")
        return WrittenDraft(question or messages[0], answer, used)
