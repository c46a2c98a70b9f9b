"""The owner's language model as the settings name it, and what operators see of it."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import pytest
from pydantic import BaseModel, SecretStr

from app.compose.language_model import LanguageModel, language_model
from app.compose.services import Services, build_services
from app.logs import configure_logging
from app.main import create_app
from app.metrics import Metrics
from app.settings import SettingsError, read_settings
from pipeline.errors import ModelUnavailable
from pipeline.llm.breaker import BreakerState
from pipeline.llm.prompting import Prompt
from pipeline.types import Message, Role
from tests.fakes import client_of, services, settings
from tests.openai_server import MODEL, fails, says_json, serving_llm

PROMPT = Prompt("gate", "v1", "Judge.", (Message(Role.USER, "Well?"),))


class Judged(BaseModel):
    verdict: Literal["yes", "no"]


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[pytest.MonkeyPatch]:
    monkeypatch.chdir(tmp_path)
    yield monkeypatch


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"LLM_BASE_URL": "http://127.0.0.1:1/v1"}, "CANDOR_LLM_MODEL is missing"),
        ({"LLM_API_KEY": "sk-secret"}, "CANDOR_LLM_MODEL is missing"),
        ({"LLM_MODEL": "m"}, "needs CANDOR_LLM_API_KEY"),
        ({"LLM_MODEL": "m", "LLM_BASE_URL": "localhost:11434"}, "CANDOR_LLM_BASE_URL: begin with http"),
        ({"LLM_GGUF": "m.gguf", "LLM_BASE_URL": "http://127.0.0.1:1/v1"}, "exclude each other"),
        ({"LLM_MODEL": "m", "LLM_API_KEY": "k", "LLM_TIMEOUT_S": "0"}, "CANDOR_LLM_TIMEOUT_S"),
    ],
)
def test_half_a_model_is_an_error_that_says_what_is_missing(
    environment: pytest.MonkeyPatch, given: dict[str, str], complaint: str
) -> None:
    for name, value in given.items():
        environment.setenv(f"CANDOR_{name}", value)
    with pytest.raises(SettingsError, match=complaint) as caught:
        read_settings()
    assert "sk-secret" not in str(caught.value) and "Value error" not in str(caught.value)


def test_no_model_is_none(tmp_path: Path) -> None:
    assert language_model(settings(tmp_path)) is None


@pytest.mark.parametrize(("content", "complaint"), [(None, "No such file"), (b"PK", "not a GGUF file")])
def test_a_file_that_is_no_model_is_an_error_at_start(
    tmp_path: Path, content: bytes | None, complaint: str
) -> None:
    file = tmp_path / "m.gguf"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SettingsError, match=complaint):
        build_services(settings(tmp_path, llm_gguf=file))


def test_a_file_needs_the_package_that_runs_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "tiny.gguf"
    file.write_bytes(b"GGUF")
    monkeypatch.setattr("app.compose.language_model.find_spec", lambda name: None)
    with pytest.raises(SettingsError, match="local-llm"):
        language_model(settings(tmp_path, llm_gguf=file))


@pytest.mark.skipif(find_spec("xllamacpp") is None, reason="needs the extra local-llm")
async def test_a_local_model_is_unavailable_until_it_is_loaded(tmp_path: Path) -> None:
    file = tmp_path / "tiny.gguf"
    file.write_bytes(b"GGUF")
    model = language_model(settings(tmp_path, llm_gguf=file))
    assert model is not None and (model.chat.name, model.status) == ("tiny", "starting")
    with pytest.raises(ModelUnavailable):
        await model.chat.answer(PROMPT, Judged, 10)
    assert model.chat.state is BreakerState.CLOSED, "it was not asked, so it did not fail"
    await model.close()


async def test_a_call_carries_the_key_and_shows_in_the_metrics(tmp_path: Path) -> None:
    metrics = Metrics()
    with serving_llm(says_json(verdict="yes")) as server:
        chosen = settings(
            tmp_path,
            llm_base_url=server.url,
            llm_model=MODEL,
            llm_api_key=SecretStr("sk-1"),
            llm_prompt_price=1e4,
        )
        model = language_model(chosen, metrics.model_call)
        assert model is not None
        metrics.watch_model(model.chat.name, lambda: model.chat.state)
        await model.chat.answer(PROMPT, Judged, 10)
        await model.close()
    assert server.asked[0].headers["authorization"] == "Bearer sk-1"
    labels = f'model="{MODEL}",prompt="gate"'
    lines = metrics.text().decode().splitlines()
    assert f'candor_llm_calls_total{{model="{MODEL}",outcome="ok",prompt="gate"}} 1.0' in lines
    assert f'candor_llm_tokens_total{{kind="prompt",{labels}}} 100.0' in lines
    assert f"candor_llm_cost_total{{{labels}}} 1.0" in lines
    assert f"candor_llm_seconds_count{{{labels}}} 1.0" in lines
    assert f'candor_llm_breaker{{model="{MODEL}"}} 0.0' in lines


def with_model(tmp_path: Path, model: LanguageModel) -> Services:
    using = replace(services(tmp_path), llm=model)
    using.metrics.watch_model(model.chat.name, lambda: model.chat.state)
    return using


async def test_a_model_that_is_down_is_told_and_the_service_stays_ready(tmp_path: Path) -> None:
    with serving_llm(fails(500)) as server:
        chosen = settings(tmp_path, llm_base_url=server.url, llm_model=MODEL, llm_retries=0)
        model = language_model(chosen)
        assert model is not None
        async with client_of(create_app(with_model(tmp_path, model))) as client:
            assert (await client.get("/health/ready")).json()["language_model"] == "ready"
            for _ in range(5):
                with pytest.raises(ModelUnavailable):
                    await model.chat.answer(PROMPT, Judged, 10)
            ready = await client.get("/health/ready")
            assert (ready.status_code, ready.json()["language_model"]) == (200, "degraded")
            assert f'candor_llm_breaker{{model="{MODEL}"}} 2.0' in (await client.get("/metrics")).text
        await model.close()


async def test_no_prompt_reaches_the_log_however_much_is_logged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = io.StringIO()
    monkeypatch.setattr("sys.stderr", written)
    handlers, level = logging.getLogger().handlers[:], logging.getLogger().level
    configure_logging("DEBUG")
    try:
        with serving_llm(says_json(verdict="yes")) as server:
            model = language_model(settings(tmp_path, llm_base_url=server.url, llm_model=MODEL))
            assert model is not None
            secret = Prompt("gate", "v1", "Judge.", (Message(Role.USER, "I am user-secret-1"),))
            await model.chat.answer(secret, Judged, 10)
            await model.close()
        logging.getLogger("candor").debug("the log is on")
    finally:
        logging.getLogger().handlers[:] = handlers
        logging.getLogger().setLevel(level)
    assert "the log is on" in written.getvalue() and "user-secret-1" not in written.getvalue()


async def test_an_operator_reads_in_the_log_why_a_model_is_left_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with serving_llm(fails(500, "out of memory")) as server:
        model = language_model(settings(tmp_path, llm_base_url=server.url, llm_model=MODEL, llm_retries=4))
        assert model is not None
        with pytest.raises(ModelUnavailable):
            await model.chat.answer(PROMPT, Judged, 10)
        await model.close()
    assert "does not answer" in caplog.text and "out of memory" in caplog.text


async def test_without_a_model_health_says_so(tmp_path: Path) -> None:
    async with client_of(create_app(services(tmp_path))) as client:
        assert (await client.get("/health/ready")).json()["language_model"] is None
