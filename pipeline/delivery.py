"""Takes a draft to the user, sentence by sentence, as far as its evidence supports it."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from pipeline.english.evidence_text import says_again
from pipeline.errors import ModelOutputError, ModelUnavailable, PipelineError
from pipeline.journal import Journal
from pipeline.message_filter import EchoGuard
from pipeline.ports import AnswerComposer, GroundingCheck, GroundingReview
from pipeline.speech import Speech
from pipeline.stages.grounding.approved import said_of
from pipeline.stages.grounding.borrowed import ExampleLines
from pipeline.turn import Checked, Composed, Evidence, Sentence, SentenceKind, Verdict
from pipeline.types import Question


@dataclass(frozen=True, slots=True)
class Checks:
    """What every sentence has to pass. The engines of `grounding` take over from each other; `review` is
    asked about sentences that the grounding check leaves open."""

    echo: EchoGuard
    grounding: Sequence[GroundingCheck]
    review: GroundingReview | None = None


class Delivery:
    """One draft on its way out, in order. House phrases wait for the first supported claim: without one they
    are not said at all. A sentence in doubt is reviewed at once where nothing was said yet, so that the user
    does not wait; later ones wait for the end of the draft and share one review.

    A block of the evidence, word for word, passes as it is: no filter alters what was approved. A draft that
    `repairs` an earlier one says only what was not said yet."""

    def __init__(
        self,
        checks: Checks,
        journal: Journal,
        speech: Speech,
        evidence: Evidence,
        *,
        repairs: bool = False,
    ) -> None:
        self._checks = checks
        self._journal = journal
        self._speech = speech
        self._evidence = evidence
        self._budget = evidence.query.context.budget
        self._repairs = repairs
        self._begins = len(speech.pieces)
        self._examples = ExampleLines(())
        self._phrases: list[Sentence] = []
        self._held: list[tuple[Checked, bool]] = []  # whether it waits for a review
        self.drafted = self.said = self.refused = 0
        self.failure: PipelineError | None = None
        speech.next_draft()

    async def take(self, composer: AnswerComposer, question: Question) -> None:
        """Says what may be said of a draft; `failure` is what broke it off, if anything did."""
        self._examples = ExampleLines.of(question)
        drafting_ms, started = 0.0, time.perf_counter()
        async with aclosing(self._drafted(composer(question, self._evidence))) as draft:
            async for sentence in draft:
                drafting_ms += (time.perf_counter() - started) * 1000
                await self._add(sentence)
                started = time.perf_counter()
        drafting_ms += (time.perf_counter() - started) * 1000
        self._journal.add(Composed(self.drafted), composer.engine, drafting_ms)
        await self._settle()

    async def _drafted(self, draft: AsyncIterator[Sentence]) -> AsyncGenerator[Sentence]:
        """Until the draft ends or breaks off. Leaving early ends its model's work at once."""
        try:
            async for sentence in draft:
                self.drafted += 1
                yield sentence
        except (ModelUnavailable, ModelOutputError) as error:
            self.failure = error
        finally:
            if isinstance(draft, AsyncGenerator):
                await draft.aclose()

    async def _add(self, draft: Sentence) -> None:
        sentence = draft if said_of(draft, self._evidence) else self._speech.filtered(draft)
        if self._repairs and self._is_needless(sentence):
            return
        checked = Checked(sentence, await self._judged(sentence))
        review = self._checks.review
        is_open = review is not None and review.wants(checked.verdict, self._budget)
        if is_open and not self._held and not self._has_spoken:
            (checked,), is_open = await self._reviewed([checked]), False
        if self._held or is_open:
            self._held.append((checked, is_open))
        else:
            await self._say(checked)

    @property
    def _has_spoken(self) -> bool:
        return self._repairs or len(self._speech.pieces) > self._begins

    def _is_needless(self, sentence: Sentence) -> bool:
        if sentence.kind is SentenceKind.HOUSE:
            return not sentence.needed
        said = [piece.text for piece in self._speech.pieces]
        if sentence.kind is SentenceKind.BLOCK:  # part of a block said in other words is not the block
            return any(sentence.text in text for text in said)
        return says_again(sentence.text, said)

    async def _settle(self) -> None:
        """Says what waited for the end of the draft."""
        reviewed = iter(await self._reviewed([checked for checked, is_open in self._held if is_open]))
        for checked, is_open in self._held:
            await self._say(next(reviewed) if is_open else checked)
        self._held.clear()

    async def _say(self, checked: Checked) -> None:
        sentence = checked.sentence
        if not checked.verdict.supported:
            self.refused += 1
            return
        if sentence.kind is SentenceKind.HOUSE and not self._has_spoken:
            self._phrases.append(sentence)
            return
        for ready in (*self._phrases, sentence):
            self.said += 1
            await self._speech.speak(ready, tuple(self._evidence.accepted[n - 1] for n in ready.cites))
        self._phrases.clear()

    async def _judged(self, sentence: Sentence) -> Verdict:
        in_range = all(1 <= number <= len(self._evidence.accepted) for number in sentence.cites)
        if not sentence.text:
            reason = "the message filter left nothing of it"
        elif not in_range or bool(sentence.cites) is (sentence.kind is SentenceKind.HOUSE):
            reason = "its citations do not fit its kind or the evidence"
        elif sentence.kind is not SentenceKind.BLOCK and self._checks.echo.repeats_a_prompt(sentence.text):
            reason = "it repeats a prompt"
        elif self._examples.lend(sentence, self._evidence):
            reason = "said by the caller's examples, not by the evidence"
        else:
            return await self._grounded(sentence)
        verdict = Verdict(False, 0.0, reason)
        self._journal.add(Checked(sentence, verdict), "pipeline")
        return verdict

    async def _grounded(self, sentence: Sentence) -> Verdict:
        async def ask(check: GroundingCheck) -> Checked:
            return Checked(sentence, await check(sentence, self._evidence))

        try:
            return (await self._journal.first_of("grounding_check", self._checks.grounding, ask)).verdict
        except ModelOutputError as error:
            self._journal.note("grounding_check", error, "taken as not supported")
            return Verdict(False, 0.0, "no usable verdict")

    async def _reviewed(self, checked: Sequence[Checked]) -> Sequence[Checked]:
        """With the verdicts of the review; with their own where it fails."""
        review = self._checks.review
        if review is None or not checked:
            return checked
        try:
            return (await self._journal.step(review.engine, review(checked, self._evidence))).checked
        except (ModelUnavailable, ModelOutputError) as error:
            self._journal.note("grounding_check", error, "its first verdicts")
            return checked


