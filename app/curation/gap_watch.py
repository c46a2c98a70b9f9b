"""Closes by itself what a new release answers: the messages of open gaps are put to it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from uuid import uuid4

from sqlalchemy.exc import SQLAlchemyError

from app.curation.asked import Asked, Kind, Section
from app.curation.gap_report import Gap, GapReport, open_gaps
from app.curation.gap_store import GapNotFound, GapState
from app.store.storage import Storage
from app.turns import Chat
from knowledge.releases.releases import LiveRelease
from knowledge.types import KnowledgeError
from pipeline.errors import PipelineError
from pipeline.ports import unheard
from pipeline.types import Outcome, Question, Reply, TurnContext

MOST_GAPS = 300
"""Put to a release, those with most messages: with a language model, turns cost."""
_WORDINGS = 5  # of a gap, the most central ones
_ANSWERED = 2 / 3  # least share of them: one in eight messages of a cluster asks something else
_FAILURES = (PipelineError, KnowledgeError, SQLAlchemyError, TimeoutError)
_TURN_S = 60.0
_AGAIN_S = 60.0  # after a failure
_log = logging.getLogger("candor.gaps")


class GapWatch:
    """Looks every `every_s` whether another release serves. What it asks leaves no trace, and gives way to
    what users ask."""

    def __init__(
        self, report: GapReport, chat: Chat, live: LiveRelease, storage: Storage, *, every_s: float
    ) -> None:
        self._report = report
        self._chat = chat
        self._live = live
        self._storage = storage
        self._every_s = every_s
        self._task: asyncio.Task[None] | None = None
        self._reading: asyncio.Task[list[Gap]] | None = None
        self.examined: str | None = None
        """The last release that all open gaps were put to."""

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Returns once nothing of it reads the database any more."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        if self._reading is not None:
            await asyncio.wait({self._reading})

    async def _run(self) -> None:
        while True:
            release = self._live.release_id
            wait_s = self._every_s
            if release is not None and release != self.examined:
                try:
                    if await self.examine(release):
                        self.examined = release
                except _FAILURES as error:
                    _log.warning("the open gaps could not be put to a release: %s", error)
                    wait_s = _AGAIN_S
            await asyncio.sleep(wait_s)

    async def examine(self, release: str) -> bool:
        """Puts the open gaps to the live release; False where another one serves meanwhile. Raises what the
        chain and the database raise."""
        closed = 0
        for section in (Section.GAPS, Section.OFF_TOPIC):
            self._reading = asyncio.create_task(asyncio.to_thread(self._report.gaps, section))
            gaps = open_gaps(await asyncio.shield(self._reading))
            for gap in gaps[:MOST_GAPS]:
                if self._live.release_id != release:
                    return False
                if gap.row.asked_release != release:
                    closed += await self._closes(gap, release)
        if closed:
            _log.info("release %s answers %d gaps, which are closed", release, closed)
        return True

    async def _closes(self, gap: Gap, release: str) -> bool:
        """A message that this very release did not answer tells without asking."""
        messages = gap.cluster.messages
        failed = any(each.release_id == release for each in messages)
        closes = not failed and await self._is_answered(gap.cluster.wordings[:_WORDINGS])
        with suppress(GapNotFound):  # its messages were deleted meanwhile
            if closes:
                given = {"release_id": release, "asked_release": release}
                await self._storage.run(
                    self._report.set_state, gap.row.id, GapState.CLOSED, was=gap.row.state, **given
                )
            else:
                await self._storage.run(self._report.store.change, gap.row.id, asked_release=release)
        return closes

    async def _is_answered(self, wordings: Sequence[Asked]) -> bool:
        if not await self._answers(wordings[0]):
            return False
        answered = 1 + sum([await self._answers(each) for each in wordings[1:]])
        return answered >= _ANSWERED * len(wordings)

    async def _answers(self, asked: Asked) -> bool:
        async with asyncio.timeout(_TURN_S):
            context = TurnContext(gives_way=True, keeping=None)
            reply = await self._chat.run(uuid4().hex, Question(asked.text), unheard, context)
        return reply.outcome is Outcome.ANSWERED and not _is_the_same(asked, reply)


def _is_the_same(asked: Asked, reply: Reply) -> bool:
    """Whether a reply says again what was rated down."""
    told = {reply.text[each.start : each.end] for each in reply.citations}
    return asked.kind is Kind.RATED_DOWN and told == asked.told
