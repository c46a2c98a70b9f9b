"""Documents from a file or a folder on disk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from knowledge.documents.reading import SUFFIXES, is_entry, is_table, read_document
from knowledge.documents.types import Document, DocumentsRejected, DocumentUnreadable
from knowledge.importing.paths import files_below, is_about_a_folder, read_file

_MARKDOWN = (".md", ".markdown")
_PEEKED = 1_000_000  # bytes of a file in which it shows what it is


def documents_at(path: Path) -> list[Path]:
    """The file, or those of a folder, that are documents: neither entries nor tables, and in a folder not
    what is about the folder."""
    return [file for file in files_below(path) if _is_document(file, is_named=file == path)]


def read_documents(
    path: Path, files: Sequence[Path], limit: int, told: Callable[[int, str], None]
) -> list[Document]:
    """The documents, named by their path below `path`; `told` is called before each, with how many were read.
    Raises `DocumentsRejected` for all that cannot be read, `StorageFailed` and `ConverterMissing`."""
    documents: list[Document] = []
    faults: list[DocumentUnreadable] = []
    for at, file in enumerate(files):
        name = file.name if file == path else file.relative_to(path).as_posix()
        told(at, name)
        try:
            documents.append(read_document(name, read_file(file, limit), limit))
        except DocumentUnreadable as fault:
            faults.append(fault)
    if faults:
        raise DocumentsRejected(faults)
    return documents


def _is_document(file: Path, *, is_named: bool) -> bool:
    suffix = file.suffix.lower()
    if suffix not in SUFFIXES or (is_about_a_folder(file) and not is_named):
        return False
    if suffix not in (*_MARKDOWN, ".txt"):
        return True
    with file.open("rb") as stream:
        begun = stream.read(_PEEKED)
    return not (is_entry(begun) if suffix in _MARKDOWN else is_table(begun))
