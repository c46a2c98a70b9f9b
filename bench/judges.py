"""The judging stages on real messages that nobody here wrote: who is answered, with what, and who is not.

    python -m bench.judges --data FOLDER [--messages 1500] [--models var]

FOLDER holds `vaccine_faq/` (and, for a second opinion, `covid_faq/`) as described in their READMEs.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from knowledge.batching import BatchedEncoder
from knowledge.calibration import calibrate, read_background
from knowledge.encoder import DEFAULT_ENCODER, TextEncoder, load_encoder
from knowledge.importing import parse_jsonl
from knowledge.snapshot import LocalSnapshot
from pipeline.stages.alarms import Alarms, read_lexicon
from pipeline.stages.exemplars import Exemplars, read_exemplars
from pipeline.stages.relevance_check import CalibratedRelevanceCheck
from pipeline.stages.retrieval import HybridRetrieval
from pipeline.stages.thresholds import JudgeThresholds
from pipeline.stages.topic_gate import CalibratedTopicGate
from pipeline.turn import SearchQuery, Topic
from pipeline.types import Question

SEEDS = Path(__file__).parent.parent / "seeds"
_REAL_OUTSIDE = ("smalltalk_or_about_bot", "abuse_hate_or_rant", "out_of_scope_or_gibberish")
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Fixed:
    """A knowledge base that stays the same."""

    current: LocalSnapshot


@dataclass(frozen=True, slots=True)
class Ruling:
    """What became of a message: its topic, all entries found and those let through, best first."""

    topic: Topic
    found: tuple[str, ...]
    accepted: tuple[str, ...]


class Judges:
    """The three judging stages over one knowledge base, calibrated as a release is."""

    def __init__(self, encoder: TextEncoder, entries: Path, thresholds: JudgeThresholds) -> None:
        snapshot = LocalSnapshot.of(parse_jsonl(entries.read_bytes()).entries, encoder.encode)
        background = read_background(SEEDS)
        calibration = calibrate(snapshot, background, encoder.encode(background))
        figures = {name: round(figure, 3) for name, figure in calibration.figures.items()}
        print(f"{entries.parent.name}: {len(snapshot.entries)} entries, {figures}")
        knowledge = Fixed(snapshot.calibrated(calibration))
        shared = BatchedEncoder(encoder)
        exemplars = Exemplars.of(read_exemplars(SEEDS), encoder.encode)
        alarms = Alarms(read_lexicon(SEEDS), exemplars, thresholds)
        self._gate = CalibratedTopicGate(shared, knowledge, exemplars, alarms, thresholds)
        self._retrieval = HybridRetrieval(shared, knowledge)
        self._relevance = CalibratedRelevanceCheck(shared, knowledge, thresholds)

    async def rule(self, text: str) -> Ruling:
        verdict = await self._gate(Question(text))
        query = SearchQuery(text)
        retrieved = await self._retrieval(query)
        found = tuple(hit.entry.id for hit in retrieved.hits)
        if verdict.topic is not Topic.ON_TOPIC:
            return Ruling(verdict.topic, found, ())
        evidence = await self._relevance(query, retrieved)
        return Ruling(verdict.topic, found, tuple(item.hit.entry.id for item in evidence.accepted))

    async def rule_all(self, rows: Sequence[Row]) -> list[Ruling]:
        return [await self.rule(row["query"]) for row in rows]


def rows_of(file: Path) -> list[Row]:
    with file.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


async def print_answerable(judges: Judges, name: str, rows: Sequence[Row]) -> None:
    """First right among all, before and after refusals; how many are refused and by whom."""
    rulings = await judges.rule_all(rows)
    pairs = [(set(row["kb_ids"]), ruling) for row, ruling in zip(rows, rulings, strict=True)]
    found = [sum(bool(gold & set(ruling.found[:k])) for gold, ruling in pairs) for k in (1, 3, 5)]
    right = sum(bool(gold & set(ruling.accepted[:1])) for gold, ruling in pairs)
    cited = sum(bool(gold & set(ruling.accepted)) for gold, ruling in pairs)
    refused = [ruling for ruling in rulings if not ruling.accepted]
    by_gate = sum(ruling.topic is not Topic.ON_TOPIC for ruling in refused)
    alarmed = sum(ruling.topic in (Topic.UNSAFE, Topic.CRISIS) for ruling in refused)
    share = 1 / max(1, len(rows))
    entries = sum(len(ruling.accepted) for ruling in rulings) / max(1, len(rows) - len(refused))
    recall = "/".join(f"{count * share:.3f}" for count in found)
    print(
        f"  {name:<22}{len(rows):>6}  R@1/3/5 {recall}"
        f"  right first {right * share:.3f}  cited {cited * share:.3f}"
        f"  refused {len(refused) * share:.3f} (gate {by_gate * share:.3f}, alarms {alarmed * share:.4f})"
        f"  entries {entries:.2f}"
    )


async def print_outside(judges: Judges, rows: Sequence[Row]) -> None:
    """The share not answered by label, and what the gate took them for."""
    rulings = await judges.rule_all(rows)
    labels = sorted({row["label"] for row in rows})
    for label in ["", *labels]:
        chosen = [r for row, r in zip(rows, rulings, strict=True) if label in ("", row["label"])]
        silent = sum(not ruling.accepted for ruling in chosen) / max(1, len(chosen))
        topics = {topic.value: sum(ruling.topic is topic for ruling in chosen) for topic in Topic}
        print(f"  {label or 'all outside':<30}{len(chosen):>6}  not answered {silent:.3f}  {topics}")


async def measure(data: Path, models: Path, messages: int, thresholds: JudgeThresholds) -> None:
    encoder = load_encoder(DEFAULT_ENCODER, models)
    faq = data / "vaccine_faq"
    judges = Judges(encoder, faq / "kb.jsonl", thresholds)
    real = rows_of(faq / "real_user_dev.jsonl")
    asked = [row for row in rows_of(faq / "queries_dev.jsonl") if row["kind"] != "exact_kb_question"]
    asked = random.Random(0).sample(asked, min(messages, len(asked)))  # noqa: S311 - a sample, no secret
    for label in ("answerable", "partly_answerable"):
        await print_answerable(judges, f"real {label}", [row for row in real if row["label"] == label])
    for kind in ("crowd", "crowd_or_log", "real_user", "in_domain_no_kb_answer"):
        await print_answerable(judges, kind, [row for row in asked if row["kind"] == kind])
    outside = rows_of(faq / "out_of_scope_dev.jsonl")
    await print_outside(judges, [*outside, *(row for row in real if row["label"] in _REAL_OUTSIDE)])
    if (data / "covid_faq").is_dir():
        judges = Judges(encoder, data / "covid_faq" / "kb.jsonl", thresholds)
        await print_answerable(judges, "paraphrases", rows_of(data / "covid_faq" / "queries_dev.jsonl"))


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the judging stages on shared development data.")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--models", type=Path, default=Path("var"), help="where the exported encoder is kept")
    parser.add_argument("--messages", type=int, default=1500, help="how many of the crowd's messages")
    options = parser.parse_args()
    started = time.perf_counter()
    asyncio.run(measure(options.data, options.models, options.messages, JudgeThresholds()))
    print(f"{time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
