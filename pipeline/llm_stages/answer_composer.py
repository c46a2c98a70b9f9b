"""The answer composer of a large language model."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence

from pipeline.errors import ModelOutputError
from pipeline.llm_stages.drafting import Drafting
from pipeline.llm_stages.fencing import conversation, fenced, message, passages, user_message
from pipeline.ports import ChatModel
from pipeline.prompting import Prompt, PromptFile
from pipeline.turn import Evidence, Sentence
from pipeline.types import Question
from pipeline.voice import Exemplar, StyleCard

NO_ANSWER = "NO ANSWER"
_TOKENS = 260
_EXEMPLARS = 3
_EXEMPLAR_WORDS = 50
_KNOWN_WORDS = 60

Nearest = Callable[[str], Awaitable[Sequence[Exemplar]]]
"""The exemplars that are nearest to a message, best first."""


class LlmComposer:
    """Writes from the evidence and the conversation in the house voice: the traits of `style`, and the
    exchanges that are `nearest` to the message. Gives each sentence as soon as it is written."""

    engine = "llm"

    def __init__(self, model: ChatModel, style: StyleCard, nearest: Nearest, phrases: frozenset[str]) -> None:
        """`phrases` are those of the house voice, which need no citation."""
        self._model = model
        self._style = style
        self._nearest = nearest
        self._phrases = phrases
        self._file = PromptFile.read("answer_composer")

    async def __call__(self, question: Question, evidence: Evidence) -> AsyncIterator[Sentence]:
        """Raises what the model raises, and `ModelOutputError` where it says that the evidence does not
        answer, or goes in circles."""
        prompt = await self._prompt(question, evidence)
        draft = Drafting(len(evidence.accepted), self._phrases)
        pieces = self._model.write(prompt, _TOKENS)
        try:
            async for piece in pieces:
                for sentence in _answering(draft.feed(piece)):
                    yield sentence
                if draft.is_full:
                    return
        finally:
            if isinstance(pieces, AsyncGenerator):
                await pieces.aclose()
        for sentence in _answering(draft.finish()):
            yield sentence

    async def _prompt(self, question: Question, evidence: Evidence) -> Prompt:
        manner = [
            fenced("manner", f"User: {each.said}\nService: {each.reply}", _EXEMPLAR_WORDS)
            for each in (question.examples or await self._nearest(question.text))[:_EXEMPLARS]
        ]
        known = [fenced("known", "\n".join(question.memory), _KNOWN_WORDS)] if question.memory else []
        blocks = (
            *manner,
            *passages([item.hit for item in evidence.accepted]),
            *conversation(question),
            *known,
            message(question),
        )
        return self._file.render(user_message(*blocks), {"style": " ".join(self._style.traits)})


def _answering(sentences: Sequence[Sentence]) -> Sequence[Sentence]:
    if any(sentence.text.upper().startswith(NO_ANSWER) for sentence in sentences):
        raise ModelOutputError("the model finds no answer in the evidence")
    return sentences
