"""POST /v1/answers: a question, and documents or the knowledge base."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.api.documents import snapshot_of
from app.api.schemas.answers import MOST_CHARACTERS, Document
from app.compose.services import Services
from app.main import create_app
from knowledge.types import Entry, Snapshot
from pipeline.errors import RetrievalFailed
from pipeline.ports import Say
from pipeline.types import Citation, Exemplar, Outcome, Question, Reply, TurnContext
from tests.fakes import HashEncoder, ScriptedChat, answered, client_of, services

FIELDS = {
    "id",
    "object",
    "model",
    "search_model",
    "answers",
    "outcome",
    "selected_documents",
    "citations",
    "suggestions",
    "notice",
    "documents_read",
}
PUPPIES = ["Puppy A is happy.", {"text": "Puppy B is sad.", "title": "B", "metadata": {"page": 2}}]
ASK: dict[str, Any] = {"question": "which puppy is happy?", "documents": PUPPIES}


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < until, "it did not happen within 30 s"
        time.sleep(0.01)


@asynccontextmanager
async def asking(using: Services) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a service whose encoder is loaded."""
    async with client_of(create_app(using), started=True) as client:
        await asyncio.to_thread(wait_for, lambda: using.releases.recovered)
        yield client


def cited(*entry_ids: str) -> Reply:
    text, citations = "I can see why you ask.", []
    for number, entry_id in enumerate(entry_ids, 1):
        start = len(text) + 1
        text += f" Sentence {number}. [{number}]"
        citations.append(Citation(number, entry_id, "A title", None, start, start + 11))
    return Reply(text, Outcome.ANSWERED, tuple(citations))


async def test_an_answer_names_the_documents_that_support_it(tmp_path: Path) -> None:
    using = services(tmp_path, ScriptedChat(cited("document-1", "document-0")))
    async with asking(using) as client:
        response = await client.post("/v1/answers", json={**ASK, "return_metadata": True})
    body = response.json()
    assert response.status_code == 200
    assert body.keys() == FIELDS
    assert (body["object"], body["model"], body["search_model"]) == ("answer", "candor", "candor")
    (answer,) = body["answers"]
    assert answer == "Sentence 1. Sentence 2."  # without phrases of the house and without markers
    assert [(c["document"], answer[c["start"] : c["end"]]) for c in body["citations"]] == [
        (1, "Sentence 1."),
        (0, "Sentence 2."),
    ]
    sad, happy = body["selected_documents"]
    assert (sad["document"], sad["text"], sad["title"], sad["metadata"]) == (
        1,
        "Puppy B is sad.",
        "B",
        {"page": 2},
    )
    assert (happy["document"], happy["text"], happy["metadata"]) == (0, "Puppy A is happy.", None)
    assert 0 < sad["score"] < happy["score"] <= 1
    assert (body["outcome"], body["notice"], body["suggestions"]) == (
        "answered",
        "I can see why you ask.",
        [],
    )


async def test_metadata_stays_behind_unless_it_is_asked_for(tmp_path: Path) -> None:
    using = services(tmp_path, ScriptedChat(cited("document-1")))
    async with asking(using) as client:
        body = (await client.post("/v1/answers", json=ASK)).json()
    assert [document["metadata"] for document in body["selected_documents"]] == [None]


async def test_without_documents_the_knowledge_base_answers(tmp_path: Path) -> None:
    using = services(tmp_path, ScriptedChat(answered()))
    async with asking(using) as client:
        body = (await client.post("/v1/answers", json={"question": "What about dna?"})).json()
    (document,) = body["selected_documents"]
    assert (document["document"], document["title"]) == ("dna", "What about dna?")
    assert document["url"] == "https://example.org/dna"
    assert document["score"] > 0.5
    assert body["citations"][0]["document"] == "dna"
    assert using.traces.page().total == 1


async def test_where_there_is_no_answer_the_list_is_empty(tmp_path: Path) -> None:
    reply = Reply("I don't have an answer to that.", Outcome.NO_ANSWER, suggestions=("What about dna?",))
    async with asking(services(tmp_path, ScriptedChat(reply))) as client:
        own = (await client.post("/v1/answers", json=ASK)).json()
        base = (await client.post("/v1/answers", json={"question": "and now?"})).json()
    for body in (own, base):
        assert (body["answers"], body["selected_documents"], body["citations"]) == ([], [], [])
        assert (body["outcome"], body["notice"]) == ("no_answer", reply.text)
    assert (own["suggestions"], base["suggestions"]) == ([], ["What about dna?"])


