"""What a message says about a list that was offered: which of its items, all of them, none, or only "yes"."""

from __future__ import annotations

import re
from dataclasses import dataclass

_TOKEN = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_PLACES = {
    word: place
    for place, words in enumerate(
        ("1 1st first a one former", "2 2nd second b two", "3 3rd third c three", "4 4th d", "5 5th e")
    )
    for word in words.split()
} | {"last": -1, "latter": -1}
_AMOUNTS = {"one": 1, "two": 2, "three": 3}
_ALL = frozenset(("both", "all"))
_YES = frozenset("yes yeah yep yup yea ya y sure ok okay right correct exactly indeed absolutely".split())
_NO = frozenset("no nope nah n".split())
_NONE = frozenset("none neither nor nothing".split())
_POINTING = frozenset("that this these those them it".split())
_AROUND = frozenset(
    """the and of or any either above other else please thanks thank you i mean meant i'd i'll like would want
    take pick choose give show tell me number option question answer ones is it's that's let's go with well oh
    actually then just so""".split()
)


@dataclass(frozen=True, slots=True)
class Pick:
    """The `places` that were picked of so many items, in the order in which they were named; none where it
    `refuses` them all, or agrees and does not say to which."""

    places: tuple[int, ...] = ()
    refuses: bool = False


def read_pick(text: str, count: int) -> Pick | None:
    """Reads a message that does nothing but pick of `count` items; None where it says anything else. A "yes"
    picks the only one."""
    tokens = [token.lower().replace("’", "'") for token in _TOKEN.findall(text)]
    said = [token for token in tokens if token not in _AROUND and token not in _POINTING]
    if "one" in said and ({*said} - {"one"} or _POINTING & {*tokens}):
        said = [token for token in said if token != "one"]  # "the second one", "that one"
    if "a" in said and _PLACES.keys() & {*said} - {"a"}:
        said = [token for token in said if token != "a" or " and " in text.lower()]  # "a second"; "a and b"
    if not said:
        return _agreed(count) if _POINTING & {*tokens} or "please" in tokens else None
    if not {*said} <= _PLACES.keys() | _ALL | _YES | _NO | _NONE:
        return None
    if _NONE & {*said}:
        return Pick(refuses=True)
    if _ALL & {*said}:
        return _all(said, count)
    if named := tuple(dict.fromkeys(_PLACES[token] for token in said if token in _PLACES)):
        places = tuple(place % count for place in named if place < count)
        return Pick(places if len(places) == len(named) else ())
    return Pick(refuses=True) if _NO & {*said} else _agreed(count)


def _agreed(count: int) -> Pick:
    return Pick((0,) if count == 1 else ())


def _all(said: list[str], count: int) -> Pick:
    """Both of three says which no more than "yes" does."""
    meant = 2 if "both" in said else next((_AMOUNTS[each] for each in said if each in _AMOUNTS), count)
    return Pick(tuple(range(count)) if meant == count else ())
