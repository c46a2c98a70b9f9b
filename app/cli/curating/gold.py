"""Gold questions from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import typer
from pydantic import ValidationError
from sqlalchemy import Engine
from sqlmodel import Session, select

from app.api.schemas.gate import GoldBody, GoldRequest
from app.cli.failures import Failed
from app.compose.services import prepared_database
from app.release_gate.gate import gold_store
from app.settings import read_settings
from app.store.audit import AuditLog
from app.store.curators import OPERATOR
from app.store.gold import Gold, GoldStore
from knowledge.curation.rows import EntryRow

_STDIN = Path("-")


def list_gold() -> None:
    """Prints what the gate asks, the owner's first."""
    engine, store = _opened()
    found = store.list(_ids(engine))
    for gold in found:
        right = " or ".join(gold.entry_ids) or gold.outcome.value
        off = "" if gold.active else " (off)"
        typer.echo(f"{gold.id}{off}  {gold.question}  -> {right}")
    if not found:
        typer.echo("There is no gold question yet: candor gold add QUESTION --entry ID", err=True)


def add_gold(question: str, entry_ids: list[str], outcome: str | None, note: str) -> None:
    """Raises `Failed` where it is not said what is right."""
    engine, store = _opened()
    gold = _read({"question": question, "entry_ids": entry_ids, "outcome": outcome, "note": note}, "")
    store.add(gold)
    AuditLog(engine).record(OPERATOR, "gold.created", gold.id, {"question": gold.question})
    typer.echo(f"Gold question {gold.id} is added.")


def import_gold(file: Path) -> None:
    """Takes in JSON lines, all or none: `question`, and `entry_ids` or `outcome`; also the form of a suite,
    `message` and `expect`. Raises `Failed` naming the first bad line."""
    engine, store = _opened()
    try:
        lines = file.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise Failed(f"{file} cannot be read: {error}.") from None
    golds = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            golds.append(_read(_row(line, f"{file}, line {number}: "), f"{file}, line {number}: "))
    created, replaced = store.put(golds)
    AuditLog(engine).record(OPERATOR, "gold.imported", file.name, {"created": created, "replaced": replaced})
    typer.echo(f"{created:,} created, {replaced:,} replaced.")


def export_gold(file: Path) -> None:
    """Writes JSON lines that import takes back."""
    engine, store = _opened()
    kept = GoldRequest.model_fields.keys()
    lines = [GoldBody.of(gold).model_dump_json(include=set(kept)) for gold in store.list(_ids(engine))]
    text = "".join(f"{line}\n" for line in lines)
    if file == _STDIN:
        typer.echo(text, nl=False)
    else:
        file.write_text(text, "utf-8")
    typer.echo(f"{len(lines):,} gold questions exported.", err=True)


def _opened() -> tuple[Engine, GoldStore]:
    settings = read_settings()
    engine = prepared_database(settings)
    return engine, gold_store(engine, settings)


def _ids(engine: Engine) -> frozenset[str]:
    with Session(engine) as session:
        return frozenset(session.exec(select(EntryRow.id)))


def _row(line: str, where: str) -> dict[str, object]:
    try:
        row = json.loads(line)
    except ValueError:
        raise Failed(f"{where}this is not JSON.") from None
    if not isinstance(row, dict):
        raise Failed(f"{where}this is not a JSON object.")
    if "message" in row:
        row |= {"question": row.pop("message"), "outcome": row.pop("expect", None)}
        row = {name: value for name, value in row.items() if name in GoldRequest.model_fields}
    return row


def _read(row: dict[str, object], where: str) -> Gold:
    try:
        return GoldRequest.model_validate(row).to_gold(OPERATOR.name)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        named = ".".join(map(str, first["loc"]))
        message = first["msg"].removeprefix("Value error, ")
        raise Failed(f"{where}{f'{named}: ' if named else ''}{message}.") from None
