"""The documents that were taken in, in SQL: so that the next import is a difference."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sqlalchemy import JSON, Column, DateTime, Engine, ForeignKey, String, Text
from sqlmodel import Field, Session, SQLModel, col, delete, func, select

from knowledge.curation.applying import apply, warnings_on
from knowledge.curation.lifecycle import Writing
from knowledge.curation.rows import EntryRow
from knowledge.curation.writing import Witness, kept_of, transaction, unwitnessed
from knowledge.documents.drafting import document_id_of, drafts_of
from knowledge.documents.planning import DocumentPlan, Planner, Tracked, is_untouched
from knowledge.documents.types import Document, DocumentNotFound, DocumentsRejected, DocumentUnreadable
from knowledge.importing.changes import Plan
from knowledge.types import Entry

_UNNAMED = Writing()


class DocumentRow(SQLModel, table=True):
    __tablename__ = "documents"

    id: str = Field(primary_key=True, max_length=100)
    name: str = Field(sa_column=Column(Text, nullable=False))
    title: str = Field(sa_column=Column(Text, nullable=False))
    url: str = Field(sa_column=Column(Text, nullable=False))
    digest: str = Field(max_length=64)
    pages: int | None = None
    imported_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class DocumentSectionRow(SQLModel, table=True):
    __tablename__ = "document_sections"

    document_id: str = Field(
        sa_column=Column(String(100), ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True)
    )
    entry_id: str = Field(primary_key=True, max_length=100)
    key: str = Field(max_length=100)
    path: list[str] = Field(sa_column=Column(JSON, nullable=False))
    page: int | None = None
    body: str = Field(max_length=64)
    written: str = Field(max_length=64)


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A document as it was last taken in; `sections` counts its entries."""

    id: str
    name: str
    title: str
    url: str
    pages: int | None
    imported_at: datetime
    sections: int


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import of one document changed, or would change."""

    id: str
    document: Document
    plan: DocumentPlan
    warnings: tuple[str, ...] = ()

    @property
    def counts(self) -> dict[str, int]:
        """How many entries it was, by what became of them."""
        plan = self.plan
        return {
            "created": len(plan.created),
            "updated": len(plan.updated),
            "moved": len(plan.moved),
            "unchanged": len(plan.unchanged),
            "removed": len(plan.removed),
            "kept": len(plan.kept),
        }


@dataclass(frozen=True, slots=True)
class Removed:
    """Ids of the drafts that went with their document, and of the entries that somebody had touched."""

    removed: tuple[str, ...]
    kept: tuple[str, ...]


class DocumentStore:
    """The documents of one database. Synchronous; safe to use from many threads. Writing tells `witness`
    within the same transaction, and raises `StorageFailed` where the database cannot be written."""

    def __init__(self, engine: Engine, witness: Witness = unwitnessed) -> None:
        self._engine = engine
        self._witness = witness

    def all(self) -> list[StoredDocument]:
        """Ordered by name."""
        counted = select(DocumentSectionRow.document_id, func.count()).group_by(
            col(DocumentSectionRow.document_id)
        )
        with Session(self._engine) as session:
            counts = dict(session.exec(counted).all())
            rows = session.exec(select(DocumentRow).order_by(col(DocumentRow.name))).all()
        return [
            StoredDocument(
                row.id, row.name, row.title, row.url, row.pages, _utc(row.imported_at), counts.get(row.id, 0)
            )
            for row in rows
        ]

    def preview(self, documents: Sequence[Document], *, approve: bool = False) -> list[Imported]:
        """What `apply` would do now."""
        with Session(self._engine) as session:
            return list(_planned(session, documents, approve))

    def apply(
        self,
        documents: Sequence[Document],
        *,
        approve: bool = False,
        by: Writing = _UNNAMED,
        instead_of: Sequence[str] = (),
        check: Callable[[Sequence[Imported]], None] | None = None,
    ) -> list[Imported]:
        """Takes the documents in, all or none, in one transaction; the entries `instead_of` go. `approve`: as
        approved entries, which change and retire with their document as long as nobody edits them. `check` is
        told what will be written, and stops it by raising. Raises `DocumentsRejected` for two documents of
        one name, and what an import of entries raises."""
        with transaction(self._engine) as session:
            apply(session, Plan((), (), (), tuple(instead_of)), (), by)
            plans = list(_planned(session, documents, approve))
            if check is not None:
                check(plans)
            for each in plans:
                _write(session, each, by)
            done = _warned(session, plans)
            for each in done:
                self._witness(session, by, "document.imported", each.id, each.counts)
            return done

    def remove(self, document_id: str, by: Writing = _UNNAMED) -> Removed:
        """Forgets a document; its drafts that nobody touched go with it. Raises `DocumentNotFound`."""
        with transaction(self._engine) as session:
            row = session.get(DocumentRow, document_id)
            if row is None:
                raise DocumentNotFound(document_id)
            tracked = _tracked(session, document_id)
            stored = _stored(session, tracked)
            own = {each.entry_id for each in tracked if each.entry_id in stored}
            gone = tuple(
                each.entry_id
                for each in tracked
                if each.entry_id in own and is_untouched(stored[each.entry_id], each.written)
            )
            apply(session, Plan((), (), (), gone), (), by)
            session.exec(delete(DocumentSectionRow).where(col(DocumentSectionRow.document_id) == document_id))
            session.delete(row)
            removed = Removed(gone, tuple(sorted(own.difference(gone))))
            told = {"removed": len(gone), "kept": len(removed.kept)}
            self._witness(session, by, "document.removed", document_id, told)
            return removed


def _utc(at: datetime) -> datetime:
    """SQLite gives back a time without its zone."""
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _planned(session: Session, documents: Sequence[Document], approve: bool) -> Iterator[Imported]:
    ids = set(session.exec(select(EntryRow.id)))
    seen: dict[str, Document] = {}
    for document in documents:
        document_id = document_id_of(document.name)
        if document_id in seen:
            raise DocumentsRejected(
                [DocumentUnreadable(document.name, "a document of this name came before")]
            )
        seen[document_id] = document
        row, tracked = session.get(DocumentRow, document_id), _tracked(session, document_id)
        before = Document(row.name, row.title, (), row.digest, row.url) if row else document
        stored = _stored(session, tracked)
        plan = Planner(document, before, stored, ids, approve).plan(drafts_of(document), tracked)
        ids |= {entry.id for entry in plan.created}
        yield Imported(document_id, document, plan)


def _stored(session: Session, tracked: Sequence[Tracked]) -> dict[str, Entry]:
    kept = kept_of(session, [each.entry_id for each in tracked])
    return {entry_id: each.entry for entry_id, each in kept.items()}


def _write(session: Session, imported: Imported, by: Writing) -> None:
    plan = imported.plan
    removed = tuple(entry.id for entry in plan.removed)
    apply(session, Plan(tuple(plan.created), (*plan.updated, *plan.moved), (), removed), (), by)
    session.merge(_document_row(imported))
    session.flush()
    session.exec(delete(DocumentSectionRow).where(col(DocumentSectionRow.document_id) == imported.id))
    session.add_all(_row(imported.id, each) for each in plan.tracked)
    session.flush()


def _warned(session: Session, written: Sequence[Imported]) -> list[Imported]:
    """The same with what to look at again: all that is approved is read once, however many they are."""
    touched = {each.id: _touched(each.plan) for each in written}
    told = warnings_on(session, frozenset().union(*touched.values()))
    return [
        replace(each, warnings=tuple(text for text, ids in told if not ids.isdisjoint(touched[each.id])))
        for each in written
    ]


def _touched(plan: DocumentPlan) -> frozenset[str]:
    changed = (new.id for _, new in (*plan.updated, *plan.moved))
    return frozenset((*(entry.id for entry in plan.created), *changed))


def _document_row(imported: Imported) -> DocumentRow:
    document = imported.document
    return DocumentRow(
        id=imported.id,
        name=document.name,
        title=document.title,
        url=document.url,
        digest=document.digest,
        pages=document.pages,
        imported_at=datetime.now(UTC),
    )


def _row(document_id: str, each: Tracked) -> DocumentSectionRow:
    return DocumentSectionRow(
        document_id=document_id,
        entry_id=each.entry_id,
        key=each.key,
        path=list(each.path),
        page=each.page,
        body=each.body,
        written=each.written,
    )


def _tracked(session: Session, document_id: str) -> list[Tracked]:
    rows = session.exec(select(DocumentSectionRow).where(col(DocumentSectionRow.document_id) == document_id))
    return [
        Tracked(row.key, row.entry_id, tuple(row.path), row.page, row.body, row.written) for row in rows.all()
    ]
