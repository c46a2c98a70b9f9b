"""Documents as the admin side shows them."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from pydantic import BaseModel

from app.api.schemas.entries import EntryBody
from knowledge.documents.planning import Kept
from knowledge.documents.store import Imported, StoredDocument
from knowledge.importing.records import record_of


class DocumentBody(BaseModel):
    """`sections`: how many entries come from it; `pages`: of a PDF."""

    id: str
    name: str
    title: str
    url: str | None
    pages: int | None
    sections: int
    imported_at: datetime

    @classmethod
    def of(cls, stored: StoredDocument) -> Self:
        return cls(
            id=stored.id,
            name=stored.name,
            title=stored.title,
            url=stored.url or None,
            pages=stored.pages,
            sections=stored.sections,
            imported_at=stored.imported_at,
        )


class KeptBody(BaseModel):
    """An entry that was left as it is though the document says otherwise; `proposed`: what that says now."""

    entry_id: str
    reason: str
    proposed: EntryBody | None

    @classmethod
    def of(cls, kept: Kept) -> Self:
        proposed = record_of(kept.proposed) if kept.proposed else None
        return cls(entry_id=kept.entry_id, reason=kept.reason, proposed=proposed)


class DocumentImportBody(BaseModel):
    """What an import changed, or, where it was `checked`, would change: ids of entries. `moved`: only heading
    or page; `kept`: what a curator wrote, approved or deleted, and the document has otherwise."""

    document_id: str
    title: str
    pages: int | None
    checked: bool
    created: list[str]
    updated: list[str]
    moved: list[str]
    removed: list[str]
    unchanged: list[str]
    kept: list[KeptBody]
    warnings: list[str]

    @classmethod
    def of(cls, imported: Imported, *, checked: bool) -> Self:
        plan, document = imported.plan, imported.document
        return cls(
            document_id=imported.id,
            title=document.title,
            pages=document.pages,
            checked=checked,
            created=[entry.id for entry in plan.created],
            updated=[new.id for _, new in plan.updated],
            moved=[new.id for _, new in plan.moved],
            removed=[entry.id for entry in plan.removed],
            unchanged=plan.unchanged,
            kept=[KeptBody.of(kept) for kept in plan.kept],
            warnings=[*document.notes, *imported.warnings],
        )


class RemovedBody(BaseModel):
    removed: list[str]
    kept: list[str]
