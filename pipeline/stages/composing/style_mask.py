"""Manner apart from matter: the words that only talk about the talk, and texts without all others."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from knowledge.types import FloatArray
from pipeline.english.entities import names, quantities
from pipeline.english.language import content_words, stem
from pipeline.english.lexicon import FUNCTION_WORDS
from pipeline.english.words import TERM
from pipeline.ports import Encoder, encoded
from pipeline.types import Question
from pipeline.voice import Exemplar

TALK_WORDS = """
question ask asking asked wonder wondering answer reply tell told say says said saying talk speak worry
worried worrying concern concerned understand understandable understood careful cautious fear afraid
scared nervous hard difficult tough easy feel feeling feelings sense reason reasonable fair good great
thoughtful important natural normal sorry glad happy hope hopes helps help helpful thank thanks welcome
kind appreciate hear heard listen see look come came across claim claims idea belief rumour rumor myth
story misunderstanding common popular often many people lots hold holds right correct quite exactly
actually really so true know knowing find found give share open honest honestly plain clear clearly simple
short word words point thing things bit little moment way ways sure certain free anytime time again back
here general information advice personal situation differ different own check someone somebody anyone
anything anybody else everyone case cases far explain go going let matter mind matters last next first
place stay brave bring brings raise raising one please sound sounds
"""
TALK = frozenset(map(stem, TALK_WORDS.split()))
"""Stems of the words with which people talk about their talk; what an agency knows needs other words."""
MASK = "…"
NEAREST = 3
_MASKED_RUN = re.compile(rf"{MASK}(?:\W*{MASK})+")


def says_nothing_of_the_world(text: str) -> bool:
    """Whether no word of a text carries a fact: no number, no name, and no content word that is not talk."""
    return (
        not quantities(text)
        and not names(text)
        and all(stem(word.text.lower()) in TALK for word in content_words(text))
    )


def masked(text: str) -> str:
    """A text with `MASK` in place of each run of words that could carry a fact: "my … says it's a …"."""
    named = set(names(text))

    def kept(match: re.Match[str]) -> str:
        word = match.group()
        plain = word.lower().replace("’", "'")
        is_talk = plain.split("'")[0] in FUNCTION_WORDS or stem(plain) in TALK
        return word if is_talk and word not in named and not quantities(word) else MASK

    return _MASKED_RUN.sub(MASK, TERM.sub(kept, text))


@dataclass(frozen=True, slots=True)
class StyleExemplars:
    """The exchanges of a style card, and what the users of them said as unit vectors, shape (n, dimension).
    Both they and the question are compared masked, so that the manner of asking decides, not the subject."""

    exemplars: tuple[Exemplar, ...]
    vectors: FloatArray
    encoder: Encoder

    @classmethod
    def of(
        cls,
        exemplars: Sequence[Exemplar],
        embed: Callable[[Sequence[str]], FloatArray],
        encoder: Encoder,
    ) -> StyleExemplars:
        """Embeds the exemplars, which blocks; `encoder` embeds the questions later."""
        said = [masked(exemplar.said) for exemplar in exemplars]
        return cls(tuple(exemplars), embed(said) if said else np.empty((0, 0), np.float32), encoder)

    async def nearest(self, question: Question, count: int = NEAREST) -> tuple[Exemplar, ...]:
        """Up to `count` exchanges whose user asked most like this, nearest first, each reply only once.
        Raises what the encoder raises."""
        if not self.exemplars:
            return ()
        vector = (await encoded(question.context, self.encoder, [masked(question.text)]))[0]
        order = np.argsort(-(self.vectors @ vector), kind="stable").tolist()
        by_reply: dict[str, Exemplar] = {}
        for place in order:
            by_reply.setdefault(self.exemplars[place].reply, self.exemplars[place])
        return tuple(by_reply.values())[:count]
