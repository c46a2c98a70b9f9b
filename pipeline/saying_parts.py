"""How the parts of a message that asks several things are said, one after the other."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from knowledge.types import Hit
from pipeline.speech import Speech
from pipeline.turn import Evidence, Sentence, SentenceKind
from pipeline.voice import HouseVoice

MOST_OFFERED = 3
MOST_NAMED = 15
"""Words of a part that are said back to name it."""


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
        elif len(left) > 1 and not offered:
            offered = questions_of(left)
            await speech.say_house(voice.offering(offered, text))
        elif not evidence and not speech.urgent:
            named = speech.filtered(Sentence(text, kind=SentenceKind.HOUSE)).text
            await speech.say_house(voice.unanswered(" ".join(named.split()[:MOST_NAMED])))
    return offered


def questions_of(hits: Sequence[Hit]) -> tuple[str, ...]:
    """The curated questions of the nearest entries, each once."""
    return tuple(dict.fromkeys(hit.entry.question for hit in hits))[:MOST_OFFERED]
