"""What the release gate found, and what is not live yet, on the terminal."""

from __future__ import annotations

import typer
from sqlalchemy import Engine

from app.cli.failures import Failed
from app.compose.services import prepared_database
from app.release_gate.verdicts import Verdict
from app.settings import read_settings
from app.store.gate_reports import GateAnswerRow, GateReportRow, GateReports
from knowledge.errors import ReleaseUnusable
from knowledge.releases.releases import EncoderStamp, Releases
from knowledge.unreleased import changes_not_live

_SHOWN = 20
ANY_ENCODER = EncoderStamp("", 0, "")
"""None is needed to see which release is active."""
_TOLD = (
    (Verdict.BETTER, "better"),
    (Verdict.WORSE, "worse"),
    (Verdict.REFUSED_NOW, "refused now"),
    (Verdict.ANSWERED_NOW, "answered now"),
    (Verdict.CHANGED, "changed otherwise"),
)


def tell_gate(report: GateReportRow) -> None:
    """A line of figures, and one for each bar that fell."""
    counts = report.counts
    told = ", ".join(f"{counts[verdict]:,} {words}" for verdict, words in _TOLD if counts[verdict])
    down = counts["rated_down_changed"]
    more = f"; {down:,} of those rated down changed, for the better perhaps" if down else ""
    typer.echo(
        f"The gate asked {counts['asked']:,} questions of it and of {report.against}"
        f" in {report.seconds:.0f} s: {told or 'all answers are the same'}{more}."
    )
    for bar in report.bars:
        if bar["fell"]:
            typer.echo(f"Held back: {bar['sentence']}")


def show_diff(release_id: str, verdict: str | None, limit: int) -> None:
    """What a release would say otherwise than the one that was live, losses first. Raises `Failed` where it
    was not examined."""
    reports = GateReports(prepared_database(read_settings()))
    report = reports.get(release_id)
    if report is None:
        raise Failed(f"There is no release {release_id} that the gate examined.")
    tell_gate(report)
    page = reports.diff(release_id, verdict=verdict, limit=limit)
    rows = [row for row in page.rows if verdict or row.verdict != Verdict.SAME]
    for row in rows:
        _tell(row)


def tell_waiting(engine: Engine, releases: Releases) -> None:
    """How many entries differ between what is stored and what is live; nothing where none does."""
    if waiting := waiting_changes(engine, releases):
        typer.echo(f"{waiting:,} {'change is' if waiting == 1 else 'changes are'} not live: candor reindex")


def waiting_changes(engine: Engine, releases: Releases) -> int:
    """How many entries a release built now would add, change or drop."""
    active = releases.active_id()
    try:
        served = releases.hashes(active) if active else {}
    except ReleaseUnusable:
        served = {}
    return changes_not_live(engine, served)


def _tell(row: GateAnswerRow) -> None:
    lost = ", lost" if row.lost else ""
    typer.echo(f"\n{row.verdict.replace('_', ' ')}{lost} ({row.source} {row.ref}): {row.detail['question']}")
    for name in ("before", "after"):
        said = row.detail[name]
        cited = f" [{', '.join(said['entry_ids'])}]" if said["entry_ids"] else ""
        typer.echo(f"  {name:<6}  {said['outcome']}{cited}: {' '.join(said['reply'].split())[:160]}")
