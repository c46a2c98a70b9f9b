"""The topic gate of a large language model."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from pipeline.llm_stages.fencing import conversation, message, user_message
from pipeline.ports import ChatModel
from pipeline.prompting import PromptFile
from pipeline.turn import Topic, TopicVerdict
from pipeline.types import Question

_TOKENS = 40


class _Kind(StrEnum):
    ON_TOPIC = "on_topic"
    OFF_TOPIC = "off_topic"
    SMALL_TALK = "small_talk"
    FRAGMENT = "fragment"
    UNSAFE = "unsafe"
    CRISIS = "crisis"


class Sorted(BaseModel):
    model_config = ConfigDict(extra="forbid")

    kind: _Kind


class LlmTopicGate:
    """Sorts a message in one call. `topics` names what the knowledge base is about; anew at each turn, as
    releases change. The probability is what was said, 1 or 0."""

    engine = "llm"

    def __init__(self, model: ChatModel, topics: Callable[[], tuple[str, ...]]) -> None:
        self._model = model
        self._topics = topics
        self._file = PromptFile.read("topic_gate")

    async def __call__(self, question: Question) -> TopicVerdict:
        """Raises what the model raises."""
        fixed = {"topics": ", ".join(self._topics()) or "those of its knowledge base"}
        prompt = self._file.render(user_message(*conversation(question), message(question)), fixed)
        kind = (await self._model.answer(prompt, Sorted, _TOKENS)).kind
        return TopicVerdict(Topic(kind.value), float(kind is _Kind.ON_TOPIC))
