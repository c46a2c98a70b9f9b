"""What people and attackers hand in: told in one sentence, and never half read."""

from __future__ import annotations

import io
import time
import zipfile
from pathlib import Path

import pytest
from pypdfium2 import PdfDocument

from knowledge.documents.drafting import drafts_of
from knowledge.documents.paths import documents_at, read_documents
from knowledge.documents.reading import read_document
from knowledge.documents.types import DocumentsRejected, DocumentUnreadable
from knowledge.errors import StorageFailed
from tests.knowledge.documents.writing import docx, paragraph, pdf

LIMIT = 1_000_000
NESTED = "<w:ins>" * 5_000 + paragraph("x") + "</w:ins>" * 5_000
ENTITIES = '<!DOCTYPE a [<!ENTITY b "c"><!ENTITY d "&b;&b;">]><a>&d;</a>'
CUT = docx(paragraph("x" * 5_000))[:-300]


def scan(pages: int) -> bytes:
    document = PdfDocument.new()
    for _ in range(pages):
        document.new_page(595, 842)
    buffer = io.BytesIO()
    document.save(buffer)
    document.close()
    return buffer.getvalue()


def archive() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as zipped:
        zipped.writestr("a.txt", "x")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("a.docx", docx(paragraph("x"), {"word/big.xml": b"0" * 2_000_000}), "unpack to more than 1,000,000"),
        ("a.docx", docx(NESTED), "nested to a depth"),
        ("a.docx", docx(paragraph("x"), {"word/a.xml": ENTITIES}), "cut off or damaged"),
        ("a.docx", docx(paragraph("x"), {"word/numbering.xml": "<a><b></a>"}), "cut off or damaged"),
        ("a.docx", CUT, "cut off or damaged"),
        ("a.docx", archive(), "a ZIP archive, not a DOCX file"),
        ("a.docx", b"\xd0\xcf\x11\xe0" + b"\0" * 600, "an old Office file (.doc)"),
        ("a.docx", b"\xd0\xcf\x11\xe0" + "EncryptedPackage".encode("utf-16-le"), "locked with a password"),
        ("a.docx", docx(""), "there is no text in it"),
        ("a.pdf", pdf(["x"], password="secret"), "locked with a password"),
        ("a.pdf", scan(12), "its 12 page(s) are pictures without text"),
        ("a.pdf", b"%PDF-1.7 and then nothing", "cut off or damaged"),
        ("a.pdf", b"no PDF at all", "this is no PDF"),
        ("a.html", b"<html><script>alert(1)</script><p onclick='x()'></p></html>", "there is no text in it"),
        ("a.html", b"<div>" * 50_000 + b"x", "a depth that cannot be read"),
        ("a.html", b"<table><tr>" + b"<td rowspan=999 colspan=999>x</td>" * 3, "tables have more than"),
        ("a.md", b"---\ntitle: [\n---\nText", "front matter is not valid YAML, on line"),
        ("a.md", b"# Only\n\n## Headings\n", "there is no text in it"),
        ("a.txt", bytes(range(256)) * 40, "this is not text"),
        ("a.txt", b" \n\t\n", "it is empty"),
        ("a.txt", b"x" * 1_000_001, "larger than the 1,000,000 bytes"),
        ("a.exe", b"MZ", "only .md"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_told_in_a_sentence(name: str, data: bytes, told: str) -> None:
    started = time.monotonic()
    with pytest.raises(DocumentUnreadable) as caught:
        read_document(name, data, LIMIT)
    assert told in str(caught.value)
    assert str(caught.value).startswith(f"{name}: ") and str(caught.value).endswith(".")
    assert time.monotonic() - started < 20


def test_pages_of_a_pdf_without_text_are_named() -> None:
    document = read_document("a.pdf", pdf(["Text."], [], ["More."]), LIMIT)
    assert document.notes == ("without text, as a scan is: page 2",)


def test_hostile_html_comes_out_as_plain_text() -> None:
    page = """
        <main><h1>Hi<img src=x onerror=alert(1)></h1>
        <p style='x:expression(1)'>See <a href='javascript:x'>it</a><svg onload=alert(2)></svg>
        <iframe srcdoc='<script>alert(3)</script>'></iframe> &lt;script&gt;alert(4)&lt;/script&gt;
        <math><mi//xlink:href='data:x,<script>alert(5)</script>'>.</p></main>
    """
    (draft,) = drafts_of(read_document("a.html", page.encode(), LIMIT))
    assert draft.entry.question == "Hi"
    assert draft.entry.answer.startswith("See it") and "\\<script>alert(4)\\</script>" in draft.entry.answer
    for gone in ("onerror", "onload", "javascript", "expression", "alert(2)", "alert(3)", "alert(5)"):
        assert gone not in draft.entry.answer


def test_every_bad_file_of_a_folder_is_named_and_nothing_is_read(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "bad.pdf").write_bytes(b"x")
    (tmp_path / "empty.txt").write_bytes(b"")
    (tmp_path / "good.md").write_text("# A\n\nb")
    (tmp_path / "README.md").write_text("# About\n\nthis folder")
    (tmp_path / "~$good.docx").write_bytes(b"lock")
    (tmp_path / "entry.md").write_text("---\nid: a\nquestion: Q\n---\nB")
    (tmp_path / "table.txt").write_text("Question\tAnswer\nWhen?\tNow.\n")
    files = documents_at(tmp_path)
    assert [file.name for file in files] == ["bad.pdf", "empty.txt", "good.md"]
    with pytest.raises(DocumentsRejected) as caught:
        read_documents(tmp_path, files, LIMIT, lambda done, name: None)
    assert [fault.name for fault in caught.value.faults] == ["deep/bad.pdf", "empty.txt"]
    (tmp_path / "huge.pdf").write_bytes(b"%PDF-" + b"x" * LIMIT)
    with pytest.raises(StorageFailed, match="larger than the 1,000,000 bytes"):
        read_documents(tmp_path, [tmp_path / "huge.pdf"], LIMIT, lambda done, name: None)
