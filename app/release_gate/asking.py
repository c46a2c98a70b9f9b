"""Two releases asked the same questions, through the whole chain of the specialists."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from sqlalchemy import Engine

from app.compose.adapters import ServingKnowledge
from app.compose.chain import build_chat
from app.compose.models import Models
from app.compose.services import knowledge_base
from app.release_gate.questions import Asked
from app.release_gate.verdicts import Answer, answer_of
from app.settings import Profile, Settings
from knowledge.encoders.types import TextEncoder
from knowledge.releases.releases import LiveRelease
from knowledge.types import Snapshot
from pipeline.chat_pipeline import ChatPipeline
from pipeline.ports import unheard
from pipeline.types import TurnContext

_TOGETHER = 64  # messages encoded ahead of their turns: cheaper than one by one
_AT_ONCE = 4  # questions: while one waits for the encoder, another thinks


class Unrecorded:
    """Implements the chain's `TraceSink`: a question of the gate is no turn of anybody's."""

    async def record(self, trace: Mapping[str, Any], context: TurnContext) -> None:
        pass


@dataclass(frozen=True, slots=True)
class Examiner:
    """The chain, on the two releases. A message is encoded once for both."""

    chat: ChatPipeline
    models: Models
    before: Snapshot
    after: Snapshot
    whole_words: int

    @classmethod
    def of(
        cls, settings: Settings, engine: Engine, encoder: TextEncoder, before_id: str, after_id: str
    ) -> Examiner:
        """Blocks: loads both releases. Raises what loading raises, and `SettingsError`."""
        base = knowledge_base(settings, engine, encoder)
        models = Models.load(settings, encoder)
        alone = settings.model_copy(update={"profile": Profile.SPECIALIST})
        before = base.releases.load(before_id)
        after = base.releases.load(after_id, before)
        knowledge = ServingKnowledge(LiveRelease(after))
        chat = build_chat(alone, base, models, knowledge, Unrecorded())
        return cls(chat, models, before, after, settings.whole_answer_words)

    async def answers(self, questions: Sequence[Asked]) -> AsyncIterator[tuple[Answer, Answer]]:
        """What the first release says to each, and what the second one does. Raises what a turn raises."""
        if questions:  # what is read once a release would be read by each that asks at the same time
            await self._both(questions[0])
        for part in _slices(questions, _TOGETHER):
            await self.models.encoder.encode([asked.question.text for asked in part])
            for few in _slices(part, _AT_ONCE):
                for pair in await asyncio.gather(*map(self._both, few)):
                    yield pair

    async def close(self) -> None:
        await self.models.close()

    async def _both(self, asked: Asked) -> tuple[Answer, Answer]:
        return await self._answer(asked, self.before), await self._answer(asked, self.after)

    async def _answer(self, asked: Asked, release: Snapshot) -> Answer:
        reply = await self.chat.run(uuid4().hex, asked.question, unheard, TurnContext(release))
        return answer_of(asked, reply, release.entries, self.whole_words)


def _slices(questions: Sequence[Asked], size: int) -> Iterator[Sequence[Asked]]:
    return (questions[start : start + size] for start in range(0, len(questions), size))
