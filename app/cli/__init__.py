"""The `candor` command. Nothing heavy is imported before a command needs it, so that help is instant."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from app.cli.curating.commands import entries, keys, users
from app.cli.failures import expected, sentence
from app.cli.tuning.finetuning import finetuning
from app.cli.tuning.synthesis import synthesis
from app.cli.tuning.training import training
from app.version import VERSION

cli = typer.Typer(
    name="candor",
    help="A chat service that answers only from a knowledge base its owners have approved.",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
releases = typer.Typer(help="List the releases, or activate one of them.", rich_markup_mode=None)
gold = typer.Typer(
    help="Keep gold questions: what every release has to answer rightly.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
cli.add_typer(releases, name="releases")
cli.add_typer(gold, name="gold")
cli.add_typer(entries, name="entries")
cli.add_typer(users, name="users")
cli.add_typer(keys, name="keys")
cli.add_typer(synthesis, name="synthesize")
cli.add_typer(training, name="train")
cli.add_typer(finetuning, name="finetune")


def main() -> None:
    """The console script. Exit status: 0 done, 1 failed, 2 bad usage, 130 interrupted."""
    sys.unraisablehook = _hide_interrupts
    logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL + 1)  # it logs an interrupt as a traceback
    try:
        cli()
    except SystemExit:
        raise
    except KeyboardInterrupt:
        sys.exit(130)
    except expected() as error:  # evaluated only once something went wrong: it imports what may be raised
        typer.echo(f"candor: {sentence(error)}", err=True)
        sys.exit(1)


def _hide_interrupts(unraisable: sys.UnraisableHookArgs) -> None:
    """Ctrl-C that lands in a callback of a library is no news; anything else is told as usual."""
    if not isinstance(unraisable.exc_value, KeyboardInterrupt):
        sys.__unraisablehook__(unraisable)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(VERSION)
        raise typer.Exit


@cli.callback()
def _candor(
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Settings come from the environment or .env, prefix CANDOR_; data lies under CANDOR_DATA_DIR."""


@cli.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8000,
) -> None:
    """Run the HTTP service. A first start takes in the seeds and builds a release."""
    from app.cli.serving import serve

    serve(host, port)


@cli.command()
def chat() -> None:
    """Talk with Candor right here. Nothing of it is stored. /quit or Ctrl-D ends.

    Without a terminal, each line of standard input is one message of the conversation.
    """
    from app.cli.conversation import converse

    converse()


@cli.command("import")
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


@cli.command()
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


@cli.command()
def template(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv|FILE.xlsx", help="A new file.")],
) -> None:
    """Write an empty table that says what belongs into each column."""
    from app.cli.curating.entries import write_template

    if file.suffix.lower() not in (".csv", ".xlsx"):
        raise typer.BadParameter(f"{file.name} must end with .csv or .xlsx.")
    write_template(file)


@cli.command()
def reindex() -> None:
    """Build, check and activate a release.

    It holds the approved, unexpired entries; only what changed is embedded anew. A running service on the
    same data takes it over by itself.
    """
    from app.cli.curating.building import reindex

    reindex()


@releases.callback(invoke_without_command=True)
def _releases(context: typer.Context) -> None:
    """List the releases, newest first; `activate` rolls back, or forward."""
    if context.invoked_subcommand is None:
        from app.cli.curating.building import list_releases

        list_releases()


@releases.command()
def activate(
    release_id: Annotated[str, typer.Argument(metavar="ID")],
    force: Annotated[bool, typer.Option("--force", help="Also one that the gate held back.")] = False,
    reason: Annotated[str, typer.Option(help="Why, with --force. It is kept.")] = "",
) -> None:
    """Check a release and make it the active one. The active one stays if it cannot serve."""
    from app.cli.curating.building import activate

    if force and not reason.strip():
        raise typer.BadParameter("--force needs --reason.")
    activate(release_id, force, reason.strip())


