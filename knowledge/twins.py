"""Entries that ask the same: which of them is said, and what an import says about them."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from datetime import date, datetime

import regex

from knowledge.types import Entry

_PASSAGE = 40  # different words, from which on an answer may be one passage of several below a heading
_WORD = regex.compile(r"(?:(?<!\w)-(?=\d))?[\w\p{M}+#&%$€£]+")


def question_key(text: str) -> str:
    """What is the same for two writings of one question: its words, in any case and form of the letters."""
    plain = unicodedata.normalize("NFKC", text).casefold().replace("’", "'").replace("'", "")
    return " ".join(_WORD.findall(plain))


def without_superseded(dated: Iterable[tuple[Entry, datetime]]) -> list[Entry]:
    """Of entries that ask and tell the same the newest: reviewed later, else changed later. The order stays.
    Long answers of few words in common below one question are passages of a text, and all are kept."""
    entries = list(dated)
    asking: dict[str, list[tuple[Entry, datetime]]] = defaultdict(list)
    for entry, changed in sorted(
        entries, key=lambda each: (each[0].reviewed_on or date.min, each[1]), reverse=True
    ):
        newer = asking[question_key(entry.question) or entry.id]
        if not any(_tell_the_same(entry, other) for other, _ in newer):
            newer.append((entry, changed))
    said = {entry.id for kept in asking.values() for entry, _ in kept}
    return [entry for entry, _ in entries if entry.id in said]


def _tell_the_same(one: Entry, other: Entry) -> bool:
    words = sorted((set(question_key(each.answer).split()) for each in (one, other)), key=len)
    return len(words[0]) < _PASSAGE or len(words[0] & words[1]) >= len(words[0]) / 2


def shared_wordings(
    dated: Iterable[tuple[Entry, datetime]], touched: Collection[str]
) -> Iterator[tuple[str, frozenset[str]]]:
    """What a curator should know, in plain English: which of the entries with the ids `touched` ask what
    another one asks, or have its question as an alternate. Each with the ids of those that it is about."""
    asking: dict[str, list[tuple[Entry, datetime]]] = defaultdict(list)
    wording: dict[str, list[Entry]] = defaultdict(list)
    for entry, changed in dated:
        asking[question_key(entry.question)].append((entry, changed))
        for alternate in dict.fromkeys(map(question_key, entry.alternates)):
            wording[alternate].append(entry)
    for key, twins in asking.items():
        ids = [entry.id for entry, _ in twins]
        if len(twins) > 1 and not set(ids).isdisjoint(touched):
            said = without_superseded(twins)
            named = ", ".join(f'"{each}"' for each in ids)
            only = f' Only the newest, "{said[0].id}", is said.' if len(said) == 1 else ""
            yield f'{named} ask the same: "{said[0].question}"{only}', frozenset(ids)
        for other in wording.get(key, ()):
            if other.id not in ids and not {*ids, other.id}.isdisjoint(touched):
                told = f'An alternate of "{other.id}" is the question of "{ids[0]}": "{twins[0][0].question}"'
                yield told, frozenset((*ids, other.id))


def lost_originals(entries: Iterable[Entry], known: Collection[str]) -> Iterator[tuple[str, frozenset[str]]]:
    """As `shared_wordings`: which of the entries translate one whose id is none of the `known`. They are said
    to nobody who would have found that one."""
    for entry in entries:
        if entry.translation_of and entry.translation_of not in known:
            told = f'"{entry.id}" translates "{entry.translation_of}", which is not there'
            yield told, frozenset((entry.id,))
