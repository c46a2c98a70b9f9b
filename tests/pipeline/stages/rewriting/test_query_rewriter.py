"""The query rewriter over a small knowledge base: what it leaves alone, what it adds, what it never loses."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.encoders.model_card import read_card
from knowledge.types import Entry, Snapshot
from pipeline.english.language import plain
from pipeline.english.lexicon import NEGATIONS
from pipeline.english.normalising import Slang
from pipeline.english.words import LETTERS
from pipeline.stages.rewriting.query_rewriter import SpecialistQueryRewriter
from pipeline.stages.rewriting.term_resolution import TermResolver
from pipeline.turn import SearchQuery
from pipeline.types import Message, Question, Role

SEEDS = Path(__file__).parents[4] / "seeds"
SLANG = Slang.load(SEEDS / "slang.yaml")
TERMS = TermResolver.of(read_card(SEEDS / "models" / "rewriter").weights)
EVERYDAY = frozenset("heard metal rabies house plane critical".split())
TEXTS = (
    "Does the covid vaccine cause heart problems? Myocarditis is rare.",
    "Can the measles vaccine cause autism? Autism has other causes.",
    "Is the vaccine safe for pregnant women? Women were in the trials, pregnant or not.",
    "Which measles vaccine contains mental notes, clinical trials, a heart and a place?",
    "Clinical trials of the covid vaccine in pregnant people: autism, mental state, heart, place.",
)
HEART = (
    Message(Role.USER, "does the covid shot cause heart problems?"),
    Message(Role.ASSISTANT, "Myocarditis was seen, mostly in young men. [1] It is rare. [2]"),
)
PREGNANT = (
    Message(Role.USER, "hi"),
    Message(Role.ASSISTANT, "Hello! What would you like to know?"),
    Message(Role.USER, "Can pregnant women get the flu vaccine"),
    Message(Role.ASSISTANT, "Yes, in any trimester. [1]"),
)


@dataclass(slots=True, weakref_slot=True, eq=False)
class _Release:
    """As much of a snapshot as the rewriter reads, and how often it did."""

    release_id: str
    texts: tuple[str, ...]
    read: int = 0

    @property
    def entries(self) -> Mapping[str, Entry]:
        self.read += 1
        return {str(n): Entry(str(n), text, "-") for n, text in enumerate(self.texts)}


@dataclass(slots=True)
class _Knowledge:
    release: _Release = field(default_factory=lambda: _Release("r1", TEXTS))

    @property
    def current(self) -> Snapshot:
        return cast(Snapshot, self.release)


def rewrite(text: str, history: tuple[Message, ...] = (), knowledge: _Knowledge | None = None) -> SearchQuery:
    rewriter = SpecialistQueryRewriter(knowledge or _Knowledge(), TERMS, SLANG, lambda: EVERYDAY)
    return asyncio.run(rewriter(Question(text, history)))


@pytest.mark.parametrize(
    "text",
    [
        "Does the measles vaccine cause autism?",
        "ok thanks. is there gelatin in the flu shot?",
        "Something else: can epileptic children be vaccinated against polio?",
        "Is it safe to get the measles vaccine while breastfeeding?",
        "What is herd immunity and how does it protect newborns?",
        "Did Bill Gates fund the trials in Africa?",
        "Thank you, that was helpful!",
        "I heard that aluminium harms the brain, is that claim true?",
    ],
)
def test_a_message_that_stands_alone_is_searched_for_as_it_is(text: str) -> None:
    query = rewrite(f"  {text} ", HEART)
    assert (query.text, query.used_history) == (text, False)


@pytest.mark.parametrize(
    "text",
    [
        "what about kids?",
        "and for pregnant women?",
        "why?",
        "how common is that?",
        "is it 1 in 1000?",
        "so should i not get it?",
        "tell me more",
        "does this happen with other brands too",
    ],
)
def test_a_message_that_leans_on_the_history_is_followed_by_what_it_means(text: str) -> None:
    query = rewrite(text, HEART)
    assert query.used_history
    assert query.text.startswith(f"{text} ")
    assert {"covid", "heart"} <= set(query.text.split())


def test_a_greeting_opens_no_topic() -> None:
    assert rewrite("does it protect the baby?", PREGNANT).text.endswith("pregnant women flu vaccine")


def test_the_topic_last_named_wins_over_an_older_one() -> None:
    history = (
        *HEART,
        Message(Role.USER, "Is there mercury in the measles vaccine?"),
        Message(Role.ASSISTANT, "No. [1]"),
    )
    query = rewrite("does it cause autism", history)
    assert "measles" in query.text
    assert "heart" not in query.text


def test_nothing_is_added_where_there_is_no_history() -> None:
    assert rewrite("what about kids?") == SearchQuery("what about kids?")


def test_history_of_the_assistant_alone_is_no_conversation() -> None:
    assert not rewrite("why?", (Message(Role.ASSISTANT, "Welcome!"),)).used_history


@given(
    text=st.sampled_from(["why?", "what about it", "is that so", "Is gelatin in the flu vaccine?"]),
    said=st.lists(st.text(max_size=60), max_size=6),
)
def test_every_word_of_a_query_was_said(text: str, said: list[str]) -> None:
    roles = (Role.USER, Role.ASSISTANT)
    history = tuple(Message(roles[place % 2], each) for place, each in enumerate(said))
    spoken = re.findall(r"[^\W_]+", " ".join((text, *said)))
    assert set(re.findall(r"[^\W_]+", rewrite(text, history).text)) <= set(spoken)


def test_citation_numbers_are_not_words() -> None:
    history = (Message(Role.USER, "[7] [8]"), Message(Role.ASSISTANT, "Yes [31]. Myocarditis is rare [32]."))
    assert not re.search(r"3[12]", rewrite("why is it rare", history).text)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("does teh vacine cuase autizm", "does the vaccine cause autism"),
        ("is the covid19 jab not safe", "is the covid-19 vaccine not safe"),
        ("is the vax safe 4 preggo ppl?", "is the vaccine safe 4 pregnant people?"),
        ("IS THE VACINE SAFE", "IS THE VACCINE SAFE"),
    ],
)
def test_an_alternate_is_worded_plainly(text: str, plain: str) -> None:
    assert rewrite(text).alternates[0] == plain


@pytest.mark.parametrize(
    "text",
    [
        "i heard of metal in it, a critical plane",  # ordinary words near words of the knowledge base
        "is Autizm a name here",  # a capital inside a sentence: a name
        "autisms and vaccined pregnants",  # forms of known words
        "give it IM or by mouth",  # an acronym that is also slang
        "hart or plce",  # too short to tell
        "right to refuse",  # an acknowledgement only before a mark
    ],
)
def test_what_is_no_typo_and_no_slang_stays(text: str) -> None:
    assert rewrite(text).alternates == ()


def test_health_slang_is_only_read_as_such_by_a_knowledge_base_about_health() -> None:
    bank = _Knowledge(_Release("bank", ("How do I open an account?", "What does a transfer cost?")))
    assert rewrite("give the jab a shot", knowledge=bank).alternates == ()
    assert rewrite("give the jab a shot").alternates == ("give the vaccine a vaccine",)


def test_without_a_list_of_everyday_words_no_typo_is_corrected() -> None:
    rewriter = SpecialistQueryRewriter(_Knowledge(), TERMS, SLANG)
    assert asyncio.run(rewriter(Question("is the vacine safe"))).alternates == ()


def test_a_dependent_message_is_also_tried_alone_if_it_says_something() -> None:
    assert "does it cause autism?" in rewrite("does it cause autism?", HEART).alternates
    assert rewrite("why?", HEART).alternates == ()


WORDS = st.sampled_from(
    "not never without isn't don't cannot no 12 3.5 2021 five Pfizer Moderna MMR AstraZeneca fever baby "
    "mercury jab vacine u pls hi thanks please it that they the is about kids and autism? gelatin.".split()
)
KEPT = frozenset("Pfizer Moderna MMR AstraZeneca five fever baby mercury kids autism gelatin".split())


@given(words=st.lists(WORDS, min_size=1, max_size=60), talked=st.booleans())
def test_no_negation_number_or_name_is_ever_lost(words: list[str], talked: bool) -> None:
    text = " ".join(words)
    query = rewrite(text, HEART if talked else ())
    assert query.text.startswith(text)
    for attempt in query.attempts():
        assert _particulars(text) <= _particulars(attempt.text)
        assert _denials(attempt.text) == _denials(text)


def _denials(text: str) -> int:
    return sum(word in NEGATIONS for word in LETTERS.findall(plain(text).lower()))


def _particulars(text: str) -> set[str]:
    return set(re.findall(r"\d[\d.]*\d|\d+|\bfive\b|\b[A-Z]\w+", text))


@given(words=st.lists(WORDS, min_size=1, max_size=30), talked=st.booleans())
def test_a_message_of_ordinary_length_keeps_its_content_in_every_attempt(
    words: list[str], talked: bool
) -> None:
    text = " ".join(words)
    for attempt in rewrite(text, HEART if talked else ()).attempts():
        assert KEPT & set(re.findall(r"\w+", text)) <= set(re.findall(r"\w+", attempt.text))


@given(words=st.lists(WORDS, min_size=1, max_size=60), talked=st.booleans())
def test_alternates_are_few_and_differ(words: list[str], talked: bool) -> None:
    query = rewrite(" ".join(words), HEART if talked else ())
    attempts = [" ".join(re.findall(r"\w+", each.text.casefold())) for each in query.attempts()]
    assert len(attempts) == len(set(attempts)) <= 4


async def test_the_vocabulary_is_read_once_a_release() -> None:
    knowledge = _Knowledge()
    rewriter = SpecialistQueryRewriter(knowledge, TERMS, SLANG, lambda: EVERYDAY)
    for _ in range(3):
        await rewriter(Question("does the vacine help"))
    assert knowledge.release.read == 1
    knowledge.release = _Release("r2", ("about cats", "about cats"))
    assert (await rewriter(Question("does the vacine help"))).alternates == ()


def test_the_middle_of_a_long_conversation_is_not_read() -> None:
    def words(history: tuple[Message, ...]) -> set[str]:
        return {word for word, _, _ in TERMS.candidates("does it cause autizm too", history, 1.0)}

    decoy = (Message(Role.USER, "what about lighthouses"),)
    assert "lighthouses" in words((*HEART, *decoy))
    assert "lighthouses" not in words((*HEART, *decoy, *HEART * 25))


async def test_messages_at_the_size_limit_do_no_harm() -> None:
    rewriter = SpecialistQueryRewriter(_Knowledge(), TERMS, SLANG, lambda: EVERYDAY)
    for text in (
        "it " * 1333,
        "a" * 4000,
        "\ud800 it?",
        "?" * 4000,
        "the " * 1000,
        "ok, " * 1000,
        "\u200b\u202e",
    ):
        query = await rewriter(Question(text, HEART))
        assert query.text.startswith(text.strip())
