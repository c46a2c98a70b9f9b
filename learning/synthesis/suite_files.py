"""A made-up set as files: a suite as `candor eval` reads it, which is a training corpus as well, and a
report."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from knowledge.sheets.exporting import export_jsonl
from knowledge.types import Entry
from learning.synthesis.distinct import diversity
from learning.synthesis.questions import Made, Tally
from learning.synthesis.wording.noise_profile import Lexicon, NoiseProfile, distances, measure
from pipeline.types import Outcome

KB, QUESTIONS, WITHHELD, REPORT = "kb.jsonl", "questions.jsonl", "withheld.jsonl", "report.json"


@dataclass(frozen=True, slots=True)
class Yardstick:
    """What the noise of a set is held against, by name; `lexicon` tells slips from words."""

    lexicon: Lexicon
    profiles: Mapping[str, NoiseProfile]


def write_suite(
    folder: Path, entries: Sequence[Entry], withheld: frozenset[str], made: Sequence[Made], report: object
) -> None:
    """Fills the folder, which is made where it is missing: the entries that are left, those that were taken
    out, the messages, the report. Raises `OSError`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, inside in ((KB, False), (WITHHELD, True)):
        kept = (entry for entry in entries if (entry.id in withheld) is inside)
        (folder / name).write_text("".join(export_jsonl(kept)), encoding="utf-8")
    rows = (json.dumps(_row(number, each), ensure_ascii=False) for number, each in enumerate(made, 1))
    (folder / QUESTIONS).write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
    (folder / REPORT).write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


def report_of(made: Sequence[Made], tally: Tally, yardstick: Yardstick) -> dict[str, Any]:
    """What a reader wants to know of a set: how many of which kind, how many the round trip kept and for
    how many of those the entry comes first, how varied they are, and how close their noise is to real
    messages."""
    messages = [each.message for each in made]
    talks = [" / ".join((*(said.text for said in each.history), each.message)) for each in made]
    profile = measure(messages, yardstick.lexicon)
    return {
        "messages": len(made),
        "kinds": dict(sorted(Counter(each.kind for each in made).items())),
        "outcomes": dict(sorted(Counter(str(each.expect) for each in made).items())),
        "entries_asked_for": len({each.about for each in made if each.about}),
        "unique_with_history": diversity(talks)["unique"],
        "diversity": diversity(messages),
        "round_trip": tally.rows(),
        "noise_distance": {name: distances(profile, real) for name, real in yardstick.profiles.items()},
    }


def _row(number: int, made: Made) -> dict[str, Any]:
    row: dict[str, Any] = {"id": f"s-{number:05}", "message": made.message, "kind": _kind(made)}
    if made.entry_ids:
        row["entry_ids"] = [*made.entry_ids]
    row["expect"] = str(made.expect)
    if made.history:
        row["history"] = [{"role": str(said.role), "content": said.text} for said in made.history]
        row["rewrite"] = made.clean
    return row


def _kind(made: Made) -> str:
    family = "answerable" if made.expect is Outcome.ANSWERED else "must_not_answer"
    return f"{family}/{made.kind}"