async def test_the_chain_sees_the_documents_and_nothing_of_them_is_kept(tmp_path: Path) -> None:
    seen: list[list[Entry]] = []

    class Looking(ScriptedChat):
        async def run(
            self, message_id: str, question: Question, say: Say, context: TurnContext | None = None
        ) -> Reply:
            release = (context and context.release) or current(using)
            seen.append(list(release.entries.values()))
            return await super().run(message_id, question, say, context)

    using = services(tmp_path, Looking(cited("document-0")))
    asks = [{"question": "which?", "documents": [f"Text {number}."]} for number in range(8)]
    async with asking(using) as client:
        bodies = [
            response.json()
            for response in await asyncio.gather(*(client.post("/v1/answers", json=ask) for ask in asks))
        ]
        await client.post("/chat", json={"message": "hi"})
    assert [body["selected_documents"][0]["text"] for body in bodies] == [f"Text {n}." for n in range(8)]
    *own, live = seen
    assert sorted(entry.answer for entries in own for entry in entries) == sorted(
        f"Text {n}." for n in range(8)
    )
    assert {entry.id for entry in live} == {"dna"}
    (kept,) = using.traces.page().turns  # the conversation's
    assert kept["question"] == "hi"


async def test_examples_reach_the_composer_as_pairs_or_objects(tmp_path: Path) -> None:
    chat = ScriptedChat(cited("document-0"))
    pairs = [["How old do people get?", "78 years."], {"question": "And cats?", "answer": "15 years."}]
    async with asking(services(tmp_path, chat)) as client:
        response = await client.post(
            "/v1/answers", json={**ASK, "examples": pairs, "examples_context": "In 2017, …"}
        )
    assert response.status_code == 200
    assert chat.asked == [
        Question(
            ASK["question"],
            examples=(Exemplar("How old do people get?", "78 years."), Exemplar("And cats?", "15 years.")),
            examples_context="In 2017, …",
            plain=True,
        )
    ]


async def test_what_that_endpoint_knew_is_taken(tmp_path: Path) -> None:
    given = {
        "model": "candor",
        "search_model": "candor",
        "max_rerank": 1,
        "temperature": 0.5,
        "max_tokens": 5,
        "stop": ["\n", "<|endoftext|>"],
        "n": 1,
        "logprobs": None,
        "logit_bias": {},
        "file": None,
        "return_prompt": False,
        "expand": [],
        "user": "u1",
    }
    chat = ScriptedChat(cited("document-0"))
    async with asking(services(tmp_path, chat)) as client:
        assert (await client.post("/v1/answers", json={**ASK, **given})).status_code == 200


async def test_only_so_many_documents_are_read_as_are_asked_for() -> None:
    read = []

    def encode(texts: Any) -> Any:  # noqa: ANN401
        read.extend(texts)
        return HashEncoder().encode(texts)

    documents = [Document(text=f"Something about number {word}.") for word in ("one", "two", "three")]
    few = await snapshot_of(documents, "what about two?", 1, encode)
    assert list(few.entries) == ["document-1"]
    assert all("two" in text for text in read)
    many = await snapshot_of(documents, "what about two?", 200, encode)
    assert set(many.entries) == {"document-0", "document-1", "document-2"}
    assert many.release_id != few.release_id


async def test_documents_that_there_is_no_time_for_are_not_read() -> None:
    now = 0.0

    def encode(texts: Any) -> Any:  # noqa: ANN401
        nonlocal now
        now += 1
        return HashEncoder().encode(texts)

    def clock() -> float:
        return now

    def document(name: str) -> Document:
        return Document(text=" ".join(f"{name} was seen on day {day} of the journey." for day in range(50)))

    documents = [document(name) for name in ("Heron", "Otter", "Badger")]
    documents[1] = Document(text=f"{documents[1].text} It was the otter again, the otter.")
    for seconds, read in ((0.0, ["document-1"]), (100.0, ["document-1", "document-0", "document-2"])):
        now = 0.0
        found = await snapshot_of(documents, "where was the otter", 9, encode, seconds=seconds, clock=clock)
        assert list(found.entries) == read  # that which shares most words first
    assert now > 2


async def test_the_caller_is_told_how_many_documents_were_read(tmp_path: Path) -> None:
    reply = Reply("I don't have an answer to that.", Outcome.NO_ANSWER)
    async with asking(services(tmp_path, ScriptedChat(reply))) as client:
        assert (await client.post("/v1/answers", json=ASK)).json()["documents_read"] == 2
        base = (await client.post("/v1/answers", json={"question": "What about dna?"})).json()
    assert base["documents_read"] is None


