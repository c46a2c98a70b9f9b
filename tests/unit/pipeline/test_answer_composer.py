from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from knowledge.types import Calibration, Entry, FloatArray, Hit, Logistic, Passage, View
from pipeline.stages.answer_composer import ExtractiveComposer
from pipeline.stages.grounding_check import SpecialistGroundingCheck
from pipeline.stages.language import split_sentences
from pipeline.turn import Accepted, Evidence, SearchQuery, Sentence, SentenceKind
from pipeline.types import Exemplar, Message, Question, Role
from pipeline.voice import REQUIRED, HouseVoice, Opener
from tests.fakes import AsyncHashEncoder, HashEncoder

VOICE = HouseVoice(
    openers={
        Opener.AFFIRM: ("You are right.",),
        Opener.DENY: ("I can see why you ask.",),
        Opener.CORRECT: ("Not quite.",),
        Opener.EMPATHY: ("I understand the worry.", "I'm sorry you're going through that."),
        Opener.NEUTRAL: ("Good question.",),
    },
    hedges=("This is general information.",),
    closings=("I hope that helps.",),
    fixed=dict.fromkeys(REQUIRED, ("-",)),
)
RUST = Entry(
    "rust",
    "Can rain change the metal of the bridge?",
    "No. Rain stays on the paint and cannot reach the metal. They repaint it every year.",
    misconceptions=("Rain changes the metal of the bridge",),
)
SAFE = Entry(
    "safe", "Is the bridge safe?", "Yes, the bridge is safe for cars. Inspectors test it each spring."
)
VARIANTS = Entry(
    "toll",
    "What is the toll?",
    "The toll for cars is two euros. You pay at the gate.\n"
    "For cars the toll is two euros. Payment is at the gate.\n"
    "Cars pay a toll of two euros. You pay at the gate house.",
)
PARAGRAPHS = replace(VARIANTS, answer=VARIANTS.answer.replace("\n", "\n\n"))
LONG = Entry(
    "history",
    "Who built the bridge?",
    "A guild of masons built the bridge after the great flood had taken away the ferry of the town. "
    "Stone came by ship from the northern quarries where the cliffs are soft and easy to cut in summer. "
    "It was heavier than anyone had thought, and two ships were lost with all the stone they carried. "
    "Timber came from the hills behind the abbey and was floated down the river during the spring thaw. "
    "However, that timber rotted within a decade and had to be replaced by iron from a distant forge. "
    "Lamps of brass were added by a wealthy baker who wished to walk home in the evening without a torch. "
    "Fishermen still tell of the winter when the arches froze and people skated below them for a month.",
)


class FakeSnapshot:
    """Holds entries and cuts them up with the coarse splitter."""

    release_id = "r1"
    calibration = Calibration(Logistic({}, 0.0), Logistic({}, 0.0))

    def __init__(self, *entries: Entry) -> None:
        self.entries: Mapping[str, Entry] = {entry.id: entry for entry in entries}

    def search(self, text: str, vector: FloatArray, limit: int) -> Sequence[Hit]:
        raise AssertionError("the composer does not search")

    def sentences(self, entry_id: str) -> tuple[Sequence[Passage], FloatArray]:
        answer, passages, at = self.entries[entry_id].answer, [], 0
        for text in split_sentences(answer):
            at = answer.index(text, at)
            passages.append(Passage(entry_id, View.SENTENCE, text, at, at + len(text)))
            at += len(text)
        return passages, HashEncoder().encode([passage.text for passage in passages])


class FakeKnowledge:
    def __init__(self, *entries: Entry) -> None:
        self.current = FakeSnapshot(*entries)


def evidence(
    text: str, *entries: Entry, view: View = View.QUESTION, passage: str = "", cosine: float = 0.9
) -> Evidence:
    def hit(entry: Entry) -> Hit:
        found = passage or entry.question
        return Hit(entry, Passage(entry.id, view, found, 0, len(found)), 1.0, cosine, 0.5, 0.5)

    return Evidence(SearchQuery(text), tuple(Accepted(hit(entry), 0.9) for entry in entries))


async def compose(
    text: str, found: Evidence, *, history: tuple[Message, ...] = (), live: tuple[Entry, ...] | None = None
) -> list[Sentence]:
    entries = [item.hit.entry for item in found.accepted] if live is None else live
    composer = ExtractiveComposer(VOICE, FakeKnowledge(*entries), AsyncHashEncoder())
    return [sentence async for sentence in composer(Question(text, history), found)]


async def say(text: str, *entries: Entry, view: View = View.QUESTION, passage: str = "") -> list[str]:
    sentences = await compose(text, evidence(text, *entries, view=view, passage=passage))
    return [sentence.text for sentence in sentences]


async def test_a_yes_no_question_gets_the_entrys_own_yes_or_no() -> None:
    assert await say("can rain change the metal?", RUST) == [
        "I can see why you ask.",
        "No. Rain stays on the paint and cannot reach the metal.",
        "They repaint it every year.",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "so rain does NOT change the metal?",
        "so it wont change the metal of the bridge?",
        "how does rain change the metal?",
        "rain or snow, which changes the metal",
        "does rain change the metal or only the paint?",
        "does rain never change it?",
    ],
)
async def test_a_bare_no_that_would_be_misread_is_not_said(text: str) -> None:
    said = await say(text, RUST)
    assert "No." not in said
    assert "Rain stays on the paint and cannot reach the metal." in said


