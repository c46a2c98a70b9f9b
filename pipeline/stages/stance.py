"""How the user put it: asked or stated, with which polarity, calm or worried. Decides what the answer may
open with, so that no "Yes" or "No" is read as its opposite and no false claim is agreed with."""

from __future__ import annotations

import re
from dataclasses import dataclass

from knowledge.types import Hit, View
from pipeline.stages.cited_text import lead_of, overlap
from pipeline.stages.conflicts import ALIGNED, contradicts
from pipeline.stages.language import denies, read, split_sentences
from pipeline.stages.lexicon import FAVOURABLE, UNFAVOURABLE
from pipeline.voice import Opener

FILLER = r"^\W*(?:(?:so|and|but|well|hi|hey|hello|ok|okay|please|um|wait|then|or|also|now)\b\W*)*"
AUXILIARY = (
    r"(?:is|are|was|were|am|do|does|did|can|could|will|would|should|shall|may|might|must|has|have|had|ca|wo|ai)"
    r"(?:n['’]?t)?"
)
YES_NO = re.compile(rf"{FILLER}(?:{AUXILIARY}|any)\b", re.IGNORECASE)
OPEN_QUESTION = re.compile(
    rf"{FILLER}(?:what|which|who|whom|whose|when|where|why|how|tell me|explain|describe)\b", re.IGNORECASE
)
OPEN_INSIDE = re.compile(
    rf"\b(?:what|why|how|when|where)(?:['’]?s| (?:{AUXILIARY}|long|many|much|often|soon|else))\b",
    re.IGNORECASE,
)
EMBEDDED = re.compile(
    r"\b(?:wonder(?:ing)?|know|tell me|ask(?:ing)?|sure|told) (?:if|whether)\b", re.IGNORECASE
)
INVERTED = re.compile(
    r"\b(?:can|could|should|shall|may|must|do|does|did|will|would) (?:i|we|you|they|he|she|it|this|that)\b",
    re.IGNORECASE,
)
CHOICE = re.compile(r"\bor\b(?! not\b| is it not\b)", re.IGNORECASE)
WORRY = re.compile(
    r"\b(?:worr(?:y|ied|ies|ying)|scared?|scary|afraid|fear(?:ful)?|frightened|terrif(?:ied|ying)|anxious|nervous"
    r"|panic\w*|freak\w* out|concerned|upset|unwell)\b",
    re.IGNORECASE,
)
KIN = r"son|daughter|kids?|child(?:ren)?|baby|mother|mom|mum|father|dad|wife|husband|partner|parents|grand\w+"
PERSONAL = re.compile(
    rf"\b(?:i am|i['’]?m|i have|i['’]?ve|i take|should i|my (?:\w+ )?(?:{KIN}))\b", re.IGNORECASE
)
SOMEBODY = r"\b(?:i|we|he|she|my (?:\w+ )?\w+)"
STATE = re.compile(rf"{SOMEBODY} (?:am|is|are|have|has|get|gets)\b", re.IGNORECASE)
EVENT = re.compile(rf"{SOMEBODY} (?:got|had|was|were|became|developed|died|felt|feels?)\b", re.IGNORECASE)
NEAR = 0.6  # cosine to an entry's question or misconception from which a message is about the same
SHARED = 0.3  # share of its words that the message must then have too
SAME = 0.8  # share of the longer question's content words that the shorter must have to ask the same
SAME_NEAR = 0.6  # share that suffices where the meanings are also `SAME_COSINE` near
SAME_COSINE = 0.85
ALONE_COSINE = 0.8  # nearness that suffices where no other entry comes close
ALONE_SHARES = (0.5, 0.66)  # and the least shares of content words that the two must then have of each other
LONGEST_CLAIM = 40  # words; a longer message tells a story, and one phrase cannot correct it


@dataclass(frozen=True, slots=True)
class Stance:
    """`opener` fits the message (None: say nothing first); `keeps_lead` whether the entry's own "Yes" or
    "No" answers the question as the user put it; `personal` whether the user speaks of themselves, `suffers`
    whether of something that happened."""

    opener: Opener | None
    keeps_lead: bool
    yes_no: bool
    personal: bool
    suffers: bool


def read_stance(message: str, hit: Hit, answer: str, query: str = "", *, alone: bool = False) -> Stance:
    """The stance of `message` towards the entry that answers it; `answer` is the sentence that does, `query`
    the message with what it left unsaid. `alone`: no other entry came close to answering."""
    part = _part_about(message, hit.entry.question)
    asks = _asks(part)
    yes_no = asks and _asks_yes_no(part)
    lead = lead_of(hit.entry.answer)
    keeps_lead = bool(lead) and yes_no and asks_the_same(part, hit, query, alone=alone)
    opener = _opener(message, lead if keeps_lead else "", asks)
    if not asks and states_falsehood(part, hit, answer):
        opener = Opener.CORRECT
    return Stance(opener, keeps_lead, yes_no, bool(PERSONAL.search(message)), bool(EVENT.search(message)))


