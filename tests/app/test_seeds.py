"""The seeds folder and what is read from it: complete, and named where it is not."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from app.compose.adapters import ServingKnowledge
from app.compose.seeds import Seeds
from app.compose.voice import LiveLanguage, LiveTopics
from app.settings import SettingsError
from knowledge.errors import BackgroundUnusable
from knowledge.releases.calibration import read_background
from knowledge.releases.releases import LiveRelease
from knowledge.types import Entry
from pipeline.stages.gate.spoken_language import TOLD_APART
from pipeline.types import Outcome
from tests.fakes import entry, settings, snapshot

SEEDS = Path(__file__).parents[2] / "seeds"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The seeds without their entries, to be broken."""
    return Path(shutil.copytree(SEEDS, tmp_path / "seeds", ignore=shutil.ignore_patterns("kb", "gold")))


def test_the_seeds_are_read_whole(tmp_path: Path) -> None:
    seeds = Seeds.read(settings(tmp_path, seeds_dir=SEEDS))
    assert seeds.topics and seeds.exemplars and seeds.lexicon and seeds.slang.chat
    assert seeds.voice.closings


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("voice.yaml", "openers: ["),
        ("voice.yaml", "off_topic: x"),
        ("topics.yaml", "- id: no-label"),
        ("slang.yaml", "chat: 7"),
        ("small_talk.yaml", "greeting: {"),
        ("small_talk.yaml", "greeting: hello"),
        ("safety.yaml", ""),
        ("safety_lexicon.yaml", 'crisis: ["(unclosed"]'),
        ("conversations/01.txt", None),
        ("slang.yaml", None),
    ],
)
def test_a_file_that_cannot_be_used_is_named(copy: Path, name: str, text: str | None) -> None:
    if text is not None:
        (copy / name).write_text(text)
    elif name.endswith(".txt"):
        (copy / name).write_bytes(b"\xff\xfe")
    else:
        (copy / name).unlink()
    with pytest.raises(SettingsError, match=name):
        Seeds.read(settings(copy.parent, seeds_dir=copy))


@pytest.mark.parametrize("text", [None, "near: {", "unrelated: [a]", "- a", "unrelated: 7\nnear: {}"])
def test_a_background_that_cannot_be_used_is_named(copy: Path, text: str | None) -> None:
    (copy / "background.yaml").unlink()
    if text is not None:
        (copy / "background.yaml").write_text(text)
    with pytest.raises(BackgroundUnusable, match=r"background\.yaml"):
        read_background(copy)


def test_topics_are_those_of_the_release_that_serves() -> None:
    live = LiveRelease()
    topics = LiveTopics(ServingKnowledge(live), {"b": "Birds", "a": "Apes", "z": "Zebras"})
    assert topics() == ()
    live.swap(snapshot(entry("e1", topic="a"), entry("e2", topic="b"), entry("e3", topic="general")))
    assert topics() == ("birds", "apes")
    others = (entry("e1", topic="covid-19_tests"), entry("e2", topic="side_effects_and-safety"))
    live.swap(snapshot(*others, entry("e3", topic="side_effects_and-safety"), release_id="r2"))
    assert topics() == ("side effects and safety", "covid-19 tests")


def test_the_owners_texts_and_contact_are_said_where_they_belong(tmp_path: Path) -> None:
    own = {"crisis_text": "Call the line.", "emergency_text": "Call 112.", "handoff_contact": "desk@example"}
    voice = Seeds.read(settings(tmp_path, seeds_dir=SEEDS, **own)).voice
    bare = Seeds.read(settings(tmp_path, seeds_dir=SEEDS)).voice
    assert (voice.fixed["crisis"], voice.fixed["emergency"]) == (("Call the line.",), ("Call 112.",))
    assert "988" in bare.fixed["crisis"][0] and "988" not in bare.fixed["emergency"][0]
    shown = {key for key, texts in voice.fixed.items() if all("desk@example" in text for text in texts)}
    keys = ("off_topic_language", "off_topic_in", "no_answer_in")
    languages = {f"{key}.{code}" for key in keys for code in TOLD_APART}
    assert shown == languages | {
        *("no_answer", "off_topic", "small_talk.complaint", "small_talk.person", "steering.ending")
    }
    assert not [text for texts in bare.fixed.values() for text in texts if "{contact}" in text]
    assert "can't" in bare.reply(Outcome.SMALL_TALK, "person")


def test_another_language_is_told_the_one_of_the_knowledge_base(tmp_path: Path) -> None:
    seeds = Seeds.read(settings(tmp_path, seeds_dir=SEEDS))
    live = LiveRelease()
    language = LiveLanguage(ServingKnowledge(live), seeds.languages)
    assert language() == ""
    live.swap(snapshot(Entry("a", "When are you open?", "We are open from Monday to Friday, nine to five.")))
    assert language() == "English"
    said = replace(seeds.voice, language=language).reply(Outcome.OFF_TOPIC, "language.de")
    assert said.startswith("Leider") and "Englisch." in said
    named = replace(seeds.voice, language=language).in_another_language("fr", "de")
    assert named.endswith("langue : allemand.")