@pytest.mark.parametrize(
    "text",
    [
        "isn't the bridge safe?",
        "well, will the bridge be safe",
        "hey, is the bridge safe",
        "i wonder if the bridge is safe",
    ],
)
async def test_ways_to_ask_keep_the_yes(text: str) -> None:
    assert "Yes, the bridge is safe for cars." in await say(text, SAFE)


@pytest.mark.parametrize(
    "text",
    [
        "is the bridge unsafe?",
        "is the bridge dangerous?",
        "will the bridge kill me?",
        "is the bridge not safe?",
    ],
)
async def test_a_question_put_the_other_way_round_gets_the_full_statement(text: str) -> None:
    said = await say(text, SAFE)
    assert "The bridge is safe for cars." in said
    assert not any(sentence.startswith("Yes") for sentence in said)


@pytest.mark.parametrize(
    "text",
    [
        "should i sell my car before i cross the bridge",
        "is the bridge safe for an elephant herd and a circus?",
        "is the ferry safe?",
        "is the bridge gloomy?",
        "i crossed the bridge, is it safe and what do i do",
        "the bridge swayed, how long is it safe",
    ],
)
async def test_the_yes_to_another_question_is_not_said(text: str) -> None:
    said = await say(text, replace(SAFE, alternates=("is the bridge gloomy or risky",)))
    assert "The bridge is safe for cars." in said


async def test_an_alternate_that_asks_the_reverse_does_not_keep_the_no() -> None:
    entry = Entry(
        "cold", "Is it just a mild frost?", "No, it is a hard frost.", alternates=("is it worse than frost",)
    )
    assert "It is a hard frost." in await say("is it worse than frost?", entry)
    assert "No, it is a hard frost." in await say("is it just a mild frost", entry)


@pytest.mark.parametrize("stump", ["but rarely", "in rare cases", "not when it is wet", "because", "often"])
async def test_what_says_nothing_without_its_yes_goes_with_it(stump: str) -> None:
    entry = Entry("sway", "Does the bridge sway?", f"Yes, {stump}. Storms move the bridge by a finger.")
    assert await say("why does the bridge sway", entry) == [
        "Good question.",
        "Storms move the bridge by a finger.",
    ]
    assert (await say("does the bridge sway?", entry))[1] == f"Yes, {stump}."


async def test_where_only_a_stump_could_be_said_the_next_entry_answers() -> None:
    entry = Entry("sway", "Does the bridge sway?", "Yes, but rarely.")
    text = "why does the bridge sway"
    sentences = await compose(text, evidence(text, entry, SAFE))
    assert {s.cites for s in sentences if s.kind is SentenceKind.CLAIM} == {(2,)}


async def test_each_rival_gets_its_say_and_the_first_is_shorter() -> None:
    rivals = [
        Entry(
            "by-rail", "Who built the railway bridge?", "Yes, a railway guild built the iron bridge. It hums."
        ),
        Entry("by-foot", "Who built the footbridge?", "Who built the footbridge is not known to the town."),
    ]
    text = "who built the bridge"
    sentences = await compose(text, evidence(text, LONG, *rivals))
    claims = [s for s in sentences if s.kind is SentenceKind.CLAIM]
    assert {s.cites for s in claims} == {(1,), (2,), (3,)}
    assert sum(s.cites == (1,) for s in claims) <= 3
    assert sum(len(s.text.split()) for s in claims if s.cites == (1,)) <= 60
    assert sum(len(s.text.split()) for s in claims) <= 115
    assert "A railway guild built the iron bridge." in [s.text for s in claims]
    assert not any(s.text.startswith("It hums") for s in claims)


@pytest.mark.parametrize(
    ("text", "entry", "view", "passage"),
    [
        ("Rain changes the metal of the bridge", RUST, View.MISCONCEPTION, RUST.misconceptions[0]),
        ("i heard that rain can change the metal of the bridge", RUST, View.QUESTION, ""),
        ("the bridge is not safe", SAFE, View.QUESTION, ""),
        ("the bridge is dangerous", SAFE, View.QUESTION, ""),
    ],
)
async def test_a_stated_misconception_is_corrected(text: str, entry: Entry, view: View, passage: str) -> None:
    said = await say(text, entry, view=view, passage=passage)
    assert said[0] == "Not quite."
    assert not any(sentence.startswith(("Yes", "No.")) for sentence in said)


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        ("rain does not change the metal of the bridge", RUST),
        ("the bridge is safe", SAFE),
        ("my son got hurt on the bridge", SAFE),
    ],
)
async def test_who_is_right_or_tells_what_happened_is_not_corrected_nor_agreed_with(
    text: str, entry: Entry
) -> None:
    said = await say(text, entry)
    assert not {"Not quite.", "You are right."} & set(said)
    assert not any(sentence.startswith(("Yes", "No.")) for sentence in said)


