"""Answer composer: writes the reply from accepted evidence. The specialist engine is extractive."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator, Sequence

import numpy as np

from knowledge.types import FloatArray, Snapshot
from pipeline.ports import Encoder, Knowledge
from pipeline.stages.language import split_sentences
from pipeline.stages.sentence_picker import Length, Scored, is_bare_lead, pick_addition, pick_answer
from pipeline.stages.stance import Stance, read_stance
from pipeline.turn import Accepted, Evidence, Sentence, SentenceKind
from pipeline.types import Exemplar, Question, Role
from pipeline.voice import HouseVoice, Opener, StyleCard, choose

ENTRIES = 3
ALONE = Length(5, 95)
OFTEN = 0.5  # share of answers
FEWEST_WORDS, DENSER = 60, 2  # entries say more in a sentence than people who talk
AMONG_RIVALS = Length(3, 60)  # of the best entry, where others may be the ones that answer
TOTAL_WORDS = 115  # what the others share with it
ADDED = 2  # sentences of each other entry
RECENT_REPLIES = 2  # house phrases of the last replies are not said again
SYMPATHY = re.compile(r"\b(?:sorry|sounds)\b", re.IGNORECASE)  # for what happened, not for what is feared


class ExtractiveComposer:
    """Answers in the entries' own words: sentences of the best entry, then what up to two others add, each
    verbatim and citing its entry. Around them at most an opener and one closing phrase of the house.
    An entry that is not in the live release as it was judged is left out. Raises what its ports raise."""

    engine = "specialist"

    def __init__(
        self, voice: HouseVoice, knowledge: Knowledge, encoder: Encoder, style: StyleCard | None = None
    ) -> None:
        """With a `style`, an answer is at most twice as long as the house talks, and where the house opens
        most answers with a phrase, so do these."""
        self._voice = voice
        self._opens_often = bool(style and style.opens >= OFTEN)
        self._alone = _as_long_as(style.words) if style and style.words else ALONE
        self._knowledge = knowledge
        self._encoder = encoder

    async def __call__(self, question: Question, evidence: Evidence) -> AsyncIterator[Sentence]:
        query = (await self._encoder.encode([evidence.query.text]))[0]
        snapshot = self._knowledge.current
        scored = [
            (number, item, _scored(snapshot, item, query))
            for number, item in enumerate(evidence.accepted[:ENTRIES], start=1)
        ]
        usable = [(number, item, found) for number, item, found in scored if found is not None]
        for place, (number, best, answer) in enumerate(usable):
            others = [] if question.examples else usable[place + 1 :]  # who shows a length gets one answer
            nearest = answer.sentences[int(answer.cosines.argmax())]
            stance = read_stance(
                question.text, best.hit, nearest, evidence.query.text, alone=len(evidence.accepted) == 1
            )
            length = AMONG_RIVALS if others else _like(question.examples) or self._alone
            chosen = pick_answer(answer, length, yes_no=stance.yes_no, keeps_lead=stance.keeps_lead)
            spoken = [
                Sentence(text, (number,)) for text in _spoken(answer, chosen, keeps_lead=stance.keeps_lead)
            ]
            if spoken:  # nothing is where only "Yes, but rarely" is left, and the question was another
                added = _additions(answer, chosen, others)
                for sentence in self._around(question, stance, best, [*spoken, *added]):
                    yield sentence
                return

    def _around(
        self, question: Question, stance: Stance, best: Accepted, claims: list[Sentence]
    ) -> Iterator[Sentence]:
        """The claims between the opener and the closing phrase that fit."""
        recent = _recent_replies(question)
        if opener := self._opener(stance, recent, best):
            yield Sentence(opener, kind=SentenceKind.HOUSE)
        yield from claims
        if closing := self._closing(stance, recent, best):
            yield Sentence(closing, kind=SentenceKind.HOUSE)

    def _opener(self, stance: Stance, recent: str, best: Accepted) -> str:
        """The wording follows the entry, not the message, so that it is the same whoever asks. A phrase that
        only pleases is left out where the last replies had one, unless that is the house's way."""
        if stance.opener is None:
            return ""
        phrases = self._voice.openers.get(stance.opener, ())
        if stance.opener is Opener.EMPATHY:
            fitting = [phrase for phrase in phrases if bool(SYMPATHY.search(phrase)) == stance.suffers]
            phrases = tuple(fitting) or phrases
        pleasing = stance.opener in (Opener.NEUTRAL, Opener.DENY) and not self._opens_often
        if pleasing and any(phrase in recent for phrase in self._voice.house_phrases):
            return ""
        return choose(phrases, best.hit.entry.id, recent)

    def _closing(self, stance: Stance, recent: str, best: Accepted) -> str:
        """A caution where the user speaks of themselves, else a kind word where they worry; once."""
        if stance.personal:
            phrases = self._voice.hedges
        elif stance.opener is Opener.EMPATHY:
            phrases = self._voice.closings
        else:
            return ""
        phrase = choose(phrases, best.hit.entry.id, recent)
        return "" if phrase in recent else phrase


def _like(examples: Sequence[Exemplar]) -> Length | None:
    """As long as the longest of the examples; None without any."""
    if not examples:
        return None
    return Length(
        max(len(split_sentences(each.reply)) for each in examples),
        max(len(each.reply.split()) for each in examples),
    )


def _as_long_as(words: int) -> Length:
    return Length(ALONE.sentences, min(ALONE.words, max(FEWEST_WORDS, DENSER * words)))


def _scored(snapshot: Snapshot, item: Accepted, query: FloatArray) -> Scored | None:
    """None where the release was swapped since the entry was judged, and has it otherwise or not at all."""
    entry = item.hit.entry
    current = snapshot.entries.get(entry.id)
    if current is None or current.answer != entry.answer:
        return None
    passages, vectors = snapshot.sentences(entry.id)
    return Scored.of(entry, passages, vectors, query) if passages else None


def _spoken(scored: Scored, chosen: list[int], *, keeps_lead: bool) -> Iterator[str]:
    """The chosen sentences, without the opening "Yes" or "No" where it does not answer the user's wording. A
    bare one is said together with the sentence after it, so that one citation covers both."""
    bare = ""
    for index in chosen:
        text = scored.sentences[index]
        if is_bare_lead(text):
            bare = f"{text} " if keeps_lead else ""
            continue
        yield bare + (text if keeps_lead else scored.unled(index))
        bare = ""
    if bare:
        yield bare.rstrip()


def _additions(
    answer: Scored, chosen: list[int], others: list[tuple[int, Accepted, Scored]]
) -> Iterator[Sentence]:
    """What the other entries add to the chosen sentences of the best one, in like shares."""
    said = answer.vectors[chosen]
    words = TOTAL_WORDS - sum(len(answer.sentences[index].split()) for index in chosen)
    for place, (number, _, other) in enumerate(others):
        added = pick_addition(other, said, Length(ADDED, words // (len(others) - place)))
        for index in added:
            words -= len(other.sentences[index].split())
            yield Sentence(other.unled(index), (number,))
        said = np.vstack([said, other.vectors[added]])


def _recent_replies(question: Question) -> str:
    replies = [message.text for message in question.history if message.role is Role.ASSISTANT]
    return "\n".join(replies[-RECENT_REPLIES:])
