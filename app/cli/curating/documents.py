"""Documents into the knowledge base, as drafts of entries."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import typer

from app.cli.curating.import_plan import show_plan
from app.cli.failures import Failed
from app.cli.progress import progress
from app.compose.services import holds_demonstration, prepared_database
from app.settings import Settings
from app.store.audit import witness
from app.store.curators import OPERATOR
from knowledge.curation.lifecycle import Writing
from knowledge.documents.paths import read_documents
from knowledge.documents.store import DocumentStore, Imported
from knowledge.documents.types import Document, DocumentsRejected
from knowledge.entries import EntryStore
from knowledge.importing.changes import Plan

_READING = 0.9  # of the work, the rest is writing


def below(path: Path, files: Sequence[Path], settings: Settings) -> list[Document]:
    """The documents, each read whole. Raises `Failed` after naming what is wrong with each on standard
    error."""
    with progress() as show:
        try:
            return read_documents(
                path,
                files,
                settings.import_limit_bytes,
                lambda done, name: show(_READING * done / len(files), f"reading {name}"),
            )
        except DocumentsRejected as rejected:
            for fault in rejected.faults:
                typer.echo(str(fault), err=True)
    raise Failed("Nothing was imported.")


def site(address: str, settings: Settings) -> list[Document]:
    """The pages of a site. Raises `KnowledgeError` where it may not or cannot be read."""
    from knowledge.documents.crawling.site import read_site

    with progress() as show:
        found = read_site(
            address,
            settings.crawl_hosts,
            settings.crawl_pages,
            settings.import_limit_bytes,
            lambda done, most, url: show(_READING * done / most, f"reading {url}"),
        )
    for note in found.notes:
        typer.echo(f"{note[:1].upper()}{note[1:]}.")
    return list(found.documents)


def take_in(documents: Sequence[Document], settings: Settings, *, check: bool, approve: bool) -> None:
    """Writes the documents, all or none, and prints what that changed; with `check`, what it would."""
    engine = prepared_database(settings)
    store, entries = DocumentStore(engine, witness), EntryStore(engine)
    demonstration = [entry.id for entry in entries.all()] if holds_demonstration(entries, settings) else []
    if check:
        imported = store.preview(documents, approve=approve)
    else:
        by = Writing(OPERATOR.name, OPERATOR.via, four_eyes=settings.four_eyes)
        imported = store.apply(documents, approve=approve, by=by, instead_of=demonstration)
    if demonstration:
        done = "would be" if check else "was"
        typer.echo(f"There was nothing but the untouched demonstration: it {done} replaced.")
    for each in imported:
        for note in each.document.notes:
            typer.echo(f"{each.document.name}: {note}.")
    if check:
        show_plan(_as_one(imported))
    else:
        _show_counts(imported, approve)
    for each in imported:
        for kept in each.plan.kept:
            typer.echo(f'{each.document.name}: "{kept.entry_id}" was left as it is: {kept.reason}.')
        for warning in each.warnings:
            typer.echo(f"Warning: {warning}")


def _show_counts(imported: Sequence[Imported], approve: bool) -> None:
    names = ("created", "updated", "moved", "unchanged", "removed")
    counted = {name: sum(each.counts[name] for each in imported) for name in names}
    told = ", ".join(f"{count:,} {name}" for name, count in counted.items())
    typer.echo(f"{len(imported):,} document(s): {told}.")
    if counted["created"] and not approve:
        typer.echo("They are drafts: none is said before it is approved.")


def _as_one(imported: Sequence[Imported]) -> Plan:
    plans = [each.plan for each in imported]
    return Plan(
        tuple(entry for plan in plans for entry in plan.created),
        tuple(pair for plan in plans for pair in (*plan.updated, *plan.moved)),
        tuple(entry_id for plan in plans for entry_id in plan.unchanged),
        tuple(entry.id for plan in plans for entry in plan.removed),
    )
