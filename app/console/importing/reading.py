"""What an uploaded file holds: entries as they are, or a document of which entries are drafted."""

from __future__ import annotations

from pathlib import Path, PurePath

from knowledge.documents.paths import documents_at
from knowledge.documents.reading import SUFFIXES, read_document
from knowledge.documents.types import Document
from knowledge.importing.parsing import ParsedEntries
from knowledge.importing.paths import parse_path

TABLES = (".xlsx", ".xlsm", ".csv", ".tsv", ".tab", ".jsonl", ".ndjson", ".json")
"""How files of entries end; Markdown may be either."""
ACCEPTED = (*TABLES, *SUFFIXES)
_OLD = {".xls": "Excel 97", ".ods": "OpenDocument", ".doc": "Word 97", ".numbers": "Numbers"}
Content = ParsedEntries | Document


def check_kind(name: str) -> str:
    """Why a file of this name is not read; "" where it is."""
    suffix = PurePath(name).suffix.lower()
    if suffix in ACCEPTED:
        return ""
    if suffix in _OLD:
        newer = ".docx" if suffix == ".doc" else ".xlsx"
        return f"{name} is a file of {_OLD[suffix]}: save it as {newer}, and upload that."
    return f"{name or 'This file'} is of no kind that is read: {', '.join(ACCEPTED)}."


def read_file(path: Path, name: str, limit: int) -> Content:
    """Raises `ImportRejected`, `DocumentUnreadable` and `ConverterMissing`, and `FileNotFoundError`."""
    if not path.is_file():
        raise FileNotFoundError(path)
    if documents_at(path):
        return read_document(name, path.read_bytes(), limit)
    return parse_path(path, limit)
