from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import pytest

from knowledge.sentences import sentence_spans
from knowledge.types import Calibration, Entry, FloatArray, Hit, Logistic, Passage, Source, View
from pipeline.delivery import Checks, Delivery
from pipeline.journal import Journal
from pipeline.message_filter import Draft, EchoGuard, to_reply
from pipeline.speech import Speech
from pipeline.stages.composing.answer_composer import ExtractiveComposer
from pipeline.stages.grounding.grounding_check import SpecialistGroundingCheck
from pipeline.turn import Accepted, Evidence, SearchQuery, Turn
from pipeline.types import Exemplar, Outcome, Question, Reply
from pipeline.voice import REQUIRED, HouseVoice
from tests.fakes import AsyncHashEncoder, HashEncoder

FIXED = {
    **dict.fromkeys(REQUIRED, ("-",)),
    "names_question": ("On “{question}”:",),
    "shortened": ("This is a part; see {url}", "This is a part."),
}
VOICE = HouseVoice(openers={}, hedges=(), closings=(), fixed=FIXED)

TICK = (
    "Do this:\n- Pull the tick out.\n- Clean the bite.\nDo not do this:\n- Put oil on the tick.\n- Burn it."
)
STEPS = "1. Log in.\n2. Click **Orders**.\n3. See more under the menu.\n\nNote: this takes a minute."
CODE = "Run this:\n\n```bash\nsudo make\nsudo make install\n```\n\nThen restart."
TABLE = "| Plan | Price |\n|---|---|\n| Starter | $9 |\n| Business | $39 |"
SCAFFOLD = "User: reads.\nSystem: restart it. Returned: the parcel came back.\n\nAction: press [1] or <key>."
MANUAL = "\n\n".join(
    (
        "# Pumps",
        "Pumps are tested at dawn by two people with lamps and a ladder of oak.",
        "## Cleaning",
        "Clean the filter with warm water and a brush each spring and autumn.",
        "Except in frost: then leave the filter alone.",
        "## Storage",
        "Store the pump in a dry shed away from children and from the stove.",
        "## Disposal",
        "Bring a broken pump to the yard, where the metal is melted down.",
    )
)


class FakeSnapshot:
    release_id = "r1"
    calibration = Calibration(Logistic({}, 0.0), Logistic({}, 0.0))

    def __init__(self, entry: Entry) -> None:
        self.entries: Mapping[str, Entry] = {entry.id: entry}

    def search(self, text: str, vector: FloatArray, limit: int) -> Sequence[Hit]:
        raise AssertionError("the composer does not search")

    def asked(self, text: str) -> Hit | None:
        raise AssertionError("nor does it look for curated questions")

    def nearness(self, entry_id: str, vectors: FloatArray) -> FloatArray:
        raise AssertionError("nor the nearness of words")

    def sentences(self, entry_id: str) -> tuple[Sequence[Passage], FloatArray]:
        answer = self.entries[entry_id].answer
        passages = [
            Passage(entry_id, View.SENTENCE, answer[start:end], start, end)
            for start, end in sentence_spans(answer)
        ]
        return passages, HashEncoder().encode([passage.text for passage in passages])


class FakeKnowledge:
    def __init__(self, entry: Entry) -> None:
        self.current = FakeSnapshot(entry)


async def reply_of(
    answer: str,
    message: str = "pumps please",
    *,
    question: str = "Is it so?",
    words: int = 250,
    url: str = "",
    **asked: object,
) -> Reply:
    """What the composer drafts, as it leaves after the real checks."""
    sources = (Source("Manual", url),) if url else ()
    entry = Entry("e", question, answer, sources=sources)
    hit = Hit(entry, Passage("e", View.QUESTION, question, 0, len(question)), 1.0, 0.9, 0.5, 0.5)
    found = Evidence(SearchQuery(message), (Accepted(hit, 0.9),))
    composer = ExtractiveComposer(VOICE, FakeKnowledge(entry), AsyncHashEncoder(), whole_words=words)
    said: list[str] = []

    async def say(piece: str) -> None:
        said.append(piece)

    speech = Speech(say)
    checks = Checks(EchoGuard(), (SpecialistGroundingCheck(AsyncHashEncoder(), VOICE),))
    asking = Question(message, **asked)  # type: ignore[arg-type]
    delivery = Delivery(checks, Journal(Turn("m", asking)), speech, found)
    await delivery.take(composer, asking)
    assert not delivery.refused
    assert "".join(said) == "".join(piece.text for piece in speech.pieces)
    return to_reply(Draft(Outcome.ANSWERED, tuple(speech.pieces)))


