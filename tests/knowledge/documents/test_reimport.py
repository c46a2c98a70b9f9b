"""A second import changes what changed in the document, and nothing that a person wrote or approved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from app.compose.services import prepared_database
from knowledge.documents.planning import DocumentPlan
from knowledge.documents.reading import read_document
from knowledge.documents.store import DocumentSectionRow, DocumentStore
from knowledge.documents.types import Document, DocumentNotFound, DocumentsRejected
from knowledge.entries import ApplyMode, EntryStore
from knowledge.types import Entry, EntryStatus, Source
from tests.fakes import settings
from tests.knowledge.documents.writing import Line, pdf

GUIDE = {"Visa": "Fill in the form.", "Passport": "Come in person.", "Can I pay in cash?": "No, by card."}


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = prepared_database(settings(tmp_path))
    yield engine
    engine.dispose()


@pytest.fixture
def store(engine: Engine) -> DocumentStore:
    return DocumentStore(engine)


@pytest.fixture
def entries(engine: Engine) -> EntryStore:
    return EntryStore(engine)


def guide(sections: dict[str, str], name: str = "guide.md") -> Document:
    text = "\n\n".join(f"## {heading}\n\n{body}" for heading, body in sections.items())
    return read_document(name, f"# Guide\n\n{text}\n".encode(), 1_000_000)


def take_in(store: DocumentStore, document: Document, *, approve: bool = False) -> DocumentPlan:
    """Imports, after a preview that must tell the same."""
    (seen,) = store.preview([document], approve=approve)
    (done,) = store.apply([document], approve=approve)
    assert seen.plan == done.plan
    return done.plan


def changes(plan: DocumentPlan) -> dict[str, list[str]]:
    """By kind, the last part of the ids."""
    told = {
        "created": [entry.id for entry in plan.created],
        "updated": [new.id for _, new in plan.updated],
        "moved": [new.id for _, new in plan.moved],
        "removed": [entry.id for entry in plan.removed],
        "kept": [kept.entry_id for kept in plan.kept],
    }
    return {kind: [each.partition("guide-")[2] or each for each in ids] for kind, ids in told.items() if ids}


def id_of(heading: str) -> str:
    return f"guide-md.guide-{heading}"


def approve(entries: EntryStore, *headings: str) -> None:
    for heading in headings:
        entries.update(replace(entries.get(id_of(heading)), status=EntryStatus.APPROVED))


def test_the_same_document_again_changes_nothing(store: DocumentStore, entries: EntryStore) -> None:
    assert changes(take_in(store, guide(GUIDE))) == {
        "created": ["md.guide-visa", "md.guide-passport", "md.guide-can-i-pay-in-cash"]
    }
    before = list(entries.all())
    assert [entry.status for entry in before] == [EntryStatus.DRAFT] * 3
    assert entries.servable(today()) == []
    plan = take_in(store, guide(GUIDE))
    assert changes(plan) == {} and len(plan.unchanged) == 3
    assert list(entries.all()) == before
    (listed,) = store.all()
    assert (listed.id, listed.title, listed.sections) == ("guide-md", "Guide", 3)


def test_untouched_drafts_follow_the_document(store: DocumentStore, entries: EntryStore) -> None:
    take_in(store, guide(GUIDE))
    new = {"Fees": "Ten.", "Visa": "Fill in both forms.", "Travel passport": "Come in person."}
    assert changes(take_in(store, guide(new))) == {
        "created": ["md.guide-fees"],
        "updated": ["md.guide-visa"],
        "moved": ["md.guide-passport"],
        "removed": ["md.guide-can-i-pay-in-cash"],
    }
    assert {entry.question: entry.answer for entry in entries.all()} == {
        "Guide: Fees": "Ten.",
        "Guide: Visa": "Fill in both forms.",
        "Guide: Travel passport": "Come in person.",
    }
    assert changes(take_in(store, guide(new))) == {}


def test_what_a_curator_edited_or_approved_stays_and_is_named(
    store: DocumentStore, entries: EntryStore
) -> None:
    take_in(store, guide(GUIDE))
    edited = replace(entries.get(id_of("visa")), answer="Fill in form 3.")
    entries.update(edited)
    approve(entries, "passport", "can-i-pay-in-cash")
    before = list(entries.all())
    plan = take_in(store, guide({"Visa": "Fill in both forms.", "Passport": "Send a letter."}))
    assert list(entries.all()) == before
    told = {kept.entry_id: (kept.reason, kept.proposed and kept.proposed.answer) for kept in plan.kept}
    assert told == {
        id_of("visa"): ("it was edited by hand, and the document says otherwise now", "Fill in both forms."),
        id_of("passport"): ("it is approved, and the document says otherwise now", "Send a letter."),
        id_of("can-i-pay-in-cash"): ("it is approved, and the document has no such section any more", None),
    }
    again = take_in(store, guide({"Visa": "Fill in both forms.", "Passport": "Send a letter."}))
    assert len(again.kept) == 3, "it is told until somebody did something about it"


def test_an_approver_takes_along_what_nobody_edited(store: DocumentStore, entries: EntryStore) -> None:
    take_in(store, guide(GUIDE), approve=True)
    assert [entry.question for entry in entries.servable(today())] == [
        "Can I pay in cash?", "Guide: Passport", "Guide: Visa",
    ]  # fmt: skip
    entries.update(replace(entries.get(id_of("visa")), answer="Fill in form 3."))
    plan = take_in(store, guide({"Visa": "Fill in both forms.", "Passport": "Send a letter."}), approve=True)
    assert changes(plan) == {
        "updated": ["md.guide-passport", "md.guide-can-i-pay-in-cash"],
        "kept": ["md.guide-visa"],
    }
    assert entries.get(id_of("passport")).answer == "Send a letter."
    assert entries.get(id_of("visa")).answer == "Fill in form 3."
    assert entries.get(id_of("can-i-pay-in-cash")).status is EntryStatus.RETIRED
    assert len(entries.servable(today())) == 2


def test_a_deleted_draft_stays_deleted_until_its_section_changes(
    store: DocumentStore, entries: EntryStore
) -> None:
    take_in(store, guide(GUIDE))
    entries.delete(id_of("visa"))
    assert changes(take_in(store, guide(GUIDE))) == {"kept": ["md.guide-visa"]}
    assert changes(take_in(store, guide({**GUIDE, "Visa": "None is needed."}))) == {
        "created": ["md.guide-visa"]
    }


def test_an_inserted_section_of_the_same_heading_is_only_that(store: DocumentStore) -> None:
    def listed(*bodies: str) -> Document:
        text = "\n\n".join(f"## Note\n\n{body}" for body in bodies)
        return read_document("guide.md", f"# Guide\n\n{text}".encode(), 1_000_000)

    take_in(store, listed("One.", "Two.", "Three."))
    plan = take_in(store, listed("One.", "New.", "Two.", "Three."))
    assert [entry.answer for entry in plan.created] == ["New."]
    assert len(plan.unchanged) == 3 and not plan.updated and not plan.removed


def test_a_section_on_another_page_moves_its_source_alone(store: DocumentStore, entries: EntryStore) -> None:
    def handbook(*before: str) -> Document:
        first: list[Line] = [("Leave", 18.0), "Thirty days."]
        last: list[Line] = [("Pay", 18.0), "Monthly."]
        between: list[list[Line]] = [[text] for text in before]
        pages = [first, *between, last]
        return read_document("handbook.pdf", pdf(*pages), 1_000_000)

    take_in(store, handbook())
    pay = entries.get("handbook-pdf.pay")
    own = Source("Our law", "https://example.org/law")
    entries.update(
        replace(pay, answer="Each month.", status=EntryStatus.APPROVED, sources=(*pay.sources, own))
    )
    plan = take_in(store, handbook("More on leave."))
    assert changes(plan) == {"updated": ["handbook-pdf.leave"], "moved": ["handbook-pdf.pay"]}
    moved = entries.get("handbook-pdf.pay")
    assert (moved.answer, moved.status) == ("Each month.", EntryStatus.APPROVED)
    assert moved.sources == (Source("handbook.pdf, page 3", ""), own)


def test_an_entry_of_the_same_id_is_not_taken_over(store: DocumentStore, entries: EntryStore) -> None:
    own = Entry(id_of("visa"), "Do I need a visa?", "It depends.")
    entries.apply([own], ApplyMode.UPSERT)
    assert "md.guide-visa.2" in changes(take_in(store, guide(GUIDE)))["created"]
    assert entries.get(id_of("visa")) == own
    assert changes(take_in(store, guide(GUIDE))) == {}


def test_each_document_is_told_of_its_own_twins(store: DocumentStore, entries: EntryStore) -> None:
    entries.create(Entry("cash", "Can I pay in cash?", "No."))
    documents = [guide({"Can I pay in cash?": "No, by card."}), guide({"Other": "Stays."}, "other.md")]
    told, silent = store.apply(documents, approve=True, instead_of=["gone-already"])
    assert len(told.warnings) == 1 and '"cash"' in told.warnings[0]
    assert silent.warnings == ()


def test_removing_a_document_leaves_what_somebody_touched(store: DocumentStore, entries: EntryStore) -> None:
    take_in(store, guide(GUIDE))
    take_in(store, guide({"Other": "Stays."}, "other.md"))
    approve(entries, "passport")
    removed = store.remove("guide-md")
    assert removed.removed == (id_of("can-i-pay-in-cash"), id_of("visa"))
    assert removed.kept == (id_of("passport"),)
    assert [entry.id for entry in entries.all()] == [id_of("passport"), "other-md.guide-other"]
    assert [document.id for document in store.all()] == ["other-md"]
    with pytest.raises(DocumentNotFound):
        store.remove("guide-md")


def test_documents_are_written_all_or_none(
    store: DocumentStore, entries: EntryStore, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_in(store, guide(GUIDE))
    before = list(entries.all())
    with pytest.raises(DocumentsRejected, match="came before"):
        store.apply([guide({"Visa": "New."}), guide({"Visa": "Newer."})])
    assert list(entries.all()) == before

    def broken(*_given: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("knowledge.documents.store._row", broken)
    with pytest.raises(KeyboardInterrupt):
        store.apply([guide({"Visa": "New."}), guide({"Other": "Text."}, "other.md")])
    assert list(entries.all()) == before and len(store.all()) == 1
    with Session(engine) as session:
        assert len(session.exec(select(DocumentSectionRow)).all()) == 3


def today() -> date:
    return date(2026, 11, 29)
