"""A large language model's second opinion on sentences that the grounding check leaves open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pydantic import BaseModel, ConfigDict

from pipeline.llm.prompting import PromptFile
from pipeline.llm.usage import TurnBudget
from pipeline.llm_stages.band import Band
from pipeline.llm_stages.fencing import fenced, passages, user_message
from pipeline.ports import ChatModel
from pipeline.turn import Checked, Evidence, Opinion, Reviewed, Verdict

_TOKENS = 60
_SENTENCE_WORDS = 80


class Supported(BaseModel):
    model_config = ConfigDict(extra="forbid")

    supported: list[int]


class LlmGroundingReview:
    """Judges any number of sentences against all that they cite, in one call. `band` says which verdicts of
    the grounding check it may change, and how far; `threshold` is that check's own. What a rule of the check
    decided stays. Not asked where the turn has begun `most_calls` calls."""

    engine = "llm"

    def __init__(
        self,
        model: ChatModel,
        band: Band,
        *,
        threshold: float = 0.5,
        most_calls: int | None = None,
    ) -> None:
        self._model = model
        self._band = band
        self._threshold = threshold
        self._most_calls = most_calls
        self._file = PromptFile.read("grounding_check")

    def wants(self, verdict: Verdict, budget: TurnBudget) -> bool:
        return (
            verdict.debatable and budget.allows(self._most_calls) and self._band.covers(verdict.probability)
        )

    async def __call__(self, checked: Sequence[Checked], evidence: Evidence) -> Reviewed:
        """Raises what the model raises."""
        cited = sorted({number for each in checked for number in each.sentence.cites})
        blocks = passages([evidence.accepted[number - 1].hit for number in cited])
        blocks += [
            fenced("sentence", each.sentence.text, _SENTENCE_WORDS, number)
            for number, each in enumerate(checked, 1)
        ]
        prompt, budget = self._file.render(user_message(*blocks)), evidence.query.context.budget
        answer = await self._model.answer(prompt, Supported, _TOKENS, budget)
        return Reviewed(
            tuple(self._settled(each, number in answer.supported) for number, each in enumerate(checked, 1))
        )

    def _settled(self, checked: Checked, says_yes: bool) -> Checked:
        first = checked.verdict.probability
        probability = self._band.combined(first, says_yes)
        supported = probability >= self._threshold
        reason = "" if supported else "not supported, after a review"
        verdict = replace(
            checked.verdict,
            supported=supported,
            probability=probability,
            reason=reason,
            opinion=Opinion(first, says_yes),
        )
        return replace(checked, verdict=verdict)
