"""How messages are made up: questions taken apart, frames filled, keys missed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from knowledge.types import Entry
from learning.synthesis.distinct import Distinct, diversity
from learning.synthesis.follow_ups import asks_why, elliptic, pronominal
from learning.synthesis.parts import telling_sentences
from learning.synthesis.real_messages import read_real_messages
from learning.synthesis.wording.frames import KINDS, Frames, WordingUnusable
from learning.synthesis.wording.grammar import embedded, parse, statement
from learning.synthesis.wording.noise_profile import (
    Lexicon,
    MessageSource,
    NoiseProfile,
    ProfileUnusable,
    distances,
    measure,
    opening,
    slip_kind,
)
from learning.synthesis.wording.rewording import WordGroups
from learning.synthesis.wording.typist import Typist, reversed_slang, slip
from learning.training.config import TrainingFailed

SEEDS = Path(__file__).resolve().parents[3] / "seeds"
LEXICON = Lexicon(frozenset("vaccine account because doctor".split()), frozenset({"jab"}))
TIDY = NoiseProfile(0, 0, 0, 0, 0, 0, 0, 0, {"swapped": 1.0}, {}, (4.0,) * 9)
LIBRARY = Entry(
    "renew",
    "How do I renew a loan?",
    "Renew a loan in your account, or call us. A loan cannot be renewed if the item is reserved.",
    alternates=("keep my book longer",),
    misconceptions=("Loans renew themselves",),
)


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("Can the vaccine change my DNA?", "the vaccine can change my DNA"),
        ("Does the vaccine still cause autism?", "the vaccine still causes autism"),
        ("Is the HPV vaccine safe?", "the HPV vaccine is safe"),
        ("Is getting vaccinated painful?", "getting vaccinated is painful"),
        ("Have the trials been completed?", "the trials have been completed"),
        ("Do I need a card?", "I need a card"),
    ],
)
def test_a_yes_no_question_becomes_its_statement(question: str, said: str) -> None:
    clause = parse(question)
    assert clause is not None
    assert statement(clause) == said


@pytest.mark.parametrize(
    ("question", "inside"),
    [
        ("How long does protection last?", "how long protection lasts"),
        ("What are the side effects of the vaccine?", "what the side effects of the vaccine are"),
        ("When can visitors come to the ward?", "when visitors can come to the ward"),
        ("Is it safe?", "if it is safe"),
    ],
)
def test_a_question_fits_into_a_sentence(question: str, inside: str) -> None:
    clause = parse(question)
    assert clause is not None
    assert embedded(clause) == inside


def test_what_was_said_before_a_question_is_kept_apart() -> None:
    clause = parse("I have lost my card. What should I do?")
    assert clause is not None
    assert (clause.preface, clause.subject) == ("I have lost my card.", "I")


@pytest.mark.parametrize("text", ["The vaccine was rushed", "Who developed it?", "Which one?"])
def test_what_cannot_be_taken_apart_is_left_whole(text: str) -> None:
    assert parse(text) is None


def test_all_kinds_of_wordings_come_of_an_entry() -> None:
    frames = Frames.read(SEEDS / "synthesis.yaml")
    texts = {wording.text: wording for wording in frames.wordings(LIBRARY, Random(1))}
    assert "keep my book longer" in texts  # as its author wrote it
    assert any(text.startswith("Can you tell me how") for text in texts)
    assert not any("true that keep my book" in text for text in texts)  # it claims nothing
    assert any("oans renew themselves" in text and texts[text].kind == "loaded" for text in texts)
    assert {wording.kind for wording in texts.values()} == {*KINDS}
    assert not any("{" in text for text in texts)


def test_only_sentences_that_say_something_are_repeated() -> None:
    assert telling_sentences(LIBRARY) == ["A loan cannot be renewed if the item is reserved"]


def test_rewording_keeps_to_whole_words_and_the_case() -> None:
    frames = replace(Frames.read(SEEDS / "synthesis.yaml"), words=WordGroups((("card", "pass"),)))
    made = {frames.reworded("Card or cardigan?", Random(seed)) for seed in range(20)}
    assert made == {"Card or cardigan?", "Pass or cardigan?"}


def test_a_frame_with_an_unknown_part_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "synthesis.yaml"
    file.write_text((SEEDS / "synthesis.yaml").read_text("utf-8").replace("{np}", "{noun}"), "utf-8")
    with pytest.raises(WordingUnusable, match="noun"):
        Frames.read(file)


def test_a_pronoun_stands_for_what_both_are_about_and_for_nothing_else() -> None:
    assert pronominal("Is the card free?", "Can I lend the card to a friend?") == "Can I lend it to a friend?"
    assert pronominal("Do vaccines contain egg?", "How are vaccines tested?") == "How are they tested?"
    assert pronominal("Can people with HIV be vaccinated?", "Do vaccines contain egg?") == ""
    assert pronominal("Should I get the COVID-19 vaccine?", "Can I catch COVID-19 twice?") == ""


def test_an_ellipsis_says_the_one_thing_that_differs() -> None:
    assert elliptic("Do vaccines contain egg?", "Do vaccines contain pork or gelatin?") == "pork or gelatin"
    assert elliptic("Is the vaccine safe?", "Is the vaccine mandatory?") == ""
    assert elliptic("How do I pay a fee?", "When is the library open?") == ""


def test_why_is_asked_only_where_a_reason_follows() -> None:
    talk = Frames.read(SEEDS / "synthesis.yaml").talk
    told = Entry("a", "Is it safe?", "Yes, it is. It is safe because it was tested.")
    assert asks_why(told, talk, Random(1)) is not None
    assert asks_why(replace(told, answer="Yes, it is. It was tested."), talk, Random(1)) is None


def test_a_profile_counts_how_people_type() -> None:
    messages = ["is vacccine safe", "I dont know!!", "CALL A DOCTOR", "It's my acount. Help me."]
    profile = measure(messages, LEXICON)
    assert (profile.small_letter, profile.shouted, profile.no_closing_mark) == (0.25, 0.25, 0.5)
    assert (profile.repeated_mark, profile.no_apostrophe, profile.several_sentences) == (0.25, 0.5, 0.25)
    assert profile.slip == pytest.approx(2 / 3, abs=1e-4)  # of vacccine, doctor and acount
    assert profile.openings["yes_no"] == 0.25
    assert distances(profile, profile)["mean"] == 0.0
    assert distances(profile, replace(profile, small_letter=0.75))["small_letter"] == 0.5


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("vacicne", "swapped"),
        ("vacccine", "doubled"),
        ("vaccne", "omitted"),
        ("vaccime", "other"),
        ("vaccibne", "added"),
        ("vaccines", ""),
        ("jabs", ""),
        ("doctor", ""),
    ],
)
def test_slips_are_told_from_words(word: str, kind: str) -> None:
    assert slip_kind(word, LEXICON) == kind


@pytest.mark.parametrize(
    ("message", "kind"),
    [("Whats it", "question_word"), ("dont you", "yes_no"), ("I'm ill", "first_person"), ("card?", "else")],
)
def test_openings(message: str, kind: str) -> None:
    assert opening(message) == kind


def test_a_profile_keeps_rates_and_sources_and_no_text(tmp_path: Path) -> None:
    file = tmp_path / "noise.yaml"
    profile = measure(["my secret message"], LEXICON, [MessageSource("log", "own", 1)])
    profile.write(file)
    assert NoiseProfile.read(file) == profile
    assert "secret" not in file.read_text("utf-8")
    file.write_text("small_letter: 2", "utf-8")
    with pytest.raises(ProfileUnusable):
        NoiseProfile.read(file)


def test_the_profile_that_ships_names_its_sources() -> None:
    profile = NoiseProfile.read(SEEDS / "noise.yaml")
    assert sum(source.messages for source in profile.sources) > 1000
    assert all(source.licence for source in profile.sources)


def test_a_typist_follows_the_profile() -> None:
    text = "Don't I need the vaccine?"
    assert Typist(TIDY, {})(text, Random(1)) == text
    careless = replace(TIDY, small_letter=1, no_apostrophe=1, slang=1)
    typist = Typist(careless, reversed_slang({"jab": "vaccine", "imho": ""}))
    assert typist(text, Random(1)) == "dont i need the jab?"
    assert Typist(replace(TIDY, shouted=1), {})(text, Random(1)) == text.upper()
    assert Typist(replace(TIDY, no_closing_mark=1), {})(text, Random(3)).endswith("vaccine")
    slipped = Typist(replace(TIDY, slip=1), {})("the account", Random(0))
    assert slip_kind(slipped.split()[1], LEXICON) == "swapped"
    assert slip("vaccine", "omitted", Random(1)) != slip("vaccine", "omitted", Random(2))


def test_nothing_is_taken_twice() -> None:
    distinct = Distinct()
    assert distinct.takes("Is the card free of charge?", "a")
    assert not distinct.takes("is the card free of charge", "b")  # equal, whatever the group
    assert not distinct.takes("So is the card free of charge", "a")  # nearly equal, in the group
    assert distinct.takes("So is the card free of charge", "b")


def test_diversity_counts_what_is_different() -> None:
    figures = diversity(["a card", "A card!", "no card"])
    assert figures["unique"] == pytest.approx(1 / 3, abs=1e-4)
    assert figures["distinct_1"] == 0.5
    assert diversity([])["unique"] == 0.0


def test_real_messages_are_read_from_lines_and_rows(tmp_path: Path) -> None:
    lines, rows = tmp_path / "log.txt", tmp_path / "log.jsonl"
    lines.write_text("one\n\ntwo\n", "utf-8")
    rows.write_text('{"query": "one"}\n{"text": "two"}\n', "utf-8")
    assert read_real_messages(lines).texts == read_real_messages(rows).texts == ("one", "two")
    rows.write_text('{"id": 1}\n', "utf-8")
    for nothing in (rows, tmp_path):
        with pytest.raises(TrainingFailed):
            read_real_messages(nothing)
