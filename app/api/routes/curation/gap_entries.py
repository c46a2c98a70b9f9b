"""From a gap to an entry, in one call."""

from __future__ import annotations

from asyncio import to_thread
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from fastapi import APIRouter, Response

from app.api.admission import Acting, AdminRoute, needs
from app.api.callers import Using
from app.api.errors import Problem, unavailable
from app.api.openapi import problems
from app.api.routes.curation.gaps import PREFIX, gap_of
from app.api.schemas.curation import DraftRequest, WordingsRequest, WrittenDraftBody
from app.api.schemas.entries import EntryBody
from app.api.versions import writing_of
from app.compose.services import Services
from app.curation.drafting import evidence_for, sources_of
from app.curation.entry_making import MessagesRejected, draft_of, reworded, wordings_of
from app.curation.gap_report import Gap
from app.store.curators import Curator, Role
from knowledge.errors import EntryNotFound
from knowledge.importing.parsing import parse_record
from knowledge.importing.records import record_of
from knowledge.types import Entry, Hit
from pipeline.errors import ModelOutputError, ModelUnavailable
from pipeline.llm_stages.entry_draft import EntryDrafter, NothingToDraft, WrittenDraft
from pipeline.ports import ChatModel

_MADE: dict[int | str, dict[str, Any]] = {
    201: {"headers": {"Location": {"description": "The entry.", "schema": {"type": "string"}}}}
}
_NO_MODEL = "No language model is set (CANDOR_LLM_MODEL or CANDOR_LLM_GGUF): write the answer yourself."
_SILENT = "The language model gives no draft right now: try again later, or write the answer yourself."
router = APIRouter(prefix=PREFIX, route_class=AdminRoute, responses=problems(401, 403, 429))


@router.post(
    "/{gap_id}/entry",
    dependencies=[needs(Role.EDITOR)],
    status_code=201,
    responses=_MADE | problems(404, 409, 413, 422),
)
def make_entry(
    gap_id: str, services: Using, acting: Acting, response: Response, given: DraftRequest | None = None
) -> EntryBody:
    """A draft entry with the gap's messages as alternates."""
    gap, given = _without_entry(services, gap_id), given or DraftRequest()
    draft = draft_of(
        _wordings(gap, given.messages),
        gap.cluster.name,
        _ids(services),
        question=given.question,
        answer=given.answer,
        topic=given.topic,
    )
    return _made(services, acting, gap, draft, response)


@router.post(
    "/{gap_id}/draft",
    dependencies=[needs(Role.EDITOR)],
    status_code=201,
    responses=_MADE | problems(404, 409),
)
async def write_draft(
    gap_id: str, services: Using, acting: Acting, response: Response, given: DraftRequest | None = None
) -> WrittenDraftBody:
    """A draft entry whose answer the language model writes from the nearest entries and drafts, with their
    sources. It is never more than a draft."""
    if services.llm is None:
        raise Problem(409, "no-language-model", _NO_MODEL)
    model = services.llm.chat
    gap, wordings, hits = await to_thread(_read_for_draft, services, gap_id, given)
    written = await _written(model, wordings or [gap.cluster.name], hits)
    based_on = [hit.entry.id for hit in written.used]

    def make() -> EntryBody:
        draft = draft_of(
            wordings,
            gap.cluster.name,
            _ids(services),
            question=written.question,
            answer=written.answer,
            topic=written.used[0].entry.topic,
            sources=sources_of(written.used),
        )
        return _made(services, acting, gap, draft, response, {"model": model.name, "based_on": based_on})

    return WrittenDraftBody(entry=await to_thread(make), model=model.name, based_on=based_on)


@router.post(
    "/{gap_id}/alternates", dependencies=[needs(Role.EDITOR)], responses=problems(404, 409, 413, 422)
)
def add_alternates(gap_id: str, given: WordingsRequest, services: Using, acting: Acting) -> EntryBody:
    """The gap's messages as further alternates of an entry that there is."""
    gap = gap_of(services, gap_id)
    wordings = _wordings(gap, given.messages)
    entry, _ = reworded(services.entries, given.entry_id, wordings, writing_of(services, acting))
    services.gaps.store.change(gap.row.id, entry_id=entry.id)
    services.audit.record(acting, "gap.worded", gap.row.id, {"entry_id": entry.id})
    return record_of(entry)


async def _written(model: ChatModel, messages: list[str], hits: list[Hit]) -> WrittenDraft:
    try:
        return await EntryDrafter(model)(messages, hits)
    except NothingToDraft as error:
        raise Problem(409, "nothing-to-draft-from", str(error)) from None
    except (ModelUnavailable, ModelOutputError) as error:
        raise unavailable(_SILENT, kind="language-model") from error


def _wordings(gap: Gap, messages: list[str] | None) -> list[str]:
    """Raises a 422 `Problem`."""
    try:
        return wordings_of(gap, messages)
    except MessagesRejected as error:
        raise Problem(422, "invalid", str(error), param="messages") from None


def _read_for_draft(
    services: Services, gap_id: str, given: DraftRequest | None
) -> tuple[Gap, list[str], list[Hit]]:
    gap = _without_entry(services, gap_id)
    query = gap.cluster.query
    hits = evidence_for(query, services.gaps.vector_of(query), services.live, services.releases.base)
    return gap, _wordings(gap, given.messages if given else None), hits


def _without_entry(services: Services, gap_id: str) -> Gap:
    """Raises a 409 `Problem` where an entry was made for it already, and is there still."""
    gap = gap_of(services, gap_id)
    if (entry_id := gap.row.entry_id) is not None:
        with suppress(EntryNotFound):
            services.entries.get(entry_id)
            told = f'There is an entry for this gap already: "{entry_id}".'
            raise Problem(409, "entry-exists", told, more={"entry_id": entry_id})
    return gap


def _ids(services: Services) -> set[str]:
    return {entry.id for entry in services.entries.all()}


def _made(
    services: Services,
    acting: Curator,
    gap: Gap,
    draft: Entry,
    response: Response,
    detail: Mapping[str, Any] | None = None,
) -> EntryBody:
    """Checked as anything that is written by hand."""
    made = services.entries.create(parse_record(record_of(draft)).entries[0], writing_of(services, acting))
    entry = made.entry
    services.gaps.store.change(gap.row.id, entry_id=entry.id)
    services.audit.record(acting, "gap.drafted", gap.row.id, {"entry_id": entry.id, **(detail or {})})
    response.headers["Location"] = f"/admin/entries/{entry.id}"
    return record_of(entry)
