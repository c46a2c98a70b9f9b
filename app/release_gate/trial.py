"""A release tried before it goes live, or after it was left: asked by a curator, remembered by nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

from app.api.errors import Problem
from app.api.limits import TurnLimiter
from app.compose.release_service import ReleaseService
from app.turns import Chat
from knowledge.types import Snapshot
from pipeline.ports import unheard
from pipeline.types import Question, Reply, TurnContext


class Trial:
    """Asks like anybody: with a place among the turns, and within their time. Keeps a release that is not
    live for `kept_s` after it was tried, since a curator asks more than once."""

    def __init__(
        self,
        chat: Chat,
        releases: ReleaseService,
        places: TurnLimiter,
        *,
        deadline_s: float,
        kept_s: float = 300.0,
    ) -> None:
        self._chat = chat
        self._releases = releases
        self._places = places
        self._deadline_s = deadline_s
        self._kept_s = kept_s
        self._last: Snapshot | None = None
        self._forgetting: asyncio.TimerHandle | None = None

    async def ask(self, release_id: str, question: Question) -> Reply:
        """What it would say. Raises what `Releases.load` and a turn raise, a 503 `Problem` where too many
        wait for a place, and a 504 one where it takes too long."""
        return (await self.traced(release_id, question))[0]

    async def _snapshot(self, release_id: str) -> Snapshot:
        if self._last is not None and self._last.release_id == release_id:
            found = self._last
        else:
            found = await self._releases.load(release_id)
        if self._releases.is_live(release_id):  # which is at hand, until another one is
            return found
        self._last = found
        if self._forgetting is not None:
            self._forgetting.cancel()
        self._forgetting = asyncio.get_running_loop().call_later(self._kept_s, self._forget)
        return found

    def _forget(self) -> None:
        self._last = None

    async def traced(self, release_id: str, question: Question) -> tuple[Reply, Sequence[Mapping[str, Any]]]:
        """The same, with the steps of the turn as a trace holds them."""
        heard: list[Mapping[str, Any]] = []
        try:
            async with asyncio.timeout(self._deadline_s), self._places.slot():
                release = await self._snapshot(release_id)
                context = TurnContext(release, keeping=None, heard=heard.append)
                reply = await self._chat.run(f"trial-{uuid4().hex}", question, unheard, context)
        except TimeoutError:
            raise Problem(504, "deadline", "The answer took too long. Please try again.") from None
        return reply, heard[-1]["steps"] if heard else ()
