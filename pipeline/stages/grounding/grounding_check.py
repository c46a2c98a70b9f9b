"""Grounding check: a sentence is said only if the evidence that it cites supports it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from knowledge.types import Entry, Logistic
from pipeline.english.evidence_text import (
    LEAD,
    EvidenceText,
    clauses_of,
    evidence_text,
    overlap,
    without_lead,
)
from pipeline.english.language import ABBREVIATION, Word, read
from pipeline.english.lexicon import FUNCTION_WORDS
from pipeline.ports import Encoder, encoded
from pipeline.stages.grounding.approved import said_of
from pipeline.stages.grounding.contradictions import Contradiction, ContradictionKind, find_contradiction
from pipeline.stages.grounding.qualifiers import is_heading, lost_qualifier
from pipeline.stages.relevance.thresholds import JudgeThresholds
from pipeline.turn import Evidence, Sentence, SentenceKind, Verdict
from pipeline.types import TurnContext
from pipeline.voice import HouseVoice

SUPPORT = Logistic(
    weights={"cosine": 2.99, "worst_clause": 2.44, "particular": -3.22, "rest": -3.22}, bias=-2.65
)
"""Fitted as `bench.grounding --fit` does, each set with equal weight, as are supported and unsupported ones;
among the sets were claims in other words, which are gone (docs/decisions.md)."""
PARTICULARS = (ContradictionKind.NUMBER, ContradictionKind.NAME)
REFUTED = 0.02  # said of an altered sentence of the evidence
VETOED = 0.98  # of the threshold: the most that is said of a sentence with a number from nowhere
SENTENCE_STOP = re.compile(r"(?:^|[.!?…][\"'”’)\]]*\s|\n)\s*$")
NEXT_SENTENCE = re.compile(r"[\"'”’)\]]*(?:\s*$|\s+(?![\"'“‘(\[–—-]*\s*[a-z]+\b))")
FIRST_WORD = re.compile(r"([\s\"'“‘(\[”’)\]]*)(\w+)")
OPENS_LED = re.compile(rf"^{LEAD.pattern}", re.IGNORECASE | re.MULTILINE)
LONE_LETTER = re.compile(r"\b[a-z]+ [A-Za-z]\.$")  # "hepatitis B." ends a sentence, an initial does not
LED_BEFORE = re.compile(rf"^{LEAD.pattern}\Z", re.IGNORECASE | re.MULTILINE)


class SpecialistGroundingCheck:
    """Judges one sentence of a draft against the text of the entries it cites. In this order: a phrase of
    the house must be one of the closed set; a block and a claim must cite accepted evidence; a block must
    be one of it word for word; a claim that loses what its evidence holds only with fails, a verbatim
    sentence passes; an altered sentence of it (`conflicts`) fails; the rest is a calibrated probability
    from shared words, meaning and rules that object, and passes from `threshold` on, unless a rule forbids
    it. Raises `ModelUnavailable` as the ports do."""

    engine = "specialist"

    def __init__(
        self,
        encoder: Encoder,
        voice: HouseVoice,
        *,
        threshold: float = JudgeThresholds().grounding,
        support: Logistic = SUPPORT,
    ) -> None:
        """`support` weighs what `features` gives."""
        self._encoder = encoder
        self._voice = voice
        self._threshold = threshold
        self._support = support

    async def __call__(self, sentence: Sentence, evidence: Evidence) -> Verdict:
        if sentence.kind is SentenceKind.HOUSE:
            known = [item.hit.entry for item in evidence.accepted]
            voice = self._voice.on(evidence.query.context.release)
            may = voice.may_say(sentence.text, known) or self._is_remembered(sentence, evidence)
            return _verdict(may, "a phrase of the house voice")
        if sentence.kind is SentenceKind.BLOCK:
            return _verdict(said_of(sentence, evidence), "a block of the entry that it cites")
        entries = _cited_entries(sentence, evidence)
        if not entries:
            return Verdict(False, 0.0, "cites no accepted evidence")
        text = sentence.text.strip()
        if is_heading(text, entries):
            return Verdict(False, 0.0, "a heading says nothing by itself")
        if lost := lost_qualifier(text, entries):
            return Verdict(False, REFUTED, f"leaves out: {lost}")
        if any(is_verbatim(text, entry.answer) for entry in entries):
            return Verdict(True, 1.0, "verbatim")
        cited = evidence_text(entries)
        if not any(word.content for word in read(text)) or not cited.sentences:
            return Verdict(False, 0.0, "nothing that evidence could support")
        conflict = find_contradiction(text, cited)
        if conflict and conflict.alters:
            return Verdict(False, REFUTED, conflict.reason)
        features = await self.features(text, cited, conflict, evidence.query.context)
        return self._weighed(self._support.probability(features), conflict)

    def _weighed(self, probability: float, conflict: Contradiction | None) -> Verdict:
        """The verdict on a sentence that no rule has decided."""
        if conflict and conflict.forbids:
            return Verdict(False, min(probability, VETOED * self._threshold), conflict.reason)
        supported = probability >= self._threshold
        against = conflict.reason if conflict else "not supported by the cited text"
        return Verdict(supported, probability, "" if supported else against, debatable=True)

    def _is_remembered(self, sentence: Sentence, evidence: Evidence) -> bool:
        """Whether it says what the search was made with, and no more."""
        item = evidence.query.remembered
        if item is None or not evidence:
            return False
        return sentence.text == self._voice.remembering(item.fact, evidence.accepted[0].hit.entry.id)

    async def features(
        self, text: str, cited: EvidenceText, conflict: Contradiction | None, context: TurnContext
    ) -> Mapping[str, float]:
        """What `support` weighs. `worst_clause`: share of the content words known to the evidence, of
        the clause that has fewest, so that an invented tail is not outweighed by a true beginning; squared,
        since of a sentence in its own words it says little how few they are. `cosine`: to the nearest
        sentence. A rule's objection weighs more the more of the sentence the evidence has: `particular` about
        a number or a name, by `worst_clause`; `rest` about anything else, by nearness to a sentence of the
        evidence."""
        vectors = await encoded(context, self._encoder, [text, *cited.sentences])
        worst = min(_coverage(clause, cited) for clause in clauses_of(read(without_lead(text)))) ** 2
        particular = conflict is not None and conflict.kind in PARTICULARS
        return {
            "worst_clause": worst,
            "cosine": float((vectors[1:] @ vectors[0]).max()),
            "particular": worst if particular else 0.0,
            "rest": conflict.nearness if conflict and not particular else 0.0,
        }


def _coverage(clause: Sequence[Word], cited: EvidenceText) -> float:
    """Share of the content words known to the evidence. A question names things and states nothing, so its
    words count only as far as as many others are in what the answer says."""
    return min(overlap(clause, cited.stems), 2 * overlap(clause, cited.stated))


def is_verbatim(text: str, answer: str) -> bool:
    """Whether `text` is one or more whole sentences of `answer`, in its words and order. The "Yes" or "No"
    that opens a line may be left out, and the sentence then starts with a capital."""
    if not text:
        return False
    whole = any(_is_whole(answer, start, text) for start in _places(answer, text))
    small = text[:1].lower() + text[1:]
    unled = {text, small} if OPENS_LED.search(answer) else set()
    return whole or any(
        _ends_whole(answer, start + len(form), form)
        for form in unled
        for start in _places(answer, form)
        if LED_BEFORE.search(answer[:start])
    )


def _places(answer: str, text: str) -> Iterator[int]:
    start = answer.find(text)
    while start >= 0:
        yield start
        start = answer.find(text, start + 1)


def _is_whole(answer: str, start: int, text: str) -> bool:
    before = answer[:start]
    opened = SENTENCE_STOP.search(before) and not _shortens(before, text)
    return bool(opened) and _ends_whole(answer, start + len(text), text)


def _ends_whole(answer: str, end: int, text: str) -> bool:
    """Whether a sentence ends at `end`: what follows is a new line or opens like a sentence. After "U.S." or
    "St." it must open with a word that can only be the first of a sentence."""
    closed = text[-1] in ".!?…\"'”’)]" or answer[end : end + 1] in ("\n", "")
    after = answer[end:]
    return closed and bool(NEXT_SENTENCE.match(after)) and not _shortens(text, after)


def _shortens(before: str, after: str) -> bool:
    """Whether the stop that ends `before` belongs to an abbreviation amid a sentence."""
    opening = FIRST_WORD.match(after)
    if not opening or "\n" in before[len(before.rstrip()) :] + opening.group(1):
        return False
    end = before.rstrip()
    if not ABBREVIATION.search(end) or LONE_LETTER.search(end):
        return False
    return opening.group(2).lower() not in FUNCTION_WORDS


def _verdict(holds: bool, what: str) -> Verdict:
    return Verdict(True, 1.0, what) if holds else Verdict(False, 0.0, f"not {what}")


def _cited_entries(sentence: Sentence, evidence: Evidence) -> tuple[Entry, ...]:
    """The entries behind the citation numbers; none where any number is unknown."""
    if not all(1 <= number <= len(evidence.accepted) for number in sentence.cites):
        return ()
    return tuple(evidence.accepted[number - 1].hit.entry for number in dict.fromkeys(sentence.cites))
