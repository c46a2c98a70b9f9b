from __future__ import annotations

from collections.abc import Sequence

import pytest

from knowledge.types import Entry, FloatArray, Hit, Logistic, Passage, View
from pipeline.stages.grounding.grounding_check import (
    REFUTED,
    SpecialistGroundingCheck,
    is_verbatim,
)
from pipeline.turn import Accepted, Evidence, SearchQuery, Sentence, SentenceKind, Verdict
from pipeline.voice import REQUIRED, HouseVoice
from tests.fakes import AsyncHashEncoder

ANSWER = (
    "No, the Aldo pump does not heat the water. It may hum for 20 minutes after a start in winter. "
    "Some owners, e.g. those in Norway, clean the filter twice a year, which rarely takes 2 hours.\n\n"
    "Aldo tested 1,000 pumps before the sale began, and 95 percent of them passed without a fault. "
    "Leaks are rare. The Centre for Pump Safety says the pump is safe because it switches off under load. "
    "Never open the lid while the motor turns. Bruno valves are stronger than Carla valves."
)
VOICE = HouseVoice({}, ("Not quite.",), (), dict.fromkeys(REQUIRED, ("-",)))
ENTRY = Entry("pump", "Does the Aldo pump heat the water?", ANSWER)
OTHER = Entry("mill", "Is the mill loud?", "Yes. The mill is loud at night.")


def evidence(*entries: Entry) -> Evidence:
    accepted = tuple(
        Accepted(Hit(entry, Passage(entry.id, View.QUESTION, entry.question, 0, 1), 1.0, 0.9, 0.9, 0.9), 0.9)
        for entry in entries
    )
    return Evidence(SearchQuery("q"), accepted)


class CountingEncoder(AsyncHashEncoder):
    calls = 0

    async def encode(self, texts: Sequence[str], *, gives_way: bool = False) -> FloatArray:
        self.calls += 1
        return await super().encode(texts)


async def judge(
    text: str, cites: tuple[int, ...] = (1,), *, kind: SentenceKind = SentenceKind.CLAIM
) -> Verdict:
    check = SpecialistGroundingCheck(AsyncHashEncoder(), VOICE)
    return await check(Sentence(text, cites, kind), evidence(ENTRY, OTHER))


@pytest.mark.parametrize(
    "text",
    [
        "No, the Aldo pump does not heat the water.",
        "The Aldo pump does not heat the water.",
        "Leaks are rare.",
        "It may hum for 20 minutes after a start in winter.",
        "Never open the lid while the motor turns. Bruno valves are stronger than Carla valves.",
    ],
)
async def test_whole_sentences_of_the_cited_entry_pass_without_a_model(text: str) -> None:
    encoder = CountingEncoder()
    check = SpecialistGroundingCheck(encoder, VOICE)
    assert await check(Sentence(text, (1,)), evidence(ENTRY)) == Verdict(True, 1.0, "verbatim")
    assert encoder.calls == 0


