"""What somebody says of themselves or of theirs, read off the clauses in which it is stated."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from pipeline.english.lexicon import KIN
from pipeline.memory.befallen import done_to_me, told_back
from pipeline.memory.calendar import NUMBER, UNIT_DAYS, count_of, dated
from pipeline.memory.clauses import spelled_out, stated_clauses
from pipeline.memory.items import Item, Kind, age_in_words
from pipeline.memory.predicates import ENDED, Predicate, predicate_of, value_of

_LEAD = re.compile(
    r"^(?:(?:and|but|so|also|plus|or|then|well|oh|ok|okay|yes|yeah|no(?! \w+$)|nope|hi|hello|hey"
    r"|hiya|thanks|thank you|sorry|please|actually|honestly"
    r"|basically|anyway|unfortunately|sadly|luckily|fortunately|obviously|currently|now|today|yesterday|recently"
    r"|lately|again|because|cause|cos|since|as|although|though|even though|given that|now that|seeing that"
    r"|by the way|btw|fyi|for your information|for the record|just so you know|so you"
    r" know|to be clear|you see"
    r"|see|look|listen|thing is|the thing is|the point is|fact is|the fact is|my"
    r" situation|background|context|note"
    r"|(?:please )?(?:note|remember|keep in mind|bear in mind|know|be aware|do not forget)(?: that)?"
    r"|(?:let me|to) (?:add|explain)(?: that)?|my (?:situation|problem|case) is(?: that)?"
    r"|(?:as )?(?:i|we) (?:already |just |have |also |should |must |need to |forgot to "
    r"|want to |would like to )*"
    r"(?:said|told you|tell you|mention|mentioned|add|say|told them)(?: (?:before|earlier"
    r"|you|already|yesterday))?(?: that)?"
    r"|it(?: is|'s) (?:true|just|only|because)(?: that)?|(?:in|since|for|last|next|on|at"
    r"|two|three|a|\d+) (?:\w+ ){0,3}?(?:january|february|march|april|may"
    r"|june|july|august|september|october|november|december|(?:19|20)\d\d|week|month|year|summer|winter|spring|autumn|monday"
    r"|tuesday|wednesday|thursday|friday|saturday|sunday|weekend)s?(?: ago)?)[\s,.!:;–—-]+)+",
    re.IGNORECASE,
)
_OWNED = (
    rf"(?:my|our) (?P<kin>(?:[a-z][\w-]*(?:'s)? ){{0,2}}?(?:{KIN})"
    rf"|(?P<thing>(?:[a-z][\w'-]* ){{0,2}}?[a-z][\w-]*)(?= (?:is|are|was|were|has|have|had"
    rf"|got|broke|died|\w+ed)\b))(?:,? (?-i:[A-Z][a-z]+),?)?"
)
_SUBJECT = re.compile(
    rf"^(?:(?P<me>i|we|me and my \w+|my \w+ and i|both of us)|(?P<they>he|she|they)|{_OWNED})"
    r"(?:,? (?:who|which))?,? (?P<rest>.+)$",
    re.IGNORECASE | re.DOTALL,
)
_OF_OTHERS = re.compile(r"'s |\bneighbou?r\w*$", re.IGNORECASE)
"""Of whom nothing is remembered: who lives next door, and friends of friends."""
_ELIDED = re.compile(
    r"^(?:just |recently |already )*(?:had|got|have got|lost|broke|bought|forgot|am|been) (?!you\b|i\b)",
    re.IGNORECASE,
)
_BY_NAME = re.compile(
    r"^(?=(?:dad|daddy|mum|mummy|mom|mommy|gran|granny|grandma|grandpa|nana)"
    r" (?:is|has|was|had|takes|lives)\b)",
    re.IGNORECASE,
)
"""Whom people call by what they are to them."""
_NUMBER_ALONE = re.compile(rf"(?:and |or )?{NUMBER}(?: and {NUMBER})*", re.IGNORECASE)
_OTHERS = re.compile(rf"\b(?:{KIN})\b", re.IGNORECASE)
_AGED = re.compile(
    rf"\b(?:my|our|with an?|have an?|has an?) (?P<n>{NUMBER})[- ]?(?P<unit>day"
    rf"|week|month|year|yr)s?[- ]?old(?:'s)?(?: (?P<who>(?:\w+ )?(?:{KIN})))?"
    rf"|\b(?:my|our) (?P<who2>(?:[a-z]+ )?(?:{KIN})) (?:of|aged|\() ?(?P<n2>{NUMBER})\b(?! of)",
    re.IGNORECASE,
)
_CONTINUES = re.compile(
    r"^(?:also |just |still )*(?:am|is|are|was|have|has|had|live|lives|take|takes|work"
    r"|works|use|uses|moved|got|lost|own|travel|rent|\w+ed)\b",
    re.IGNORECASE,
)
_SHORT_LIST = 4  # words of a further thing in a list: "I am 34, pregnant, and diabetic"
_NO_LIST = re.compile(
    r"\b(?:i|we|you|he|she|it|they|my|is|are|was|do|does|can|will|would|should|what|how|when|where|why|which|who|please|thanks|thank|right|ok|okay|though|too|now|sorry|lol|so|unfortunately|also|etc|in|on|at|since|last|for|until|from)\b",
    re.IGNORECASE,
)
_AGE_AND = re.compile(
    rf"^(?P<be>am|is|are) (?P<age>(?:\w+ )?{NUMBER}(?: (?:years?|months?|weeks?)(?:"
    rf" old)?)?) and (?:am |is |are )?(?P<more>.+)$",
    re.IGNORECASE,
)
_PLAIN = re.compile(r"[\w\s'&,/%+()-]{1,150}")
"""What may be said back: no markup, no address, nothing that could be read as anything but words."""
_IS = re.compile(r"^(?:is|are|was|were|has|have|got|had|\w+ed|broke|died)\b", re.IGNORECASE)
_PREGNANT_FOR = re.compile(
    rf"^(?:about |almost |nearly |only |just )*(?P<n>{NUMBER}) (?P<unit>day|week|month"
    rf"|year)s? (?=(?!old\b|ago\b)[a-z]{{4,}})",
    re.IGNORECASE,
)
LONGEST = 2000  # characters that are read of a message


@dataclass(frozen=True, slots=True)
class _Subject:
    """`about` as in `Item`; `verb_of_you`: whether the verb is turned, "am" to "are", where it is told
    back. `thing`: something of the user's, which is told of with them."""

    about: str
    rest: str
    thing: str = ""


