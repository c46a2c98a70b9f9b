"""The relevance check of a large language model."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from pipeline.llm.prompting import PromptFile
from pipeline.llm_stages.fencing import fenced, passages, user_message
from pipeline.ports import ChatModel
from pipeline.turn import Accepted, Evidence, Retrieved, SearchQuery

_TOKENS = 40
_QUERY_WORDS = 120
_PASSAGE_WORDS = 80


class Useful(BaseModel):
    model_config = ConfigDict(extra="forbid")

    useful: list[int]


class LlmRelevanceCheck:
    """Reads the first `candidates` hits in one call and names those that answer, best first. Numbers of
    passages that there are not count for nothing. The probability is what was said, 1 or 0."""

    engine = "llm"

    def __init__(self, model: ChatModel, candidates: int = 4) -> None:
        self._model = model
        self._candidates = candidates
        self._file = PromptFile.read("relevance_check")

    async def __call__(self, query: SearchQuery, retrieved: Retrieved) -> Evidence:
        """Raises what the model raises."""
        hits = retrieved.hits[: self._candidates]
        if not hits:
            return Evidence(query, ())
        question = fenced("question", query.asks or query.text, _QUERY_WORDS)
        prompt = self._file.render(user_message(*passages(hits, _PASSAGE_WORDS), question))
        answer = await self._model.answer(prompt, Useful, _TOKENS, query.context.budget)
        said = dict.fromkeys(answer.useful)
        useful = [number for number in said if 1 <= number <= len(hits)]
        judged = tuple((hit.entry.id, float(number in useful)) for number, hit in enumerate(hits, 1))
        accepted = tuple(Accepted(hits[number - 1], 1.0) for number in useful[:1])
        return Evidence(query, accepted, judged, float(bool(accepted)))
