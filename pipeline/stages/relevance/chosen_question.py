"""A message that is about what the reply before it holds: the choice of an offered question in the user's own
words ("2", "the second one", "dog"), or one of its steps ("step 3 fails")."""

from __future__ import annotations

import re
from collections.abc import Sequence

from knowledge.types import Entry, Hit
from pipeline.english.language import content_words, stem
from pipeline.ports import Knowledge
from pipeline.stages.relevance.curated import certain
from pipeline.stages.rewriting.ordinals import names_a_step, pointed_item
from pipeline.turn import Evidence
from pipeline.types import Question, Role

CHOICE = "choice"
"""The engine that a turn names which was read so."""
_OFFERED = re.compile(r"^[-*•] (.+)$", re.MULTILINE)
_PLACES = {
    word: place
    for place, words in enumerate(("1 1st one first", "2 2nd two second", "3 3rd three third"))
    for word in words.split()
} | {"last": -1}
_PLACE = re.compile(
    r"\W*(?:(?:i mean|i meant|please|the|number|option|question|no(?=\W*\d))\b\W*)*"
    rf"(?P<nth>{'|'.join(_PLACES)})\b(?!(?<=\bone)\W+(?:option|question)\b)"
    r"\W*(?:(?:one|option|question|please|thanks)\b\W*)*",
    re.IGNORECASE,
)
_EMPTY = frozenset(stem(word) for word in "mean meant please thing option question number one ones".split())
_FEWEST = 2
_WORDS = 4  # content words; who says more asks something new


class ChosenQuestion:
    """Certain evidence for a message that picks one of the curated questions that the reply before it
    offered: by its place, or by words that one of them alone has."""

    engine = CHOICE

    def __init__(self, knowledge: Knowledge) -> None:
        self._knowledge = knowledge

    def __call__(self, question: Question) -> Evidence | None:
        """Raises `RetrievalFailed` where no release is loaded."""
        offered = self._offered(question)
        if len(offered) < _FEWEST:
            return None
        if (place := _PLACE.fullmatch(question.text)) is not None:
            at = _PLACES[place["nth"].lower()]
            return certain(question, offered[at]) if at < len(offered) else None
        meant = _named(question.text, [hit.entry for hit in offered])
        return certain(question, offered[meant]) if meant is not None else None

    def _offered(self, question: Question) -> Sequence[Hit]:
        """The curated questions that the last reply lists."""
        last = question.history[-1] if question.history else None
        if last is None or last.role is not Role.ASSISTANT:
            return ()
        snapshot = self._knowledge.current
        found = [snapshot.asked(text.strip()) for text in _OFFERED.findall(last.text)]
        return [hit for hit in found if hit is not None]


class PointedStep:
    """Certain evidence for a message about a step of the reply before it: the entry that has that step."""

    engine = "ordinal"

    def __init__(self, knowledge: Knowledge) -> None:
        self._knowledge = knowledge

    def __call__(self, question: Question) -> Evidence | None:
        """Raises `RetrievalFailed` where no release is loaded."""
        item = pointed_item(question.text, question.history) if names_a_step(question.text) else ""
        if not item:
            return None
        snapshot = self._knowledge.current
        having = [entry for entry in snapshot.entries.values() if item in entry.answer]
        hit = snapshot.asked(having[0].question) if len(having) == 1 else None
        return None if hit is None else certain(question, hit)


def _named(text: str, offered: Sequence[Entry]) -> int | None:
    """Which of the entries alone is named: its wordings have all that the text names."""
    said = {word.stem for word in content_words(text)} - _EMPTY
    if not 0 < len(said) <= _WORDS:
        return None
    having = [place for place, entry in enumerate(offered) if said <= _stems(entry)]
    return having[0] if len(having) == 1 else None


def _stems(entry: Entry) -> frozenset[str]:
    texts = (entry.question, *entry.alternates)
    return frozenset(word.stem for text in texts for word in content_words(text))
