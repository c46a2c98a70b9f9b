"""Personal data in what people wrote: found by its form, and taken out before anything is kept.

Numbers are held against the rules of those who give them out (`phonenumbers`, `python-stdnum`), so that a
count of cases is no phone number. Names are found only where the text says that they are one: in an
introduction, a salutation or a sign-off, behind a title, or behind a relative. Anything else that could tell
who someone is, such as a rare illness in a small town, no rule of form can find."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address
from typing import Any, TypeVar

from learning.voice.transcripts import Conversation
from pipeline.english.lexicon import KIN
from pipeline.types import Message, Role

_Value = TypeVar("_Value")
REGIONS = ("US", "GB")
"""Where phone numbers without a country code may be from."""
_FEWEST_DIGITS = 6  # of a phone number
_CAPITALISED = r"[^\W\d_a-z][^\W\d_]*(?:['’-][^\W\d_]+)*"
_NAME = rf"(?P<name>{_CAPITALISED}(?: {_CAPITALISED}){{0,2}})"
_ANY_CASE = r"(?P<name>[^\W\d_]{2,}(?:['’-][^\W\d_]+)*(?: [^\W\d_A-Z]?[A-Z][^\W\d_]+)?)"
_END = r"(?=\s*(?:[.,!?;:)\n]|$)|\s+(?:and|from|here|speaking|but|by the way)\b)"
_NAMES = tuple(
    re.compile(pattern)
    for pattern in (
        rf"\b(?i:my (?:full |first |last )?name(?:['’]s| is)) {_ANY_CASE}",
        rf"\b(?i:call me|i['’]?m called|i am called) {_NAME}",
        rf"\b(?i:i['’]m|i am|im) {_NAME}{_END}",
        rf"\b(?i:this is|it['’]s) {_NAME}(?= (?i:here|speaking|again|writing|calling|from)\b)",
        rf"\b(?i:my (?:{KIN}))(?i:['’]s name is|,? called| named)?,? {_NAME}",
        rf"\b(?i:dear|hi|hello|hey|thanks|thank you|bye|goodbye),? {_NAME}(?=\s*[,.!?\n]|\s*$)",
        rf"\b(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Professor|Doctor|Nurse|Sister|Sir)\.? {_NAME}",
        rf"(?i:regards|sincerely|best wishes|cheers|yours),?\s*[-–—]?\s*{_NAME}\s*\Z",
        rf"(?:^|\s)[–—-]+\s*{_NAME}\s*\Z",
    )
)
_NO_NAME = frozenset(
    """
    i i'm a an the not no yes so very just sorry ok okay there everyone everybody all again doctor sir madam
    team bot chatbot candor american british english french german spanish italian irish scottish welsh indian
    chinese japanese canadian australian african asian european mexican polish dutch swedish muslim christian
    jewish catholic hindu buddhist protestant covid mmr hpv hiv adhd autistic vegan vegetarian lol
    """.split()
)
_EMAIL = re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)*\.[^\W\d_]{2,}")
_HANDLE = re.compile(r"(?<![\w@./])@[A-Za-z_]\w{2,}")
_CARD = re.compile(r"(?<![\w.])(?:\d{4}([ -])\d{4}\1\d{4}\1\d{4}|\d{4}([ -])\d{6}\2\d{5}|\d{13,19})(?!\w)")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b")
_SSN = re.compile(r"(?<![\w-])\d{3}-\d{2}-\d{4}(?![\w-])")
_NHS = re.compile(r"(?i)\bnhs(?: number)?(?: is|:)? *(?P<name>\d{3} ?\d{3} ?\d{4})\b")
_IP = re.compile(
    r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){2,7})(?![\w:]|\.\d)"
)
_TAKEN_OUT = re.compile(r"\[(?:name|email|handle|phone|card|iban|id|ip|secret|address|birthday)\]")
_SECRET = re.compile(r"\bsk-[\w-]{16,}|(?i:\bpass(?:word|code)(?: is|:) *)(?P<name>\S+)")
_STREET = re.compile(
    rf"\b\d{{1,5}}[a-zA-Z]? (?:{_CAPITALISED} ){{1,3}}"
    r"(?i:street|st|road|rd|avenue|ave|lane|ln|drive|dr|boulevard|blvd|court|ct|square|close|terrace|way|place|pl)\b\.?"
)
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_DAY = r"\d{1,2}(?:st|nd|rd|th)?"
_DATE = (
    rf"(?:\d{{1,4}}[./-]\d{{1,2}}[./-]\d{{2,4}}|{_DAY} (?:of )?{_MONTH},? \d{{4}}|{_MONTH} {_DAY},? \d{{4}})"
)
_BORN = re.compile(
    rf"(?i)\b(?:born(?: on)?|d\.?o\.?b\.?|date of birth|birth ?day)(?: is| was|:)?(?: on)? *(?P<name>{_DATE})"
)


@dataclass(frozen=True, slots=True)
class PersonalDatum:
    """`text[start:end]` of the searched text is personal data of a `kind`: name, email, phone, card, ..."""

    kind: str
    start: int
    end: int


@lru_cache(maxsize=65536)
def find_personal_data(text: str, regions: tuple[str, ...] = REGIONS) -> tuple[PersonalDatum, ...]:
    """Every piece of personal data that its form gives away, from left to right, none inside another."""
    found = sorted(_candidates(text, regions), key=lambda datum: (datum.start, -datum.end))
    kept: list[PersonalDatum] = []
    for datum in found:
        if not kept or datum.start >= kept[-1].end:
            kept.append(datum)
    return tuple(kept)


def without_personal_data(
    talk: Conversation, regions: tuple[str, ...] = REGIONS
) -> tuple[Conversation, Counter[str]]:
    """A conversation with `[name]`, `[phone]` and the like in place of personal data, and how much of each
    kind was taken out. A name that is given once is taken out wherever it is said in the conversation."""
    counts: Counter[str] = Counter()
    names = {
        said.text[datum.start : datum.end]
        for said in talk
        for datum in find_personal_data(said.text, regions)
        if datum.kind == "name"
    }
    known = _known(names)

    def cleaned(text: str) -> str:
        found = find_personal_data(text, regions)
        for datum in reversed(found):
            text = f"{text[: datum.start]}[{datum.kind}]{text[datum.end :]}"
        counts.update(datum.kind for datum in found)
        text, again = known.subn("[name]", text) if known else (text, 0)
        counts["name"] += again
        return text

    cleaned_talk = tuple(Message(said.role, cleaned(said.text)) for said in talk)
    return cleaned_talk, +counts


def masked(value: _Value) -> _Value:
    """A text, or what JSON can hold, with all texts in it cleaned as one conversation would be. Nothing of it
    stays in memory."""
    texts = list(dict.fromkeys(_texts(value)))
    talk, _ = without_personal_data(tuple(Message(Role.USER, text) for text in texts))
    find_personal_data.cache_clear()
    clean = {text: said.text for text, said in zip(texts, talk, strict=True)}
    made: _Value = _with(value, clean)
    return made


def holds_personal_data(text: str) -> bool:
    """Whether a text holds any, or held some that was taken out."""
    return bool(_TAKEN_OUT.search(text)) or masked(text) != text


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)


def _with(value: Any, texts: Mapping[str, str]) -> Any:  # noqa: ANN401
    if isinstance(value, str):
        return texts[value]
    if isinstance(value, Mapping):
        return {name: _with(inner, texts) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_with(inner, texts) for inner in value]
    return value


def _known(names: Iterable[str]) -> re.Pattern[str] | None:
    parts = {part for name in names for part in (name, *name.split()) if len(part) > 2 and part[0].isupper()}
    longest_first = sorted(map(re.escape, parts), key=len, reverse=True)
    return re.compile(rf"\b(?:{'|'.join(longest_first)})\b") if parts else None


def _candidates(text: str, regions: Sequence[str]) -> Iterator[PersonalDatum]:
    from stdnum import iban, luhn
    from stdnum.gb import nhs
    from stdnum.us import ssn

    patterns: tuple[tuple[str, re.Pattern[str], Callable[[str], bool]], ...] = (
        ("email", _EMAIL, bool),
        ("handle", _HANDLE, bool),
        ("card", _CARD, lambda found: luhn.is_valid(re.sub(r"[ -]", "", found))),
        ("iban", _IBAN, iban.is_valid),
        ("id", _SSN, ssn.is_valid),
        ("id", _NHS, nhs.is_valid),
        ("ip", _IP, _is_address),
        ("secret", _SECRET, bool),
        ("address", _STREET, bool),
        ("birthday", _BORN, bool),
        *(("name", pattern, _is_name) for pattern in _NAMES),
    )
    for kind, pattern, holds in patterns:
        for match in pattern.finditer(text):
            group = "name" if match.groupdict().get("name") else 0
            if holds(match.group(group)):
                yield PersonalDatum(kind, *match.span(group))
    yield from _phones(text, regions)


def _phones(text: str, regions: Sequence[str]) -> Iterator[PersonalDatum]:
    from phonenumbers import PhoneNumberMatcher

    for region in regions if sum(map(str.isdigit, text)) >= _FEWEST_DIGITS else ():
        for match in PhoneNumberMatcher(text, region):
            yield PersonalDatum("phone", match.start, match.end)


def _is_name(text: str) -> bool:
    return text.split()[0].lower().replace("’", "'") not in _NO_NAME


def _is_address(text: str) -> bool:
    try:
        return not ip_address(text).is_unspecified
    except ValueError:
        return False
