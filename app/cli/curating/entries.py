"""Entries into the knowledge base, and out of it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import BinaryIO

import typer

from app.cli.curating.documents import below, site, take_in
from app.cli.curating.gate_report import ANY_ENCODER, tell_waiting
from app.cli.curating.import_plan import show_plan
from app.cli.failures import Failed
from app.cli.progress import progress
from app.compose.services import holds_demonstration, prepared_database
from app.settings import Settings, read_settings
from app.store.audit import witness
from app.store.curators import OPERATOR
from knowledge.curation.lifecycle import Writing
from knowledge.curation.remarks import remarks_on
from knowledge.documents.paths import documents_at
from knowledge.entries import ApplyMode, EntryStore
from knowledge.errors import ImportRejected, LineError
from knowledge.importing.parsing import ParsedEntries
from knowledge.importing.paths import has_entries, parse_path
from knowledge.progress import Show
from knowledge.releases.releases import Releases
from knowledge.sheets.exporting import export_csv, export_jsonl, export_markdown, template_csv
from knowledge.sheets.workbook_export import export_xlsx, template_xlsx
from knowledge.types import Entry

_STDOUT = Path("-")
_SHOWN = 50  # warnings
_WRITERS: dict[str, Callable[[Iterable[Entry]], Iterator[str]]] = {"jsonl": export_jsonl, "csv": export_csv}
_FORMATS = {".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".xlsx": "xlsx", ".md": "markdown"}


def import_entries(target: str, mode: str, check: bool, approve: bool = False) -> None:
    """Takes in a file, a folder or a site, and prints what that changed; with `check`, only what it would
    change. Entries are written all or none, and so are documents, which `approve` takes in as approved.
    Raises `Failed` after naming every bad line on standard error."""
    settings = read_settings()
    if target.startswith(("http://", "https://")):
        take_in(site(target, settings), settings, check=check, approve=approve)
        return
    path = Path(target)
    if not path.exists():
        raise Failed(f"{path} does not exist.")
    files = documents_at(path)
    if files and mode == "replace":
        raise Failed(f"Only tables can replace everything, and {files[0]} is a document.")
    documents = below(path, files, settings)
    if not files or has_entries(path, files):
        _import_tables(path, files, mode, check, settings)
    if files:
        take_in(documents, settings, check=check, approve=approve)


def _import_tables(path: Path, without: Sequence[Path], mode: str, check: bool, settings: Settings) -> None:
    engine = prepared_database(settings)
    store = EntryStore(engine, witness)
    with progress() as show:
        parsed = _parsed(path, settings.import_limit_bytes, show, without)
        if replaces := parsed.entries and holds_demonstration(store, settings):
            mode = ApplyMode.REPLACE
        if not check:
            show(0.5, f"writing {len(parsed.entries):,} entries")
            counts = store.apply(parsed.entries, ApplyMode(mode), parsed.given, operating(settings))
    for note in parsed.notes:
        typer.echo(f"{note[:1].upper()}{note[1:]}.")
    if replaces:
        done = "would be" if check else "was"
        typer.echo(f"There was nothing but the untouched demonstration: it {done} replaced.")
    if check:
        show_plan(store.preview(parsed.entries, ApplyMode(mode), parsed.given))
    else:
        typer.echo(
            f"{counts.created:,} created, {counts.updated:,} updated,"
            f" {counts.unchanged:,} unchanged, {counts.removed:,} removed."
        )
        remarks = [*counts.warnings, *_remarks(store, counts.written, settings.whole_answer_words)]
        for warning in remarks[:_SHOWN]:
            typer.echo(f"Warning: {warning}")
        if len(remarks) > _SHOWN:
            typer.echo(f"And {len(remarks) - _SHOWN:,} more warnings.")
        tell_waiting(engine, Releases(engine, settings.data_dir, ANY_ENCODER))
    if parsed.ignored_fields:
        typer.echo(f"Ignored fields: {', '.join(parsed.ignored_fields)}.")


def operating(settings: Settings, comment: str = "") -> Writing:
    """On whose behalf a command writes."""
    return Writing(OPERATOR.name, OPERATOR.via, four_eyes=settings.four_eyes, comment=comment)


def write_template(file: Path) -> None:
    """An empty table to fill in. Raises `Failed` where the file is there already: it may be filled in."""
    try:
        with file.open("xb") as out:
            if file.suffix.lower() == ".xlsx":
                template_xlsx(out)
            else:
                out.write(template_csv().encode())
    except FileExistsError:
        raise Failed(f"{file} exists already: name a new file.") from None
    except OSError as error:
        raise Failed(f"{file} cannot be written: {error.strerror}.") from error
    typer.echo(f"{file} is written: fill it in, and import it.")


def export_entries(file: Path, form: str) -> None:
    """Writes all entries: to standard output, to a file that is replaced once it is whole, or (markdown)
    into a folder that must be new or empty. `form`: jsonl, csv, xlsx or markdown."""
    entries = _Counted(EntryStore(prepared_database(read_settings())).all())
    if file == _STDOUT:
        _write(form, entries, sys.stdout.buffer)
        sys.stdout.buffer.flush()
    else:
        write = _write_folder if form == "markdown" else partial(_write_file, form)
        try:
            write(file, entries)
        except OSError as error:
            raise Failed(f"{file} cannot be written: {error.strerror}.") from error
    typer.echo(f"{entries.count:,} entries exported.", err=file == _STDOUT)


def format_of(file: Path) -> str | None:
    """The format that a file's name tells; None where it tells none."""
    return "jsonl" if file == _STDOUT else _FORMATS.get(file.suffix.lower())


class _Counted:
    """Entries on their way, counted."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._entries = entries
        self.count = 0

    def __iter__(self) -> Iterator[Entry]:
        for entry in self._entries:
            self.count += 1
            yield entry


def _remarks(store: EntryStore, ids: Collection[str], whole_words: int) -> Iterator[str]:
    for entry in store.all():
        for remark in remarks_on(entry, whole_words) if entry.id in ids else ():
            yield f'"{entry.id}": {remark.detail}'


def _parsed(path: Path, limit: int, show: Show, without: Sequence[Path]) -> ParsedEntries:
    show(0.0, f"reading {path}")
    try:
        return parse_path(path, limit, frozenset(without))
    except ImportRejected as rejected:
        for error in rejected.errors:
            typer.echo(_where(path, error) + error.detail, err=True)
        raise Failed("Nothing was imported.") from None


def _where(path: Path, error: LineError) -> str:
    file = path / error.file if path.is_dir() else path
    return f"{file}, line {error.line}: "


def _write(form: str, entries: Iterable[Entry], out: BinaryIO) -> None:
    if form == "xlsx":
        export_xlsx(entries, out)
    else:
        out.writelines(text.encode() for text in _WRITERS[form](entries))


def _write_file(form: str, file: Path, entries: Iterable[Entry]) -> None:
    part = file.with_name(f".{file.name}.part")
    try:
        with part.open("wb") as out:
            _write(form, entries, out)
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)


def _write_folder(folder: Path, entries: Iterable[Entry]) -> None:
    """Raises `Failed` for a folder in use: an entry deleted since would come back with the next import."""
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise Failed(f"{folder} is not empty: Markdown is written into a new folder, one file an entry.")
    for entry in entries:
        (folder / f"{entry.id}.md").write_text(export_markdown(entry), encoding="utf-8", newline="\n")