@pytest.mark.parametrize(
    "text",
    [
        "The Aldo pump doesn't heat the water.",
        "The pump may hum for twenty minutes after a winter start.",
        "95% of the 1000 tested pumps passed without a fault.",
        "The CPS says the pump is safe.",
        "Because it switches off under load, the pump is safe.",
        "Don't open the lid while the motor turns.",
        "Leaks are uncommon.",
        "Aldo examined 1,000 pumps before the sale began.",
    ],
)
async def test_faithful_rewordings_pass(text: str) -> None:
    verdict = await judge(text)
    assert verdict.supported, verdict


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("It may hum for 30 minutes after a start in winter.", "number"),
        ("It may hum for 20 hours after a start in winter.", "number"),
        (
            "Aldo tested 1,000 pumps before the sale began, and 59 percent of them passed without a fault.",
            "number",
        ),
        ("The Aldo pump does heat the water.", "negation"),
        ("The Aldo pump heats the water.", "negation"),
        ("Yes, the Aldo pump heats the water.", "open with yes"),
        ("Always open the lid while the motor turns.", "absolute"),
        ("Open the lid while the motor turns.", "negation"),
        (
            "Aldo tested 1,000 pumps before the sale began, and 95 percent of them passed with a fault.",
            "negation",
        ),
        ("Leaks are common.", "opposite"),
        ("Leaks are not rare.", "opposite"),
        (
            "The Centre for Pump Safety says the pump is unsafe because it switches off under load.",
            "opposite",
        ),
        ("The Delta pump does not heat the water.", "name"),
        ("The NHS says the pump is safe because it switches off under load.", "name"),
        ("Carla valves are stronger than Bruno valves.", "in its place"),
        ("It will hum for 20 minutes after a start in winter.", "stronger"),
        ("It hums for 20 minutes after a start in winter.", "stronger"),
        ("All owners clean the filter twice a year.", "absolute"),
        ("Most owners clean the filter twice a year.", "stronger"),
        ("The pump is completely safe because it switches off under load.", "absolute"),
        ("Never open the cellar while the motor turns.", "another word"),
        ("Never open the valves while the motor turns.", "another word"),
        ("The poisonous Aldo pump does not heat the water.", "word not in the evidence"),
        ("Leaks are rare, and the warranty covers grandchildren abroad.", "not supported"),
        ("Grandchildren abroad inherit the warranty.", "not supported"),
        ("Yes.", "nothing"),
        ("It does.", "nothing"),
        ("", "nothing"),
        ("?!", "nothing"),
    ],
)
async def test_altered_sentences_fail(text: str, reason: str) -> None:
    verdict = await judge(text)
    assert not verdict.supported
    assert reason in verdict.reason
    assert verdict.probability < 0.5


async def test_a_piece_of_a_sentence_is_not_verbatim() -> None:
    answer = "It is not true that pumps explode. Experts, e.g. pumps explode fans, disagree."
    assert not is_verbatim("pumps explode.", answer)
    assert not is_verbatim("Pumps explode.", answer)
    assert not is_verbatim("pumps explode fans, disagree.", answer)
    assert not is_verbatim("Experts", answer)
    assert not is_verbatim("", answer)


@pytest.mark.parametrize("cites", [(), (0,), (3,), (-1,), (1, 9)])
async def test_without_known_citations_nothing_passes(cites: tuple[int, ...]) -> None:
    assert not (await judge("Leaks are rare.", cites)).supported


async def test_without_evidence_nothing_passes() -> None:
    check = SpecialistGroundingCheck(AsyncHashEncoder(), VOICE)
    assert not (await check(Sentence("Leaks are rare.", (1,)), Evidence(SearchQuery("q"), ()))).supported


async def test_support_counts_only_where_it_is_cited() -> None:
    assert (await judge("The mill is loud at night.", (2,))).supported
    assert not (await judge("The mill is loud at night.", (1,))).supported
    assert (await judge("Leaks are rare.", (2, 1))).supported


async def test_house_phrases_pass_only_from_the_closed_set() -> None:
    assert (await judge("Not quite.", (), kind=SentenceKind.HOUSE)).supported
    for text in ("Not quite. ", "not quite.", "Quite right.", "Leaks are rare."):
        assert not (await judge(text, (1,), kind=SentenceKind.HOUSE)).supported
    assert not (await judge("Not quite.", (1,))).supported


async def test_a_question_is_evidence_only_with_the_answers_yes_or_no() -> None:
    assert (await judge("Yes, the mill is loud.", (2,))).supported
    assert not (await judge("The mill is not loud.", (2,))).supported
    open_entry = Entry("door", "Is the door blue?", "Paint differs between houses.")
    check = SpecialistGroundingCheck(AsyncHashEncoder(), VOICE)
    assert not (await check(Sentence("The door is not blue.", (1,)), evidence(open_entry))).supported


async def test_misconceptions_are_no_evidence() -> None:
    entry = Entry("moon", "What is the moon?", "The moon is rock.", misconceptions=("The moon is cheese.",))
    check = SpecialistGroundingCheck(AsyncHashEncoder(), VOICE)
    assert not (await check(Sentence("The moon is cheese.", (1,)), evidence(entry))).supported


CONDITIONAL = Entry(
    "paint",
    "Is the paint safe?",
    "It is approved in the U.S. only for adults. It is recommended (for most homes) but not in cellars. "
    "Paints are harmless, except for people with a severe allergy. Brushes may be lent unless they are wet. "
    "The colour is bright, so bring glasses if you drive. If you are pregnant, ask the painter. "
    "Rinse it off with water until the skin is clean.",
)


