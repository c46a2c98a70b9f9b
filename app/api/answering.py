"""A question put to the knowledge base, or to the caller's own documents, as POST /v1/answers has it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from app.api.documents import place_of, snapshot_of
from app.api.limits import TurnLimiter
from app.api.schemas.answers import AnswerCitation, AnswerRequest, AnswerResponse, Document, SelectedDocument
from app.compose.release_service import KnowledgeBase
from app.store.turns.traces import TraceStore
from app.turns import Chat, Keep
from knowledge.releases.releases import LiveRelease
from knowledge.types import Entry, Snapshot
from pipeline.llm.usage import TurnBudget
from pipeline.ports import unheard
from pipeline.types import Citation, Exemplar, Keeping, Question, Reply, TurnContext

_MARKS = re.compile(r"(?:\n\n)?(?: \[\d+\])+")
_INDEXED_AT_ONCE = 1  # requests whose documents are embedded: conversations keep most of the processor
_READING = 0.5  # share of a turn's deadline in which all who ask now have their documents embedded
_SCORED = 50  # entries of the knowledge base; one that was cited lies well within


class Answering:
    """Runs the chain on the live release, or on documents as if they were one. Holds nothing between
    requests: neither the documents nor the trace of a turn on them are kept."""

    def __init__(
        self,
        chat: Chat,
        live: LiveRelease,
        base: Callable[[], KnowledgeBase],
        traces: TraceStore,
        places: TurnLimiter,
        *,
        deadline_s: float,
    ) -> None:
        self._chat = chat
        self._live = live
        self._base = base
        self._traces = traces
        self._places = places
        self._reading_s = _READING * deadline_s
        self._indexing = asyncio.Semaphore(_INDEXED_AT_ONCE)

    async def answer(
        self, ask: AnswerRequest, message_id: str, budget: TurnBudget
    ) -> tuple[AnswerResponse, Keep | None]:
        """The answer, and what is to be stored before it is told. Raises what the chain raises, and a 503
        `Problem` until the encoder is loaded."""
        documents, encode = ask.documents or [], self._base().encode
        if documents:
            async with self._indexing:
                share = self._reading_s / max(1, self._places.taken)
                snapshot: Snapshot = await snapshot_of(
                    documents, ask.question, ask.max_rerank, encode, seconds=share
                )
        else:
            snapshot = self._live.current
        own = bool(documents)
        context = TurnContext(snapshot, budget, gives_way=own, keeping=None if own else Keeping())
        reply = await self._chat.run(message_id, _question(ask), unheard, context)
        scores = await asyncio.to_thread(self._scores, snapshot, ask.question) if reply.citations else {}
        told = _Told(snapshot.entries, documents, scores, with_metadata=bool(ask.return_metadata))
        keep = partial(self._traces.settled, message_id)
        return told.response(message_id, reply), None if reply.urgent else keep

    def _scores(self, snapshot: Snapshot, question: str) -> Mapping[str, float]:
        (vector,) = self._base().encode([question])
        hits = snapshot.search(question, vector, _SCORED)
        return {hit.entry.id: round(min(max(hit.score, 0.0), 1.0), 4) for hit in hits}


def _question(ask: AnswerRequest) -> Question:
    examples = tuple(Exemplar(example.question, example.answer) for example in ask.examples)
    context = ask.examples_context or ""
    return Question(ask.question, examples=examples, examples_context=context, plain=True)


def _besides(reply: Reply) -> str:
    """What the house says beside the blocks: what to do in an emergency, which question an answer is to,
    that a part has none."""
    said, at = "", 0
    for citation in reply.citations:
        if citation.start >= at:
            said, at = said + reply.text[at : citation.start], citation.end
    return _MARKS.sub("", said + reply.text[at:]).strip()


class _Told:
    """What the caller is told of a reply: the sentences that something supports, and what that is. Phrases of
    the house and the markers in the text are for conversations."""

    def __init__(
        self,
        entries: Mapping[str, Entry],
        documents: Sequence[Document],
        scores: Mapping[str, float],
        *,
        with_metadata: bool,
    ) -> None:
        self._entries = entries
        self._documents = documents
        self._scores = scores
        self._with_metadata = with_metadata

    def response(self, message_id: str, reply: Reply) -> AnswerResponse:
        answer, citations = self._cited(reply)
        cited = dict.fromkeys(citation.entry_id for citation in reply.citations)
        return AnswerResponse(
            id=f"answer-{message_id}",
            answers=[answer] if answer else [],
            outcome=reply.outcome,
            selected_documents=[self._selected(self._entries[entry_id]) for entry_id in cited],
            citations=citations,
            suggestions=[] if self._documents else list(reply.suggestions),
            notice=_besides(reply) or None,
            documents_read=len(self._entries) if self._documents else None,
        )

    def _cited(self, reply: Reply) -> tuple[str, list[AnswerCitation]]:
        """The blocks that something supports, set off as in the reply, without marks and house phrases."""
        spans: dict[tuple[int, int], list[Citation]] = {}
        for citation in reply.citations:
            spans.setdefault((citation.start, citation.end), []).append(citation)
        answer, citations, said = "", [], 0
        for (start, end), supporting in spans.items():
            between = _MARKS.sub("", reply.text[said:start])
            answer += (between if not between.strip() else "\n\n") if answer else ""
            at, answer, said = len(answer), answer + reply.text[start:end], end
            citations += [
                AnswerCitation(document=self._name(each.entry_id), start=at, end=len(answer))
                for each in supporting
            ]
        return answer, citations

    def _selected(self, entry: Entry) -> SelectedDocument:
        score = self._scores.get(entry.id)
        if not self._documents:
            url = (entry.sources[0].url or None) if entry.sources else None
            text, title = entry.answer, entry.question
            return SelectedDocument(document=entry.id, text=text, title=title, url=url, score=score)
        document = self._documents[place_of(entry.id)]
        metadata = document.metadata if self._with_metadata else None
        return SelectedDocument(
            document=place_of(entry.id),
            text=document.text,
            title=document.title,
            score=score,
            metadata=metadata,
        )

    def _name(self, entry_id: str) -> int | str:
        return place_of(entry_id) if self._documents else entry_id
