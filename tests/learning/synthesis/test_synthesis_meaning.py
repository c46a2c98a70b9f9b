"""Rewording and frames keep what a question asks, and its label with it."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from knowledge.types import Entry
from learning.synthesis.follow_ups import pronominal
from learning.synthesis.parts import keywords, parts, telling_sentences
from learning.synthesis.wording.frames import Frames

SEEDS = Path(__file__).resolve().parents[3] / "seeds"
FRAMES = Frames.read(SEEDS / "synthesis.yaml")
OPPOSITES = {"dangerous", "risky", "harmful"}


def rewordings(text: str) -> set[str]:
    return {FRAMES.reworded(text, Random(seed)) for seed in range(60)}


def texts(question: str, *misconceptions: str) -> list[str]:
    entry = Entry("a", question, "It says so here.", misconceptions=misconceptions)
    return [wording.text.lower() for seed in range(5) for wording in FRAMES.wordings(entry, Random(seed))]


def test_an_opposite_is_asked_only_of_the_subject() -> None:
    assert OPPOSITES & {
        word for text in rewordings("Is the lift safe for children?") for word in text.split()
    }


@pytest.mark.parametrize(
    "text",
    [
        "How can I stay safe until help comes?",
        "Where is a safe place for my bike?",
        "The lift is not safe",
        "Is the safe place open?",
        "Isn't the lift safe?",
    ],
)
def test_nothing_else_is_turned_into_its_opposite(text: str) -> None:
    assert not OPPOSITES & {word.strip("?") for made in rewordings(text) for word in made.split()}


@pytest.mark.parametrize(
    "text",
    [
        "Ask if I may come",
        "Is my child old enough?",
        "Is it true?",
        "When can I come?",
        "What if I do it before I go out?",
        "How can I lend a book?",
        "Do I need to come?",
    ],
)
def test_idioms_stay_whole(text: str) -> None:
    made = " ".join(rewordings(text))
    for broken in (
        "in case",
        "sufficient",
        "real?",
        "is it possible",
        "ahead of",
        "How could",
        "have to need",
    ):
        assert broken not in made
    assert "have to have to" not in made


def test_ways_to_do_something_are_asked_only_where_the_question_asks_how() -> None:
    assert any(text.startswith("how to ") for text in texts("How do I renew a loan?"))
    for question in (
        "Do I need a second card?",
        "Should I renew a loan?",
        "Can I lose my card?",
        "Is it safe?",
    ):
        made = texts(question)
        assert not any(text.startswith(("how to", "how does one", "is there a way")) for text in made)
    assert any("thinking about renewing a loan" in text for text in texts("Should I renew a loan?"))


def test_a_pronoun_leaves_abbreviations_and_the_case_alone() -> None:
    before = "Is the U.S. card free?"
    assert (
        pronominal(before, "Can I use the card in the U.S. library?")
        != "Can I use the card in it.S. library?"
    )
    assert pronominal("Is the U.S. large?", "Where is the U.S. embassy?") == ""
    asked = pronominal("Are the nurses paid?", "Which day do I see if the nurses will eat lunch?")
    assert asked == "Which day do I see if they will eat lunch?"
    assert pronominal("Are the nurses paid?", "Can I pay the nurses?") == "Can I pay them?"
    assert pronominal("Is my child paid?", "Can my child lend a book?") == ""  # he or she?
    assert pronominal("Is the loan free?", "How long does the loan of a book last?") == ""
    assert pronominal("Is the loan free?", "How long does the loan from a friend last?") == ""


@pytest.mark.parametrize(
    ("question", "kept"),
    [
        ("How long does the card last?", "How long card"),
        ("How many books are there?", "How many books"),
        ("How often does the bus run?", "How often bus run"),
        ("Is the new card less secure?", "card less secure"),
        ("Which books can I not borrow?", "books not borrow"),
        ("Why don't adults borrow games?", "Why don't adults borrow games"),
        ("When is the library open on Sunday?", "When library open Sunday"),
        ("Are the old cards valid under 16?", "old cards valid under 16"),
    ],
)
def test_keywords_keep_what_is_asked_of_them(question: str, kept: str) -> None:
    assert {*kept.split()} <= {*keywords(question).split()}


def test_what_an_answer_says_of_the_service_is_not_asked() -> None:
    answer = (
        "I wish I could renew the card for you. The card lasts for two years. Our staff will renew the card."
    )
    told = telling_sentences(Entry("a", "How long does the card last?", answer))
    assert told == ["The card lasts for two years"]


def test_a_sentence_is_about_more_than_the_subject_of_everything() -> None:
    answer = "The library opens at nine on Sunday. The library is the best place to read in town."
    told = telling_sentences(Entry("a", "Is the library open on Sunday?", answer))
    assert told == ["The library opens at nine on Sunday"]


def test_a_long_question_is_not_cut() -> None:
    assert (
        keywords("Can adult visitors bring cats, dogs, birds, snakes, horses, cows or sheep indoors?") == ""
    )


def test_claims_are_made_only_of_what_claims_something() -> None:
    assert not any("say otherwise" in text for text in texts("Should I renew a loan?"))
    assert not any("say otherwise" in text for text in texts("How do I renew a loan?"))
    assert any("say otherwise when the card is free" in text for text in texts("Is the card free?"))
    assert "m" not in parts("what do I do")


def test_what_people_say_of_themselves_is_no_claim() -> None:
    made = texts("I lost my card")
    assert "hi, i lost my card" in made
    assert not any(word in text for text in made for word in ("hide", "true", "deny", "trust"))
    assert any("isn't it true that the card is free" in text for text in texts("The card is free"))


def test_keywords_keep_the_verb_that_is_denied() -> None:
    assert keywords("I don't think that the card works abroad") == ""
    assert keywords("Why do I need a card if I don't get books?") == ""
    assert keywords("Why don't cards work abroad?")


def test_people_are_afraid_only_of_harm() -> None:
    assert any(text.startswith("i'm afraid") for text in texts("Can the lift hurt my dog?"))
    assert not any(text.startswith(("i'm afraid", "i worry")) for text in texts("Is the card free?"))
    assert not any(text.startswith("i'm scared") for text in texts("Is it free?", "The card is free"))


def test_or_not_is_said_after_yes_no_questions() -> None:
    assert any(text.endswith("or not?") for text in texts("Is the card free?"))
    assert not any(text.endswith("or not?") for text in texts("How do I renew a loan?"))


def test_openers_are_what_frames_put_before_a_question() -> None:
    assert {"quick one, ", "so ", "hi, ", "question: "} <= {*FRAMES.openers}
    assert "" not in FRAMES.openers