def unmarked(reply: Reply) -> str:
    text = reply.text
    for citation in reversed(reply.citations):
        text = text[: citation.end] + re.sub(r"\A(?:\n\n)? \[1\]", "", text[citation.end :])
    return text


@pytest.mark.parametrize(
    "answer", [TICK, STEPS, CODE, TABLE, SCAFFOLD, MANUAL, "Yes! 🎁 We wrap gifts. ✅ Free."]
)
async def test_an_answer_is_said_whole_in_its_own_layout_and_untouched(answer: str) -> None:
    reply = await reply_of(answer, "is it so")
    assert unmarked(reply) == answer
    for citation in reply.citations:
        assert reply.text[citation.start : citation.end] in answer
        behind = reply.text[citation.end :]
        assert behind.startswith(" [1]") or behind.startswith("\n\n [1]")


async def test_each_block_has_one_mark_and_a_table_or_code_has_it_below() -> None:
    assert (await reply_of(TICK)).text.count("[1]") == 2
    assert (await reply_of(TABLE)).text == f"{TABLE}\n\n [1]"
    assert "```\n\n [1]\n\nThen restart. [1]" in (await reply_of(CODE)).text


@pytest.mark.parametrize(
    ("message", "named"),
    [
        ("is the bridge safe?", False),
        ("so is the bridge safe", False),
        ("is the bridge unsafe?", True),
        ("is the bridge not safe?", True),
        ("the bridge is safe", True),
        ("the bridge is not safe", True),
        ("must the bridge be safe?", True),
        ("is the bridge safe for lorries?", True),
    ],
)
async def test_a_yes_stands_alone_only_behind_the_question_that_it_answers(message: str, named: bool) -> None:
    reply = await reply_of("Yes. It is tested each spring.", message, question="Is the bridge safe?")
    expected = "On “Is the bridge safe?”: " if named else ""
    assert reply.text == f"{expected}Yes. It is tested each spring. [1]"


async def test_what_opens_with_neither_needs_no_question_before_it() -> None:
    assert (await reply_of("No vaccine is perfect.", "say")).text == "No vaccine is perfect. [1]"


async def test_of_a_long_answer_whole_blocks_are_said_with_heading_and_exception_and_it_shows() -> None:
    reply = await reply_of(MANUAL, "how do I clean the filter with a brush", words=30)
    assert reply.text == (
        "# Pumps\n\n## Cleaning\n\n"
        "Clean the filter with warm water and a brush each spring and autumn. [1]\n\n"
        "Except in frost: then leave the filter alone. [1]\n\nThis is a part."
    )
    with_address = await reply_of(MANUAL, "clean the filter", words=30, url="https://example.org/m")
    assert with_address.text.endswith("This is a part; see https://example.org/m")


async def test_the_rest_is_said_where_it_is_asked_for() -> None:
    reply = await reply_of(MANUAL, "clean the filter", words=30, whole=True)
    assert unmarked(reply) == MANUAL


async def test_one_block_is_said_whole_however_long_it_is() -> None:
    answer = "One word after another. " * 400
    assert unmarked(await reply_of(answer.strip(), words=30)) == answer.strip()


async def test_a_callers_examples_show_how_long_an_answer_shall_be() -> None:
    examples = (Exemplar("where", "In the dry shed, away from the children and the stove."),)
    reply = await reply_of(MANUAL, "where to store the pump in a dry shed", examples=examples)
    assert "Store the pump" in reply.text
    assert "melted" not in reply.text
