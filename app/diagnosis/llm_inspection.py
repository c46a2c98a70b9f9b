"""The findings about the language model: which one, who does the work, and whether it answers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Literal

from pydantic import BaseModel

from app.compose.language_model import GET_XLLAMACPP, LanguageModel, gguf_problem, language_model
from app.diagnosis.findings import Finding, State, version_of
from app.settings import Profile, Settings
from pipeline.errors import ModelOutputError, ModelUnavailable
from pipeline.llm.prompting import Prompt
from pipeline.types import Message, Role

_LOCAL_S = 60.0  # on a laptop, with nothing of the prompt in its cache
_LOADS_WITHIN_S = 120.0
_SPECIALISTS = "specialists for every stage: they need no key and no network"
_ENGINES = {
    Profile.SPECIALIST: _SPECIALISTS,
    Profile.ASSISTED: "specialists judge; the language model writes, and is asked where they are unsure",
    Profile.LLM: "the language model at every stage, the specialists as its spares",
}
_WAYS = "CANDOR_LLM_MODEL with CANDOR_LLM_API_KEY or CANDOR_LLM_BASE_URL, or CANDOR_LLM_GGUF, would add one"
_SLOW = "is the file too large for this machine, or the machine busy?"
_WRONG = "check address, key and name of the model; a slow one needs a longer CANDOR_LLM_TIMEOUT_S"
_PROMPT = Prompt(
    "doctor",
    "1",
    'Answer the question with a JSON object: {"answer": "yes"} or {"answer": "no"}.',
    (Message(Role.USER, "Is water wet?"),),
)


class _Trial(BaseModel):
    answer: Literal["yes", "no"]


def inspect_llm(settings: Settings) -> Iterator[Finding]:
    """A local model is loaded for this, and ended again."""
    named = settings.llm_model is not None or settings.llm_gguf is not None
    profile = settings.profile or (Profile.ASSISTED if named else Profile.SPECIALIST)
    if profile is not Profile.SPECIALIST and not named:
        yield Finding("engines", State.FAILED, f"CANDOR_PROFILE={profile}, but no language model", _WAYS)
    else:
        yield Finding("engines", State.OK, _ENGINES[profile])
    if settings.llm_gguf is not None:
        if problem := gguf_problem(settings.llm_gguf):
            yield Finding("language model", State.FAILED, problem, "check CANDOR_LLM_GGUF")
            return
        if (package := version_of("xllamacpp")) is None:
            detail = f"{settings.llm_gguf} is there, but xllamacpp, which runs it, is missing"
            yield Finding("language model", State.FAILED, detail, GET_XLLAMACPP)
            return
        size = settings.llm_gguf.stat().st_size / 2**30
        yield Finding("model file", State.OK, f"{settings.llm_gguf}, {size:.1f} GiB, xllamacpp {package}")
    limit_s = max(settings.llm_timeout_s, _LOCAL_S if settings.llm_gguf else 0.0)
    model = language_model(settings.model_copy(update={"llm_timeout_s": limit_s, "llm_retries": 0}))
    if model is None:
        yield Finding("language model", State.OK, f"none, and none is needed; {_WAYS}")
    else:
        yield asyncio.run(_tried(model))


async def _tried(model: LanguageModel) -> Finding:
    """One short question, put to the model."""
    name = "language model"
    model.start()
    try:
        if not await asyncio.to_thread(model.wait_ready, _LOADS_WITHIN_S):
            remedy = "the service runs without it; is the file whole, and is there memory for it?"
            return Finding(name, State.NOTE, f"does not load: {model.last_words}", remedy)
        began = time.perf_counter()
        await model.chat.answer(_PROMPT, _Trial, 50)
        took = time.perf_counter() - began
    except ModelUnavailable as error:
        remedy = f"the service runs without it; {_SLOW if model.local else _WRONG}"
        return Finding(name, State.NOTE, f"{model.chat.name} does not answer: {error}", remedy)
    except ModelOutputError as error:
        remedy = "the service runs, but falls back often; a larger model may do"
        return Finding(name, State.NOTE, f"{model.chat.name} answers, but {error}", remedy)
    finally:
        await model.close()
    without = f", without {', '.join(model.chat.lacks)}" if model.chat.lacks else ""
    return Finding(name, State.OK, f"{model.chat.name} answered within {took:.1f} s{without}")
