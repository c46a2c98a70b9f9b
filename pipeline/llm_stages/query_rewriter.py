"""The query rewriter of a large language model."""

from __future__ import annotations

from collections.abc import Set

from pydantic import BaseModel, ConfigDict

from pipeline.english.language import content_stems
from pipeline.errors import ModelOutputError
from pipeline.llm.prompting import PromptFile
from pipeline.llm_stages.fencing import conversation, message, user_message
from pipeline.ports import ChatModel
from pipeline.turn import SearchQuery
from pipeline.types import Question

_TOKENS = 160
_ALTERNATES = 2
_LONGEST = 60  # words of a query
_KEPT = 0.34
"""Least share of a query's content words that the user, or the conversation, said: a query of other words
asks something else."""


class Rewritten(BaseModel):
    model_config = ConfigDict(extra="forbid")

    asks: str
    query: str
    alternates: list[str]


class LlmQueryRewriter:
    """Says what the user really asks, and words it as a query with alternates, in one call."""

    engine = "llm"

    def __init__(self, model: ChatModel) -> None:
        self._model = model
        self._file = PromptFile.read("query_rewriter")

    async def __call__(self, question: Question) -> SearchQuery:
        """Raises what the model raises, and `ModelOutputError` for a query that has little to do with what
        was said."""
        prompt = self._file.render(user_message(*conversation(question), message(question)))
        rewritten = await self._model.answer(prompt, Rewritten, _TOKENS, question.context.budget)
        said = content_stems(question.text, *(past.text for past in question.history))
        query, *others = (_line(text) for text in (rewritten.query, *rewritten.alternates))
        if not _keeps_to(query, said):
            raise ModelOutputError("the query is not about what was said")
        alternates = dict.fromkeys(text for text in others if text != query and _keeps_to(text, said))
        return SearchQuery(
            query,
            tuple(alternates)[:_ALTERNATES],
            used_history=bool(content_stems(query) - content_stems(question.text)),
            asks=_line(rewritten.asks),
        )


def _line(text: str) -> str:
    return " ".join(text.split()[:_LONGEST])


def _keeps_to(query: str, said: Set[str]) -> bool:
    words = content_stems(query)
    return bool(words) and (not said or len(words & said) >= _KEPT * len(words))
