"""The commands of curation. Nothing heavy is imported before a command needs it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

entries = typer.Typer(help="What is due, an entry's history, and its way.", rich_markup_mode=None)
users = typer.Typer(help="Who may curate.", rich_markup_mode=None)
releases = typer.Typer(help="List the releases, or activate one of them.", rich_markup_mode=None)
gold = typer.Typer(
    help="Keep gold questions: what every release has to answer rightly.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
keys = typer.Typer(help="Keys to the admin API, for people and programs.", rich_markup_mode=None)
_Role = Literal["viewer", "editor", "approver", "admin"]
_Comment = Annotated[str, typer.Option(help="Why; kept in the history.")]
_Id = Annotated[str, typer.Argument(metavar="ID")]
_Name = Annotated[str, typer.Argument(metavar="NAME")]


@entries.command()
def expiring(days: Annotated[int, typer.Option(min=0, help="How far to look ahead.")] = 30) -> None:
    """List what expires soon or has expired, and what is past its review."""
    from app.cli.curating.entry_states import expiring

    expiring(days)


@entries.command()
def history(entry_id: _Id) -> None:
    """Show every version of an entry, also of a deleted one, with what changed."""
    from app.cli.curating.entry_states import show_history

    show_history(entry_id)


@entries.command()
def status(
    entry_id: _Id,
    status: Annotated[Literal["draft", "in_review", "approved", "retired"], typer.Argument(metavar="STATUS")],
    comment: _Comment = "",
) -> None:
    """Take an entry a step further, or back: draft, in_review, approved, retired."""
    from app.cli.curating.entry_states import set_status

    set_status(entry_id, status, comment)


@entries.command()
def revert(
    entry_id: _Id, version: Annotated[int, typer.Argument(metavar="VERSION", min=1)], comment: _Comment = ""
) -> None:
    """Write an entry as it was in a version, as a new one; also one that was deleted."""
    from app.cli.curating.entry_states import revert

    revert(entry_id, version, comment)


@users.command()
def add(
    name: _Name,
    role: Annotated[_Role, typer.Option(help="What the curator may do; each includes those before it.")],
    password: Annotated[bool, typer.Option("--password", help="Ask for a password to sign in with.")] = False,
) -> None:
    """Add a curator."""
    from app.cli.curating.curators import add

    add(name, role, _asked() if password else None)


@users.command("list")
def list_() -> None:
    """List the curators."""
    from app.cli.curating.curators import list_curators

    list_curators()


@users.command()
def role(name: _Name, role: Annotated[_Role, typer.Argument(metavar="ROLE")]) -> None:
    """Give a curator another role: viewer, editor, approver or admin."""
    from app.cli.curating.curators import set_role

    set_role(name, role)


@users.command()
def password(name: _Name) -> None:
    """Set a curator's password. Without a terminal it is a line of standard input."""
    from app.cli.curating.curators import set_password

    set_password(name, _asked())


@users.command()
def remove(name: _Name) -> None:
    """Remove a curator with his keys. What he did stays in history and log."""
    from app.cli.curating.curators import remove

    remove(name)


@keys.command()
def create(
    name: _Name,
    role: Annotated[_Role, typer.Option(help="The most that the key may do.")],
    user: Annotated[
        str | None, typer.Option(metavar="NAME", help="The curator that it acts as. Default: itself.")
    ] = None,
    days: Annotated[
        int | None, typer.Option(min=1, max=36_500, help="Until it expires. Default: never.")
    ] = None,
) -> None:
    """Make a key and print it, this once."""
    from app.cli.curating.curators import create_key

    create_key(name, role, user, days)


@keys.command("list")
def list_keys() -> None:
    """List the keys."""
    from app.cli.curating.curators import list_keys

    list_keys()


@keys.command()
def revoke(key_id: _Id) -> None:
    """End a key at once."""
    from app.cli.curating.curators import revoke_key

    revoke_key(key_id)


def _asked() -> str:
    import sys

    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    asked: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return asked


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
