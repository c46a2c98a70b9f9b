"""What is remembered of a user reaches a language model outside only where the owner allows it."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from app.settings import Profile
from pipeline.memory.reading import MemoryReader
from tests.app.llm_chain import bridge, bridge_snapshot, scripted
from tests.fakes import AsyncHashEncoder, entry
from tests.openai_server import ScriptedServer

SAID = "I have a zinniacanary cart"


class Live:
    current = bridge_snapshot(entry("carts", question="What does the toll cost for a zinniacanary cart?"))


@pytest.mark.parametrize("allowed", [False, True])
async def test_memory_is_in_prompts_only_where_the_owner_allows_it(
    tmp_path: Path, server: ScriptedServer, *, allowed: bool
) -> None:
    user = secrets.token_urlsafe(24)
    reader = MemoryReader(AsyncHashEncoder(), Live())
    async with bridge(tmp_path, server, memory=True, memory_in_prompts=allowed, reader=reader) as made:
        made.use(scripted())
        await made.ask(SAID, user_id=user)
        kept = await made.client.get(f"/users/{user}/memory")
        assert "zinniacanary" in kept.text
        prompts = []
        for profile in (Profile.LLM, Profile.ASSISTED):
            for message in ("how much is the bridge toll for me?", "tell me how much the bridge toll is"):
                made.use(scripted(), profile)
                assert (await made.ask(message, user_id=user)).status_code == 200
                prompts += [f"{asked.system} {asked.user}" for asked in made.server.asked]
        assert prompts
        assert any("zinniacanary" in prompt for prompt in prompts) is allowed
