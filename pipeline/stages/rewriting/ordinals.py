"""Which item of a list in the last answer a message points at: "what about the second one?" """

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline.english.words import TERM
from pipeline.stages.rewriting.context_dependence import subject
from pipeline.types import Message, Role

_NTH = {
    word: place
    for place, words in enumerate(
        ("first 1st one 1", "second 2nd two 2", "third 3rd three 3", "fourth 4th four 4")
    )
    for word in words.split()
} | {"last": -1}
_THING = r"(?:ones?|options?|items?|points?|things?|reasons?|kinds?|types?|steps?)"
_POINTS = re.compile(
    rf"\b(?:the (?P<nth>first|second|third|fourth|last|[1-4](?:st|nd|rd|th))(?: {_THING}\b|\W*$)"
    rf"|(?:number|option|point|item|step) (?P<number>[1-4]|one|two|three|four)\b)",
    re.IGNORECASE,
)
_STEP = re.compile(
    r"\b(?:the (?:first|second|third|fourth|last|[1-4](?:st|nd|rd|th)) (?:step|point|item)"
    r"|(?:step|point|item) (?:number )?(?:[1-4]|one|two|three|four))\b",
    re.IGNORECASE,
)
_CITED = re.compile(r"\s*\[\d+\]")
_ITEM = re.compile(r"(?:^[-*•]|(?:^|(?<=\s))\(?\d{1,2}[.)])\s+(.+?)(?=\s+\(?\d{1,2}[.)]\s|$)", re.MULTILINE)
_NUMBERED = re.compile(r"\b(?:first|second|third|fourth|finally)(?:ly)?,\s+([^.!?;]+)", re.IGNORECASE)
_FEWEST = 2
_READ = 4000
_WORDS = 6


def pointed_at(text: str, history: Sequence[Message]) -> tuple[str, ...]:
    """The naming words at the beginning of the item that `text` points at, in their order; none where it
    points at nothing, or the last answer holds no list that long."""
    words = [word for word in TERM.findall(pointed_item(text, history)) if subject(word.lower())]
    return tuple(words[:_WORDS])


def pointed_item(text: str, history: Sequence[Message]) -> str:
    """The item of the last answer that `text` points at, without its mark; "" where there is none."""
    match = _POINTS.search(text)
    answer = next((each.text for each in reversed(history) if each.role is Role.ASSISTANT), "")[:_READ]
    if match is None:
        return ""
    items = _ITEM.findall(answer) or _NUMBERED.findall(answer)
    place = _NTH[(match["nth"] or match["number"]).lower()]
    if len(items) < _FEWEST or place >= len(items):
        return ""
    return _CITED.sub("", items[place]).strip()


def names_a_step(text: str) -> bool:
    """Whether a message speaks of a step or a point, which can only be one of what was answered: "step 3
    fails"; "the second one" may be a thing that has an entry of its own."""
    return bool(_STEP.search(text))
