from __future__ import annotations

from pathlib import Path

import pytest

from learning.voice.style import FACT, learn_style
from learning.voice.transcripts import Conversation, parse_transcripts
from pipeline.stages.composing.style_mask import MASK, StyleExemplars, masked, says_nothing_of_the_world
from pipeline.types import Question
from pipeline.voice import Exemplar, StyleCard
from tests.fakes import AsyncHashEncoder, HashEncoder

SEEDS = Path(__file__).parents[3] / "seeds"


def style(*lines: str) -> StyleCard:
    return learn_style(parse_transcripts("\n".join(lines)).conversations)


def seeds() -> list[Conversation]:
    files = sorted((SEEDS / "conversations").glob("*.txt"))
    return [talk for file in files for talk in parse_transcripts(file.read_text("utf-8")).conversations]


def test_no_conversations_teach_nothing() -> None:
    assert learn_style([]) == StyleCard()
    assert style("User: hello?") == StyleCard()


def test_traits_tell_how_the_chatbot_speaks() -> None:
    card = style(
        "User: is it safe?",
        "Chatbot: Good question, my friend! We don't see ice there; the bridge is salted. We'll watch it!",
        "User: thanks",
        "Chatbot: We're here if more questions come up! 🙂",
    )
    assert "Speaks of itself as we." in card.traits
    assert "Addresses the user as my friend." in card.traits
    assert "Contracts words, as in I'm and don't." in card.traits
    assert "Uses exclamation marks." in card.traits
    assert "Uses semicolons." in card.traits
    assert "Uses emoji." in card.traits
    assert "Uses no lists." in card.traits


def test_a_stiff_house_is_told_from_a_warm_one() -> None:
    card = style("User: is it safe?", "Chatbot: It is safe. Inspectors do not find ice. (They test it.)")
    assert "Seldom contracts words: does not, I am." in card.traits
    assert "Uses no titles, names or pet names." in card.traits
    assert "Uses no exclamation marks." in card.traits
    assert not any("Speaks of itself" in trait for trait in card.traits)


def test_length_is_that_of_answers() -> None:
    lines = [f"User: why {n}\nChatbot: {' '.join(['Stone holds.'] * n)}" for n in (1, 2, 3)]
    card = style(*lines, "User: hm", "Chatbot: Good question.")
    assert "An answer has about 2 sentences and 4 words, some 2 words a sentence." in card.traits


def test_an_exemplar_shows_the_manner_and_no_fact() -> None:
    card = style(
        "User: my uncle says 3 of the arches fell, i am worried",
        "Chatbot: I understand the worry. No. The arches of Arlen stand. I hope that helps.",
        "User: ok",
        "Chatbot: Stone lasts.",
        "---",
        "User: i am nervous about the ferry",
        "Chatbot: I understand the worry. It floats. I hope that helps.",
    )
    shown = card.exemplars[0]
    assert shown.reply == f"I understand the worry. {FACT} {FACT} I hope that helps."
    assert shown.said == f"my {MASK} says {MASK} of the {MASK}, i am worried"


def test_that_the_user_is_right_is_a_fact_too() -> None:
    talk = ("User: so it holds?", "Chatbot: You have that right. It holds. I hope that helps.")
    other = ("User: will it hold?", "Chatbot: Good question. It will. I hope that helps.")
    card = style(*talk, *other, "---", *talk, *other)
    assert [each.reply for each in card.exemplars] == [f"Good question. {FACT} I hope that helps."]


@pytest.mark.parametrize(
    "fact",
    ["Arlen burned.", "It takes 7 days.", "Water carries lead.", "Ask Zelda.", "That's a bridge question."],
)
def test_facts_are_told_from_talk(fact: str) -> None:
    assert not says_nothing_of_the_world(fact)
    assert fact.strip(".") not in masked(fact)


def test_the_seeds_teach_traits_and_exemplars_without_a_word_about_vaccines() -> None:
    card = learn_style(seeds())
    told = " ".join((*card.traits, *(f"{each.said} {each.reply}" for each in card.exemplars))).lower()
    assert len(card.exemplars) >= 20 and len(card.traits) >= 15
    assert not any(char.isdigit() for char in " ".join(each.reply for each in card.exemplars))
    for word in ("vaccin", "virus", "mrna", "covid", "immun", "flu", "doctor", "study", "autism"):
        assert word not in told


async def test_the_nearest_exemplars_are_those_of_the_same_manner() -> None:
    worried = Exemplar(masked("i am worried about the bridge"), "I understand. […]")
    asking = Exemplar(masked("is it true that stone floats?"), "Good question. […]")
    twice = Exemplar(masked("i am so worried"), worried.reply)
    found = StyleExemplars.of((asking, worried, twice), HashEncoder().encode, AsyncHashEncoder())
    assert await found.nearest(Question("i am worried about ferries"), 2) == (worried, asking)
    assert (await found.nearest(Question("is it true that ferries sink?")))[0] == asking
    assert (
        await StyleExemplars.of((), HashEncoder().encode, AsyncHashEncoder()).nearest(Question("is it?"))
        == ()
    )
