"""The house voice of this service: learned from the example conversations, with the owner's own words."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

from app.settings import Settings
from learning.transcripts import parse_transcripts
from learning.voice import learn_voice
from pipeline.voice import HouseVoice

_CONTACT = "You can also ask here: {contact}"


def build_voice(settings: Settings, topics: Collection[str]) -> HouseVoice:
    """The voice for a knowledge base with these topic ids; without any, for that of the seeds.
    Raises `OSError` or `ValueError` where the seeds cannot be read or lack a reply."""
    seeds = settings.seeds_dir
    fixed: dict[str, Any] = _yaml(seeds / "voice.yaml")
    if settings.crisis_text:
        fixed["crisis"] = settings.crisis_text
    if settings.handoff_contact:
        contact = _CONTACT.format(contact=settings.handoff_contact)
        fixed["no_answer"] = [f"{reply} {contact}" for reply in fixed["no_answer"]]
    texts = (file.read_text("utf-8") for file in sorted((seeds / "conversations").glob("*.txt")))
    conversations = [talk for text in texts for talk in parse_transcripts(text).conversations]
    known = [topic for topic in _yaml(seeds / "topics.yaml") if not topics or topic["id"] in topics]
    return learn_voice(conversations, fixed, topics=[_within_a_sentence(topic["label"]) for topic in known])


def _within_a_sentence(label: str) -> str:
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]


def _yaml(file: Path) -> Any:  # noqa: ANN401
    import yaml

    return yaml.safe_load(file.read_text("utf-8"))
