"""Real HTTP on both sides: a checked sentence leaves while the model still writes the next one."""

from __future__ import annotations

import json
import time
from pathlib import Path

import httpx

from app.settings import Profile
from tests.app.llm_chain import ARCH, MESSAGE, REWORDED, TOLL, bridge, scripted
from tests.fakes import serving
from tests.openai_server import hangs, serving_llm


async def first_event(address: str) -> str:
    """The first event of a streamed reply, after which the caller leaves."""
    asked = {"message": MESSAGE, "stream": True}
    async with (
        httpx.AsyncClient(timeout=60) as client,
        client.stream("POST", f"{address}/chat", json=asked) as response,
    ):
        async for line in response.aiter_lines():
            if line.startswith("data: "):
                return str(json.loads(line.removeprefix("data: "))["text"])
    raise AssertionError("nothing was said")


async def test_the_first_checked_sentence_leaves_before_the_second_is_written(tmp_path: Path) -> None:
    behind = hangs("midway", f"{REWORDED} [1] {ARCH[:12]}")
    with serving_llm(scripted(answer_composer=behind)) as server:
        async with bridge(tmp_path, server, idle_s=60.0) as service:
            service.use(scripted(answer_composer=behind), Profile.LLM)
            with serving(service.using) as address:
                assert await first_event(address) == f"{REWORDED} [1]"
                while not server.left:  # whoever leaves ends the model's work too
                    time.sleep(0.01)  # noqa: ASYNC251 - the servers have threads of their own
    assert TOLL not in REWORDED