async def test_a_misconception_is_also_recognised_by_the_sentence_it_contradicts() -> None:
    entry = Entry("fish", "Which fish live there?", "Trout do not live under the bridge. Pike do.")
    assert (await say("trout live under the bridge", entry))[0] == "Not quite."


async def test_worry_is_met_with_empathy_and_a_kind_word() -> None:
    said = await say("the bridge scares me, im so nervous, is the bridge safe?", SAFE)
    assert said[0] == "I understand the worry."
    assert said[-1] == "This is general information."
    assert (await say("it is scary: is the bridge safe?", SAFE))[-1] == "I hope that helps."


async def test_house_phrases_are_not_repeated_and_cite_nothing() -> None:
    text = "is the bridge safe?"
    sentences = await compose(text, evidence(text, SAFE))
    assert [s.text for s in sentences if s.kind is SentenceKind.HOUSE] == ["Good question."]
    assert all(bool(s.cites) is (s.kind is SentenceKind.CLAIM) for s in sentences)
    history = (Message(Role.USER, "hi"), Message(Role.ASSISTANT, "Good question. It is blue."))
    again = await compose(text, evidence(text, SAFE), history=history)
    assert all(s.kind is SentenceKind.CLAIM for s in again)


async def test_one_variant_is_chosen_and_paragraphs_are_kept() -> None:
    one = [s for s in await say("what is the toll for cars", VARIANTS) if s != "Good question."]
    assert len(one) == 2
    assert "\n".join(one).replace("\n", " ") in VARIANTS.answer
    assert len(await say("what is the toll for cars", PARAGRAPHS)) > 4


@pytest.mark.parametrize(
    "text",
    [
        "when was it replaced by iron from a distant forge within a decade",
        "was it heavier than anyone had thought and were ships lost with the stone they carried",
    ],
)
async def test_a_long_answer_is_cut_without_dangling_sentences(text: str) -> None:
    said = await say(text, LONG)
    assert any(sentence.startswith(("However", "It was heavier")) for sentence in said)
    claims = [sentence for sentence in said if sentence in LONG.answer]
    assert 2 <= len(claims) <= 5
    assert sum(len(sentence.split()) for sentence in claims) <= 95
    places = [LONG.answer.index(sentence) for sentence in claims]
    assert places == sorted(places)
    for dangling, before in (("It was heavier", "Stone came"), ("However", "Timber came")):
        for at, sentence in enumerate(claims):
            assert not sentence.startswith(dangling) or claims[at - 1].startswith(before)


async def test_further_entries_speak_only_where_they_add_something() -> None:
    twin = replace(SAFE, id="twin")
    more = Entry(
        "more", "Is it safe in storms?", "Yes. The safe bridge for cars closes in storms. Bees like it."
    )
    text = "is the bridge safe for cars in storms?"
    sentences = await compose(text, evidence(text, SAFE, twin, more))
    assert [s.cites for s in sentences if s.kind is SentenceKind.CLAIM] == [(1,), (1,), (3,)]
    assert sentences[-1].text == "The safe bridge for cars closes in storms."


async def test_an_entry_changed_or_withdrawn_since_it_was_judged_is_left_out() -> None:
    text = "is the bridge safe?"
    assert await compose(text, evidence(text, SAFE), live=()) == []
    assert await compose(text, evidence(text, SAFE), live=(replace(SAFE, answer="It fell."),)) == []
    sentences = await compose(text, evidence(text, RUST, SAFE), live=(SAFE,))
    assert {s.cites for s in sentences if s.kind is SentenceKind.CLAIM} == {(2,)}


async def test_without_evidence_nothing_is_composed() -> None:
    assert await compose("anything", Evidence(SearchQuery("anything"), ())) == []


@pytest.mark.parametrize(
    "text", ["is the bridge dangerous?", "can rain change it?", "rain changes metal", "toll?"]
)
async def test_everything_composed_passes_the_grounding_check(text: str) -> None:
    found = evidence(text, SAFE, RUST, VARIANTS)
    check = SpecialistGroundingCheck(AsyncHashEncoder(), VOICE.house_phrases)
    for sentence in await compose(text, found):
        assert (await check(sentence, found)).supported, sentence


async def test_the_wording_does_not_depend_on_who_asks() -> None:
    asked = ["is the bridge safe for a man like me?", "is the bridge safe for a woman like me?"]
    one, other = [
        [s.text for s in await compose(text, evidence("is the bridge safe?", SAFE))] for text in asked
    ]
    assert one == other


async def test_an_answer_is_as_long_as_the_examples_that_come_with_the_question() -> None:
    composer = ExtractiveComposer(VOICE, FakeKnowledge(LONG, SAFE), AsyncHashEncoder())
    found = evidence("who built the bridge", LONG, SAFE)
    shown = (Exemplar("Who dug the canal?", "Two brothers from the coast did, in three summers."),)
    for examples, most in (((), 9), (shown, 1)):
        question = Question("who built the bridge", examples=examples)
        said = [each.text async for each in composer(question, found) if each.kind is SentenceKind.CLAIM]
        assert 1 <= len(said) <= most
        assert (len(said) > 1) is not bool(examples)