async def composed(
    composers: Sequence[AnswerComposer],
    checks: Checks,
    journal: Journal,
    speech: Speech,
    question: Question,
    evidence: Evidence,
) -> None:
    """Says what a composer drafts. Where its draft breaks off, is not supported or gives nothing to say, the
    next composer says what is missing: all of it, or what was not said yet. Raises `ModelUnavailable` of the
    last one."""
    if question.whole or question.again or evidence.query.remembered:
        composers = composers[-1:]  # only the last one copies: whole, and no more than that
    repairs = False
    for place, composer in enumerate(composers, 1):
        delivery = Delivery(checks, journal, speech, evidence, repairs=repairs)
        await delivery.take(composer, question)
        repairs = repairs or bool(delivery.said)
        fault = _fault(delivery)
        if fault is None:
            return
        if place < len(composers):
            journal.note("answer_composer", fault, f"the {composers[place].engine} engine")
        elif isinstance(delivery.failure, ModelUnavailable):
            raise delivery.failure
        elif delivery.failure:
            journal.note("answer_composer", fault, "what was said so far")


def _fault(delivery: Delivery) -> PipelineError | None:
    """What is wrong with a draft that was taken to the user, if anything."""
    if delivery.failure or not delivery.refused:
        return delivery.failure or (None if delivery.said else ModelOutputError("nothing to say"))
    return ModelOutputError(f"{delivery.refused} of {delivery.drafted} sentences are not supported")