@releases.command()
def diff(
    release_id: Annotated[str, typer.Argument(metavar="ID")],
    verdict: Annotated[
        Literal["same", "changed", "better", "worse", "refused_now", "answered_now"] | None,
        typer.Option(help="Only these."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50,
) -> None:
    """Show what a release says otherwise than the one that was live before it."""
    from app.cli.curating.gate_report import show_diff

    show_diff(release_id, verdict, limit)


@gold.command("list")
def gold_list() -> None:
    """List what the gate asks, your own first."""
    from app.cli.curating.gold import list_gold

    list_gold()


@gold.command("add")
def gold_add(
    question: Annotated[str, typer.Argument(metavar="QUESTION")],
    entry: Annotated[list[str] | None, typer.Option(metavar="ID", help="An entry that is right.")] = None,
    outcome: Annotated[
        Literal["no_answer", "off_topic", "small_talk", "clarify", "declined", "answered"] | None,
        typer.Option(help="What is right where no entry is."),
    ] = None,
    note: Annotated[str, typer.Option(help="Why it matters.")] = "",
) -> None:
    """Add a question, and what is right for it."""
    from app.cli.curating.gold import add_gold

    add_gold(question, entry or [], outcome, note)


@gold.command("import")
def gold_import(file: Annotated[Path, typer.Argument(metavar="FILE.jsonl")]) -> None:
    """Take in JSON lines with question, and entry_ids or outcome; those with a known id are replaced."""
    from app.cli.curating.gold import import_gold

    import_gold(file)


@gold.command("export")
def gold_export(
    file: Annotated[Path, typer.Argument(metavar="FILE.jsonl", help="- is standard output.")],
) -> None:
    """Write all of them as import takes them back."""
    from app.cli.curating.gold import export_gold

    export_gold(file)


@cli.command("eval")
def eval_(
    suites: Annotated[
        list[Path], typer.Argument(metavar="SUITE|FILE...", help="Folders with questions; or saved runs.")
    ],
    limit: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="At most N of each kind, always the same ones.")
    ] = None,
    json: Annotated[Path | None, typer.Option(metavar="FILE", help="Keep the run.")] = None,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a page with plots.")] = None,
    compare: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Show what changed since this saved run.")
    ] = None,
    profile: Annotated[
        Literal["specialist", "assisted", "llm"] | None,
        typer.Option(help="Who does the work, in place of CANDOR_PROFILE."),
    ] = None,
    fair: Annotated[bool, typer.Option("--fair", help="Is it alike, whoever asks?")] = False,
    grow: Annotated[
        bool, typer.Option("--grow", help="Add half of the messages step by step, as an owner would.")
    ] = False,
) -> None:
    """Measure the chain on suites: each stage, and end to end.

    The knowledge base of a suite is built aside; nothing that is served changes. `--compare A.json B.json`
    shows what changed from one saved run to another. `--grow` shows what use makes of a knowledge base: what
    comes in is added as wordings, choices and missing entries, and the messages kept back are asked again.
    """
    if grow:
        from app.cli.growing import grow_suites

        grow_suites(suites, limit, html, profile)
        return
    from app.cli.evaluation import evaluate, settings_with

    if fair:
        from app.cli.fairness import evaluate_fairness

        evaluate_fairness(suites, limit, json, settings_with(profile))
        return
    evaluate(suites, limit, json, html, compare, profile)


_SINCE = typer.Option(metavar="DAY", help="From this day or instant on.")
_UNTIL = typer.Option(metavar="DAY", help="Up to this day, or before this instant.")
_MOST = typer.Option(min=1, max=10_000, metavar="N", help="Show at most N.")


@cli.command()
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


@cli.command()
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


@cli.command()
def purge(
    days: Annotated[
        float | None, typer.Option(min=0, help="Delete what is older. Default: CANDOR_RETENTION_DAYS.")
    ] = None,
) -> None:
    """Delete what users said long ago, and shrink the database.

    Conversations, traces, feedback, choices, and copies of the database from before an upgrade. A running
    service does it by itself where CANDOR_RETENTION_DAYS is set.
    """
    from app.cli.purging import purge

    purge(days)


@cli.command()
def init(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A new or empty folder.")],
    contact: Annotated[str, typer.Option(help="Whom users may ask instead: mail, phone, address.")] = "",
    origin: Annotated[
        list[str] | None, typer.Option(metavar="URL", help="A site whose pages may ask; may be repeated.")
    ] = None,
) -> None:
    """Make a folder for your own knowledge base.

    It holds settings, voice and models, but no entries; commands that are started in it work on it.
    """
    from app.cli.owner_folder import make_folder

    make_folder(folder, contact, origin or [])


@cli.command()
def settings() -> None:
    """Print every setting with its default, as Markdown."""
    from app.cli.settings_page import settings_page

    typer.echo(settings_page(), nl=False)


@cli.command()
def doctor() -> None:
    """Say what is there and what is missing.

    Each missing thing comes with how to get it. The exit status is 1 only if the service could not run.
    """
    from app.cli.diagnosis import diagnose

    if not diagnose():
        raise typer.Exit(1)
