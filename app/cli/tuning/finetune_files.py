"""Training files: written from conversations, and checked."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import typer

from app.cli.failures import Failed
from app.cli.progress import progress
from app.settings import Settings, read_settings
from learning.finetuning.check import FEWEST, check
from learning.finetuning.export import Exported, Options, export
from learning.finetuning.formats import ChatFormat, CompletionFormat, Row, line_of
from learning.finetuning.samples import held_out
from learning.voice.transcript_files import NoTranscripts, Speakers, read_transcripts
from learning.voice.transcripts import Conversation

CHOICES = "choices"
_SHOWN = 50  # lines that could not be read, or findings


@dataclass(frozen=True, slots=True)
class Request:
    """What to export, and how. `labels` are the speakers' names in prompts."""

    transcripts: Sequence[Path]
    form: str
    stored: bool
    speakers: Speakers
    labels: Speakers
    system: Path | None
    passages: bool
    stop: str


def export_samples(out: Path, request: Request, stage: str | None, options: Options) -> None:
    """Writes train.jsonl and, where something is held back, validation.jsonl. Raises `Failed` where there is
    nothing to learn from, or the folder holds such files already."""
    for name in ("train.jsonl", "validation.jsonl"):
        if (out / name).exists():
            raise Failed(f"{out / name} exists: export into another folder, or move it away.")
    settings = read_settings()
    if stage:
        (_export_choices if stage == CHOICES else partial(_export_stage, stage))(out, settings, options)
        return
    talks = _conversations(settings, request)
    system = _text(request.system) if request.system else ""
    completion = CompletionFormat(request.labels, request.stop, system)
    form = ChatFormat(system) if request.form == "chat" else completion
    with progress() as show, ExitStack() as stack:
        options = replace(options, show=show)
        if request.passages:
            from app.cli.tuning.finetune_passages import finding_passages

            options = replace(options, passages=stack.enter_context(finding_passages(settings, show)))
        made = export(talks, form, options)
    _write(out, made.train, made.validation)
    _tell(made)


def check_samples(
    train: Path,
    validation: Path | None,
    most_tokens: int,
    epochs: int,
    price: float | None,
    regions: tuple[str, ...],
) -> bool:
    """Prints what is found and what the files hold; whether there is no error."""
    with progress() as show:
        done = check(train, validation, most_tokens=most_tokens, regions=regions, show=show)
    for finding in done.findings:
        typer.echo(str(finding))
    kinds = Counter(row.form for row in (*done.train, *done.validation))
    held = f", {len(done.validation):,} held back" if validation else ""
    typer.echo(f"{len(done.train):,} samples{held} ({', '.join(sorted(kinds)) or 'none can be used'}).")
    total = done.tokens * epochs
    costs = f", some {total / 1e6 * price:.2f} at {price:g} a million" if price is not None else ""
    typer.echo(f"About {done.tokens:,} tokens to train on, {total:,} in {epochs} epochs{costs} (estimated).")
    warnings = len(done.findings) - done.errors
    typer.echo(f"{done.errors:,} errors, {warnings:,} warnings.")
    return not done.errors


def _conversations(settings: Settings, request: Request) -> list[Conversation]:
    talks: list[Conversation] = []
    given = request.transcripts or ([] if request.stored else [settings.seeds_dir / "conversations"])
    for path in given:
        try:
            read = read_transcripts(path, request.speakers)
        except NoTranscripts as error:
            raise Failed(f"{error}.") from None
        for line in read.unreadable[:_SHOWN]:
            typer.echo(f"{line.file}, line {line.number}: {line.reason}", err=True)
        if len(read.unreadable) > _SHOWN:
            typer.echo(f"… and {len(read.unreadable) - _SHOWN:,} more lines that cannot be read.", err=True)
        talks += read.conversations
    if request.stored:
        from app.compose.services import prepared_database
        from app.store.turns.reviewed_turns import stored_conversations

        talks += stored_conversations(prepared_database(settings))
    if not talks:
        raise Failed("There is no conversation to learn from, so nothing was written.")
    return talks


def _export_choices(out: Path, settings: Settings, options: Options) -> None:
    from app.compose.services import prepared_database
    from app.store.turns.reviewed_turns import user_choices
    from learning.finetuning.stage_sets import choice_row

    choices = user_choices(prepared_database(settings))
    if not choices:
        raise Failed("Nobody has chosen among entries yet, so there is nothing to learn from.")
    aside = held_out(sorted({name for name, _ in choices}), options.validation, options.seed)
    sides: tuple[list[Row], list[Row]] = ([], [])
    for name, choice in choices:
        if (row := choice_row(choice)) not in sides[name in aside]:
            sides[name in aside].append(row)
    _write(out, *sides)
    typer.echo(f"{len(sides[0]):,} samples, {len(sides[1]):,} held back, of {len(choices):,} choices.")


def _export_stage(stage: str, out: Path, settings: Settings, options: Options) -> None:
    from app.compose.services import prepared_database
    from app.store.turns.reviewed_turns import approved_turns, surroundings
    from learning.finetuning.stage_sets import stage_row

    engine = prepared_database(settings)
    turns, around = approved_turns(engine), surroundings(engine, settings)
    if not turns:
        raise Failed("No turn was rated up yet, so there is nothing to learn a stage from.")
    aside = held_out(sorted({turn.conversation for turn in turns}), options.validation, options.seed)
    sides: tuple[list[Row], list[Row]] = ([], [])
    seen: set[str] = set()
    for turn in turns:
        row = asyncio.run(stage_row(stage, turn, around))
        if row is not None and (key := str(row["messages"][:-1])) not in seen:
            seen.add(key)
            sides[turn.conversation in aside].append(row)
    if not any(sides):
        raise Failed(f"None of the {len(turns):,} turns that were rated up got to this stage.")
    _write(out, *sides)
    typer.echo(f"{len(sides[0]):,} samples, {len(sides[1]):,} held back, of {len(turns):,} turns rated up.")


def _write(out: Path, train: Iterable[Row], validation: Iterable[Row]) -> None:
    out.mkdir(parents=True, exist_ok=True)
    for name, rows in (("train", [*train]), ("validation", [*validation])):
        if rows:
            part = out / f".{name}.part"
            with part.open("w", encoding="utf-8", newline="\n") as opened:
                opened.writelines(map(line_of, rows))
            part.replace(out / f"{name}.jsonl")


def _tell(made: Exported) -> None:
    typer.echo(
        f"{len(made.train):,} samples, {len(made.validation):,} held back,"
        f" from {made.conversations:,} conversations."
    )
    if made.repeated or made.too_long:
        typer.echo(
            f"Left out: {made.repeated:,} with a prompt that was there already, {made.too_long:,} too long."
        )
    if made.taken_out:
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in sorted(made.taken_out.items()))
        typer.echo(f"Personal data taken out: {kinds}.")
    if len(made.train) < FEWEST:
        typer.echo(f"Servers want at least {FEWEST} samples.", err=True)


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8").strip()
    except UnicodeDecodeError:
        raise Failed(f"{file} is not UTF-8 text.") from None
