"""What befell who writes: "someone stole my card"."""

from __future__ import annotations

import re
from datetime import date

from pipeline.memory.calendar import dated
from pipeline.memory.items import Item, Kind
from pipeline.memory.mind import is_thought
from pipeline.memory.predicates import PARTICIPLES, value_of

_DONE_TO_ME = re.compile(
    rf"^(?:someone|somebody|they|(?:an?|the|my|our) (?:[\w-]+ ){{0,2}}?[\w-]+) (?:has |have |just )*"
    rf"(?P<verb>{PARTICIPLES}|bit|stole|broke|took|gave|sold|sent|cut|hit) (?P<whose>me|us|my|our)\b",
    re.IGNORECASE,
)


def done_to_me(clause: str, today: date) -> Item | None:
    """None where nobody else is said to have done something to who writes, or only said it to them."""
    match = _DONE_TO_ME.match(clause)
    if match is None or is_thought(match["verb"]):
        return None
    told = value_of(clause[0].lower() + clause[1:])
    value, since = dated(told, today)
    return Item(Kind.EVENT, told_back(value), told_back(told), today, since or today, text=clause)


def told_back(value: str) -> str:
    """What is the speaker's, told back to them."""
    value = re.sub(r"\b(?:my|our)\b", "your", value, flags=re.IGNORECASE)
    return re.sub(r"\b(?:me|us|myself|ourselves)\b", "you", value, flags=re.IGNORECASE)
