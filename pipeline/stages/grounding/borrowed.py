"""A guard in front of the grounding check: what only an example says is not said."""

from __future__ import annotations

from collections.abc import Sequence

from knowledge.sentences import split_sentences
from pipeline.english.evidence_text import evidence_text
from pipeline.english.language import content_stems
from pipeline.ports import GroundingCheck
from pipeline.stages.composing.style_mask import TALK
from pipeline.turn import Evidence, Sentence, SentenceKind, Verdict
from pipeline.types import Question

LIKE = 0.6  # share of a sentence's words in a line from which the sentence may have been taken from it


class NothingBorrowed:
    """Example conversations teach a manner; their facts are of their day. What they `lend` is refused; every
    other sentence is judged by `check`."""

    def __init__(self, lines: Sequence[str], check: GroundingCheck) -> None:
        self._examples = ExampleLines(lines)
        self._check = check
        self.engine = check.engine

    async def __call__(self, sentence: Sentence, evidence: Evidence) -> Verdict:
        if self._examples.lend(sentence, evidence):
            return Verdict(False, 0.0, "said by an example conversation, not by the evidence")
        return await self._check(sentence, evidence)


class ExampleLines:
    """The facts of lines that are shown for their manner alone."""

    def __init__(self, lines: Sequence[str]) -> None:
        facts = {_facts(text) for line in lines for text in split_sentences(line)}
        self._facts = tuple(fact for fact in facts if fact)

    @classmethod
    def of(cls, question: Question) -> ExampleLines:
        """Those that came with a question, and what they were drawn from."""
        shown = [text for each in question.examples for text in (each.said, each.reply)]
        return cls([*shown, question.examples_context])

    def lend(self, sentence: Sentence, evidence: Evidence) -> bool:
        """Whether a line holds most words of a claim, and among them all that its evidence does not know.
        What the evidence covers is not lent, also where a line says the same."""
        if not self._facts or sentence.kind is not SentenceKind.CLAIM:
            return False
        entries = [
            evidence.accepted[n - 1].hit.entry for n in sentence.cites if 1 <= n <= len(evidence.accepted)
        ]
        known = evidence_text(tuple(dict.fromkeys(entries))).stems
        for stems in map(_facts, split_sentences(sentence.text)):
            unknown = stems - known
            if unknown and any(
                unknown <= fact and len(stems & fact) >= LIKE * len(stems) for fact in self._facts
            ):
                return True
        return False


def _facts(text: str) -> frozenset[str]:
    return content_stems(text) - TALK
