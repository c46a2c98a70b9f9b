"""The predicate of a stated clause: what is said of its subject, and what sort of thing that is."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from pipeline.english.language import stem
from pipeline.memory.calendar import COUNT, UNIT_DAYS, YEAR_DAYS, count_of
from pipeline.memory.items import Kind
from pipeline.memory.mind import DOING_MIND, GENERAL_NOUNS, MIND, MIND_SAID, is_thought

ENDED = None
"""Stands in the place of a kind where something is said to be over."""

ADVERB = (
    r"(?:also|just|currently|now|already|actually|really|recently|still|only|both|all|even|very|quite|so|pretty|too|extremely|newly|severely|badly|highly|slightly|mildly"
    r"|officially|finally|probably not|definitely|sadly|luckily|about|almost|nearly|over"
    r"|around|roughly|today|yesterday|myself|soon|later|usually|always|often|regularly"
    r"|sometimes|unfortunately|fully|once|technically)"
)
PARTICIPLES = (
    r"(?:\w{3,}ed|been|read|heard|thought|told|said|known|understood|born|married|had|got|gotten|gone|lost|bought|found|given|taken|broken|made|paid|sold|left|forgotten|written"
    r"|begun|sent|spent|caught|seen|put|cut|hurt|become|won|worn|driven|flown|kept|met|built|chosen|grown|quit)"
)
_PAST = frozenset(
    """had got lost bought found took broke made paid sold left forgot began sent spent caught put
        cut hurt became won drove flew kept met built chose grew quit gave fell came went ran slept
        ate drank brought taught rode lent threw rented signed got""".split()
)
_BE = re.compile(
    r"^(?:have been|has been|had been|am|is|are|was|were|be)\b\s*(?P<rest>.*)$", re.IGNORECASE | re.DOTALL
)
_ADVERBS = re.compile(rf"^(?:{ADVERB}\b[\s,]*)+", re.IGNORECASE)
_NOT = re.compile(r"^(?:not|never|no longer|not any ?more|neither)\b\s*", re.IGNORECASE)
_ANY_MORE = re.compile(
    r"\s*\b(?:any ?more|any longer|no more|now|right now|at the moment|at present|these"
    r" days|too|as well|btw|please|thanks|thx|lol|haha|unfortunately|sadly|though|already"
    r"|yet|by the way|you know|actually|again|currently|myself|luckily|for now|so far|ok"
    r"|okay)\s*[.!]*$",
    re.IGNORECASE,
)
_BECOMING = re.compile(r"^(?:get|become|be|have|stop|quit|lose|gain|give up)\b", re.IGNORECASE)
_IS_OVER = re.compile(r"\b(?:any ?more|any longer|no longer)\b", re.IGNORECASE)
_AGE = re.compile(
    rf"^(?:(?:about|almost|nearly|only|over|just|turning|turned|aged|now|already|exactly)"
    rf" )*(?:an? )?(?P<n>{COUNT})(?:[- ]?(?P<unit>years?|yrs?|y/?o|months?|mos?|weeks?"
    rf"|wks?|days?)\b)?(?:[- ]?(?:old|of age))?(?: and a half)?(?P<noun> (?:woman|man|male"
    rf"|female|student|boy|girl|lady|guy|mother|father|person))?(?: now)?$",
    re.IGNORECASE,
)
_DECADE = re.compile(r"^in (?:my|his|her|their) (?:early |mid |late )?(?P<ten>\d)0'?s$", re.IGNORECASE)
_CUT = re.compile(
    r"\s+(?:who|which|that|because|cause|so|but|if|when|while|whilst|though|although"
    r"|until|unless|whether|as (?:i|we|my)|since (?:i|we|my)|and (?:i|we|my|he|she|it"
    r"|they|you|wants?|needs?|would|wonder|am|is|are|was|have|has|please|can|do)"
    r"|is|are|can|could|should|does|would|will|what|how|where|why|to (?:know|ask|see|find))\b.*$",
    re.IGNORECASE | re.DOTALL,
)
_PLACE = re.compile(
    r"^(?:from|living in|based in|living at|staying in|located in|resident in|originally from|out of)\b",
    re.IGNORECASE,
)
_MOVES = re.compile(
    r"^(?:live|lives|living|moved|move|reside|resides|relocated|stay)\b(?: (?:just"
    r"|recently|now|back))* (?:in|to|at|near|from|outside|here)\b",
    re.IGNORECASE,
)
_LANGUAGE = re.compile(r"^speaks? (?:(?:only|no|a little|some|good|little) )*(?-i:[A-Z])\w+$", re.IGNORECASE)
_DOES_NOT = re.compile(
    r"^(?:do|does|did) not (?:actually |really )?(?P<verb>\w+)\s+(?P<rest>.+)$", re.IGNORECASE | re.DOTALL
)
_NEVER_DONE = re.compile(
    rf"^(?:(?:have|has|had) )?(?P<value>never (?P<verb>{PARTICIPLES})\b.*)$", re.IGNORECASE
)
_HELD = 9  # words of a value


@dataclass(frozen=True, slots=True)
class Predicate:
    """`verb` as it is told back, `value` what it says; `kind` is `ENDED` for "used to". `days`: the age.
    `lists`: whether further things may follow, "pregnant, and diabetic"."""

    verb: str
    value: str
    kind: Kind | None
    negated: bool = False
    days: int = 0
    past: bool = False
    lists: bool = False


def predicate_of(rest: str) -> Predicate | None:
    """What a clause says behind its subject; None where that is a thought, a wish or a request."""
    rest = _ADVERBS.sub("", rest.strip())
    if match := re.match(
        r"^(?:used to|did use to) (?:be|have|take|live|work|own|use)?\b\s*(?P<rest>.+)$", rest, re.IGNORECASE
    ):
        return Predicate("used to be", value_of(match["rest"]), ENDED)
    if match := re.match(
        r"^(?:stopped|quit|finished|gave up|cancell?ed|ended) (?P<rest>(?:being |having "
        r"|taking |using |my |the |our )?.+)$",
        rest,
        re.IGNORECASE,
    ):
        return Predicate(
            "stopped", value_of(re.sub(r"^(?:being|having|taking|using)\s+", "", match["rest"])), ENDED
        )
    if match := _DOES_NOT.match(rest):
        return _not_doing(match)
    if match := _NEVER_DONE.match(rest):
        verb = "has" if rest.lower().startswith("has") else "have"
        return (
            None if is_thought(match["verb"]) else Predicate(verb, value_of(match["value"]), Kind.CONDITION)
        )
    if match := re.match(
        r"^(?:no longer|never) (?!be\b|been\b)(?P<rest>(?P<verb>\w+) .+)$", rest, re.IGNORECASE
    ):
        said = predicate_of(match["rest"])
        return said and replace(said, negated=True)
    if re.match(r"^(?:have|has|had) been (?!\w+ing\b|a\b|an\b|on\b|pregnant)", rest, re.IGNORECASE):
        return _doing(rest)
    if match := _BE.match(rest):
        was = rest.lower().startswith(("was", "were"))
        return _being(rest.split()[0].lower().replace("were", "was"), match["rest"], was=was)
    if re.match(r"^(?:have|has|had|got|have got|has got)\b", rest, re.IGNORECASE):
        return _having(rest)
    return _doing(rest)


def _not_doing(match: re.Match[str]) -> Predicate | None:
    verb, rest = match["verb"], match["rest"]
    if stem(verb.lower()) in DOING_MIND:
        return None
    if verb in ("have", "own") and not _IS_OVER.search(rest):
        return _having(f"have no {rest}")
    value = rest if verb in ("have", "own", "take", "use") else f"{verb} {rest}"
    return Predicate("do not", value_of(value), Kind.CONDITION, negated=True)


def _being(verb: str, rest: str, *, was: bool) -> Predicate | None:
    rest = _ADVERBS.sub("", rest)
    negated = bool(_NOT.match(rest))
    rest = _ADVERBS.sub("", _NOT.sub("", rest))
    verb = {"have": "am", "has": "is", "had": "was"}.get(verb, verb)
    if found := _age(_CUT.sub("", f" {rest}")):
        return None if negated or was else Predicate(verb, "", Kind.AGE, days=found, lists=True)
    value = value_of(rest)
    first = value.split()[0].lower() if value else ""
    if match := re.match(
        r"^(?:trying|planning|going|about|due|hoping|expecting|intending) (?:to|for|on) (?P<what>.+)$",
        value,
        re.IGNORECASE,
    ):
        asks = stem(match["what"].split()[0].lower()) in DOING_MIND
        task = value.lower().startswith("trying to") and not _BECOMING.match(match["what"])
        return None if asks or task or negated else Predicate(verb, value, Kind.PLAN)
    if first == "having":
        had = _having(f"have {value.partition(' ')[2]}")
        return had and replace(had, verb=f"{verb} having", kind=Kind.STATE)
    done = was and first.endswith("ed") and first not in MIND_SAID
    if not value or (
        stem(first) in MIND and not done and not _PLACE.match(value) and value.lower() not in ("alone",)
    ):
        return None
    if was:
        passive = bool(re.match(rf"^{PARTICIPLES}\b", value, re.IGNORECASE))
        if passive and not negated:
            return Predicate("was", value, Kind.EVENT, past=True)
        return Predicate("was", value, ENDED)
    return Predicate(verb, value, _kind_of_being(value), negated, lists=True)


def _kind_of_being(value: str) -> Kind:
    lower = value.lower()
    if lower.startswith("allergic"):
        return Kind.ALLERGY
    if _PLACE.match(value):
        return Kind.PLACE
    if re.match(r"^(?:an?|the|your|one of)\b", lower):
        return Kind.ROLE
    return Kind.STATE


def _having(rest: str) -> Predicate | None:
    match = re.match(
        r"^(?P<verb>have|has|had|got)\b(?P<got> got\b)?(?P<rest>.*)$", rest, re.IGNORECASE | re.DOTALL
    )
    if match is None:
        return None
    verb, after = match["verb"].lower(), _ADVERBS.sub("", match["rest"].strip())
    lacks = bool(re.match(r"^no (?!longer)", after, re.IGNORECASE)) and not _IS_OVER.search(after)
    negated = not lacks and bool(re.match(r"^(?:not|never|no)\b", after, re.IGNORECASE))
    after = re.sub(r"^(?:not|never|no)\b\s*(?:longer )?(?:any\b)?", "", after, flags=re.IGNORECASE).strip()
    if re.match(r"^to\b", after, re.IGNORECASE):
        return None
    if verb != "got" and re.match(rf"^{PARTICIPLES}\b", after, re.IGNORECASE) and not match["got"]:
        doing = _doing(after)
        return doing and Predicate(
            f"{verb} {doing.verb}", doing.value, doing.kind, negated or doing.negated, past=True
        )
    value = value_of(after)
    nouns = value.lower().split()
    if (
        not nouns
        or (verb == "got" and stem(nouns[0]) in MIND)
        or any(stem(noun) in GENERAL_NOUNS for noun in nouns[:3])
        or nouns[0] in ("you", "me", "him", "her", "them", "rid")
    ):
        return None
    past = verb in ("had", "got") and not match["got"]
    kind = Kind.EVENT if past else Kind.CONDITION
    if "allerg" in value.lower() and not past:
        kind = Kind.ALLERGY
    if lacks:
        value = re.sub(r"^(?:any|an?|the) ", "", value, flags=re.IGNORECASE)
        return Predicate(verb, f"no {value}", Kind.CONDITION)
    return Predicate(verb, value, kind, negated, past=past, lists=True)


def _doing(rest: str) -> Predicate | None:
    words = rest.split()
    if len(words) < 2:
        return None
    verb = words[0].lower()
    if verb in ("been", "have", "has", "had") and len(words) > 2:
        passive = re.sub(r"^(?:have |has |had )?been ", "", rest, flags=re.IGNORECASE)
        passive = _ADVERBS.sub("", passive)
        if (
            not re.match(rf"^{PARTICIPLES}\b", passive, re.IGNORECASE)
            or stem(passive.split()[0].lower()) in MIND | DOING_MIND
        ):
            return None
        return Predicate("were" if verb == "been" else "have been", value_of(passive), Kind.EVENT, past=True)
    talks = stem(verb) in DOING_MIND and not _LANGUAGE.match(rest)
    if talks or verb in ("will", "go", "going", "not", "no"):
        if verb == "will" and (
            match := re.match(r"^will (?:be |also |soon )*(?P<what>.+)$", rest, re.IGNORECASE)
        ):
            what = match["what"]
            return (
                None
                if stem(what.split()[0].lower()) in DOING_MIND | MIND | {"not"}
                else Predicate("will", value_of(what), Kind.PLAN)
            )
        return None
    if not verb.isalpha():
        return None
    if _MOVES.match(rest):
        kind = Kind.PLACE
        return Predicate(verb, value_of(rest.split(maxsplit=1)[1]), kind, past=verb == "moved")
    past = verb in _PAST or verb.endswith("ed")
    value = value_of(rest.split(maxsplit=1)[1])
    if not value or value.lower() in ("it", "that", "this", "so", "you", "them"):
        return None
    return Predicate(verb, value, Kind.EVENT if past else Kind.HABIT, past=past)


def _age(text: str) -> int:
    """The days of an age; 0 where it is none."""
    if match := _DECADE.match(text.strip(" .!")):
        return int(match["ten"]) * 10 * YEAR_DAYS
    match = _AGE.match(_ANY_MORE.sub("", text.strip(" .!")))
    if match is None:
        return 0
    unit = (match["unit"] or "year").lower()
    name = next((each for each in UNIT_DAYS if unit.startswith(each[:2])), "year")
    return count_of(match["n"]) * UNIT_DAYS[name]


def value_of(text: str) -> str:
    """What is said, without what follows on it and what only fills."""
    value = _CUT.sub("", f" {text.strip()}").strip(" .,!;:")
    while (shorter := _ANY_MORE.sub("", value).strip(" .,!;:")) != value:
        value = shorter
    return " ".join(value.split()[:_HELD])
