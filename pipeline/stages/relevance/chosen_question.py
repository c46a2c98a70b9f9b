"""What a message makes of the questions that the reply before it offered: it chooses one or several in the
user's own words ("2", "the second one", "dog", "both"), agrees, or refuses them all."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from knowledge.types import Entry, Hit
from pipeline.english.language import content_stems, plain, stem
from pipeline.english.lexicon import NEGATIONS
from pipeline.english.picking import read_pick
from pipeline.english.words import WORD
from pipeline.ports import Knowledge, release_of
from pipeline.stages.relevance.curated import certain
from pipeline.turn import Evidence
from pipeline.types import Question, Role

CHOICE = "choice"
"""The engine that a turn names which was read so."""
_OFFERED = re.compile(r"^[-*•] (.+)$", re.MULTILINE)
_EMPTY = frozenset(stem(word) for word in "mean meant please thing option question number one ones".split())
_WORDS = 4  # content words; who says more asks something new


@dataclass(frozen=True, slots=True)
class Choice:
    """`chosen`: certain evidence for each question that was chosen of those `offered`. With none, the user
    `refused` them, or has yet to say which one."""

    offered: tuple[Hit, ...]
    chosen: tuple[Evidence, ...] = ()
    refused: bool = False


class ChosenQuestion:
    """Reads a message that does no more than choose of the curated questions that the reply before it
    offered: by their places, by words that one of them alone has, or by a yes or no."""

    engine = CHOICE

    def __init__(self, knowledge: Knowledge, meanings: Mapping[str, str] | None = None) -> None:
        """`meanings` gives the English for "yes", "second" and the like in other languages."""
        self._knowledge = knowledge
        self._meanings = meanings or {}

    def __call__(self, question: Question) -> Choice | None:
        """None where nothing was offered or the message says anything else. Raises `RetrievalFailed` where no
        release is loaded."""
        offered = self._offered(question)
        if not offered:
            return None
        if (pick := read_pick(question.text, len(offered), self._meanings)) is not None:
            places: Sequence[int] = pick.places
            refused = pick.refuses
        else:
            places, refused = _named(question.text, [hit.entry for hit in offered]), False
            if not places:
                return None
        return Choice(offered, tuple(certain(question, offered[place]) for place in places), refused)

    def _offered(self, question: Question) -> tuple[Hit, ...]:
        """The curated questions that the last reply lists."""
        last = question.history[-1] if question.history else None
        if last is None or last.role is not Role.ASSISTANT:
            return ()
        snapshot = release_of(question.context, self._knowledge)
        found = [snapshot.asked(text.strip()) for text in _OFFERED.findall(last.text)]
        return tuple(hit for hit in found if hit is not None)


def _named(text: str, offered: Sequence[Entry]) -> Sequence[int]:
    """Which of several entries alone is named: its wordings have all that the text names."""
    said = content_stems(text) - _EMPTY
    if not 0 < len(said) <= _WORDS or NEGATIONS & {word.lower() for word in WORD.findall(plain(text))}:
        return ()
    having = [
        place
        for place, entry in enumerate(offered)
        if said <= content_stems(entry.question, *entry.alternates)
    ]
    return having if len(having) == 1 < len(offered) else ()
