"""The commands that take a knowledge base in and out, and show what users made of it. Nothing heavy is
imported before a command needs it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

_SINCE = typer.Option(metavar="DAY", help="From this day or instant on.")
_UNTIL = typer.Option(metavar="DAY", help="Up to this day, or before this instant.")
_MOST = typer.Option(min=1, max=10_000, metavar="N", help="Show at most N.")


def import_(
    path: Annotated[
        str,
        typer.Argument(
            metavar="FILE|FOLDER|ADDRESS",
            help="CSV, TSV, XLSX, JSON, JSONL; Markdown, HTML, DOCX, PDF, text; a folder; a site.",
        ),
    ],
    mode: Annotated[
        Literal["upsert", "replace"], typer.Option(help="replace also removes what is not named.")
    ] = "upsert",
    reindex: Annotated[bool, typer.Option("--reindex", help="Build and activate a release after.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Only show what would change.")] = False,
    approve: Annotated[
        bool, typer.Option("--approve", help="Take documents in as approved, not as drafts.")
    ] = False,
) -> None:
    """Take entries into the knowledge base, all or none.

    Tables need a column of questions and one of answers, under any usual name; an update touches only the
    columns that are there. The sections of a document become drafts; the next import of it changes what
    changed. A site is read by its sitemap, if CANDOR_CRAWL_HOSTS names it.
    """
    from app.cli.curating.entries import import_entries

    import_entries(path, mode, check, approve)
    if reindex and not check:
        from app.cli.curating.building import reindex as build

        build()


def export(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write; - is standard output.")],
    format: Annotated[
        Literal["jsonl", "csv", "xlsx", "markdown"] | None,
        typer.Option(help="Default: by FILE's suffix. markdown writes a folder, one file an entry."),
    ] = None,
) -> None:
    """Write all entries, as import takes them back."""
    from app.cli.curating.entries import export_entries, format_of

    chosen = format or format_of(file)
    if chosen is None:
        raise typer.BadParameter(f"{file.name} does not tell the format: give --format.")
    if chosen == "markdown" and file == Path("-"):
        raise typer.BadParameter("Markdown is one file an entry: name a folder.")
    export_entries(file, chosen)


def template(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv|FILE.xlsx", help="A new file.")],
) -> None:
    """Write an empty table that says what belongs into each column."""
    from app.cli.curating.entries import write_template

    if file.suffix.lower() not in (".csv", ".xlsx"):
        raise typer.BadParameter(f"{file.name} must end with .csv or .xlsx.")
    write_template(file)


def reindex() -> None:
    """Build, check and activate a release.

    It holds the approved, unexpired entries; only what changed is embedded anew. A running service on the
    same data takes it over by itself.
    """
    from app.cli.curating.building import reindex

    reindex()


def gaps(
    since: Annotated[str | None, _SINCE] = None,
    until: Annotated[str | None, _UNTIL] = None,
    kind: Annotated[
        Literal["unanswered", "not_chosen", "rated_down", "off_topic", "answered"] | None,
        typer.Option(help="Default: the first three."),
    ] = None,
    state: Annotated[
        Literal["open", "reopened", "closed", "dismissed"] | None,
        typer.Option(help="Only these. Default: any."),
    ] = None,
    limit: Annotated[int, _MOST] = 20,
    json: Annotated[bool, typer.Option("--json", help="As GET /admin/gaps gives it.")] = False,
) -> None:
    """Show what users asked in vain, what is asked most first.

    Messages without an answer, offers that nobody took up and answers rated down, clustered by what they ask.
    """
    from app.cli.curating.gaps import show_gaps

    show_gaps(since, until, kind, state, limit, as_json=json)


def feedback(
    since: Annotated[str | None, _SINCE] = None,
    until: Annotated[str | None, _UNTIL] = None,
    rating: Annotated[Literal["up", "down"] | None, typer.Option(help="Only these ratings.")] = None,
    outcome: Annotated[
        Literal["answered", "no_answer", "off_topic", "small_talk", "clarify", "declined"] | None,
        typer.Option(help="Only replies of this kind."),
    ] = None,
    entry: Annotated[
        str | None, typer.Option(metavar="ID", help="Only replies that cite this entry.")
    ] = None,
    limit: Annotated[int, _MOST] = 50,
    json: Annotated[bool, typer.Option("--json", help="As GET /admin/feedback gives it.")] = False,
) -> None:
    """Show how users rated replies, the newest rating first."""
    from app.cli.curating.gaps import show_feedback

    show_feedback(since, until, rating, outcome, entry, limit, as_json=json)
