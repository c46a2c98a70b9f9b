"""Documents over HTTP: taken in as drafts, listed, forgotten."""

from __future__ import annotations

import httpx
import pytest

from app.compose.services import Services
from app.store.curators import Role
from knowledge.documents.reading import TYPES
from knowledge.types import EntryStatus
from tests.app.api.test_admin import BEARER
from tests.app.api.test_curators import bearing
from tests.knowledge.documents.writing import docx, paragraph, pdf

DOCUMENTS = "/admin/documents"
GUIDE = b"# Guide\n\n## Who pays?\n\nThe office.\n\n## Visa\n\n- a form\n- a photo\n"


@pytest.fixture(autouse=True)
def _as_admin(client: httpx.AsyncClient) -> None:
    client.headers.update(BEARER)


async def test_a_document_becomes_drafts_and_then_a_difference(
    client: httpx.AsyncClient, using: Services
) -> None:
    checked = await client.post(f"{DOCUMENTS}?name=guide.md&check=true", content=GUIDE)
    assert checked.status_code == 200 and checked.json()["checked"] and not using.entries.count()
    first = (await client.post(f"{DOCUMENTS}?name=guide.md", content=GUIDE)).json()
    assert first == checked.json() | {"checked": False}
    assert first["created"] == ["guide-md.guide-who-pays", "guide-md.guide-visa"]
    entry = (await client.get(f"/admin/entries/{first['created'][1]}")).json()
    assert (entry["question"], entry["status"]) == ("Guide: Visa", "draft")
    assert entry["answer"] == "- a form\n- a photo"
    assert entry["sources"] == [{"title": "guide.md", "url": ""}]
    assert (await client.put(f"/admin/entries/{entry['id']}", json=entry | {"status": "approved"})).is_success
    changed = (
        await client.post(f"{DOCUMENTS}?name=guide.md", content=GUIDE.replace(b"photo", b"fee"))
    ).json()
    (kept,) = changed["kept"]
    assert kept["entry_id"] == entry["id"] and "approved" in kept["reason"]
    assert kept["proposed"]["answer"] == "- a form\n- a fee"
    (listed,) = (await client.get(DOCUMENTS)).json()
    assert (listed["id"], listed["sections"], listed["url"]) == ("guide-md", 2, None)
    assert listed["imported_at"].endswith("Z")
    gone = await client.delete(f"{DOCUMENTS}/guide-md")
    assert gone.json() == {"removed": ["guide-md.guide-who-pays"], "kept": [entry["id"]]}
    assert (await client.delete(f"{DOCUMENTS}/guide-md")).status_code == 404
    acts = [(act.act, act.subject) for act in using.audit.page().acts if act.act.startswith("document.")]
    assert acts == [("document.removed", "guide-md")] + [("document.imported", "guide-md")] * 2


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (".docx", docx(paragraph("Pay", "H1") + paragraph("Monthly."))),
        (".pdf", pdf([("Pay", 20.0), "Monthly."])),
        (".html", b"<main><h1>Pay</h1><p>Monthly.</p></main>"),
        (".md", b"# Pay\n\nMonthly."),
        (".txt", b"Monthly."),
    ],
)
async def test_what_it_is_may_stand_in_the_header(
    client: httpx.AsyncClient, using: Services, kind: str, body: bytes
) -> None:
    media = next(media for media, suffix in TYPES.items() if suffix == kind)
    headers = {"Content-Type": media, "X-Filename": "Lohn%20%C3%BCbersicht"}
    done = await client.post(DOCUMENTS, content=body, headers=headers)
    assert done.status_code == 200, done.text
    assert using.entries.get(done.json()["created"][0]).answer == "Monthly."
    assert using.documents.all()[0].name == "Lohn übersicht"


async def test_bad_documents_are_told_and_nothing_is_written(
    client: httpx.AsyncClient, using: Services
) -> None:
    async def refused(query: str, body: bytes) -> tuple[int, str]:
        answer = await client.post(f"{DOCUMENTS}?{query}", content=body)
        assert answer.headers["Content-Type"] == "application/problem+json"
        return answer.status_code, answer.json()["detail"]

    locked = pdf(["x"], password="secret")
    assert await refused("name=a.pdf", locked) == (
        422, "a.pdf: it is locked with a password: save it without one.",
    )  # fmt: skip
    assert (await refused("name=a.bin", b"\x00"))[0] == 422
    assert (await refused("name=a.md", b""))[1] == "a.md: it is empty."
    assert (await refused("", b"# A\n\nb"))[1] == "Name the file with ?name= or the header X-Filename."
    assert (await refused("name=%00", b"# A\n\nb"))[0] == 422
    limit = using.settings.import_limit_bytes
    large = await refused("name=a.pdf", b"x" * (limit + 1))
    assert large == (413, f"The request body is larger than {limit:,} bytes.")
    assert not using.entries.count() and not using.documents.all()


async def test_only_an_approver_takes_a_document_in_as_approved(
    client: httpx.AsyncClient, using: Services
) -> None:
    editor, approver = (bearing(using, role) for role in (Role.EDITOR, Role.APPROVER))
    address = f"{DOCUMENTS}?name=guide.md&approve=true"
    refused = await client.post(address, content=GUIDE, headers=editor)
    assert refused.status_code == 403 and not using.entries.count()
    assert (await client.post(address, content=GUIDE, headers=approver)).status_code == 200
    assert {entry.status for entry in using.entries.all()} == {EntryStatus.APPROVED}


async def test_a_missing_converter_is_told(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without(_name: str) -> None:
        raise ModuleNotFoundError("No module named 'mammoth'", name="mammoth")

    monkeypatch.setattr("knowledge.documents.types.import_module", without)
    refused = await client.post(f"{DOCUMENTS}?name=a.docx", content=docx(paragraph("x")))
    assert refused.status_code == 501 and "candor-chat[documents]" in refused.json()["detail"]
