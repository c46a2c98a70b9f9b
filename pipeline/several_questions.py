"""A message that asks several things: its parts, what answers each, and how they are said."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Protocol

from knowledge.types import Hit
from pipeline.english.parts import parts_of
from pipeline.journal import Journal
from pipeline.speech import Speech
from pipeline.stages.gate.topic_gate import says_nothing
from pipeline.stages.relevance.curated import CuratedQuestion
from pipeline.stages.rewriting.coordination import Coordinations
from pipeline.turn import Evidence, Retrieved, SearchQuery, Sentence, SentenceKind, Topic, TopicVerdict
from pipeline.types import Question
from pipeline.voice import HouseVoice

SEARCHING = (Topic.ON_TOPIC, Topic.DOUBTFUL)
MOST_PARTS = 4
"""Questions of one message that are answered: a reply to twelve would not be read."""
MOST_OFFERED = 3
MOST_NAMED = 15
"""Words of a part that are said back to name it."""


class Search(Protocol):
    async def __call__(
        self, journal: Journal, question: Question, *, doubtful: bool = False
    ) -> tuple[Retrieved, Evidence]: ...


class Parts:
    """Cuts a message that asks several things, or the same of two, and looks each part up by itself."""

    def __init__(
        self,
        curated: CuratedQuestion,
        coordinations: Coordinations,
        judged: Callable[[Journal, Question], Awaitable[TopicVerdict]],
        search: Search,
    ) -> None:
        self._curated = curated
        self._coordinations = coordinations
        self._judged = judged
        self._search = search

    async def __call__(
        self, journal: Journal, question: Question, *, doubtful: bool = False
    ) -> Sequence[tuple[str, Evidence]]:
        """Each part, with what answers it; empty where the message asks one thing, or where its parts do not
        lead to different entries. Courtesies and what is unsafe are no parts."""
        if question.language:
            return ()
        texts = parts_of(question.text, says_nothing)[:MOST_PARTS]
        joined = None if texts else await self._coordinations(question)
        texts = joined.questions if joined else texts
        tried = [(text, await self._part(journal, replace(question, text=text))) for text in texts]
        found = [(text, evidence) for text, evidence in tried if evidence is not None]
        answers = {evidence.accepted[0].hit.entry.id for _, evidence in found if evidence}
        unanswered = sum(not evidence for _, evidence in found)
        if not answers or len(answers) + unanswered <= 1:
            return ()
        if joined and unanswered:
            _, whole = await self._search(journal, question, doubtful=doubtful)
            same = bool(whole) and whole.accepted[0].hit.entry.id in answers
            return found if same and joined.is_half_answered(found) else ()
        return found

    async def _part(self, journal: Journal, part: Question) -> Evidence | None:
        if (certain := self._curated(part)) is not None:
            journal.add(certain, self._curated.engine)
            return certain
        verdict = await self._judged(journal, part)
        if verdict.topic in SEARCHING:
            return (await self._search(journal, part, doubtful=verdict.topic is Topic.DOUBTFUL))[1]
        return Evidence(SearchQuery.of(part), ()) if verdict.topic is Topic.OFF_TOPIC else None


def asks_too_much(text: str) -> bool:
    """Whether a message asks more than is answered of it."""
    return len(parts_of(text, says_nothing)) > MOST_PARTS


async def say_parts(
    parts: Sequence[tuple[str, Evidence]],
    speech: Speech,
    voice: HouseVoice,
    answer: Callable[[str, Evidence], Awaitable[None]],
) -> tuple[str, ...]:
    """Says each part's entry, once; or that the part has no answer, or which questions may be meant by it, of
    which it gives those of the first such part. An entry that was just said is no choice."""
    offered: tuple[str, ...] = ()
    for text, evidence in parts:
        speech.begin_paragraph()
        left = [item.hit for item in evidence.offered if item.hit.entry.id not in speech.numbers]
        if evidence and evidence.accepted[0].hit.entry.id not in speech.numbers:
            await answer(text, evidence)
        elif len(left) > 1 and not offered and not speech.urgent:
            offered = questions_of(left)
            await speech.say_house(voice.offering(offered, text))
        elif not evidence and not speech.urgent:
            named = speech.filtered(Sentence(text, kind=SentenceKind.HOUSE)).text
            await speech.say_house(voice.unanswered(" ".join(named.split()[:MOST_NAMED])))
    return offered


def questions_of(hits: Sequence[Hit]) -> tuple[str, ...]:
    """The curated questions of the nearest entries, each once."""
    return tuple(dict.fromkeys(hit.entry.question for hit in hits))[:MOST_OFFERED]
