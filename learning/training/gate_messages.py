"""Messages for the gate: what people put to a chat that is no question to its knowledge base."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from knowledge.shipped_seeds import SHIPPED_SEEDS
from learning.training.config import TrainingFailed
from learning.training.corpora import Corpus
from learning.training.rewrites import LICENCES as REWRITES
from learning.training.rewrites import read_rewrites
from pipeline.stages.gate.exemplars import read_exemplars
from pipeline.stages.gate.intent_classifier import ASKS

_T = TypeVar("_T")
_ACTS = {
    "greeting": "small_talk",
    "farewell": "small_talk",
    "positive_reaction": "small_talk",
    "negative_reaction": "hostile",
    "other": "noise",
    "concern": ASKS,
    "query": ASKS,
}
_TALKING = {"small_talk", "meta"}
"""Domains of CLINC150 that are about the chat itself; the second are orders to it and left out."""
_COMPOSED = ("covid_not_vaccine", "other_health", "off_topic")
_ACT_GROUPS = 10
_CONVERSATIONS = ("dev_canard", "dev_cast_ikat", "dev_mtrag")
OWN = "own exemplars"
"""The source of the messages that are the gate's own."""
LICENCES = {
    "nq_open": "Apache-2.0",
    "clinc150": "CC-BY-3.0",
    "banking77": "CC-BY-4.0",
    "chitchat": "MIT",
    "vaccine_faq": "Apache-2.0",
    OWN: "Apache-2.0",
    **REWRITES,
}


@dataclass(frozen=True, slots=True)
class Kind:
    """A message of a known kind. `group` keeps together what is not independent: one intent, one scenario."""

    text: str
    kind: str
    group: str
    source: str


def outside_pools(data: Path, per_pool: int, seed: int) -> dict[str, tuple[str, ...]]:
    """Messages that most knowledge bases are not about, by pool. Raises `TrainingFailed`."""
    composed = rows(data / "vaccine_faq/out_of_scope_dev.jsonl")
    pools = {
        "nq_open": [row["question"] for row in rows(data / "topic_gate/nq_open.jsonl")],
        "banking": [row["text"] for row in rows(data / "topic_gate/banking77_train.jsonl")],
        **{label: [row["query"] for row in composed if row["label"] == label] for label in _COMPOSED},
    }
    return {name: tuple(sample(texts, per_pool, seed)) for name, texts in pools.items()}


def read_kinds(data: Path, corpora: Sequence[Corpus], seed: int) -> list[Kind]:
    """Messages that ask something, of any domain, beside small talk, hostile ones and noise. Raises
    `TrainingFailed`."""
    clinc = rows(data / "topic_gate/clinc150_train.jsonl")
    asked = [row for row in clinc if row["domain"] not in _TALKING]
    chat = [row for row in clinc if row["domain"] == "small_talk"]
    chitchat = rows(data / "topic_gate/chitchat.jsonl")
    questions = rows(data / "topic_gate/nq_open.jsonl")
    banking = rows(data / "topic_gate/banking77_train.jsonl")
    return [
        *_asked(corpora, seed),
        *(Kind(row["question"], ASKS, "nq_open", "nq_open") for row in sample(questions, 500, seed)),
        *(Kind(row["text"], ASKS, f"clinc {row['domain']}", "clinc150") for row in sample(asked, 700, seed)),
        *(Kind(row["text"], ASKS, "banking77", "banking77") for row in sample(banking, 400, seed)),
        *(
            Kind(row["text"], "small_talk", f"clinc {row['intent']}", "clinc150")
            for row in sample(chat, 500, seed)
        ),
        *(
            Kind(row["text"], "small_talk", f"chitchat {row['scenario']}", "chitchat")
            for row in sample(chitchat, 1500, seed)
        ),
        *_follow_ups(data, seed),
        *_acts(data),
        *_safety(),
    ]


def _asked(corpora: Sequence[Corpus], seed: int) -> Iterator[Kind]:
    for corpus in corpora:
        texts = [asked.message for asked in corpus.asked]
        missed = [message for message, _ in corpus.unanswerable]
        for text in (*sample(texts, 700, seed), *sample(missed, 200, seed)):
            yield Kind(text, ASKS, corpus.name, corpus.name)


def _follow_ups(data: Path, seed: int) -> Iterator[Kind]:
    """Questions that lean on a conversation: "how do I do that" is one, though it names nothing."""
    for each in sample(read_rewrites(data / "rewriting", _CONVERSATIONS), 500, seed):
        yield Kind(each.text, ASKS, each.conversation, each.source)


def _acts(data: Path) -> Iterator[Kind]:
    for place, row in enumerate(rows(data / "vaccine_faq/dialog_acts_dev.jsonl")):
        yield Kind(row["text"], _ACTS[row["label"]], f"acts {place % _ACT_GROUPS}", "vaccine_faq")


def _safety() -> Iterator[Kind]:
    """The gate's own exemplars of alarms, and the honest messages that only sound like them."""
    for group, texts in read_exemplars(SHIPPED_SEEDS).items():
        if group != "small_talk":
            for place, text in enumerate(texts[group]):
                kind = ASKS if group == "honest" else group
                yield Kind(text, kind, f"{group} {place % _ACT_GROUPS}", OWN)


def sample(items: Sequence[_T], most: int, seed: int) -> list[_T]:
    """At most so many, the same ones each time."""
    chance = random.Random(seed)  # noqa: S311 - a sample, no secret
    return list(items) if len(items) <= most else chance.sample(list(items), most)


def rows(file: Path) -> list[Mapping[str, Any]]:
    """Of a JSONL file. Raises `TrainingFailed`."""
    try:
        with file.open(encoding="utf-8") as lines:
            return [json.loads(line) for line in lines]
    except (OSError, ValueError) as error:
        raise TrainingFailed(f"{file} cannot be read: {error}") from error