def statements_of(message: str, today: date) -> list[Item]:
    """Everything that a message states of its writer, or of somebody of theirs, in order; what of it matters
    is for others to say (`concerns`)."""
    found: list[Item] = []
    last: Predicate | None = None
    whom, recent = "", ""
    for clause in stated_clauses(message[:LONGEST]):
        bare = _BY_NAME.sub("my ", _LEAD.sub("", clause).strip())
        if (done := done_to_me(bare, today)) is not None:
            last = None
            found.append(done)
            continue
        subject = _subject(bare, recent)
        if subject is None and last is None and _ELIDED.match(bare):
            subject = _Subject("", bare)
        if subject is None and last is not None:
            subject = _taken_up(bare, whom, last)
        if subject is None:
            last = None
            continue
        whom, recent = subject.about, subject.about or recent
        for rest in _said_of(subject.rest):
            last = predicate_of(rest)
            if subject.thing:
                found += _of_thing(subject, clause, today)
            elif last is not None:
                found += _items(subject, last, clause, today)
    found = [item for item in found if _PLAIN.fullmatch(item.fact)]
    found += [
        item
        for item in _ages_by_the_way(message[:LONGEST], today)
        if not any(_same(item, each) for each in found)
    ]
    return found


def _said_of(rest: str) -> list[str]:
    """ "am 67 and on blood thinners" is two things."""
    match = _AGE_AND.match(rest)
    return [f"{match['be']} {match['age']}", f"{match['be']} {match['more']}"] if match else [rest]


def _subject(clause: str, recent: str) -> _Subject | None:
    match = _SUBJECT.match(clause)
    if match is None:
        return None
    rest = match["rest"].strip()
    if match["me"]:
        return _Subject("", rest)
    if match["they"]:
        return _Subject(recent, rest) if recent else None
    if _OF_OTHERS.search(match["kin"] or ""):
        return None
    if match["thing"] and re.fullmatch(KIN, match["thing"], re.IGNORECASE) is None:
        return _Subject("", rest, match["kin"].lower())
    return _Subject(match["kin"].lower(), rest)


