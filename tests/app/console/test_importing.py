"""Files taken in at the console: looked at first, then written, then perhaps taken back."""

from __future__ import annotations

import io
import json
import os
import time
import zipfile
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.compose.services import Services
from app.console.importing import plans
from app.store.curators import OWNER, Role
from knowledge.curation.lifecycle import Writing
from knowledge.importing.records import record_of
from knowledge.sheets.exporting import export_markdown
from knowledge.types import EntryStatus
from tests.app.console.seats import Seat, hidden, seat, texts
from tests.fakes import entry, services

IMPORT = "/admin/ui/import"
XSS = "<script>alert(1)</script>"


@pytest.fixture
async def approver(using: Services) -> AsyncIterator[Seat]:
    for name in ("flu", "dna", "old"):
        using.entries.create(entry(name))
    async with seat(using, Role.APPROVER, "olaf") as sitting:
        yield sitting


def lines(*records: dict[str, Any]) -> bytes:
    return "\n".join(map(json.dumps, records)).encode()


def changed(name: str, **fields: object) -> dict[str, Any]:
    return {**record_of(entry(name)), **fields}


NEW = changed("new", question=f"What is new? {XSS}", answer=f"This. {XSS}\n\n- a list")
FILE = lines(changed("dna"), changed("flu", answer="Something else now."), NEW)


def kept(using: Services) -> list[Path]:
    folder = using.settings.data_dir / "uploads"
    return [*folder.iterdir()] if folder.is_dir() else []


async def confirm(sitting: Seat, page: httpx.Response, **fields: str) -> httpx.Response:
    """Presses the button of a dry run."""
    given = {name: hidden(page.text, name) for name in ("way", "plan")}
    return await sitting.post(page.request.url.path, **{**given, **fields})


async def test_nothing_is_written_before_it_was_looked_at(approver: Seat, using: Services) -> None:
    page = await approver.upload("mine.jsonl", FILE)
    said = texts(page)
    assert "Nothing is written yet" in said and "Import: create 1, change 1" in said
    assert "Leave alone 1" in said and "Worth a look" in said
    assert XSS not in page.text and "&lt;script&gt;" in page.text
    assert using.entries.count() == 3 and using.entries.get("flu") == entry("flu")
    diff = await approver.get(f"{page.request.url.path}?way=upsert&show=changed")
    assert "+ Something else now." in diff.text and "- This is known about flu." in diff.text
    done = await confirm(approver, page, comment="As agreed")
    assert "1 created, 1 changed, 0 removed, 1 left alone" in texts(done)
    assert XSS not in done.text and "A list has no line before it" in texts(done)
    assert using.entries.get("flu").answer == "Something else now."
    version = using.entries.history.page("flu").versions[0]
    assert (version.author, version.comment, version.act) == ("olaf", "As agreed", "imported")
    assert kept(using) == []
    again = await confirm(approver, page)
    assert again.status_code == 422 and "waits no longer" in texts(again)


async def test_replacing_says_what_goes_and_can_be_taken_back(approver: Seat, using: Services) -> None:
    page = await approver.upload("mine.jsonl", FILE)
    page = await approver.get(f"{page.request.url.path}?way=replace&show=removed")
    assert "remove 1" in texts(page) and "/admin/ui/entries/old" in page.text
    assert "data-confirm" in page.text
    done = await confirm(approver, page)
    assert {each.id for each in using.entries.all()} == {"dna", "flu", "new"}
    using.entries.update(entry("new", answer="Edited since."))
    undo = done.text.split('href="/admin/ui/import/undo/')[1].split('"')[0]
    shown = await approver.get(f"{IMPORT}/undo/{undo}")
    assert "bring 1 back, 1 as before" in texts(shown) and "Stays as it is" in texts(shown)
    assert using.entries.get("flu").answer == "Something else now."
    refused = await approver.post(f"{IMPORT}/undo/{undo}", plan="0")
    assert refused.status_code == 409
    told = await approver.post(f"{IMPORT}/undo/{undo}", plan=hidden(shown.text, "plan"))
    assert "1 brought back, 1 as before, 0 removed" in texts(await approver.get(told.headers["Location"]))
    assert using.entries.get("flu") == entry("flu") and using.entries.get("old") == entry("old")
    assert using.entries.get("new").answer == "Edited since."
    redo = using.audit.page(act="entries.imported").acts[0]
    shown = await approver.get(f"{IMPORT}/undo/{redo.seq}")
    await approver.post(f"{IMPORT}/undo/{redo.seq}", plan=hidden(shown.text, "plan"))
    assert {each.id for each in using.entries.all()} == {"dna", "flu", "new"}
    assert using.entries.get("flu").answer == "Something else now."


