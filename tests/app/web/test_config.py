"""`GET /widget/config`: what the widget offers of the knowledge base, and what of the owner's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from app.main import create_app
from app.web.offers import EXAMPLES, LONGEST, Offers
from app.web.routes import WidgetConfig
from knowledge.releases.releases import LiveRelease
from knowledge.types import Entry
from tests.fakes import client_of, entry, services, snapshot

ENTRIES = [
    entry("a", topic="fees", question="What does it cost?"),
    entry("b", topic="fees", question=f"{'x' * LONGEST}?"),
    entry("c", topic="times", question="When are you open?"),
    entry("d", topic="internal-code", question="What is this?"),
]
LABELS = {"times": "Opening hours", "fees": "Fees", "none": "Nothing"}


def _live(*entries: Entry) -> LiveRelease:
    return LiveRelease(snapshot(*entries))


async def _config(folder: Path, **fields: Any) -> dict[str, Any]:  # noqa: ANN401
    seeds = folder / "own"
    seeds.mkdir()
    (seeds / "voice.yaml").write_text("crisis: Call 988.\nemergency: [Get help.]\n")
    (seeds / "widget.yaml").write_text("emergency_number: '112'\n")
    async with client_of(create_app(services(folder, seeds_dir=seeds, **fields))) as client:
        response = await client.get("/widget/config?lang=fr")
    assert response.status_code == 200
    got: dict[str, Any] = response.json()
    return got


async def test_it_tells_what_is_public_and_nothing_else(tmp_path: Path) -> None:
    told = await _config(tmp_path, crisis_text="Call us.")
    assert set(told) == set(WidgetConfig.model_fields)
    assert (told["language"], told["content_language"]) == ("fr", "en")
    assert told["alarms"] == ["Call us.", "Get help."]
    assert told["emergency_number"] == "112"
    assert told["examples"] == ["What about dna?"]
    assert told["messages"]["send"] == "Envoyer"


def test_topics_have_the_owners_names_and_short_questions() -> None:
    topics = Offers(_live(*ENTRIES), LABELS).topics()
    assert topics == [("Opening hours", ["When are you open?"]), ("Fees", ["What does it cost?"])]


def test_examples_are_one_of_each_topic_or_any_without_topics() -> None:
    assert Offers(_live(*ENTRIES), LABELS).examples() == ["When are you open?", "What does it cost?"]
    many = [entry(f"e{number}") for number in range(9)]
    assert len(Offers(_live(*many), {}).examples()) == EXAMPLES


def test_another_release_offers_its_own_and_none_offers_nothing() -> None:
    live = LiveRelease(None)
    offers = Offers(live, LABELS)
    assert (offers.topics(), offers.examples()) == ((), [])
    live.swap(snapshot(ENTRIES[0]))
    assert offers.examples() == ["What does it cost?"]
    live.swap(snapshot(ENTRIES[2], release_id="r2"))
    assert offers.examples() == ["When are you open?"]
