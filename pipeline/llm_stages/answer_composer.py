"""The answer composer of a large language model."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence

from knowledge.sentences import split_sentences
from pipeline.llm.prompting import Prompt, PromptFile
from pipeline.llm_stages.drafting import MOST_SENTENCES, Drafting
from pipeline.llm_stages.fencing import (
    conversation,
    fenced,
    message,
    passages,
    sharing_most,
    user_message,
)
from pipeline.ports import ChatModel
from pipeline.stages.composing.answer_composer import WHOLE_WORDS
from pipeline.turn import Evidence, Sentence
from pipeline.types import Question
from pipeline.voice import Exemplar, StyleCard

_TOKENS = 260
_EXEMPLARS = 2
_EXEMPLAR_WORDS = 40
_FACT, _CITED = "[…]", "… [1]."  # an exemplar without its facts would teach to leave out the numbers
LAST_WORD = (
    "Answer the message from the passages. Put the number of its passage behind each sentence, like [1]."
)
"""Said last, since small models forget what was said first."""
_KNOWN_WORDS = 60

_EXAMPLES = 3  # of the caller: they show a form of their own, which takes more of them than a tone
_CONTEXT_WORDS = 80

Nearest = Callable[[Question], Awaitable[Sequence[Exemplar]]]
"""The exemplars that are nearest to a message, best first."""


class LlmComposer:
    """Writes from the evidence and the conversation in the house voice: the traits of `style`, and the
    exchanges that are `nearest` to the message. Gives each sentence as soon as it is written."""

    engine = "llm"

    def __init__(self, model: ChatModel, style: StyleCard, nearest: Nearest, phrases: frozenset[str]) -> None:
        """`phrases` are those of the house voice that need no citation and take no side."""
        self._model = model
        self._style = style
        self._nearest = nearest
        self._phrases = phrases
        self._file = PromptFile.read("answer_composer")

    async def __call__(self, question: Question, evidence: Evidence) -> AsyncIterator[Sentence]:
        """Raises what the model raises, and `ModelOutputError` where it says that the evidence does not
        answer, or goes in circles."""
        prompt = await self._prompt(question, evidence)
        draft = Drafting(len(evidence.accepted), self._phrases, _most_sentences(question))
        pieces = self._model.write(prompt, _TOKENS, question.context.budget)
        try:
            async for piece in pieces:
                for sentence in draft.feed(piece):
                    yield sentence
                if draft.is_full:
                    return
        finally:
            if isinstance(pieces, AsyncGenerator):
                await pieces.aclose()
        for sentence in draft.finish():
            yield sentence

    async def _prompt(self, question: Question, evidence: Evidence) -> Prompt:
        manner = _given(question) or [
            _shown(each.said, each.reply.replace(_FACT, _CITED))
            for each in (await self._nearest(question))[:_EXEMPLARS]
        ]
        known = (
            [fenced("known", "\n".join(item.fact for item in question.memory), _KNOWN_WORDS)]
            if question.memory
            else []
        )
        blocks = (
            *manner,
            *passages([item.hit for item in evidence.accepted], WHOLE_WORDS),
            *conversation(question),
            *known,
            message(question),
            LAST_WORD,
        )
        return self._file.render(user_message(*blocks), {"style": " ".join(self._style.traits)})


def _given(question: Question) -> list[str]:
    """The caller's examples, cited as the answer shall be, behind what they were drawn from."""
    shown = question.examples[:_EXAMPLES]
    blocks = [_shown(each.said, f"{each.reply.rstrip()} [1]") for each in shown]
    if context := sharing_most(question.examples_context, [each.reply for each in shown], _CONTEXT_WORDS):
        blocks.insert(0, fenced("manner", f"Passage: [1] {context}", _CONTEXT_WORDS + 2))
    return blocks


def _shown(said: str, reply: str) -> str:
    return fenced("manner", f"User: {said}\nService: {reply}", _EXEMPLAR_WORDS)


def _most_sentences(question: Question) -> int:
    """As many as the longest example has."""
    lengths = (len(split_sentences(each.reply)) for each in question.examples)
    return min(max(lengths, default=MOST_SENTENCES), MOST_SENTENCES)
