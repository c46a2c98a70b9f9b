"""Messages that curators try: like anybody's, and kept by nobody."""

from __future__ import annotations

import asyncio

import pytest

from app.api.errors import Problem
from app.api.limits import TurnLimiter
from app.compose.services import Services
from app.release_gate.trial import Trial
from app.store.curators import Role
from pipeline.types import Question
from tests.app.console.conftest import SignIn
from tests.fakes import ScriptedChat, answered, snapshot

TRY = "/admin/ui/try?message=What+about+dna%3F"


class Releases:
    """Those that are tried; `r1` is live."""

    def __init__(self) -> None:
        self.loaded: list[str] = []

    def is_live(self, release_id: str) -> bool:
        return release_id == "r1"

    async def load(self, release_id: str) -> object:
        self.loaded.append(release_id)
        return snapshot(release_id=release_id)


def trial(places: TurnLimiter, releases: Releases, chat: ScriptedChat | None = None, **given: float) -> Trial:
    return Trial(chat or ScriptedChat(answered()), releases, places, **{"deadline_s": 5.0, **given})  # type: ignore[arg-type]


async def test_a_trial_takes_a_place_and_keeps_the_time() -> None:
    places, chat = TurnLimiter(1, 0), ScriptedChat(answered())
    async with places.slot():
        with pytest.raises(Problem) as busy:
            await trial(places, Releases(), chat).ask("r1", Question("q"))
    assert busy.value.status_code == 503 and chat.asked == []
    places = TurnLimiter(1, 1)
    async with places.slot():
        with pytest.raises(Problem) as late:
            await trial(places, Releases(), chat, deadline_s=0.01).ask("r1", Question("q"))
    assert late.value.status_code == 504 and places.taken == 0


async def test_a_release_that_was_tried_is_let_go() -> None:
    releases = Releases()
    tried = trial(TurnLimiter(1, 0), releases, kept_s=0.01)
    for release_id in ("r0", "r0", "r1"):
        await tried.ask(release_id, Question("q"))
    assert releases.loaded == ["r0", "r1"] and tried._last is not None
    await asyncio.sleep(0.03)
    assert tried._last is None


async def test_trials_count_for_the_rate(
    signed: SignIn, using: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(using.rate_limiter, "_clock", lambda: 0.0)
    using.rate_limiter.take("127.0.0.1", using.settings.rate_limit_per_minute - 2)
    viewer = await signed(Role.VIEWER)
    assert [(await viewer.get(TRY)).status_code for _ in range(3)] == [200, 200, 429]
    assert (await viewer.get("/admin/ui/try")).status_code == 200  # asks nothing


async def test_a_nul_character_is_told(signed: SignIn) -> None:
    editor = await signed(Role.EDITOR)
    for path in ("/admin/ui/entries?text=a%00b", "/admin/ui/turns?entry=%00", "/widget/config?lang=%00"):
        assert (await editor.get(path)).status_code == 422, path
    assert (await editor.get("/admin/ui/entries/a%00b")).status_code == 404
    page = await editor.post("/admin/ui/entries/-/new", question="a\x00b", answer="c")
    assert page.status_code == 422 and "NUL" in page.text
