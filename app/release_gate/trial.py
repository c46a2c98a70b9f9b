"""A release tried before it goes live, or after it was left: asked by a curator, remembered by nobody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

from app.compose.adapters import pinned_to
from app.compose.release_service import ReleaseService
from app.store.turns.traces import is_kept, overheard
from app.turns import Chat
from knowledge.types import Snapshot
from pipeline.ports import unheard
from pipeline.types import Question, Reply


class Trial:
    """Keeps the release tried last: a curator asks it more than once."""

    def __init__(self, chat: Chat, releases: ReleaseService) -> None:
        self._chat = chat
        self._releases = releases
        self._last: Snapshot | None = None

    async def ask(self, release_id: str, question: Question) -> Reply:
        """What it would say. Raises what `Releases.load` and a turn raise."""
        if self._last is None or self._last.release_id != release_id:
            self._last = await self._releases.load(release_id)
        token = is_kept.set(False)
        try:
            with pinned_to(self._last):
                return await self._chat.run(f"trial-{uuid4().hex}", question, unheard)
        finally:
            is_kept.reset(token)

    async def traced(self, release_id: str, question: Question) -> tuple[Reply, Sequence[Mapping[str, Any]]]:
        """The same, with the steps of the turn as a trace holds them."""
        heard: list[Mapping[str, Any]] = []
        token = overheard.set(heard)
        try:
            reply = await self.ask(release_id, question)
        finally:
            overheard.reset(token)
        return reply, heard[-1]["steps"] if heard else ()
