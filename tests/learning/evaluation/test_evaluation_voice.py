from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import cast

import pytest

from learning.evaluation.layouts.rows import SuiteError
from learning.evaluation.layouts.sampling import sampled
from learning.evaluation.layouts.suites import load_suite
from learning.evaluation.records import SpokenTurn, SuiteRun
from learning.evaluation.saved_runs import runs_from_json, runs_to_json
from learning.evaluation.statistics.figures import figures_of
from learning.evaluation.statistics.style_distance import style_distances
from learning.evaluation.voice import NEARER, spoken_turns, voice_figures
from learning.voice.transcripts import Conversation, parse_transcripts
from pipeline.chat_pipeline import ChatPipeline
from pipeline.types import Citation, Outcome, Question, Reply, Role, TurnContext

SEEDS = Path(__file__).parents[3] / "seeds"
WARM = ["I understand the worry. The bridge is safe.", "Good question. Masons built it. I hope that helps."]
WARM_ELSEWHERE = [
    "I understand the worry. The soup is hot.",
    "Good question. Cooks stir it. I hope that helps.",
]
COLD = ["The bridge is safe!!!", "BRIDGE BUILT BY MASONS; see below"]


def test_the_same_manner_is_no_distance_away_whatever_it_is_about() -> None:
    there = style_distances(WARM, COLD)
    assert set(style_distances(WARM, WARM).values()) == {0}
    assert set(style_distances(WARM, WARM_ELSEWHERE).values()) == {0}
    assert fmean(there.values()) > 0.5
    assert there == pytest.approx(style_distances(COLD, WARM))


def test_each_family_sees_its_own_trait() -> None:
    plain = ["The bridge is safe. The toll is low."]
    apart = {
        "punctuation": ["The bridge is safe! The toll is low!"],
        "length": ["The bridge is safe."],
        "address": ["I say the bridge is safe. You can see the toll is low."],
        "openings": ["I understand. The bridge is safe. The toll is low."],
    }
    for family, lines in apart.items():
        assert style_distances(plain, lines)[family] > 0.1
    assert style_distances(plain, ["The tower is tall. The wall is long."]) == dict.fromkeys(
        style_distances(plain, plain), 0.0
    )


def test_nothing_is_as_far_away_as_can_be() -> None:
    assert style_distances([], ["Good question."])["function words"] == 1.0


def turn(name: str, line: str, reply: str, plain: str) -> SpokenTurn:
    return SpokenTurn(name, line, reply, plain)


def test_replies_that_open_like_the_held_out_lines_are_nearer() -> None:
    turns = [
        turn(
            name, f"I understand the worry. {name} is safe.", "I understand the worry. It holds.", "It holds."
        )
        for name in ("Arlen", "Berel", "Cadis")
    ]
    figures = voice_figures(turns, seed=0)
    assert figures[NEARER].low > 0
    assert figures[NEARER].n == 3
    assert figures[NEARER].value == pytest.approx(
        figures["distance of plain claims"].value - figures["distance of replies"].value
    )
    unchanged = [turn(each.conversation, each.line, each.plain, each.plain) for each in turns]
    assert voice_figures(unchanged, seed=0)[NEARER].value == 0
    assert voice_figures([], seed=0) == {}


def test_a_saved_run_keeps_what_was_said() -> None:
    run = SuiteRun("talks", {}, voice=(turn("a", "Good question. So.", "Good question. Yes.", "Yes."),))
    assert runs_from_json(runs_to_json([run])) == (run,)
    assert NEARER in figures_of(run).sections["voice"]


class Answering:
    """Answers with one claim behind a phrase, and notes what it was asked; "bye" is no question."""

    def __init__(self, voice: Sequence[Conversation]) -> None:
        self.voice = voice
        self.asked: list[Question] = []

    async def run(
        self, message_id: str, question: Question, say: object, context: TurnContext | None = None
    ) -> Reply:
        self.asked.append(question)
        if question.text == "bye":
            return Reply("Goodbye.", Outcome.SMALL_TALK)
        text = "Good question. It holds. [1] It lasts. [1]"
        return Reply(
            text, Outcome.ANSWERED, (Citation(1, "e", "E", None, 15, 24), Citation(1, "e", "E", None, 29, 38))
        )


async def test_each_conversation_is_asked_in_the_voice_of_the_others() -> None:
    text = "User: is it old?\nChatbot: It is.\nUser: bye\nChatbot: Bye.\n---\nUser: safe?\nChatbot: Quite."
    talks = parse_transcripts(text).conversations
    chains: list[Answering] = []

    def speaking_like(others: Sequence[Conversation]) -> ChatPipeline:
        chains.append(Answering(others))
        return cast(ChatPipeline, chains[-1])

    turns = await spoken_turns(talks, speaking_like, lambda share, doing: None)
    assert [chain.voice for chain in chains] == [[talks[1]], [talks[0]]]
    assert turns == (
        turn("conversation 1", "It is.", "Good question. It holds. It lasts.", "It holds. It lasts."),
        turn("conversation 2", "Quite.", "Good question. It holds. It lasts.", "It holds. It lasts."),
    )
    assert [said.role for said in chains[0].asked[1].history] == [Role.USER, Role.ASSISTANT]
    assert await spoken_turns(talks[:1], speaking_like, lambda share, doing: None) == ()


def test_a_folder_of_transcripts_is_a_suite(tmp_path: Path) -> None:
    suite = load_suite(SEEDS / "conversations")
    assert len(suite.conversations) == 12
    assert len(sampled(suite, 3).conversations) == 3
    (tmp_path / "talk.txt").write_text("User: hi\nSomebody: hello\n", "utf-8")
    with pytest.raises(SuiteError, match=r"talk\.txt line 2: names an unknown speaker"):
        load_suite(tmp_path)
