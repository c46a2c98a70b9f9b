"""Training sets for the single stages, from turns that a user approved: the prompt that the stage's engine
would send, and the answer that was right."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel

from knowledge.types import Entry, Hit, Passage, View
from learning.finetuning.formats import Row
from learning.personal_data import masked, without_personal_data
from learning.traces import TracedEvidence, TracedHits, TracedQuery, TracedTurn, TracedVerdict
from pipeline.llm.prompting import Prompt
from pipeline.llm.usage import TurnBudget
from pipeline.llm_stages.answer_composer import LlmComposer
from pipeline.llm_stages.query_rewriter import LlmQueryRewriter
from pipeline.llm_stages.relevance_check import LlmRelevanceCheck
from pipeline.llm_stages.topic_gate import LlmTopicGate
from pipeline.turn import Accepted, Evidence, Retrieved, SearchQuery
from pipeline.types import Message, Question, Role
from pipeline.voice import Exemplar, StyleCard

Answer = TypeVar("Answer", bound=BaseModel)
_JUDGED = 4  # passages that the relevance check reads in one call
_MARKER = re.compile(r"\[(\d+)\]")


@dataclass(frozen=True, slots=True)
class ReviewedTurn:
    """A turn that its user approved: what was asked and replied, its trace, and the entries by
    the numbers that the reply cites them with."""

    conversation: str
    question: Question
    reply: str
    trace: TracedTurn
    cited: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the stages' prompts name besides the turn: the knowledge base, its topics, the house's style."""

    entries: Mapping[str, Entry]
    topics: tuple[str, ...] = ()
    style: StyleCard = field(default_factory=StyleCard)


@dataclass(frozen=True, slots=True)
class Choice:
    """What a user said who was torn, the entries that he was offered, and the one that he chose."""

    message: str
    entry_id: str
    offered: Sequence[str]


def choice_row(choice: Choice) -> Row:
    """A sample for the retriever, without personal data: what was meant by the message, and what was near."""
    return {
        "message": masked(choice.message),
        "entry_id": choice.entry_id,
        "offered": list(choice.offered),
    }


async def stage_row(stage: str, turn: ReviewedTurn, around: Surroundings) -> Row | None:
    """The sample of one stage (gate, query, relevance or answer), without personal data; None where the turn
    did not get to the stage, or an entry that it used is gone."""
    clean = _without_personal_data(turn)
    made = await _MAKERS[stage](clean, around)
    if made is None:
        return None
    prompt, answer = made
    said = [{"role": each.role.value, "content": each.text} for each in prompt.messages]
    return {
        "messages": [
            {"role": "system", "content": prompt.system},
            *said,
            {"role": "assistant", "content": answer},
        ]
    }


_Made = tuple[Prompt, str] | None


async def _gate(turn: ReviewedTurn, around: Surroundings) -> _Made:
    if (verdict := turn.trace.first(TracedVerdict)) is None:
        return None
    prompt = await _prompt_of(
        lambda model: LlmTopicGate(model, lambda _release: around.topics)(turn.question)
    )
    return prompt, json.dumps({"kind": verdict.topic})


async def _query(turn: ReviewedTurn, around: Surroundings) -> _Made:
    if (query := turn.trace.first(TracedQuery)) is None:
        return None
    prompt = await _prompt_of(lambda model: LlmQueryRewriter(model)(turn.question))
    alternates = list(query.alternates[:2])
    answer = {"asks": query.asks or query.text, "query": query.text, "alternates": alternates}
    return prompt, json.dumps(answer, ensure_ascii=False)


async def _relevance(turn: ReviewedTurn, around: Surroundings) -> _Made:
    retrieved, evidence = turn.trace.first(TracedHits), turn.trace.last(TracedEvidence)
    if retrieved is None or evidence is None:
        return None
    found = [hit.entry_id for hit in retrieved.hits][:_JUDGED]
    if not found or not all(entry_id in around.entries for entry_id in found):
        return None
    hits = Retrieved(tuple(_hit(around.entries[entry_id]) for entry_id in found))
    prompt = await _prompt_of(
        lambda model: LlmRelevanceCheck(model, _JUDGED)(SearchQuery(evidence.query), hits)
    )
    useful = [found.index(entry_id) + 1 for entry_id in evidence.accepted if entry_id in found]
    return prompt, json.dumps({"useful": useful})


async def _answer(turn: ReviewedTurn, around: Surroundings) -> _Made:
    evidence = turn.trace.last(TracedEvidence)
    accepted = evidence.accepted if evidence else ()
    if (
        not turn.cited
        or not all(each in around.entries for each in accepted)
        or not set(turn.cited.values()) <= set(accepted)
    ):
        return None
    items = tuple(Accepted(_hit(around.entries[each]), 1.0) for each in accepted)
    given = Evidence(SearchQuery(turn.question.text), items)

    async def none_nearest(_question: Question) -> Sequence[Exemplar]:
        return ()

    async def write(model: _Noting) -> None:
        async for _ in LlmComposer(model, around.style, none_nearest, frozenset())(turn.question, given):
            pass

    def renumbered(match: re.Match[str]) -> str:
        entry_id = turn.cited.get(int(match.group(1)))
        return f"[{accepted.index(entry_id) + 1}]" if entry_id else match.group()

    return await _prompt_of(write), _MARKER.sub(renumbered, turn.reply)


_MAKERS = {"gate": _gate, "query": _query, "relevance": _relevance, "answer": _answer}


class _Noted(Exception):
    """Carries the prompt that an engine was about to send."""

    def __init__(self, prompt: Prompt) -> None:
        super().__init__()
        self.prompt = prompt


class _Noting:
    """Implements the port of a chat model: it notes the prompt and goes no further."""

    name = "noting"

    async def answer(
        self, prompt: Prompt, shape: type[Answer], max_tokens: int, budget: TurnBudget | None = None
    ) -> Answer:
        raise _Noted(prompt)

    async def yes(self, prompt: Prompt, budget: TurnBudget | None = None) -> float:
        raise _Noted(prompt)

    async def write(
        self, prompt: Prompt, max_tokens: int, budget: TurnBudget | None = None
    ) -> AsyncIterator[str]:
        raise _Noted(prompt)
        yield ""


async def _prompt_of(ask: Callable[[_Noting], Any]) -> Prompt:
    try:
        await ask(_Noting())
    except _Noted as noted:
        return noted.prompt
    raise RuntimeError("the engine asked nothing")


def _hit(entry: Entry) -> Hit:
    return Hit(entry, Passage(entry.id, View.CHUNK, entry.answer, 0, len(entry.answer)), 1.0, 1.0, 1.0, 1.0)


def _without_personal_data(turn: ReviewedTurn) -> ReviewedTurn:
    asked = Message(Role.USER, turn.question.text)
    talk, _ = without_personal_data((*turn.question.history, asked))
    return ReviewedTurn(
        turn.conversation, Question(talk[-1].text, talk[:-1]), turn.reply, turn.trace, turn.cited
    )
