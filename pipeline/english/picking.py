"""What a message says about a list that was offered: which of its items, all of them, none, or only "yes"."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

_WORD = re.compile(r"\w+(?:['’]\w+)*")
_PLACES = {
    word: place
    for place, words in enumerate(
        ("1 1st first a one former", "2 2nd second b two", "3 3rd third c three", "4 4th d", "5 5th e")
    )
    for word in words.split()
} | {"last": -1, "latter": -1}
_BEYOND = 99  # the place of a number that no offer is as long as
_AMOUNTS = {"two": 2, "three": 3}
_ALL = frozenset(("both", "all"))
_YES = frozenset("yes yeah yep yup yea y sure ok okay right correct exactly indeed absolutely".split())
_NO = frozenset("no nope nah n".split())
_NONE = frozenset("none neither nor nothing".split())
_POINTING = frozenset("that this these those them it".split())
_AROUND = frozenset(
    """the and of or any either above else please thanks thank you i mean meant i'd i'll like would want
    take pick choose give show tell me number option question answer ones is it's that's let's go with well oh
    actually then just so""".split()
)
_LEAVING = re.compile(r"\b(?:that['’]?s|it['’]?s|that is|that will be|that['’]ll be)\s+all\b", re.IGNORECASE)
_ENGLISH: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Pick:
    """The `places` that were picked of so many items, in the order in which they were named; none where it
    `refuses` them all, or agrees and does not say to which."""

    places: tuple[int, ...] = ()
    refuses: bool = False


def read_pick(text: str, count: int, meanings: Mapping[str, str] = _ENGLISH) -> Pick | None:
    """Reads a message that does nothing but pick of `count` items; None where it says anything else. A "yes"
    picks the only one. `meanings` gives English for words of other languages."""
    if _LEAVING.search(text):
        return None
    spoken = [word.lower().replace("’", "'") for word in _WORD.findall(text)]
    words = _in_english(spoken, meanings)
    pointing = bool(_POINTING & {*words})
    said = _telling([word for word in words if word not in _AROUND | _POINTING], pointing)
    if not said:
        return _agreed(count) if pointing or "please" in words else None
    if not all(word in _PLACES.keys() | _ALL | _YES | _NO | _NONE or word.isdecimal() for word in said):
        return None
    if _NONE & {*said} or (_NO & {*said} and _ALL & {*said}):
        return Pick(refuses=True)
    if _ALL & {*said}:
        return _all(said, count)
    named = dict.fromkeys(_PLACES.get(word, _BEYOND) for word in said if word not in _YES | _NO)
    if named:
        places = tuple(place % count for place in named if place < count)
        return Pick(places if len(places) == len(named) else ())
    return Pick(refuses=True) if _NO & {*said} else _agreed(count)


def _in_english(spoken: list[str], meanings: Mapping[str, str]) -> list[str]:
    """Articles of other languages only beside another word of them, or a number: "die" is an English word."""
    meant = {word for word in spoken if meanings.get(word, "the") != "the" or word.isdecimal()}
    return [meanings.get(word, word) if meant or meanings.get(word) != "the" else word for word in spoken]


def _telling(said: list[str], pointing: bool) -> list[str]:
    """Without the "one" of "the second one" and "that one", and the "a" of "a second"."""
    others = {*said} - {"a", "one"}
    if others or pointing:
        said = [word for word in said if word != "one"]
    return [word for word in said if word != "a" or not others & {"first", "second", "third", "last"}]


def _agreed(count: int) -> Pick:
    return Pick((0,) if count == 1 else ())


def _all(said: list[str], count: int) -> Pick:
    """Both of three says no more than "yes" does."""
    meant = 2 if "both" in said else next((_AMOUNTS[each] for each in said if each in _AMOUNTS), count)
    return Pick(tuple(range(count)) if meant == count else ())