def _opener(message: str, said_lead: str, asks: bool) -> Opener | None:
    if WORRY.search(message):
        return Opener.EMPATHY
    if not asks:
        return None
    return Opener.DENY if said_lead == "no" else Opener.NEUTRAL


def states_falsehood(claim: str, hit: Hit, answer: str) -> bool:
    """Whether the user asserts what the entry refutes: one of its misconceptions, the opposite of its "Yes"
    or "No", or the opposite of the sentence that answers. What happened to somebody is no such claim."""
    if len(claim.split()) > LONGEST_CLAIM or STATE.search(claim) or EVENT.search(claim):
        return False
    if hit.passage.view is View.MISCONCEPTION and _is_about(claim, hit.passage.text, hit):
        return same_polarity(claim, hit.passage.text)
    lead = lead_of(hit.entry.answer)
    if lead == "no" and _is_about(claim, hit.entry.question, hit):
        return same_polarity(claim, hit.entry.question)
    if lead == "yes" and _shared(claim, hit.entry.question) >= ALIGNED:
        return not same_polarity(claim, hit.entry.question)
    return contradicts(claim, answer)


def asks_the_same(part: str, hit: Hit, query: str = "", *, alone: bool = False) -> bool:
    """Whether a question is the entry's own, or one of its alternates, so that its "Yes" or "No" answers it:
    the same polarity, and one has all content words of the other and few more. Where each has a word that
    the other lacks, one thing may stand in another's place: no cosine tells that from a synonym, but where
    the entry stands `alone` there is nothing that could be in its place. An alternate may ask the reverse
    ("is it worse" of "is it harmless"), so blame must meet blame."""
    if _leans(part) != _leans(hit.entry.question) or not same_polarity(part, hit.entry.question):
        return False
    own = read(part)
    stems = {word.stem for word in (*own, *read(query))}
    near = hit.question_cosine >= SAME_COSINE and hit.passage.view is not View.MISCONCEPTION
    least = SAME_NEAR if near else SAME
    for reference in (hit.entry.question, *hit.entry.alternates):
        words = read(reference)
        shares = overlap(own, {word.stem for word in words}), overlap(words, stems)
        contained = max(shares) == 1.0 and min(shares) >= least
        alike = min(shares) >= ALONE_SHARES[0] and max(shares) >= ALONE_SHARES[1]
        matched = alone and alike and hit.question_cosine >= ALONE_COSINE
        if (contained or matched) and same_polarity(part, reference):
            return True
    return False


def same_polarity(one: str, other: str) -> bool:
    """Whether two texts about one thing affirm or deny it alike: the same parity of negations, no word
    against its opposite, no praise against blame."""
    if denies(one) != denies(other):
        return False
    said = {(word.stem, word.opposite) for word in read(other) if word.paired}
    if any(word.paired and (word.stem, not word.opposite) in said for word in read(one)):
        return False
    return not (_leans(one) and _leans(other) and _leans(one) != _leans(other))


def _leans(text: str) -> int:
    """1 where a text speaks of good only, -1 of bad only, else 0."""
    words = {word.text.lower() for word in read(text)} | {
        word.stem for word in read(text) if not word.opposite
    }
    return bool(words & FAVOURABLE) - bool(words & UNFAVOURABLE)


def _is_about(claim: str, reference: str, hit: Hit) -> bool:
    shared = _shared(claim, reference)
    return shared >= ALIGNED or (shared >= SHARED and hit.question_cosine >= NEAR)


def _shared(claim: str, reference: str) -> float:
    """Share of the reference's content words that the claim has."""
    return overlap(read(reference), {word.stem for word in read(claim)})


def _part_about(message: str, question: str) -> str:
    """The sentence of a message that is most about `question`; of equals the last."""
    stems = {word.stem for word in read(question) if word.content}
    parts = split_sentences(message) or [message]
    return max(reversed(parts), key=lambda part: len(stems & {word.stem for word in read(part)}))


def _asks(text: str) -> bool:
    """Also without a question mark, and after an opening clause: "i am 70, can i have it"."""
    inside = EMBEDDED.search(text) or INVERTED.search(text)
    return "?" in text or bool(inside) or _opens(YES_NO, text) or _opens(OPEN_QUESTION, text)


def _asks_yes_no(text: str) -> bool:
    if CHOICE.search(text) or OPEN_INSIDE.search(text):
        return False
    return bool(EMBEDDED.search(text)) or not _opens(OPEN_QUESTION, text)


def _opens(opening: re.Pattern[str], text: str) -> bool:
    """Whether a clause of the text opens like that."""
    return any(opening.match(part) for part in re.split(r"[,;:–—] ?", text))
