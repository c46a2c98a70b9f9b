"""Entries that ask the same: which of them is said, and what an import says about them."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from datetime import date, datetime

from knowledge.types import Entry

_WORD = re.compile(r"[\w+#&%$€£]+")


def question_key(text: str) -> str:
    """What is the same for two writings of one question: its words, in any case and form of the letters."""
    plain = unicodedata.normalize("NFKC", text).casefold().replace("’", "'").replace("'", "")
    return " ".join(_WORD.findall(plain))


def without_superseded(dated: Iterable[tuple[Entry, datetime]]) -> list[Entry]:
    """Of entries with the same question the newest: reviewed later, else changed later. The order stays."""
    entries = list(dated)
    newest: dict[str, tuple[Entry, datetime]] = {}
    for entry, changed in entries:
        key = question_key(entry.question) or entry.id
        if key not in newest or _age(entry, changed) >= _age(*newest[key]):
            newest[key] = entry, changed
    said = {entry.id for entry, _ in newest.values()}
    return [entry for entry, _ in entries if entry.id in said]


def _age(entry: Entry, changed: datetime) -> tuple[date, datetime]:
    return entry.reviewed_on or date.min, changed


def shared_wordings(dated: Iterable[tuple[Entry, datetime]], touched: Collection[str]) -> Iterator[str]:
    """What a curator should know, in plain English: which of the entries with the ids `touched` ask what
    another one asks, or have its question as an alternate."""
    asking: dict[str, list[tuple[Entry, datetime]]] = defaultdict(list)
    wording: dict[str, list[Entry]] = defaultdict(list)
    for entry, changed in dated:
        asking[question_key(entry.question)].append((entry, changed))
        for alternate in dict.fromkeys(map(question_key, entry.alternates)):
            wording[alternate].append(entry)
    for key, twins in asking.items():
        ids = [entry.id for entry, _ in twins]
        if len(twins) > 1 and not set(ids).isdisjoint(touched):
            (said,) = without_superseded(twins)
            named = ", ".join(f'"{each}"' for each in ids)
            yield f'{named} ask the same: "{said.question}" Only the newest, "{said.id}", is said.'
        for other in wording.get(key, ()):
            if other.id not in ids and not {*ids, other.id}.isdisjoint(touched):
                yield f'An alternate of "{other.id}" is the question of "{ids[0]}": "{twins[0][0].question}"'