def _taken_up(clause: str, whom: str, last: Predicate) -> _Subject | None:
    """What goes on with the subject of the clause before it: "and have asthma", ", and diabetic"."""
    if _CONTINUES.match(clause):
        passive = last.lists and last.verb in ("am", "is", "are") and clause.split()[0].endswith("ed")
        return _Subject(whom, f"{last.verb} {clause}" if passive else clause)
    if _NUMBER_ALONE.fullmatch(clause) and _OTHERS.search(last.value):
        return None  # "two kids, 4 and 6"
    lists = len(clause.split()) <= _SHORT_LIST and not _NO_LIST.search(clause)
    return _Subject(whom, f"{last.verb} {clause}") if lists and last.lists else None


def _items(subject: _Subject, said: Predicate, clause: str, today: date) -> Iterator[Item]:
    rest, since = dated(said.value, today)
    value = rest.strip()
    if said.kind is Kind.AGE:
        days = said.days
        yield _told(
            subject, Item(Kind.AGE, age_in_words(days), "", today, today, subject.about, days, clause), said
        )
        return
    if match := _PREGNANT_FOR.match(value):
        value = value[match.end() :]
        since = today - timedelta(days=count_of(match["n"]) * UNIT_DAYS[match["unit"].lower()])
    if not value:
        return
    ends = said.negated or said.kind is ENDED
    kind = Kind.STATE if said.kind is ENDED else said.kind
    for each, told in _listed(kind, value, said.value):
        item = Item(kind, each, "", today, since or today, subject.about, 0, clause, ends)
        yield _told(subject, item, replace(said, value=told_back(told)))


def _of_thing(subject: _Subject, clause: str, today: date) -> Iterator[Item]:
    """What is said of something of the user's: "my card was stolen"."""
    if _IS.match(subject.rest):
        verb, _, rest = subject.rest.partition(" ")
        told = f"{subject.thing} {verb} {value_of(rest)}"
        value, since = dated(told, today)
        yield Item(Kind.EVENT, value, told_back(f"your {told}"), today, since or today, text=clause)


def _listed(kind: Kind, value: str, told: str) -> list[tuple[str, str]]:
    """Several things said in one breath, "asthma and diabetes", each for itself."""
    parts = re.split(r"\s+and\s+(?:an? |the )?", value)
    if (
        kind not in (Kind.STATE, Kind.CONDITION)
        or len(parts) < 2
        or any(len(part.split()) > _SHORT_LIST - 1 for part in parts)
    ):
        return [(value, told)]
    spelled = re.split(r"\s+and\s+", told)
    return list(zip(parts, spelled, strict=False))


def _told(subject: _Subject, item: Item, said: Predicate) -> Item:
    whose = f"your {item.about}" if item.about else "you"
    first, *others = said.verb.split()
    turned = {"am": "are", "is": "are", "was": "were", "has": "have"}.get(first, first)
    verb = said.verb if item.about else " ".join((turned, *others))
    if item.kind is Kind.AGE:
        return item.on(item.since)
    return replace(item, fact=" ".join(f"{whose} {verb} {said.value}".split()))


def _ages_by_the_way(message: str, today: date) -> Iterator[Item]:
    """ "my 4-year-old son": told also by who asks about him."""
    text = spelled_out(message)
    for match in _AGED.finditer(text):
        count = count_of(match["n"] or match["n2"])
        days = count * UNIT_DAYS[(match["unit"] or "year").lower()]
        who = (match["who"] or match["who2"] or "child").lower()
        if not re.search(
            r"\b(?:if|when|whether|once|imagine|suppose|until|friend says)\b",
            text[: match.start()],
            re.IGNORECASE,
        ):
            yield Item(Kind.AGE, age_in_words(days), "", today, today, who, days, match.group()).on(today)


def _same(one: Item, other: Item) -> bool:
    return (
        one.kind is other.kind
        and one.days == other.days
        and (one.about == other.about or other.about.endswith(one.about))
    )