async def judge_conditional(text: str) -> Verdict:
    check = SpecialistGroundingCheck(AsyncHashEncoder(), VOICE)
    return await check(Sentence(text, (1,)), evidence(CONDITIONAL))


@pytest.mark.parametrize(
    "text",
    [
        "It is approved in the U.S.",
        "It is recommended (for most homes)",
        "It is recommended (for most homes).",
        "Paints are harmless.",
        "Paints are harmless, even for people with a severe allergy.",
        "Brushes may be lent.",
        "Ask the painter.",
        "Rinse it off with water.",
    ],
)
async def test_a_dropped_condition_is_a_conflict(text: str) -> None:
    verdict = await judge_conditional(text)
    assert not verdict.supported
    assert "condition dropped" in verdict.reason


@pytest.mark.parametrize(
    "text",
    [
        "It is approved in the U.S. only for adults.",
        "Except for people with a severe allergy, paints are harmless.",
        "The colour is bright.",
        "Pregnant? Ask the painter if you are pregnant.",
        "Unless they are wet, brushes may be lent.",
    ],
)
async def test_a_kept_condition_passes(text: str) -> None:
    verdict = await judge_conditional(text)
    assert verdict.supported, verdict


async def test_only_whole_sentences_are_verbatim() -> None:
    answer = (
        "It is sold in the U.S. only to adults. It is made in the U.S. The label says so. Is it? mRNA is. "
        "There is a type b. Grass differs."
    )
    assert not is_verbatim("It is sold in the U.S.", answer)
    assert not is_verbatim("The label says so. Is it? m", answer)
    assert is_verbatim("It is made in the U.S.", answer)
    assert is_verbatim("The label says so.", answer)
    assert is_verbatim("Is it?", answer)
    assert is_verbatim("Grass differs.", answer)
    assert is_verbatim("The shop is shut.", "It is open.\nNo, the shop is shut.")


RULES_ALONE = Logistic({"particular": -2.0, "rest": -2.0}, 2.0)
OWN_WORDS_NEW_NAME = "Flowers grow near Brigitte."


def judging(support: Logistic, threshold: float = 0.7) -> SpecialistGroundingCheck:
    return SpecialistGroundingCheck(AsyncHashEncoder(), VOICE, support=support, threshold=threshold)


@pytest.mark.parametrize(
    "text",
    [
        "It may hum for 45 minutes after a start in winter.",
        "The Brigitte pump does not heat the water.",
        "The Aldo pump does heat the water.",
        "Carla valves are stronger than Bruno valves.",
    ],
)
async def test_an_altered_copy_is_refuted_whatever_speaks_for_it(text: str) -> None:
    verdict = await judging(Logistic({}, 9.0))(Sentence(text, (1,)), evidence(ENTRY))
    assert verdict.probability == REFUTED
    assert not verdict.supported and not verdict.debatable


async def test_a_new_name_in_a_sentence_of_its_own_words_is_weighed() -> None:
    for bias, supported in ((9.0, True), (0.0, False)):
        verdict = await judging(Logistic({}, bias))(Sentence(OWN_WORDS_NEW_NAME, (1,)), evidence(ENTRY))
        assert verdict.supported is supported and verdict.debatable
    assert "name not in the evidence" in verdict.reason


async def test_a_new_number_is_never_said_but_its_probability_is_told() -> None:
    sentence = Sentence("Flowers grow for 77 days.", (1,))
    sure = await judging(Logistic({}, 9.0))(sentence, evidence(ENTRY))
    unsure = await judging(Logistic({}, -1.0))(sentence, evidence(ENTRY))
    assert REFUTED < unsure.probability < sure.probability < 0.7
    assert not sure.supported and not sure.debatable


async def test_an_objection_weighs_more_the_more_of_the_sentence_the_evidence_has() -> None:
    async def probability(text: str) -> float:
        return (await judging(RULES_ALONE)(Sentence(text, (1,)), evidence(ENTRY))).probability

    copied = await probability("Never open the cellar while the motor turns.")
    loose = await probability("Completely new gardens surround the motor of the house in spring.")
    free = await probability("Leaks hardly ever show.")
    assert copied < loose < free
