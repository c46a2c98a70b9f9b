"""The style card: how the chatbot of example conversations talks, as traits that a writer can follow, and as
exchanges from which every fact is taken out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, pairwise
from statistics import median

from knowledge.sentences import split_sentences
from learning.voice.house_talk import may_carry_fact
from learning.voice.phrases import CLOSING, HEDGE, SIGN_OFF, Phrases, learn_phrases
from learning.voice.transcripts import Conversation
from pipeline.stages.composing.style_mask import masked
from pipeline.types import Role
from pipeline.voice import Exemplar, Opener, StyleCard

FACT = "[…]"
"""Stands in an exemplar's reply for a sentence that says something about the world."""
_SHOWN = 2  # phrases quoted in a trait
_USUAL = 0.2  # share of the lines from which something is a habit
_CONTRACTED = re.compile(r"\b\w+(?:n['’]t|['’](?:re|ve|ll|m|d))\b|\b(?:it|that|here|what|there)['’]s\b", re.I)
_WRITTEN_OUT = re.compile(
    r"\b(?:(?:do|does|did|is|are|was|were|has|have|would|could|should|can) ?not"
    r"|(?:I|we|you|they) (?:am|are|have|will)|(?:it|that|here|what|there) is)\b",
    re.I,
)
_TITLE = re.compile(r"\b(?:sir|madam|ma['’]am|dear|my friend|buddy|mate|folks)\b", re.I)
_EMOJI = re.compile("[\U0001f300-\U0001faff\u2600-\u27bf]|[:;]-?[)D(]")
_LIST = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s", re.M)
_OPENINGS = {
    Opener.NEUTRAL: "May open an answer with a short phrase about the question, such as",
    Opener.EMPATHY: "Where the user worries or is unwell, first shows understanding:",
}

_ENDINGS = {
    HEDGE: "Where the user speaks of their own case, adds a caution:",
    CLOSING: "May close with a kind word:",
    SIGN_OFF: "Takes leave with",
}


def learn_style(conversations: Sequence[Conversation], phrases: Phrases | None = None) -> StyleCard:
    """The style of the chatbot's lines, of which `phrases` were learned. Traits quote nothing but house
    phrases, and in the exemplars `FACT` stands for each other sentence, so that no card can bring a fact.
    Empty without conversations."""
    lines = [said.text for talk in conversations for said in talk if said.role is Role.ASSISTANT]
    if not lines:
        return StyleCard()
    answers = [line for line in lines if _states_facts(line)] or lines
    phrases = phrases or learn_phrases(conversations)
    traits = (
        *_address(lines),
        *_length(answers),
        *_phrased(phrases),
        *_punctuation(lines),
    )
    exemplars = tuple(dict.fromkeys(_exemplars(conversations, phrases)))
    opens = sum(split_sentences(line)[0] in phrases.said_first for line in answers) / len(answers)
    return StyleCard(traits, exemplars, opens)


def _address(lines: Sequence[str]) -> Iterator[str]:
    text = "\n".join(lines)
    if re.search(r"\byou", text, re.I):
        yield "Speaks to the user directly, as you."
    of_itself = {
        form: len(re.findall(rf"\b(?:{form})\b", text)) for form in ("I|I['’]m|my|me", "[Ww]e|[Oo]ur|us")
    }
    singular, plural = of_itself.values()
    if singular or plural:
        yield "Speaks of itself as I." if singular >= plural else "Speaks of itself as we."
    titles = {title.lower() for title in _TITLE.findall(text)}
    yield (
        f"Addresses the user as {', '.join(sorted(titles))}."
        if titles
        else "Uses no titles, names or pet names."
    )
    contracted, written = len(_CONTRACTED.findall(text)), len(_WRITTEN_OUT.findall(text))
    if contracted + written:
        yield (
            "Contracts words, as in I'm and don't."
            if contracted >= written
            else "Seldom contracts words: does not, I am."
        )


def _length(answers: Sequence[str]) -> Iterator[str]:
    sentences, words = _median(map(_sentences, answers)), _median(map(_words, answers))
    each = round(words / sentences)
    yield f"An answer has about {sentences} sentences and {words} words, some {each} words a sentence."


def _phrased(phrases: Phrases) -> Iterator[str]:
    for kind, told in _OPENINGS.items():
        if heard := phrases.openers[kind]:
            yield f"{told} {_quoted(heard)}"
    for ending, told in _ENDINGS.items():
        if heard := phrases.said(ending):
            yield f"{told} {_quoted(heard)}"


def _punctuation(lines: Sequence[str]) -> Iterator[str]:
    habits = {"exclamation marks": "!", "semicolons": ";", "dashes": " – | — ", "parentheses": r"\("}
    for name, mark in habits.items():
        yield f"{_how_often(mark, lines)} {name}."
    yield f"{_how_often(_EMOJI.pattern, lines)} emoji."
    yield f"{_how_often(_LIST.pattern, lines)} lists."
    asking = sum(line.rstrip().endswith("?") for line in lines) / len(lines)
    yield "Often ends by asking back." if asking >= _USUAL else "Seldom asks back."
    if not re.search("[A-Z]", "".join(lines)):
        yield "Writes in small letters throughout."


def _how_often(pattern: str, lines: Sequence[str]) -> str:
    share = sum(bool(re.search(pattern, line, re.M)) for line in lines) / len(lines)
    return "Uses" if share >= _USUAL else "Seldom uses" if share else "Uses no"


def _exemplars(conversations: Sequence[Conversation], phrases: Phrases) -> Iterator[Exemplar]:
    """The exchanges whose reply has a fact beside an opener or a hedge: from a fact alone there is nothing to
    learn, and without one it is no answer."""
    telling = phrases.said_first | phrases.wordings(HEDGE)
    manner = telling | phrases.wordings(CLOSING, SIGN_OFF)
    for said, reply in chain.from_iterable(map(pairwise, conversations)):
        if (said.role, reply.role) == (Role.USER, Role.ASSISTANT):
            shown = [text if text in manner else FACT for text in split_sentences(reply.text)]
            if FACT in shown and not telling.isdisjoint(shown):
                yield Exemplar(masked(said.text), " ".join(shown))


def _states_facts(line: str) -> bool:
    return any(may_carry_fact(text) for text in split_sentences(line))


def _median(values: Iterable[int]) -> int:
    return max(1, round(median(values)))


def _sentences(line: str) -> int:
    return len(split_sentences(line))


def _words(line: str) -> int:
    return len(line.split())


def _quoted(phrases: Sequence[str]) -> str:
    """The first few phrases, in quotation marks, as the end of a sentence."""
    return " or ".join(f"“{phrase}”" for phrase in phrases[:_SHOWN])
