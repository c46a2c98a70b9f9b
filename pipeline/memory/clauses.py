"""The clauses of a message in which its writer states something: not what is asked, supposed or quoted."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.english.language import plain
from pipeline.english.lexicon import KIN
from pipeline.english.questions import opens_question

_BOUND = r"(?:i|we|my|our|he|she|they)"
_VERBS = r"(?:am|is|are|was|have|has|had|live|lives|take|takes|work|works|use|uses|moved|got|own|travel|rent)"
_QUOTED = re.compile(r"[\"“”«»][^\"“”«»]*(?:[\"“”«»]|$)|(?<!\w)['‘][^'‘’]{8,}['’](?!\w)")
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+|(?<=[.!?])(?=[A-Z])")
_FACTIVE = r"because|cause|cos|since|as|now that|given that|seeing that|even though|although|though"
_CUT = re.compile(
    rf"\s*(?:[;:()–—]|,(?!\d{{3}}\b))+\s*(?:(?:and|but|so|{_FACTIVE})\s+(?={_BOUND}\b))?"
    rf"|\s+-+\s+"
    rf"|\s+(?:and|but|so|plus|also|or|then|{_FACTIVE})\s+(?={_BOUND}\b)"
    rf"|\s+(?:and|but)\s+(?=(?:also |just |still )*{_VERBS}\b|(?:also |just )?\w+ed\b)"
    r"|\s+(?:and |but |so )?(?=(?:is|are|can|could|should|do|does|did|will|would|may|must|am|shall)"
    r" (?:i|it|that|this|the|they|we|he|she|there|you|my|our|any)\b)"
    r"|\s+(?:and |but |so )?(?=(?:what|how|when|where|which|why|who) "
    r"(?:is|are|do|does|can|should|much|many|long|about|will|would|if|would|vaccines?)\b)"
    r"|\s+(?=please\b)",
    re.IGNORECASE,
)
_SUPPOSED = re.compile(
    r"^(?:(?:and|but|so|well|ok|okay|hi|hello|hey|also|now|then|just)\W+)*"
    r"(?:(?:what |but what |as |only |even )?if|supposing|suppose|imagine|pretend|let us"
    r" (?:say|pretend|assume|imagine)"
    r"|let['’]?s (?:say|pretend|assume|imagine)|lets (?:say|pretend|assume)|say|assuming"
    r"|assume|in case|unless|whether|until|till|once"
    r"|when(?:ever)?|while|before|after|hypothetically|theoretically|in theory|for (?:example|instance)|e\.?g"
    r"|asking for|had i|were i|should i (?:be|become|get|have)|provided|as (?:though|if)|it['’]?s for|act"
    r"|write|translate|rephrase|summari[sz]e|repeat|complete|finish|correct|roleplay|role)\b",
    re.IGNORECASE,
)
_FRAME_IF = re.compile(
    r"^(?:(?:and|but|so|also)\W+)*(?:if|in case) (?:it|that|this|you)(?:['’]s| is| are)?(?: \w+){0,5}$",
    re.IGNORECASE,
)
_REPORTS = re.compile(
    r"\b(?:say|says|said|saying|told|tells|asks?|asked|wrote|writes?|claims?|claimed|thinks?|believes?|heard|quote"
    r"|goes|like|post(?:ed|s)?|tweet(?:ed|s)?|texted|reads?|example|sentence|question|story|joke|film|movie|book|song)\W*$",
    re.IGNORECASE,
)
_OWN_REPORT = re.compile(
    r"^(?:(?:as|like) )?(?:i|we) (?:already |just |have |had )*(?:said|told|mentioned)\b[^,;:]*$",
    re.IGNORECASE,
)
_FICTION = re.compile(
    r"\b(?:hypothetical\w*|theoretically|just kidding|(?:only )?joking|asking for (?:a|my) \w+|role[- ]?play"
    r"|in (?:my|this|the) (?:dream|novel|story|film|movie|game|book))\b",
    re.IGNORECASE,
)


def spelled_out(text: str) -> str:
    """Contractions in full, so that one set of patterns reads them all: "my son's 4", "im", "hes got"."""
    text = " ".join(text.replace("’", "'").replace("‘", "'").split("\r"))
    text = re.sub(r"\b[Ii]'?m\b(?!\s*\.\s*\w)", "I am", text)
    text = re.sub(r"\b[Ii]'?ve\b", "I have", text)
    text = re.sub(r"\b(we|they|you)'re\b", r"\1 are", text, flags=re.IGNORECASE)
    text = re.sub(r"\b(we|they|you)'?ve\b", r"\1 have", text, flags=re.IGNORECASE)
    text = re.sub(r"\b(i|we|he|she|they|it)'ll\b", r"\1 will", text, flags=re.IGNORECASE)
    text = re.sub(r"\b(he|she)'?s\b", r"\1's", text, flags=re.IGNORECASE)
    whose = rf"\b(he|she|it|there|that|(?:my|our) (?:\w+ ){{0,2}}(?:{KIN}))"
    got = r"(?=(?:just |already |now |also |recently )?(?:got|had|been|lost|moved|started)\b)"
    text = re.sub(rf"{whose}'s {got}", r"\1 has ", text, flags=re.IGNORECASE)
    text = re.sub(r"\b((?:my|our) \w+)'s (?=been\b)", r"\1 has ", text, flags=re.IGNORECASE)
    was = (
        r"(?=(?:about |almost |only |just |nearly |now |also |very |severely |a |an |not |no "
        r"|turning )*(?:\d+\b|allergic|a\b|an\b|not\b"
        r"|no\b|in\b|on\b|from\b|(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen"
        r"|fourteen|fifteen|sixteen|seventeen|eighteen)\b|pregnant|\w+(?:ing|ed|ic|ant|ish)\b))"
    )
    text = re.sub(rf"{whose}'?s {was}", r"\1 is ", text, flags=re.IGNORECASE)
    text = re.sub(r"\b(he|she|it|that|there)'s\b", r"\1 is", text, flags=re.IGNORECASE)
    return " ".join(plain(text).split(" "))


def stated_clauses(message: str) -> Iterator[str]:
    """Each clause of a message that may state something, in order, contractions in full. A clause of a
    sentence that supposes, asks or quotes is none, but for what is said by the way: "I am 70, can I have it?"
    """
    text = _QUOTED.sub(" ", message) if not _is_one_quote(message) else ""
    if _FICTION.search(text):
        return
    for sentence in _SENTENCE.split(spelled_out(text)):
        yield from _of_sentence(sentence.strip())


def _of_sentence(sentence: str) -> Iterator[str]:
    clauses = [clause.strip(" .!?\"'*_>") for clause in _CUT.split(sentence)]
    clauses = [clause for clause in clauses if clause]
    asking = sentence.endswith("?")
    if asking and not any(map(_asks, clauses)):
        return  # "I'm pregnant?", "you mean my son is too old?"
    reported = False
    for place, clause in enumerate(clauses):
        if _FRAME_IF.match(clause) and place + 1 < len(clauses):
            continue
        if _SUPPOSED.match(clause):
            return
        if _OWN_REPORT.match(clause):
            continue
        if reported or _asks(clause):
            if _QUESTION_THAT.search(clause):
                return
            continue
        reported = bool(_REPORTS.search(clause))
        yield clause


def _asks(clause: str) -> bool:
    """Not "have asthma", which goes on with the subject of the clause before it."""
    return opens_question(clause) and not _GOES_ON.match(clause)


_GOES_ON = re.compile(
    r"^(?:am|have|has|had|was)\b(?! (?:not )?(?:i|we|you|he|she|it|they|my|our|the|this"
    r"|that|there|any\w*|your)\b)",
    re.IGNORECASE,
)
_QUESTION_THAT = re.compile(r"\b(?:if|when|whether|while|unless|once)\b(?=[^,;]*$)", re.IGNORECASE)


def _is_one_quote(message: str) -> bool:
    said = message.strip()
    return bool(said) and said[0] in '"“«>' and said[-1] in '"”»'
