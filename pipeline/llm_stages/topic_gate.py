"""The topic gates of a large language model."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from knowledge.types import Snapshot
from pipeline.llm.prompting import Prompt, PromptFile
from pipeline.llm_stages.fencing import conversation, message, user_message
from pipeline.ports import ChatModel
from pipeline.turn import Topic, TopicVerdict
from pipeline.types import Question

_TOKENS = 40
_Topics = Callable[[Snapshot | None], tuple[str, ...]]
"""What the release of a turn is about."""


class _Kind(StrEnum):
    ON_TOPIC = "on_topic"
    OFF_TOPIC = "off_topic"
    SMALL_TALK = "small_talk"
    FRAGMENT = "fragment"
    UNSAFE = "unsafe"
    CRISIS = "crisis"
    EMERGENCY = "emergency"


class Sorted(BaseModel):
    model_config = ConfigDict(extra="forbid")

    kind: _Kind


class LlmTopicGate:
    """Sorts a message in one call. The probability is what was said, 1 or 0."""

    engine = "llm"

    def __init__(self, model: ChatModel, topics: _Topics) -> None:
        self._model = model
        self._topics = topics
        self._file = PromptFile.read("topic_gate")

    async def __call__(self, question: Question) -> TopicVerdict:
        """Raises what the model raises."""
        prompt = _prompt(self._file, self._topics, question)
        kind = (await self._model.answer(prompt, Sorted, _TOKENS, question.context.budget)).kind
        return TopicVerdict(Topic(kind.value), float(kind is _Kind.ON_TOPIC))


class LlmTopicCheck:
    """Tells whether a message is on topic, and nothing else of it, for one token; how probably, where the
    server tells the probabilities of tokens."""

    engine = "llm"

    def __init__(self, model: ChatModel, topics: _Topics) -> None:
        self._model = model
        self._topics = topics
        self._file = PromptFile.read("topic_check")

    async def __call__(self, question: Question) -> TopicVerdict:
        """Raises what the model raises."""
        prompt = _prompt(self._file, self._topics, question)
        yes = await self._model.yes(prompt, question.context.budget)
        return TopicVerdict(Topic.ON_TOPIC if yes >= 0.5 else Topic.OFF_TOPIC, yes)


def _prompt(file: PromptFile, topics: _Topics, question: Question) -> Prompt:
    fixed = {"topics": ", ".join(topics(question.context.release)) or "those of its knowledge base"}
    return file.render(user_message(*conversation(question), message(question)), fixed)
