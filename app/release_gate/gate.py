"""The release gate: what a candidate would say, held against what the live release says."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import cache
from typing import Any

from sqlalchemy import Engine

from app.release_gate.bars import Bar, bars_of, counts_of
from app.release_gate.child import Told
from app.release_gate.questions import Asked, gathered, of_gold, of_touched, rated, recent
from app.release_gate.verdicts import Answer, Compared, compared
from app.settings import Settings
from app.store.gate_reports import GateAnswerRow, GateReportRow, GateReports, GateStatus
from app.store.gold import SEEDS, Gold, GoldStore, seed_gold
from knowledge.progress import Show
from knowledge.releases.releases import Releases
from knowledge.types import Snapshot
from knowledge.unreleased import changes_not_live

AskBoth = Callable[[Settings, str, str, Sequence[Asked], Told], list[tuple[Answer, Answer]]]
"""`child.ask_both`, or what stands in for it."""


class ReleaseGate:
    """Examines candidates and keeps the reports. Synchronous: it runs where building does."""

    def __init__(self, engine: Engine, settings: Settings, ask: AskBoth | None) -> None:
        self.gold = gold_store(engine, settings)
        self.reports = GateReports(engine)
        self._engine = engine
        self._settings = settings
        self._ask = ask

    @property
    def is_on(self) -> bool:
        return self._settings.gate and self._ask is not None

    def examine(
        self, releases: Releases, live_id: str, candidate: Snapshot, show: Show
    ) -> GateReportRow | None:
        """Asks the live release and the candidate, and keeps what became of it. None where there is nothing
        to ask. Raises `ExaminationFailed`, and what `show` raises."""
        started = time.perf_counter()
        questions = self.questions(releases.hashes(live_id), releases.hashes(candidate.release_id), candidate)
        if not questions or self._ask is None:
            return None

        def told(done: int) -> None:
            show(done / len(questions), f"asking {done:,} of {len(questions):,} questions")

        answers = self._ask(self._settings, live_id, candidate.release_id, questions, told)
        found = [compared(asked, *both) for asked, both in zip(questions, answers, strict=True)]
        report = self._report(candidate.release_id, live_id, found, time.perf_counter() - started)
        self.reports.add(report, [_row(candidate.release_id, each) for each in found])
        return report

    def questions(
        self, before: Mapping[str, str], after: Mapping[str, str], candidate: Snapshot
    ) -> list[Asked]:
        """What is to be asked, given the content hashes of both releases. Where they have no entry in common
        it is another knowledge base: only the owner's gold and the new entries say what is right there."""
        golds = self.gold.list(after.keys())
        touched = {entry_id for entry_id in after if before.get(entry_id) != after[entry_id]}
        natural = of_touched(candidate.entries, touched & candidate.entries.keys())
        if before.keys().isdisjoint(after):
            return gathered(of_gold(_of_owner(golds)), natural)
        users = rated(self._engine), recent(self._engine, self._settings.gate_recent)
        return gathered(of_gold(golds), users[0], natural, users[1])

    def changes_not_live(self, served: Mapping[str, str]) -> int:
        """How many entries differ from the content hashes `served`."""
        return changes_not_live(self._engine, served)

    def _report(
        self, release_id: str, live_id: str, found: Sequence[Compared], seconds: float
    ) -> GateReportRow:
        bars = bars_of(found, self._settings)
        held = any(bar.fell for bar in bars)
        return GateReportRow(
            release_id=release_id,
            against=live_id,
            status=GateStatus.HELD if held else GateStatus.PASSED,
            counts=dict(counts_of(found)),
            bars=[_bar_fields(bar) for bar in bars],
            seconds=round(seconds, 1),
        )


def gold_store(engine: Engine, settings: Settings) -> GoldStore:
    """The owner's gold questions, and those of the seeds, read when they are asked for."""
    return GoldStore(engine, cache(lambda: seed_gold(settings.seeds_dir)))


def _of_owner(golds: Sequence[Gold]) -> list[Gold]:
    return [gold for gold in golds if gold.created_by != SEEDS]


def why_held(report: GateReportRow | None) -> str:
    """One sentence a fallen bar, naming questions."""
    if report is None:
        return "It was not examined: its gate was interrupted. Reindex to have that done."
    return " ".join(bar["sentence"] for bar in report.bars if bar["fell"])


def _bar_fields(bar: Bar) -> dict[str, Any]:
    fields = asdict(bar) | {"questions": list(bar.questions)}
    return fields | {"fell": bar.fell, "sentence": bar.sentence}


def _row(release_id: str, each: Compared) -> GateAnswerRow:
    asked = each.asked
    return GateAnswerRow(
        release_id=release_id,
        message_id=asked.message_id,
        source=asked.source.value,
        ref=asked.ref,
        verdict=each.verdict.value,
        lost=each.is_lost,
        detail={
            "question": asked.question.text,
            "history": [{"role": said.role.value, "content": said.text} for said in asked.question.history],
            "expected": {"entry_ids": list(asked.entry_ids), "outcome": asked.outcome and asked.outcome.value}
            if asked.outcome
            else None,
            "rating": asked.rating and asked.rating.value,
            "before": _answer_fields(each.before),
            "after": _answer_fields(each.after),
        },
    )


def _answer_fields(answer: Answer) -> dict[str, Any]:
    return {
        "outcome": answer.outcome.value,
        "reply": answer.reply,
        "entry_ids": list(answer.entry_ids),
        "suggestions": list(answer.suggestions),
        "fate": answer.fate and answer.fate.value,
    }
