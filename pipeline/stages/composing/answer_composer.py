"""Answer composer: writes the reply from accepted evidence. The specialist engine says approved blocks."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace

from knowledge.blocks import read_blocks, spoken_forms
from knowledge.types import Block, BlockKind, Entry, FloatArray
from pipeline.english.questions import asks_its_question
from pipeline.ports import Encoder, Knowledge, encoded, release_of
from pipeline.stages.composing.block_choice import chosen_blocks
from pipeline.stages.composing.openers import phrases_around
from pipeline.stages.relevance.standing_answer import replies_of
from pipeline.turn import Evidence, Sentence, SentenceKind
from pipeline.types import Question
from pipeline.voice import HouseVoice, Opener, StyleCard

WHOLE_WORDS = 250
"""An answer up to this length is said whole. Of the public FAQ answers that we have, nine of ten are
shorter."""
OFTEN = 0.5  # share of answers
YES_OR_NO = re.compile(
    r"\W*(?:(?:short answer|in short)\W+)?(?:yes\b|no\b(?! \w)"
    r"|(?:true|false|correct|incorrect|right|wrong|never|always|absolutely|definitely|of course|not at all"
    r"|not quite|ja|nein|oui|non|sí|si|sì|não|sim)\s*[.,!:;–—-])",
    re.IGNORECASE,
)
_FENCE = re.compile(r"\s*(?:`{3,}|~{3,})\s*\Z")


class ExtractiveComposer:
    """Says the accepted entry as it was approved: whole, in its own layout, each block citing it; of an
    answer longer than `whole_words` the blocks nearest to the question, and that this is a part. One that
    opens with "Yes" or "No" is preceded by the question that it answers, unless the user asks just that.
    Around it at most an opener and one closing phrase of the house. Raises what its ports raise."""

    engine = "specialist"

    def __init__(
        self,
        voice: HouseVoice,
        knowledge: Knowledge,
        encoder: Encoder,
        style: StyleCard | None = None,
        *,
        whole_words: int = WHOLE_WORDS,
    ) -> None:
        """With a `style` of which most answers open with a phrase of the house, so do these."""
        self._voice = voice
        self._opens_often = bool(style and style.opens >= OFTEN)
        self._knowledge = knowledge
        self._encoder = encoder
        self._whole_words = whole_words

    async def __call__(self, question: Question, evidence: Evidence) -> AsyncIterator[Sentence]:
        entry = evidence.accepted[0].hit.entry
        blocks = read_blocks(entry.answer)
        chosen = await self._chosen(question, evidence, blocks)
        pieces = [*self._opening(question, entry, evidence), *laid_out(entry, chosen)]
        if len(chosen) < len(blocks):
            pieces.append(replace(_house(self._voice.shortened(entry), "\n\n"), needed=True))
        elif closing := self._around(question, entry)[1]:
            pieces.append(_house(closing, "\n\n" if len(chosen) > 1 else " "))
        for piece in pieces:
            yield piece

    async def _chosen(
        self, question: Question, evidence: Evidence, blocks: Sequence[Block]
    ) -> Sequence[Block]:
        """All blocks of an answer that is said whole. Who gives examples shows how long an answer shall
        be."""
        entry = evidence.accepted[0].hit.entry
        limit = max((len(each.reply.split()) for each in question.examples), default=self._whole_words)
        if question.whole or len(blocks) < 2 or len(entry.answer.split()) <= limit:
            return blocks
        query: FloatArray = (await encoded(question.context, self._encoder, [evidence.query.text]))[0]
        passages, vectors = release_of(question.context, self._knowledge).sentences(entry.id)
        return chosen_blocks(entry.answer, blocks, passages, vectors @ query, limit)

    def _opening(self, question: Question, entry: Entry, evidence: Evidence) -> Iterator[Sentence]:
        """What stands before the entry: a phrase runs into a first paragraph, and apart from the rest. A
        phrase that only pleases gives way to the question that is named."""
        if question.language and question.language != entry.language:
            voice = self._voice.on(question.context.release)
            line = voice.in_another_language(question.language, entry.language)
            if line:
                yield replace(_house(line, " "), needed=True)
        if item := evidence.query.remembered:
            yield replace(_house(self._voice.remembering(item.fact, entry.id), " "), needed=True)
            question = replace(question, plain=True)
        opener = self._around(question, entry)[0]
        names = YES_OR_NO.match(entry.answer) and not asks_its_question(question.text, entry)
        said = replies_of(question.history)
        if question.again:
            line = self._voice.vouching(entry) if question.doubts else self._voice.restating(said)
            yield replace(_house(line, " "), needed=True)
        elif opener and not (names and opener in self._voice.openers.get(Opener.NEUTRAL, ())):
            yield _house(opener, " ")
        if names or question.again:
            yield replace(_house(self._voice.naming(entry.question, said), " "), needed=True)

    def _around(self, question: Question, entry: Entry) -> tuple[str, str]:
        if question.plain:
            return "", ""
        around = phrases_around(self._voice, question, entry, opens_often=self._opens_often)
        return around.opener, around.closing


def laid_out(entry: Entry, blocks: Sequence[Block]) -> Iterator[Sentence]:
    """The blocks in reading order, each below the headings that it stands under and that were not said yet,
    set off as in the answer."""
    answer, said, end = entry.answer, set[tuple[int, int]](), -1
    for block in blocks:
        unsaid = [heading for heading in block.under if heading not in said]
        said.update(unsaid)
        start = unsaid[0][0] if unsaid else block.start
        between = answer[end:start] if end >= 0 else "\n\n"
        text = spoken_forms(answer, block)[len(block.under) - len(unsaid)]
        apart = block.kind in (BlockKind.TABLE, BlockKind.CODE) or bool(_FENCE.match(text.splitlines()[-1]))
        before = between if between and not between.strip() else "\n\n"
        if end < 0 and not unsaid and block.kind is BlockKind.PARAGRAPH:
            before = " "
        yield Sentence(text, (1,), SentenceKind.BLOCK, before, apart)
        end = block.end


def _house(text: str, before: str) -> Sentence:
    return replace(Sentence(text, kind=SentenceKind.HOUSE), before=before)
