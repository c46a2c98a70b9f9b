"""The owner's language model, as the settings name it: behind an API, or from a file on this machine."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from app.compose.local_llm import LocalServer
from app.settings import Settings, SettingsError
from knowledge.extras import install
from pipeline.llm.breaker import BreakerState, CircuitBreaker
from pipeline.llm.client import OPENAI, ChatServer, OpenAIChatModel
from pipeline.llm.running_call import Prices
from pipeline.llm.usage import ModelCall

GET_XLLAMACPP = install("local-llm")
_SLOTS = 2  # a laptop reads two prompts at once as fast as one after the other
_CONTEXT = 8192  # tokens, for all slots together
_MAGIC = b"GGUF"
_log = logging.getLogger("candor.language_model")


@dataclass(frozen=True, slots=True)
class LanguageModel:
    """`chat` is what the chain asks; `local` is the server behind it, where that runs on this machine."""

    chat: OpenAIChatModel
    local: LocalServer | None = None

    def start(self) -> None:
        if self.local is not None:
            self.local.start()

    def wait_ready(self, timeout_s: float) -> bool:
        """Blocks until a local model is loaded, for so long, or until it fails. Others are taken to be."""
        return self.local is None or self.local.wait_ready(timeout_s)

    @property
    def last_words(self) -> str:
        """What a local model said last, for whoever has to find out why it does not load."""
        return " | ".join(self.local.last_lines) if self.local is not None else ""

    async def close(self) -> None:
        await self.chat.close()
        if self.local is not None:
            await asyncio.to_thread(self.local.close)

    @property
    def status(self) -> str:
        """ "ready", "starting", or "degraded": then the specialists do its work."""
        if self.local is not None and not self.local.ready:
            return "starting" if self.local.starting else "degraded"
        return "ready" if self.chat.state is BreakerState.CLOSED else "degraded"


def language_model(
    settings: Settings, observe: Callable[[ModelCall], None] = lambda call: None
) -> LanguageModel | None:
    """None where the settings name no model. Nothing is started or asked yet. Raises `SettingsError` where
    there is no such file, or nothing to run it with."""
    if settings.llm_gguf is not None:
        return _local(settings, settings.llm_gguf, observe)
    if settings.llm_model is None:
        return None
    address = settings.llm_base_url or OPENAI
    server = _server(settings, settings.llm_model, lambda: address)
    return LanguageModel(OpenAIChatModel(server, CircuitBreaker(tell=_tell), observe))


def _tell(state: BreakerState, reason: str) -> None:
    if state is BreakerState.OPEN:
        _log.warning("the language model does not answer, specialists do its work: %s", reason)
    else:
        _log.info("the language model answers again")


def _server(
    settings: Settings, model: str, base_url: Callable[[], str], *, key: str = "", slots: int | None = None
) -> ChatServer:
    if not key and settings.llm_api_key is not None:
        key = settings.llm_api_key.get_secret_value()
    return ChatServer(
        model=model,
        base_url=base_url,
        api_key=key or "none",  # servers of one's own ask for none; the client insists on one
        timeout_s=settings.llm_timeout_s,
        idle_s=settings.llm_idle_s,
        retries=settings.llm_retries,
        concurrency=slots or settings.llm_concurrency,
        prices=Prices(settings.llm_prompt_price, settings.llm_completion_price),
        proxies=not slots,
    )


def _local(settings: Settings, file: Path, observe: Callable[[ModelCall], None]) -> LanguageModel:
    if (problem := gguf_problem(file)) is not None:
        raise SettingsError(f"CANDOR_LLM_GGUF: {problem}")
    if find_spec("xllamacpp") is None:
        raise SettingsError(f"CANDOR_LLM_GGUF needs the package xllamacpp: {GET_XLLAMACPP}")
    key, name = secrets.token_urlsafe(24), settings.llm_model or file.stem
    local = LocalServer(
        {
            "model": str(file.resolve()),
            "threads": settings.llm_threads,
            "slots": _SLOTS,
            "context": _CONTEXT,
            "key": key,
        }
    )
    server = _server(settings, name, local.base_url, key=key, slots=_SLOTS)
    return LanguageModel(OpenAIChatModel(server, CircuitBreaker(tell=_tell), observe), local)


def gguf_problem(file: Path) -> str | None:
    """What is wrong with a model file, as far as its beginning tells."""
    try:
        with file.open("rb") as opened:
            beginning = opened.read(len(_MAGIC))
    except OSError as error:
        return f"{file}: {error.strerror}"
    return None if beginning == _MAGIC else f"{file} is not a GGUF file"
