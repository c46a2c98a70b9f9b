"""`candor import` of documents: what it does, what it prints, and what is left after it was killed."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.commands import Run, environment
from tests.knowledge.documents.writing import docx, paragraph, pdf

pytestmark = pytest.mark.process


def folder(at: Path) -> Path:
    at.mkdir()
    (at / "guide.md").write_text("# Guide\n\n## Who pays?\n\nThe office.\n")
    (at / "fees.docx").write_bytes(docx(paragraph("Fees", "H1") + paragraph("A ticket holds all day.")))
    (at / "handbook.pdf").write_bytes(pdf([("Leave", 20.0), "Thirty days."]))
    (at / "hours.txt").write_text("From 9 to 5.\n")
    (at / "page.html").write_text("<main><h1>Parcels</h1><p>Kept for ten days.</p></main>")
    (at / "faq.csv").write_text("question,answer\nWhere are you?,Here.\n")
    (at / "README.md").write_text("# About this folder\n")
    return at


def test_a_folder_of_documents_and_tables_is_taken_in(run: Run, tmp_path: Path) -> None:
    kept = folder(tmp_path / "kb")
    checked = run("import", kept, "--check")
    assert "create handbook-pdf.leave: Handbook: Leave" in checked.out
    assert run("export", "-").out == ""
    first = run("import", kept)
    assert first.status == 0 and "1 created, 0 updated" in first.out
    assert "5 document(s): 5 created, 0 updated, 0 moved, 0 unchanged, 0 removed." in first.out
    assert "They are drafts: none is said before it is approved." in first.out
    assert run("export", "-").out.count('"status": "draft"') == 5
    again = run("import", kept, "--approve")
    assert "5 document(s): 0 created, 5 updated, 0 moved, 0 unchanged, 0 removed." in again.out
    assert run("export", "-").out.count('"status": "approved"') == 6
    (kept / "guide.md").write_text("# Guide\n\n## Who pays?\n\nYou.\n")
    changed = run("import", kept)
    assert 'guide.md: "guide-md.guide-who-pays" was left as it is: it is approved' in changed.out


def test_what_cannot_be_taken_in_is_named_and_nothing_is_written(run: Run, tmp_path: Path) -> None:
    kept = folder(tmp_path / "kb")
    (kept / "locked.pdf").write_bytes(pdf(["x"], password="secret"))
    (kept / "empty.txt").write_text("")
    bad = run("import", kept)
    assert bad.status == 1
    assert "locked.pdf: it is locked with a password: save it without one." in bad.err
    assert "empty.txt: it is empty." in bad.err and "Nothing was imported." in bad.err
    assert run("export", "-").out == ""
    refused = run("import", kept / "guide.md", "--mode", "replace")
    assert refused.status == 1 and "Only tables can replace everything" in refused.err
    site = run("import", "http://127.0.0.1:9/")
    assert site.status == 1 and "127.0.0.1 may not be read: it is not in CANDOR_CRAWL_HOSTS" in site.err


@pytest.mark.slow
def test_an_import_that_is_killed_leaves_all_or_nothing(run: Run, tmp_path: Path, data: Path) -> None:
    """At moments spread over the whole of it."""
    kept = tmp_path / "kb"
    kept.mkdir()
    for number in range(20):
        text = "\n\n".join(f"## Section {n}\n\nText {n} of {number}." for n in range(100))
        (kept / f"d{number}.md").write_text(f"# Document {number}\n\n{text}\n")
    run("export", "-")  # makes the database
    command = [sys.executable, "-m", "app.cli", "import", str(kept)]
    started = time.monotonic()
    subprocess.run(command, env=environment(data), cwd=tmp_path, capture_output=True, check=True)
    took = time.monotonic() - started
    seen = set()
    for moment in range(1, 9):
        (data / "candor.db").unlink()
        run("export", "-")
        process = subprocess.Popen(
            command, env=environment(data), cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(took * (0.5 + moment / 16))
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        with closing(sqlite3.connect(data / "candor.db")) as connection:
            counts = [
                connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0]  # noqa: S608
                for name in ("entries", "document_sections", "documents")
            ]
        assert counts in ([0, 0, 0], [2_000, 2_000, 20])
        seen.add(tuple(counts))