async def test_what_was_created_goes_when_it_is_taken_back(approver: Seat, using: Services) -> None:
    await confirm(approver, await approver.upload("mine.jsonl", lines(NEW)))
    seq = using.audit.page(act="entries.imported").acts[0].seq
    shown = await approver.get(f"{IMPORT}/undo/{seq}")
    assert "remove 1" in texts(shown)
    await approver.post(f"{IMPORT}/undo/{seq}", plan=hidden(shown.text, "plan"))
    assert {each.id for each in using.entries.all()} == {"dna", "flu", "old"}
    assert (await approver.get(f"{IMPORT}/undo/{seq}")).text.count("nothing left to take back") == 1
    using.audit.record(OWNER, "entry.changed", "flu")
    other = using.audit.page(act="entry.changed").acts[0].seq
    for number in (other, 999, 99999999999999999999, "x"):
        assert (await approver.get(f"{IMPORT}/undo/{number}")).status_code in (404, 422)


async def test_nothing_else_is_done_than_what_was_shown(approver: Seat, using: Services) -> None:
    page = await approver.upload("mine.jsonl", FILE)
    page = await approver.get(f"{page.request.url.path}?way=replace")
    using.entries.create(entry("late"))
    stale = await confirm(approver, page)
    assert stale.status_code == 409 and "remove 2" in texts(stale)
    assert using.entries.count() == 4
    await confirm(approver, stale)
    assert {each.id for each in using.entries.all()} == {"dna", "flu", "new"}


async def test_an_editor_writes_for_review_and_may_not_replace(using: Services) -> None:
    using.entries.create(entry("flu"))
    async with seat(using, Role.EDITOR) as editor:
        page = await editor.upload("mine.jsonl", FILE)
        assert "You may not approve" in texts(page) and "Replace everything" not in page.text
        assert (await editor.get(f"{page.request.url.path}?way=replace")).status_code == 422
        assert (await confirm(editor, page, way="replace")).status_code == 422
        await confirm(editor, page)
    assert using.entries.get("new").status is EntryStatus.IN_REVIEW
    assert [each.answer for each in using.entries.servable(date.today())] == [entry("flu").answer]


async def test_a_file_belongs_to_the_sign_in_that_brought_it(approver: Seat, using: Services) -> None:
    page = await approver.upload("mine.jsonl", FILE)
    path = page.request.url.path
    async with seat(using, Role.ADMIN) as other:
        assert "waits no longer" in texts(await other.get(path))
        assert (await confirm(other, page)).status_code == 422
        await other.post(f"{path}/discard")
    assert "Nothing is written yet" in texts(await approver.get(path))
    (folder,) = kept(using)
    assert oct(folder.stat().st_mode)[-3:] == "700"
    assert (await approver.post(f"{path}/discard")).status_code == 303
    assert kept(using) == [] and "waits no longer" in texts(await approver.get(path))


async def test_a_file_waits_for_an_hour_and_one_a_sign_in(approver: Seat, using: Services) -> None:
    first = await approver.upload("one.jsonl", FILE)
    second = await approver.upload("two.jsonl", lines(NEW))
    assert "waits no longer" in texts(await approver.get(first.request.url.path))
    assert "Import of two.jsonl" in texts(await approver.get(second.request.url.path))
    (folder,) = kept(using)
    os.utime(folder, (time.time() - 4000,) * 2)
    await approver.get(IMPORT)
    assert kept(using) == []


async def test_only_so_many_files_wait(approver: Seat, using: Services) -> None:
    folder = using.settings.data_dir / "uploads"
    for number in range(16):
        (folder / str(number)).mkdir(parents=True)
    page = await approver.upload("mine.jsonl", FILE)
    assert page.status_code == 422 and "Too many files wait" in texts(page)


