"""What is remembered of a user: items, how long each kind holds, and which one gives way to which."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

from pipeline.english.language import content_words, stem
from pipeline.memory.calendar import MONTH_DAYS, YEAR_DAYS


class Kind(StrEnum):
    """What sort of thing was said; how long it holds is a matter of the sort, whatever the subject."""

    AGE = "age"
    STATE = "state"  # is pregnant, is breastfeeding, is on antibiotics
    ROLE = "role"  # is a student
    CONDITION = "condition"  # has asthma, has the family plan
    ALLERGY = "allergy"
    PLACE = "place"  # lives in, moved to
    HABIT = "habit"  # takes blood thinners
    EVENT = "event"  # had it in March, lost the card
    PLAN = "plan"  # is trying to, is going to


HOLDS: dict[Kind, timedelta | None] = {
    Kind.AGE: None,
    Kind.STATE: timedelta(days=9 * MONTH_DAYS),
    Kind.ROLE: timedelta(days=3 * YEAR_DAYS),
    Kind.CONDITION: timedelta(days=3 * YEAR_DAYS),
    Kind.ALLERGY: None,
    Kind.PLACE: None,
    Kind.HABIT: timedelta(days=YEAR_DAYS),
    Kind.EVENT: timedelta(days=YEAR_DAYS),
    Kind.PLAN: timedelta(days=3 * MONTH_DAYS),
}
"""Counted from `since`; None: until it is contradicted. A state that began ten weeks ago has
less time left."""
_ONE_OF_A_KIND = frozenset({Kind.AGE, Kind.PLACE})


@dataclass(frozen=True, slots=True)
class Item:
    """Something that a user said. `about` is empty for the user, else who it is of theirs: "son", "older
    sister". `value` is what was said ("pregnant", "4 years old"), `fact` the same told back ("you are
    pregnant"), `since` the day from which it holds, `said_on` that on which it was said. `days` is the age on
    `since`, for an age alone. `ends`: it is said to be over, and retires what it names. `id` and `message_id`
    name it, and the message that it was said in, once it is kept."""

    kind: Kind
    value: str
    fact: str
    said_on: date
    since: date
    about: str = ""
    days: int = 0
    text: str = ""
    ends: bool = False
    id: str = ""
    message_id: str = ""

    @property
    def words(self) -> str:
        """What to search for beside a question: "pregnant", "lost my chip", "daughter is 14 years old"."""
        bare = re.sub(r"^(?:you (?:are|have|were)|you|your)\b", "", self.fact).strip()
        return re.sub(r"\byour\b", "my", bare)

    def holds(self, today: date) -> bool:
        limit = HOLDS[self.kind]
        return limit is None or today - self.since <= limit

    def on(self, today: date) -> Item:
        """The same as it is on a later day: who was 4 two years ago is 6."""
        if self.kind is not Kind.AGE:
            return self
        value = age_in_words(self.days + (today - self.since).days)
        whose, verb = ("you", "are") if not self.about else (f"your {self.about}", "is")
        return replace(self, value=value, fact=f"{whose} {verb} {value}")


def age_in_words(days: int) -> str:
    """As people tell an age: in years, of small children in months, of newborns in weeks."""
    for length, unit, least in ((YEAR_DAYS, "year", 2), (MONTH_DAYS, "month", 3), (7, "week", 1)):
        if (count := int(days / length + 1e-9)) >= least:
            return f"{count} {unit}{'' if count == 1 else 's'} old"
    return f"{days} day{'' if days == 1 else 's'} old"


def gives_way(kept: Item, said: Item) -> bool:
    """Whether an item is outdated by a later one: it was said to be over, it was said again, or it is of a
    sort of which there is one at a time."""
    if kept.about != said.about:
        return False
    if said.ends:
        ended = stems(said.value)
        return bool(ended) and (ended <= stems(kept.value) or stems(kept.value) <= ended)
    if kept.kind is said.kind and kept.kind in _ONE_OF_A_KIND:
        return True
    if stems(kept.value) == stems(said.value) or _opposed(kept.value, said.value):
        return True
    return kept.kind is said.kind is Kind.CONDITION and _another_of_its_kind(kept.value, said.value)


def remembered(kept: Iterable[Item], said: Sequence[Item]) -> tuple[list[Item], list[Item]]:
    """What of the items `kept` is outdated by those `said` now, in their order, and what is to be added."""
    left, gone, added = list(kept), [], list[Item]()
    for item in said:
        gone += [old for old in left if gives_way(old, item)]
        left = [old for old in left if not gives_way(old, item)]
        added = [old for old in added if not gives_way(old, item)]
        if not item.ends:
            added.append(item)
    return gone, added


def stems(value: str) -> frozenset[str]:
    """The stems of the words that name something."""
    return frozenset(stem(word.text.lower()) for word in content_words(value))


def _opposed(one: str, other: str) -> bool:
    """ "vaccinated" and "unvaccinated" """
    first, second = sorted((_last(one), _last(other)), key=len)
    return bool(first) and second in (f"un{first}", f"non{first}", f"in{first}")


def _another_of_its_kind(one: str, other: str) -> bool:
    """ "the family plan" and "the basic plan": of both, only the last word is the same."""
    first, second = _words(one), _words(other)
    return len(first) > 1 and len(second) > 1 and first[-1] == second[-1]


def _words(value: str) -> list[str]:
    return [stem(word.text.lower()) for word in content_words(value)]


def _last(value: str) -> str:
    return (_words(value) or [""])[-1]
