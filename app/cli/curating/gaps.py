"""`candor gaps` and `candor feedback`: what users asked, and what they thought of the replies."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import typer

from app.api.instants import first_instant, last_instant
from app.api.schemas.curation import FeedbackBody, FeedbackPageBody, GapBody, GapPageBody
from app.cli.curating.building import encoder
from app.cli.progress import progress
from app.compose.services import knowledge_base, prepared_database
from app.curation.asked import Kind
from app.curation.clusters import Per
from app.curation.feedback import feedback_page
from app.curation.gap_report import GapReport
from app.curation.gap_store import GapState
from app.settings import read_settings
from app.store.turns.asking import Wanted
from app.store.turns.conversations import Rating


def show_gaps(
    since: str | None,
    until: str | None,
    kind: str | None,
    state: str | None,
    limit: int,
    *,
    as_json: bool,
) -> None:
    """Prints the gaps with most messages, with the nearest entries of the active release. Raises
    `typer.BadParameter` for what is no day."""
    begin, end = _instant(first_instant, since), _instant(last_instant, until)
    settings = read_settings()
    engine = prepared_database(settings)
    with progress() as show:
        loaded = encoder(settings, show)
        live = knowledge_base(settings, engine, loaded).releases.recover().snapshot
        show(0.5, "comparing what users asked")
        report = GapReport(engine, lambda: loaded.encode)
        chosen = [GapState(state)] if state else None
        found = report.find(kind=Kind(kind) if kind else None, states=chosen, since=begin, until=end)
        shown = [GapBody.of(gap, report.nearest(gap, live), Per.DAY) for gap in found[:limit]]
    if as_json:
        page = GapPageBody(items=shown, total=len(found), offset=0, limit=limit)
        typer.echo(page.model_dump_json(indent=2))
        return
    for gap in shown:
        typer.echo(_line(gap))
    typer.echo(f"{len(found):,} gaps, {len(shown):,} shown." if found else "There are no gaps.", err=True)


def show_feedback(
    since: str | None,
    until: str | None,
    rating: str | None,
    outcome: str | None,
    entry: str | None,
    limit: int,
    *,
    as_json: bool,
) -> None:
    """Prints ratings with what was asked, newest first. Raises `typer.BadParameter` for what is no day."""
    wanted = Wanted(
        since=_instant(first_instant, since),
        until=_instant(last_instant, until),
        rating=Rating(rating) if rating else None,
        outcome=outcome,
        entry_id=entry,
    )
    page = feedback_page(prepared_database(read_settings()), wanted, limit=limit)
    items = [FeedbackBody(**item) for item in page.items]
    if as_json:
        body = FeedbackPageBody(items=items, total=page.total, offset=0, limit=limit)
        typer.echo(body.model_dump_json(indent=2))
        return
    for item in items:
        typer.echo(_rated(item))
    typer.echo(f"{page.total:,} ratings, {len(items):,} shown." if items else "There are none.", err=True)


def _line(gap: GapBody) -> str:
    kinds = ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in gap.kinds.items())
    told = f"{gap.count:>5}  {gap.state:<9}  {gap.last_at:%Y-%m-%d}  {_short(gap.name)}"
    near = "".join(f"\n{'':14}near: {hit.entry_id} ({hit.cosine:.2f})" for hit in gap.nearest[:1])
    return f"{told}\n{'':14}{gap.id}  {kinds}{near}"


def _rated(item: FeedbackBody) -> str:
    about = ", ".join(item.entry_ids) or item.outcome.value
    said = f"{item.rated_at:%Y-%m-%d %H:%M}  {item.rating.value:<4}  {_short(item.message)}  [{about}]"
    return said + (f"\n{'':24}{_short(item.comment)}" if item.comment else "")


def _short(text: str, most: int = 100) -> str:
    line = "".join(sign if sign.isprintable() else " " for sign in " ".join(text.split()))
    return line if len(line) <= most else f"{line[: most - 1]}…"


def _instant(parse: Callable[[str], datetime], given: str | None) -> datetime | None:
    try:
        return parse(given) if given is not None else None
    except ValueError as error:
        raise typer.BadParameter(f"{given}: {error}.") from None