@pytest.mark.parametrize(
    ("given", "param"),
    [
        ({"question": ""}, "question"),
        ({"question": None}, "question"),
        ({"question": "x" * 4_001}, "question"),
        ({"documents": []}, "documents"),
        ({"documents": "text"}, "documents"),
        ({"documents": ["x"] * 201}, "documents"),
        ({"documents": ["x", " "]}, "documents.1.text"),
        ({"documents": [5]}, "documents.0"),
        ({"documents": [{"title": "x"}]}, "documents.0.text"),
        ({"documents": [{"text": "x", "id": 1}]}, "documents.0.id"),
        ({"documents": ["x" * 20_001]}, "documents.0.text"),
        ({"documents": ["x" * 20_000] * (MOST_CHARACTERS // 20_000 + 1)}, "documents"),
        ({"documents": ["half \ud800"]}, "documents.0.text"),
        ({"examples": [["only a question"]]}, "examples.0"),
        ({"examples": [["q", "a"]] * 21}, "examples"),
        ({"file": "file-123"}, "file"),
        ({"return_prompt": True}, "return_prompt"),
        ({"n": 2}, "n"),
        ({"logprobs": 5}, "logprobs"),
        ({"expand": ["completion"]}, "expand"),
        ({"max_rerank": 0}, "max_rerank"),
        ({"document": ["misspelt"]}, "document"),
    ],
    ids=lambda given: str(given)[:60],
)
async def test_a_request_outside_the_contract_is_a_400(
    tmp_path: Path, given: dict[str, Any], param: str
) -> None:
    async with client_of(create_app(services(tmp_path))) as client:
        headers = {"Content-Type": "application/json"}
        response = await client.post("/v1/answers", content=json.dumps({**ASK, **given}), headers=headers)
    assert response.status_code == 400
    error = response.json()["error"]
    assert (error["type"], error["param"]) == ("invalid_request_error", param)


@pytest.mark.parametrize("name", ["model", "search_model"])
async def test_other_models_are_not_here(client: httpx.AsyncClient, name: str) -> None:
    response = await client.post("/v1/answers", json={**ASK, name: "davinci"})
    assert (response.status_code, response.json()["error"]["code"]) == (404, "model_not_found")


async def test_an_outage_is_a_503_and_a_late_answer_a_504(tmp_path: Path) -> None:
    down = services(tmp_path / "a", ScriptedChat(answered(), error=RetrievalFailed("canary")))
    slow = services(tmp_path / "b", ScriptedChat(answered(), gate=asyncio.Event()), turn_deadline_s=0.5)
    async with client_of(create_app(services(tmp_path / "c"))) as client:
        assert (
            await client.post("/v1/answers", json=ASK)
        ).status_code == 503  # the encoder is not loaded yet
    for using, status in ((down, 503), (slow, 504)):
        async with asking(using) as client:
            response = await client.post("/v1/answers", json=ASK)
        assert response.status_code == status
        assert "canary" not in response.text


def current(using: Services) -> Snapshot:
    return using.live.current


@pytest.mark.slow
@pytest.mark.asyncio(loop_scope="session")
async def test_the_real_chain_answers_from_the_documents_alone(seeded_services: Services) -> None:
    documents = [
        "Parcels are kept for ten days. They can be collected from noon on.",
        "Letters are brought every weekday. The postman comes before eleven.",
        "A stamp for a postcard costs ninety cents. Stamps are sold at the counter.",
    ]
    asked = {
        "how much is a stamp for a postcard?": [2],
        "when can i collect my parcel": [0],
        "does the shot change my dna??": [],  # the live release would answer
        "how do i renew my passport": [],
    }
    shown = {"examples": [["How long is the queue?", "Ten minutes at most."]]}
    async with client_of(create_app(seeded_services)) as client:
        for question, expected in asked.items():
            ask = {"question": question, "documents": documents}
            for more in ({}, shown):
                body = (await client.post("/v1/answers", json={**ask, **more})).json()
                assert [each["document"] for each in body["selected_documents"]] == expected, question
                assert bool(body["answers"]) is bool(expected)
                for citation in body["citations"]:
                    said = body["answers"][0][citation["start"] : citation["end"]]
                    assert said in documents[citation["document"]]
                if more:
                    assert len(body["citations"]) == len(expected)  # one sentence, as in the example
        reply = (await client.post("/chat", json={"message": "does the shot change my dna??"})).json()
        assert reply["citations"][0]["entry_id"] == "mrna-and-dna"
