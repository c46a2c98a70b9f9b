"""Two releases asked the same questions, through the whole chain of the specialists."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from sqlalchemy import Engine

from app.compose.adapters import ServingKnowledge, pinned_to
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

_AT_ONCE = 64  # messages encoded together, ahead of their turns: cheaper than one by one


class Unrecorded:
    """Implements the chain's `TraceSink`: a question of the gate is no turn of anybody's."""

    async def record(self, trace: Mapping[str, Any]) -> None:
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
        knowledge = ServingKnowledge(LiveRelease())
        before, after = base.releases.load(before_id), base.releases.load(after_id)
        with pinned_to(after):
            chat = build_chat(alone, base, models, knowledge, Unrecorded())
        return cls(chat, models, before, after, settings.whole_answer_words)

    async def answers(self, questions: Sequence[Asked]) -> AsyncIterator[tuple[Answer, Answer]]:
        """What the first release says to each, and what the second one does. Raises what a turn raises."""
        for start in range(0, len(questions), _AT_ONCE):
            part = questions[start : start + _AT_ONCE]
            await self.models.encoder.encode([asked.question.text for asked in part])
            for asked in part:
                yield await self._answer(asked, self.before), await self._answer(asked, self.after)

    async def close(self) -> None:
        await self.models.close()

    async def _answer(self, asked: Asked, release: Snapshot) -> Answer:
        with pinned_to(release):
            reply = await self.chat.run(uuid4().hex, asked.question, unheard)
        return answer_of(asked, reply, release.entries, self.whole_words)
