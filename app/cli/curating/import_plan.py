"""What an import would change, on a terminal."""

from __future__ import annotations

import json
from collections.abc import Sequence
from difflib import ndiff

import typer

from knowledge.importing.changes import Plan, changed_fields


def show_plan(plan: Plan) -> None:
    """What would be created, changed (each field, line by line), removed and left alone."""
    typer.echo(
        f"Nothing was written. It would create {len(plan.created):,}, change {len(plan.updated):,},"
        f" remove {len(plan.removed):,} and leave {len(plan.unchanged):,} alone."
    )
    for entry in plan.created:
        typer.echo(f"create {entry.id}: {entry.question}")
    for before, after in plan.updated:
        typer.echo(f"change {after.id}: {before.question}")
        for name, old, new in changed_fields(before, after):
            typer.echo(f"    {name}")
            for line in ndiff(_lines(old), _lines(new)):
                if not line.startswith("?"):
                    typer.echo(f"      {line}")
    _show_ids("remove", plan.removed)
    _show_ids("leave alone", plan.unchanged)


def _show_ids(done: str, ids: Sequence[str]) -> None:
    if ids:
        typer.echo(f"{done}: {', '.join(ids)}")


def _lines(value: object) -> list[str]:
    if isinstance(value, list):
        return [item if isinstance(item, str) else json.dumps(item, ensure_ascii=False) for item in value]
    return str(value).split("\n") if value else []
