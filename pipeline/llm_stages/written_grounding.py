"""A stricter line for what a language model wrote."""

from __future__ import annotations

from dataclasses import replace

from pipeline.english.evidence_text import evidence_text
from pipeline.english.language import content_stems
from pipeline.ports import GroundingCheck
from pipeline.stages.composing.style_mask import TALK
from pipeline.turn import Evidence, Sentence, Verdict

NEW_WORDS = 1
"""Content words of a written sentence that its evidence may lack: one may be a rewording, two a claim."""


class WrittenGrounding:
    """The verdict of `check`, except for sentences that are not copied from their evidence: those have to
    convince from `least` on, and may bring at most `NEW_WORDS` words. A model that writes errs more often
    than one that copies, and what is lost is said in the evidence's own words instead."""

    def __init__(self, check: GroundingCheck, least: float) -> None:
        self._check = check
        self._least = least
        self.engine = check.engine

    async def __call__(self, sentence: Sentence, evidence: Evidence) -> Verdict:
        """Raises what `check` raises."""
        verdict = await self._check(sentence, evidence)
        if not verdict.debatable or not verdict.supported:
            return verdict
        if len(_new_words(sentence, evidence)) > NEW_WORDS:
            return replace(verdict, supported=False, debatable=False, reason="brings words of its own")
        if verdict.probability >= self._least:
            return verdict
        return replace(verdict, supported=False, reason="not supported well enough for a written sentence")


def _new_words(sentence: Sentence, evidence: Evidence) -> frozenset[str]:
    """The stems that the cited entries have not, except of words that only talk about the talk."""
    entries = tuple(evidence.accepted[number - 1].hit.entry for number in dict.fromkeys(sentence.cites))
    said = content_stems(sentence.text)
    return said - evidence_text(entries).stems - TALK
