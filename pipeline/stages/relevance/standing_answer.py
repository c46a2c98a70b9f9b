"""What the chat answered last stands, however its user words it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from knowledge.blocks import read_blocks
from knowledge.types import Entry
from pipeline.english.pressing import presses
from pipeline.english.questions import asks
from pipeline.ports import Retrieval
from pipeline.turn import Accepted, Evidence, SearchQuery, Topic, TopicVerdict
from pipeline.types import Message, Question, Role

PRESSURE = "pressure"
"""The kind of small talk that presses for agreement."""
DOUBT = "doubt"
"""The kind that asks whether what was just said is so."""
_PRESSING = (Topic.ON_TOPIC, Topic.DOUBTFUL, Topic.FRAGMENT)
_MARK = re.compile(r"\s*\[\d+\]")
_READ = 600  # characters of a reply by which its entry is found


class StandingAnswer:
    """Certain evidence for a message that presses for another answer, or doubts the one that was just given:
    the entry that answered last, found by its words in the conversation."""

    engine = "standing"

    def __init__(self, retrieval: Retrieval) -> None:
        self._retrieval = retrieval

    async def __call__(self, question: Question, verdict: TopicVerdict) -> Evidence | None:
        """None where the message does neither, or nothing was answered yet, or by an entry that is gone.
        Raises as retrieval does."""
        pressing = verdict.kind == PRESSURE or (verdict.topic in _PRESSING and presses(question.text))
        if not pressing and verdict.kind != DOUBT:
            return None
        history = question.history if pressing else question.history[-1:]
        reply = last_answer(history)
        if not reply:
            return None
        said, context = _MARK.sub("", reply)[:_READ], question.context
        found = await self._retrieval(SearchQuery(said, context=context))
        hit = next((hit for hit in found.hits if says(reply, hit.entry)), None)
        if hit is None:
            return None
        query = SearchQuery(hit.entry.question, context=context)
        return Evidence(query, (Accepted(hit, 1.0),), ((hit.entry.id, 1.0),), 1.0)


def doubt_of_nothing(verdict: TopicVerdict, question: Question) -> TopicVerdict:
    """What a doubt is where nothing was just answered: a question about who knows what, or displeasure."""
    if asks(question.text):
        return replace(verdict, topic=Topic.FRAGMENT, kind="")
    return replace(verdict, kind="negative_reaction")


def last_answer(history: Sequence[Message]) -> str:
    """The last reply of a conversation that cites an entry; "" where none does."""
    return next((text for text in reversed(replies_of(history)) if _MARK.search(text)), "")


def says(reply: str, entry: Entry) -> bool:
    """Whether a reply holds a block of an entry's answer."""
    return any(entry.answer[block.start : block.end].strip() in reply for block in read_blocks(entry.answer))


def replies_of(history: Sequence[Message]) -> list[str]:
    """What the house said in a conversation, oldest first."""
    return [message.text for message in history if message.role is Role.ASSISTANT]
