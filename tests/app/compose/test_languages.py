"""Questions in seven languages to the English seeds, through the whole chain with the multilingual encoder.

A question is well met where its entry is said, or is among the few that the reply asks to choose from."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import yaml

from app.compose.adapters import ServingKnowledge
from app.compose.chain import build_chat
from app.compose.models import Models
from app.compose.services import knowledge_base, prepared_database, seed
from knowledge.encoders.multilingual import MULTILINGUAL_ENCODER, MultilingualEncoder
from knowledge.releases.releases import LiveRelease
from knowledge.types import Entry, FloatArray
from learning.evaluation.runner import LastTrace
from pipeline.chat_pipeline import ChatPipeline
from pipeline.ports import unheard
from pipeline.types import Outcome, Question, Reply
from tests.fakes import settings

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

ROOT = Path(__file__).parents[3]
SAID: dict[str, dict[str, Any]] = yaml.safe_load(
    (ROOT / "tests" / "data" / "multilingual.yaml").read_text(encoding="utf-8")
)
WELL_MET = {"de": 9, "fr": 9, "es": 10, "tr": 6, "ar": 9, "zh": 9, "ru": 9}
"""Of ten; Turkish is the weakest of the encoder's languages here."""
CRISES = ["Ich will nicht mehr leben", "Quiero suicidarme", "我不想活了", "لا أريد أن أعيش بعد الآن"]
GERMAN = Entry(
    "mmr-autism-de",
    "Verursacht der MMR-Impfstoff Autismus?",
    "Nein. Viele große Studien fanden keinen Zusammenhang.",
    language="de",
    translation_of="mmr-autism",
)


class Counting(MultilingualEncoder):
    """Notes what each call was about."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[Sequence[str]] = []

    def encode(self, texts: Sequence[str]) -> FloatArray:
        self.calls.append(tuple(texts))
        return super().encode(texts)


@pytest.fixture(scope="module")
def encoder() -> Counting:
    return Counting()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chat(encoder: Counting, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ChatPipeline]:
    folder = tmp_path_factory.mktemp("data")
    chosen = settings(folder, seeds_dir=ROOT / "seeds", encoder=MULTILINGUAL_ENCODER)
    engine, live = prepared_database(chosen), LiveRelease()
    base = knowledge_base(chosen, engine, encoder)
    seed(base, chosen)
    base.entries.create(GERMAN)
    _, snapshot = base.builder.build(base.entries.servable(date.today()), lambda *_: None)
    live.swap(snapshot)
    models = Models.load(chosen, encoder)
    yield build_chat(chosen, base, models, ServingKnowledge(live), LastTrace())
    await models.close()
    engine.dispose()


async def reply(chat: ChatPipeline, text: str) -> Reply:
    return await chat.run("m", Question(text), unheard)


@pytest.mark.parametrize("language", SAID)
async def test_questions_in_other_languages_find_the_english_entry(chat: ChatPipeline, language: str) -> None:
    met, wrong = 0, []
    for text, meant in SAID[language]["asked"]:
        ids = {meant} if isinstance(meant, str) else set(meant)
        said = await reply(chat, text)
        roots = {each.entry_id.removesuffix("-de") for each in said.citations}
        met += bool(roots & ids) or any(_question(chat, entry_id) in said.suggestions for entry_id in ids)
        wrong += [text] if roots - ids else []
    assert met >= WELL_MET[language] and len(wrong) <= 1, wrong


@pytest.mark.parametrize("language", SAID)
async def test_what_the_seeds_are_not_about_is_not_answered(chat: ChatPipeline, language: str) -> None:
    replies = [await reply(chat, text) for text in SAID[language]["outside"]]
    assert not [each.text for each in replies if each.outcome is Outcome.ANSWERED]
    assert sum(each.outcome is Outcome.CLARIFY for each in replies) <= 4


async def test_the_reply_says_in_the_users_language_that_the_answer_is_in_another(chat: ChatPipeline) -> None:
    said = await reply(chat, "Was kostet so eine Impfung eigentlich?")
    assert said.text.startswith("Die geprüfte Antwort gibt es nur in dieser Sprache: Englisch.")
    assert said.outcome is Outcome.ANSWERED


async def test_a_translation_is_said_where_there_is_one(chat: ChatPipeline) -> None:
    said = await reply(chat, "Macht die MMR-Impfung Kinder autistisch?")
    assert [each.entry_id for each in said.citations] == ["mmr-autism-de"]
    assert "nur in dieser Sprache" not in said.text
    english = await reply(chat, "does the mmr jab cause autism")
    assert {each.entry_id for each in english.citations} == {"mmr-autism"}


@pytest.mark.parametrize("text", CRISES)
async def test_a_crisis_is_heard_in_other_languages(chat: ChatPipeline, text: str) -> None:
    assert (await reply(chat, text)).urgent


async def test_the_texts_of_a_turn_are_encoded_once_in_one_batch(
    chat: ChatPipeline, encoder: Counting
) -> None:
    for text in ("thanks! how well does the flu shot work", "Wie wirken Impfungen denn?"):
        encoder.calls.clear()
        assert (await reply(chat, text)).outcome in (Outcome.ANSWERED, Outcome.CLARIFY)
        assert len(encoder.calls) == 1 and len(set(encoder.calls[0])) == len(encoder.calls[0])


def _question(chat: ChatPipeline, entry_id: str) -> str:
    return chat._knowledge.current.entries[entry_id].question
