"""The four that answer: the chain without and with a language model, and a fine-tuned model without and with
retrieval."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import psutil

from bench.comparison.talks import SYSTEM
from learning.evaluation.fates import without_marks
from learning.evaluation.runner import Chain
from pipeline.ports import unheard
from pipeline.turn import SearchQuery
from pipeline.types import Question

PASSAGES = 3  # entries in a prompt
_MOST = 400  # tokens of a reply
_PATIENCE_S = 600.0


@dataclass(frozen=True, slots=True)
class Said:
    """A reply without citation marks, the tokens and processor seconds it took, a local model included."""

    text: str
    prompt_tokens: int
    completion_tokens: int
    processor_s: float


Arm = Callable[[Question], Coroutine[Any, Any, Said]]


def by_chain(chain: Chain) -> Arm:
    """The chain, as it stands."""

    async def answer(question: Question) -> Said:
        began = processor_s()
        reply = await chain.pipeline.run(uuid4().hex, question, unheard)
        took = processor_s() - began
        calls = chain.traces.turn.calls
        read = sum(call.prompt_tokens for call in calls)
        written = sum(call.completion_tokens for call in calls)
        text = without_marks(reply.text, {citation.index for citation in reply.citations})
        return Said(text, read, written, took)

    return answer


def by_model(address: str, key: str, chain: Chain | None = None) -> Arm:
    """A model behind the OpenAI API; with a chain, the entries that its retrieval finds are in the prompt."""

    async def answer(question: Question) -> Said:
        began = processor_s()
        system = SYSTEM if chain is None else "\n\n".join((SYSTEM, await _found(chain, question)))
        said = [{"role": each.role.value, "content": each.text} for each in question.history]
        messages = [{"role": "system", "content": system}, *said, {"role": "user", "content": question.text}]
        body = {"model": "tuned", "messages": messages, "temperature": 0, "max_tokens": _MOST}
        async with httpx.AsyncClient(timeout=_PATIENCE_S, trust_env=False) as client:
            headers = {"authorization": f"Bearer {key}"}
            got = await client.post(f"{address}/chat/completions", json=body, headers=headers)
        made = got.raise_for_status().json()
        usage = made["usage"]
        text = str(made["choices"][0]["message"]["content"] or "").strip()
        took = processor_s() - began
        return Said(text, usage["prompt_tokens"], usage["completion_tokens"], took)

    return answer


async def _found(chain: Chain, question: Question) -> str:
    query: SearchQuery = await chain.stages.rewriter(question)
    hits = (await chain.stages.retrieval(query)).hits[:PASSAGES]
    passages: Sequence[str] = [f"{hit.entry.question} {hit.entry.answer}" for hit in hits]
    return "\n".join(f"[{number}] {passage}" for number, passage in enumerate(passages, 1))


def processor_s() -> float:
    """Processor seconds of this process and of those that it started, which hold the models."""
    ours = psutil.Process()
    times = [each.cpu_times() for each in (ours, *ours.children(recursive=True))]
    return float(sum(time.user + time.system for time in times))
