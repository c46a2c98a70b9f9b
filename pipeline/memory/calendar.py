"""When something was: "in March", "two weeks ago", "since 2019", as a day."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta

from pipeline.english.lexicon import NUMBER_WORDS

MONTH_DAYS, YEAR_DAYS = 30, 365
UNIT_DAYS: Mapping[str, int] = {
    "day": 1,
    "week": 7,
    "wk": 7,
    "month": MONTH_DAYS,
    "year": YEAR_DAYS,
    "yr": YEAR_DAYS,
}
_MONTHS = "january february march april may june july august september october november december".split()
_MONTH = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?"
    r"|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_TENS = "one|two|three|four|five|six|seven|eight|nine"
COUNT = rf"(?:\d{{1,3}}|(?:{'|'.join(sorted(NUMBER_WORDS, key=len, reverse=True))})(?:[- ](?:{_TENS}))?)"
NUMBER = rf"(?:an?|{COUNT})"
_UNIT = r"(?P<unit>day|week|wk|month|year|yr)s?"
_PHRASES = tuple(
    re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE)
    for pattern in (
        rf"(?:about |almost |over |around )?(?P<n>{NUMBER}|a few|several|a couple of) {_UNIT} (?:ago|back)",
        rf"for (?:the (?:last|past) |about |almost |over |nearly )?(?P<n>{NUMBER}|a few"
        rf"|several|many) {_UNIT}(?: now)?",
        rf"(?:back )?(?:in|since|around|from) (?:early |late |mid[- ])?{_MONTH}(?:,?"
        rf" (?P<year>(?:19|20)\d\d))?",
        rf"(?:in |since |this |last |next ){_MONTH}",
        rf"(?:on |since )?(?:the )?\d{{1,2}}(?:st|nd|rd|th)? (?:of )?{_MONTH}(?:,? (?P<year>(?:19|20)\d\d))?",
        r"(?:back )?(?:in|since) (?P<year>(?:19|20)\d\d)",
        r"(?P<last>last|this|next) (?P<unit>week|month|year|spring|summer|autumn|fall|winter)",
        r"(?:on |since |last |next )*(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday)",
        r"(?P<day>yesterday|today|tomorrow|tonight|last night|this morning|recently|lately|just now)",
    )
)
_SEASONS = {"spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12}


def count_of(said: str) -> int:
    """The number that digits or words say; a few are three."""
    said = said.lower().strip()
    if said.isdigit():
        return int(said)
    if said in ("a", "an"):
        return 1
    if said == "a couple of":
        return 2
    return int(sum(NUMBER_WORDS.get(word, 0) for word in re.split(r"[- ]", said))) or 3


def dated(text: str, today: date) -> tuple[str, date | None]:
    """The text without what it says of when, and that day; None where it says nothing. A month that is still
    to come this year was last year's."""
    for pattern in _PHRASES:
        if match := pattern.search(text):
            rest = " ".join((text[: match.start()] + " " + text[match.end() :]).split()).strip(" ,")
            return rest, _day(match, today)
    return text, None


def _day(match: re.Match[str], today: date) -> date:
    found = match.groupdict()
    ahead = match.group().lower().startswith("next")
    if found.get("n"):
        return _back(today, count_of(found["n"]) * UNIT_DAYS[found["unit"].lower()])
    if name := found.get("month"):
        month = next(place for place, each in enumerate(_MONTHS, 1) if each.startswith(name.lower()[:3]))
        year = int(found.get("year") or today.year)
        guess = date(year, month, 1)
        return guess if found.get("year") or guess <= today else date(year - 1, month, 1)
    if year_said := found.get("year"):
        return date(int(year_said), 1, 1)
    if unit := found.get("unit"):
        if unit.lower() in _SEASONS:
            guess = date(today.year, _SEASONS[unit.lower()], 1)
            return (
                guess
                if guess <= today and found["last"].lower() != "last"
                else date(guess.year - 1, guess.month, 1)
            )
        past = found["last"].lower() == "last"
        return _back(today, UNIT_DAYS[unit.lower()]) if past else today
    return today if ahead or found.get("day") in ("today", "tomorrow", "tonight") else _back(today, 1)


def _back(today: date, days: int) -> date:
    return today - timedelta(days=min(days, today.toordinal() - 1))
