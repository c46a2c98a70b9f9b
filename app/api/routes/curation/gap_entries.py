"""From a gap to an entry, in one call."""

from __future__ import annotations

from asyncio import to_thread
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from fastapi import APIRouter, Response

from app.api.admission import Acting, AdminRoute, needs
from app.api.callers import Using
from app.api.errors import Problem, unavailable
from app.api.openapi import problems
from app.api.routes.curation.gaps import PREFIX, gap_of
from app.api.schemas.curation import (
    DraftRequest,
    SearchBody,
    SearchRequest,
    WordingsRequest,
    WrittenDraftBody,
)
from app.api.schemas.entries import EntryBody
from app.api.versions import writing_of
from app.compose.services import Services
from app.curation.drafting import evidence_for, sources_of
from app.curation.entry_making import MessagesRejected, draft_of, reworded, wordings_of
from app.curation.gap_report import Gap
from app.curation.quoting import Quote, answer_of
from app.curation.quoting import sources_of as pages_of
from app.curation.site_search import NothingFound
from app.store.curators import Curator, Role
from app.store.jobs import JobNotFound, JobRunning
from knowledge.errors import EntryNotFound
from knowledge.importing.parsing import parse_record
from knowledge.importing.records import record_of
from knowledge.types import Entry, Hit
from learning.personal_data import holds_personal_data
from pipeline.errors import ModelOutputError, ModelUnavailable
from pipeline.llm_stages.entry_draft import EntryDrafter, NothingToDraft, WrittenDraft
from pipeline.ports import ChatModel

_MADE: dict[int | str, dict[str, Any]] = {
    201: {"headers": {"Location": {"description": "The entry.", "schema": {"type": "string"}}}}
}
_NO_MODEL = "No language model is set (CANDOR_LLM_MODEL or CANDOR_LLM_GGUF): write the answer yourself."
_NO_SITES = "No site may be searched: list some in CANDOR_SEARCH_SITES."
_SEARCHING = "The listed sites are being searched already. Wait until that is done."
_PRIVATE = "What is asked there must hold no personal data: give a query of your own."
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
    "/{gap_id}/search",
    dependencies=[needs(Role.EDITOR)],
    status_code=202,
    responses=problems(404, 409, 422, 503),
)
async def search_sites(
    gap_id: str, services: Using, acting: Acting, given: SearchRequest | None = None
) -> SearchBody:
    """Searches the listed sites and makes a draft that quotes their nearest passages, with their addresses as
    sources. Runs as a job. It is never more than a draft."""
    if not services.site_search.sites:
        raise Problem(409, "no-search-sites", _NO_SITES)
    gap, wordings, hits = await to_thread(_read_for_draft, services, gap_id, None)
    query = (given.query if given and given.query else next(iter(wordings), gap.cluster.name)).strip()
    if not query or holds_personal_data(query):
        raise Problem(422, "personal-data", _PRIVATE, param="query")
    topic = hits[0].entry.topic if hits else None

    def draft(quotes: Sequence[Quote]) -> None:
        if services.gaps.get(gap_id).row.entry_id != gap.row.entry_id:
            raise NothingFound("An entry was made for this gap meanwhile.")
        made = draft_of(
            wordings,
            gap.cluster.name,
            _ids(services),
            answer=answer_of(quotes),
            topic=topic,
            sources=pages_of(quotes),
        )
        _made(services, acting, gap, made, Response(), {"query": query})

    try:
        job_id = await services.site_search.begin(query, draft)
    except JobRunning as running:
        raise Problem(409, "search-running", _SEARCHING, more={"job_id": running.job_id}) from None
    return await to_thread(_search, services, gap_id, job_id)


@router.get("/{gap_id}/search/{job_id}", responses=problems(404))
def read_search(gap_id: str, job_id: str, services: Using) -> SearchBody:
    """How far a search is, and what came of it."""
    return _search(services, gap_id, job_id)


def _search(services: Services, gap_id: str, job_id: str) -> SearchBody:
    gap = gap_of(services, gap_id)
    try:
        row = services.jobs.get(job_id)
    except JobNotFound:
        raise Problem(404, "not-found", "There is no such job.") from None
    told = row.model_dump(include={"status", "progress", "doing", "counts", "error"})
    return SearchBody(job_id=row.id, entry_id=gap.row.entry_id, **told)


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
