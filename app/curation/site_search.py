"""Searches the owner's listed sites for what the knowledge base lacks, and makes a draft of what they say. A
curator begins it, and what it finds is never said to a user before a curator has approved it."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

from sqlalchemy.exc import SQLAlchemyError

from app.curation.quoting import Quote, quotes_for
from app.store.jobs import JobStore
from app.store.storage import Storage
from knowledge.documents.crawling.searching import search_site
from knowledge.documents.types import Document
from knowledge.types import FloatArray, KnowledgeError

KIND = "search"
NOTHING = "Nothing was found that is near to the question."
_BEAT_S = 20.0
_DEFECT = "The search failed for a reason that is not foreseen: see the log."
_FAILURES = (KnowledgeError, SQLAlchemyError)
_READING = 0.9  # of the progress
_log = logging.getLogger("candor.search")
Draft = Callable[[Sequence[Quote]], None]


class NothingFound(KnowledgeError):
    """No listed site has a passage that is near. The message says what was tried."""


class _Stopped(Exception):
    """The service stops."""


class SiteSearch:
    """One search at a time, as a job that every process can see: no site is asked by many at once."""

    def __init__(
        self,
        sites: Sequence[str],
        jobs: JobStore,
        storage: Storage,
        encode: Callable[[], Callable[[Sequence[str]], FloatArray]],
    ) -> None:
        self.sites = tuple(sites)
        self._jobs = jobs
        self._storage = storage
        self._encode = encode
        self._stopping = threading.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    async def begin(self, question: str, draft: Draft) -> str:
        """Begins a search and gives its job's id. `draft` is given the passages, and blocks; what it raises
        is told as the job's error. Raises `JobRunning`."""
        job_id = await self._storage.run(self._jobs.begin, KIND)
        task = asyncio.create_task(self._run(job_id, question, draft))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return job_id

    async def stop(self) -> None:
        """Returns once nothing is read any more."""
        self._stopping.set()
        if self._tasks:
            await asyncio.wait(set(self._tasks))

    async def _run(self, job_id: str, question: str, draft: Draft) -> None:
        """Ends the job whatever happens: one left open would bar every later search."""
        beating = asyncio.create_task(self._beat(job_id))
        end = partial(self._jobs.fail, job_id, _DEFECT)
        try:
            counts = await self._storage.run(self._search, job_id, question, draft)
            end = partial(self._jobs.succeed, job_id, None, counts)
        except _Stopped:
            end = partial(self._jobs.interrupt, job_id)
        except _FAILURES as error:
            told = "The database failed." if isinstance(error, SQLAlchemyError) else str(error)
            end = partial(self._jobs.fail, job_id, told)
        finally:
            beating.cancel()
            with suppress(SQLAlchemyError):  # it is taken for interrupted once it is silent
                await self._storage.run(end)

    def _search(self, job_id: str, question: str, draft: Draft) -> dict[str, int]:
        documents: list[Document] = []
        notes: list[str] = []
        for at, site in enumerate(self.sites):
            told = partial(self._told, job_id, at)
            try:
                found = search_site(site, question, told, sleep=self._stopping.wait)
                documents += found.documents
                notes += found.notes
            except KnowledgeError as error:
                notes.append(str(error))
        quotes = quotes_for(question, documents, self._encode())
        if not quotes:
            raise NothingFound(_told_nothing(len(documents), notes))
        if self._stopping.is_set():
            raise _Stopped
        draft(quotes)
        return {"pages": len(documents), "passages": len(quotes), "left_out": len(notes)}

    def _told(self, job_id: str, site: int, at: int, of: int, url: str) -> None:
        if self._stopping.is_set():
            raise _Stopped
        share = (site + at / max(1, of)) / len(self.sites)
        self._jobs.beat(job_id, _READING * share, f"reading {url}"[:200])

    async def _beat(self, job_id: str) -> None:
        while True:
            await asyncio.sleep(_BEAT_S)
            with suppress(SQLAlchemyError):  # one beat less
                await self._storage.run(self._jobs.beat, job_id)


def _told_nothing(pages: int, notes: Sequence[str]) -> str:
    read = f"{pages} {'page was' if pages == 1 else 'pages were'} read."
    why = " ".join(f"{note.rstrip('.')}." for note in notes[:5])
    return " ".join(part for part in (NOTHING, read, why) if part)
