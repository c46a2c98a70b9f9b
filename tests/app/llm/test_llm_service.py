"""The whole service as the settings compose it, with a scripted server for its language model."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from app.compose.services import Services, build_services
from knowledge.entries import ApplyMode
from knowledge.importing.paths import parse_path
from tests.fakes import TOKEN, serving, settings
from tests.openai_server import (
    MODEL,
    Asked,
    Behaviour,
    ScriptedServer,
    fails,
    hangs,
    says,
    says_json,
    serving_llm,
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1200),  # the first start embeds the examples of the seeds
]
SEEDS = Path(__file__).parents[3] / "seeds"
QUESTION = "Can the flu vaccine give me the flu?"


@dataclass
class Running:
    address: str
    using: Services
    llm: ScriptedServer
    sentence: str

    def ask(self) -> dict[str, str]:
        reply = httpx.post(f"{self.address}/chat", json={"message": QUESTION}, timeout=120, trust_env=False)
        assert reply.status_code == 200, reply.text
        return dict(reply.json())

    def compose(self, behaviour: Behaviour) -> None:
        """What the model writes from now on; every check that it is asked for says yes."""

        def respond(asked: Asked) -> Behaviour:
            return behaviour if asked.streamed else says_json(supported=[1, 2, 3])

        self.llm.respond = respond
        self.llm.asked.clear()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A small knowledge base, in the profile that a named model brings with it."""
    data = tmp_path_factory.mktemp("assisted")
    entries = parse_path(SEEDS / "kb" / "flu-vaccine").entries
    (about,) = (entry for entry in entries if entry.id == "flu-vaccine-give-flu")
    with serving_llm(says("")) as llm:
        given = {"llm_base_url": llm.url, "llm_model": MODEL, "llm_retries": 0, "turn_deadline_s": 120.0}
        chosen = settings(data, seeds_dir=SEEDS, **given)
        using = build_services(chosen)
        using.entries.apply(entries, ApplyMode.UPSERT)
        with serving(using) as address:
            until(lambda: using.releases.ready, 900)
            yield Running(address, using, llm, about.answer.split(". ")[0] + ".")


def until(holds: Callable[[], bool], seconds: float = 60) -> None:
    ends = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < ends, "in vain"
        time.sleep(0.05)


def test_the_model_writes_and_its_calls_are_counted(running: Running) -> None:
    running.compose(says(f"{running.sentence} [1]"))
    reply = running.ask()
    assert reply["outcome"] == "answered" and running.sentence in reply["reply"]
    assert any(asked.streamed for asked in running.llm.asked)
    headers = {"Authorization": f"Bearer {TOKEN}"}
    place = f"{running.address}/admin/turns/{reply['message_id']}"
    trace = httpx.get(place, headers=headers, trust_env=False).json()
    assert MODEL in json.dumps(trace)
    metrics = httpx.get(f"{running.address}/metrics", trust_env=False).text
    assert f'candor_llm_calls_total{{model="{MODEL}",outcome="ok",prompt="answer_composer"}} 1.0' in metrics


def test_a_reader_who_goes_away_ends_the_models_work(running: Running) -> None:
    running.compose(hangs("midway", f"{running.sentence} [1] And then it"))
    running.llm.left = 0
    asked = {"message": QUESTION, "stream": True}
    with httpx.stream("POST", f"{running.address}/chat", json=asked, timeout=120, trust_env=False) as reply:
        assert any(line == "event: sentence" for line in reply.iter_lines())
    until(lambda: running.llm.left == 1)


def test_without_the_model_the_specialists_answer(running: Running) -> None:
    running.compose(fails(500))
    for _ in range(5):
        assert running.ask()["outcome"] == "answered"
    ready = httpx.get(f"{running.address}/health/ready", trust_env=False)
    assert (ready.status_code, ready.json()["language_model"]) == (200, "degraded")
    asked = len(running.llm.asked)
    assert running.ask()["outcome"] == "answered"
    assert len(running.llm.asked) == asked, "a model that keeps failing is left alone"