def _bomb() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/worksheets/sheet1.xml", b" " * 5_000_000)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("", b"", "Choose a file first"),
        ("empty.csv", b"", "is empty"),
        ("a.exe", b"MZ", "is of no kind that is read"),
        (f"{XSS}.exe", b"MZ", "is of no kind that is read"),
        ("old.xls", b"\xd0\xcf\x11\xe0", "save it as .xlsx"),
        ("a.jsonl", b"\xff\xfe\x00garbage", "Line 1: not UTF-8"),
        ("a.jsonl", b'{"id": "a"}\n{bad', "Line 2: not valid JSON"),
        ("a.xlsx", os.urandom(3000), "Line 1:"),
        ("a.xlsx", b"PK\x03\x04 not really", "Line 1:"),
        ("a.xlsx", _bomb(), "would unpack to more than"),
        ("a.csv", b"x;y\n1;2\n", "Line 1:"),
        ("a.md", b"---\nid: [\nquestion: x\n---\n\ntext", "Line"),
        ("a.pdf", b"%PDF-1.4 nothing", "a.pdf:"),
        ("a.docx", _bomb(), "a.docx:"),
        ("a.jsonl", lines({**NEW, "status": XSS}), "status must be one of"),
    ],
)
async def test_what_cannot_be_read_is_said_and_not_kept(
    tmp_path: Path, name: str, data: bytes, why: str
) -> None:
    using = services(tmp_path, import_limit_bytes=1_000_000)
    async with seat(using, Role.APPROVER) as sitting:
        page = await sitting.upload(name, data)
        assert page.status_code == 422 and why in texts(page), texts(page)
        assert XSS not in page.text and "Choose" not in page.text.replace("Choose a file first", "")
        assert kept(using) == [] and using.entries.count() == 0


async def test_what_is_too_large_is_refused(tmp_path: Path) -> None:
    """As a file, and already as the body of a request."""
    using = services(tmp_path, import_limit_bytes=20_000)
    async with seat(using, Role.APPROVER) as sitting:
        page = await sitting.upload("a.jsonl", b" " * 30_000)
        assert page.status_code == 413 and "larger than 20,000 bytes" in texts(page)
        assert kept(using) == []
        assert (await sitting.upload("a.jsonl", lines(changed("dna")))).status_code == 200


async def test_untouched_seeds_are_replaced_unless_one_chooses_otherwise(tmp_path: Path) -> None:
    (tmp_path / "seeds" / "kb").mkdir(parents=True)
    (tmp_path / "seeds" / "kb" / "flu.md").write_text(export_markdown(entry("flu")))
    using = services(tmp_path, seeds_dir=tmp_path / "seeds")
    using.entries.create(entry("flu"), Writing())
    async with seat(using, Role.APPROVER) as sitting:
        page = await sitting.upload("mine.jsonl", lines(NEW))
        assert "untouched demonstration" in texts(page) and hidden(page.text, "way") == "replace"
        assert "create 1, remove 1" in texts(page)
        other = await sitting.get(f"{page.request.url.path}?way=upsert")
        assert "remove" not in texts(other).split("Import:")[1].split("Throw")[0]


async def test_documents_become_drafts_and_are_forgotten(approver: Seat, using: Services) -> None:
    text = f"# Our rules\n\n## May I bring a dog?\n\nYes, on a lead. {XSS}\n\n## Opening\n\nAt nine.\n"
    page = await approver.upload("rules.md", text.encode())
    assert "create 2" in texts(page) and "As drafts" in texts(page) and XSS not in page.text
    done = await confirm(approver, page)
    assert "2 created" in texts(done)
    drafts = [each for each in using.entries.all() if each.status is EntryStatus.DRAFT]
    assert sorted(each.answer[:3] for each in drafts) == ["At ", "Yes"]
    page = await approver.upload("rules.md", text.replace("nine", "ten").encode())
    assert "Import: change 1" in texts(page)
    await confirm(approver, page)
    listed = await approver.get(IMPORT)
    assert "rules.md" in texts(listed)
    (document,) = using.documents.all()
    told = await approver.post(f"{IMPORT}/documents/{document.id}/forget")
    assert "with 2 drafts" in texts(await approver.get(told.headers["Location"]))
    assert using.entries.count() == 3


async def test_a_spreadsheet_is_read_as_the_command_reads_it(approver: Seat, using: Services) -> None:
    table = "Question;Answer;Colour\nWho pays?;The city.;red\n".encode("utf-16")
    page = await approver.upload("table.csv", table)
    assert "separated by semicolons" in texts(page) and "Colour" in texts(page)
    await confirm(approver, page)
    assert "Who pays?" in [each.question for each in using.entries.all()]


async def test_a_plan_is_made_once_until_entries_change(
    using: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[plans.Way] = []
    make = plans.plan

    def counted(services: Services, content: Any, way: plans.Way) -> plans.Planned:  # noqa: ANN401
        made.append(way)
        return make(services, content, way)

    monkeypatch.setattr(plans, "plan", counted)
    lines = b'{"id": "a", "question": "A?", "answer": "B."}\n'
    async with seat(using, Role.APPROVER) as sitting:
        page = await sitting.upload("a.jsonl", lines)
        path = f"{page.request.url.path}?way=upsert"
        first = len(made)
        assert "A?" in (await sitting.get(f"{path}&show=created")).text and len(made) == first
        using.entries.create(entry("a"))
        assert "A?" in (await sitting.get(path)).text and len(made) == first + 1
