"""What the chain would hand to its composer for a sample: the entries that its relevance check accepts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from app.cli.curating.building import encoder, live_snapshot
from app.compose.adapters import ServingKnowledge
from app.compose.chain import build_chat
from app.compose.models import Models
from app.compose.services import knowledge_base, prepared_database
from app.settings import Profile, Settings
from knowledge.progress import Show
from knowledge.releases.releases import LiveRelease
from learning.evaluation.runner import LastTrace
from learning.finetuning.samples import Sample
from pipeline.engines import Stages
from pipeline.types import Question


@contextmanager
def finding_passages(settings: Settings, show: Show) -> Iterator[Callable[[Sample], Sequence[str]]]:
    """Finds passages on the live release; "Question Answer", best first, none where nothing answers. Raises
    what building the knowledge base raises."""
    settings = settings.model_copy(update={"profile": Profile.SPECIALIST})  # no model is loaded for this
    engine = prepared_database(settings)
    loaded = encoder(settings, show)
    base = knowledge_base(settings, engine, loaded)
    live = LiveRelease(live_snapshot(base, engine, settings, show))
    models = Models.load(settings, loaded)
    with asyncio.Runner() as runner:
        stages = build_chat(settings, base, models, ServingKnowledge(live), LastTrace()).stages
        try:
            yield lambda sample: runner.run(_found(stages, sample))
        finally:
            runner.run(models.close())


async def _found(stages: Stages, sample: Sample) -> list[str]:
    query = await stages.rewriter(Question(sample.question, sample.history[:-1]))
    for attempt in query.attempts():
        if evidence := await stages.relevance(attempt, await stages.retrieval(attempt)):
            return [f"{item.hit.entry.question} {item.hit.entry.answer}" for item in evidence.accepted]
    return []
