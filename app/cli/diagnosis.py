"""`candor doctor`."""

from __future__ import annotations

import typer

from app.diagnosis.doctor import examine
from app.diagnosis.findings import State

_COLOURS = {State.OK: "green", State.NOTE: "yellow", State.FAILED: "red"}


def diagnose() -> bool:
    """Prints all findings; True if the service could run."""
    runs = True
    for finding in examine():
        runs &= finding.state is not State.FAILED
        label = typer.style(f"{finding.state.value:<6}", fg=_COLOURS[finding.state])
        typer.echo(f"{label}  {finding.name}: {finding.detail}")
        if finding.remedy:
            typer.echo(f"        -> {finding.remedy}")
    typer.echo("The service can run." if runs else "The service cannot run: see what failed above.")
    return runs
