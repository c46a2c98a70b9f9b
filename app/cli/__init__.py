"""The `candor` command. Nothing heavy is imported before a command needs it, so that help is instant."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from app.cli.curating.commands import entries, gold, keys, releases, users
from app.cli.curating.knowledge_base import export, feedback, gaps, import_, reindex, template
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


cli.command("import")(import_)
for _command in (export, template, reindex):
    cli.command()(_command)


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


cli.command()(gaps)
cli.command()(feedback)


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
