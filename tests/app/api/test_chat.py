"""POST /chat without a stream, and what belongs to a conversation."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from sqlmodel import Session, select

from app.compose.services import Services
from app.main import create_app
from app.store.turns.conversations import ConversationRow
from pipeline.errors import ModelUnavailable, RetrievalFailed
from pipeline.types import Message, Outcome, Reply, Role
from tests.fakes import ScriptedChat, answered, client_of, services

FIELDS = {"conversation_id", "message_id", "reply", "outcome", "citations", "suggestions"}


async def test_a_reply_has_the_fields_of_the_contract_and_no_others(client: httpx.AsyncClient) -> None:
    response = await client.post("/chat", json={"message": "does it change my dna??"})
    body = response.json()
    assert response.status_code == 200
    assert set(body) == FIELDS
    assert body["outcome"] == "answered"
    assert body["citations"] == [
        {
            "index": 1,
            "entry_id": "dna",
            "title": "Can it change my DNA?",
            "url": "https://example.org/dna",
            "start": 0,
            "end": 16,
        }
    ]
    assert "Warning" not in response.headers


async def test_a_conversation_goes_on_with_what_was_said(
    client: httpx.AsyncClient, chat: ScriptedChat
) -> None:
    first = (await client.post("/chat", json={"message": "one"})).json()
    for message in ("two", "three"):
        ask = {"message": message, "conversation_id": first["conversation_id"]}
        assert (await client.post("/chat", json=ask)).json()["conversation_id"] == first["conversation_id"]
    reply = Message(Role.ASSISTANT, first["reply"])
    assert chat.asked[2].history == (Message(Role.USER, "one"), reply, Message(Role.USER, "two"), reply)


async def test_history_of_the_caller_reaches_the_chain(client: httpx.AsyncClient, chat: ScriptedChat) -> None:
    history = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "Hello."}]
    assert (await client.post("/chat", json={"message": "and kids?", "history": history})).status_code == 200
    assert chat.asked[0].history == (Message(Role.USER, "hi"), Message(Role.ASSISTANT, "Hello."))


async def test_a_user_id_is_taken_with_a_warning(client: httpx.AsyncClient) -> None:
    response = await client.post("/chat", json={"message": "hi", "user_id": "u1"})
    assert response.status_code == 200
    assert "user_id" in response.headers["Warning"]


async def test_the_stored_conversation_is_what_was_said_in_public(client: httpx.AsyncClient) -> None:
    reply = (await client.post("/chat", json={"message": "does it?"})).json()
    stored = (await client.get(f"/conversations/{reply['conversation_id']}")).json()
    user, assistant = stored["messages"]
    assert (user["role"], user["content"]) == ("user", "does it?")
    assert (assistant["role"], assistant["content"]) == ("assistant", reply["reply"])
    assert assistant["citations"] == reply["citations"]
    assert set(assistant) == {
        "role",
        "message_id",
        "content",
        "outcome",
        "citations",
        "suggestions",
        "created_at",
    }


async def test_messages_sent_at_once_keep_each_reply_with_its_message(tmp_path: Path) -> None:
    class Echo:
        async def run(self, message_id: str, question: object, say: object, context: object = None) -> Reply:
            text = question.text  # type: ignore[attr-defined]
            await asyncio.sleep(0.001 * (9 - int(text)))
            return Reply(f"re {text}", Outcome.SMALL_TALK)

    async with client_of(create_app(services(tmp_path, Echo()))) as client:
        started = (await client.post("/chat", json={"message": "0"})).json()["conversation_id"]
        asks = [{"message": str(n), "conversation_id": started} for n in range(1, 9)]
        await asyncio.gather(*(client.post("/chat", json=ask) for ask in asks))
        said = (await client.get(f"/conversations/{started}")).json()["messages"]
    assert len(said) == 18
    for user, assistant in zip(said[::2], said[1::2], strict=True):
        assert (user["role"], assistant["role"]) == ("user", "assistant")
        assert assistant["content"] == f"re {user['content']}"


async def test_deleting_a_conversation_deletes_traces_and_feedback(
    client: httpx.AsyncClient, using: Services
) -> None:
    reply = (await client.post("/chat", json={"message": "a secret"})).json()
    rating = {"message_id": reply["message_id"], "rating": "down", "comment": "secret too"}
    assert (await client.post("/feedback", json=rating)).status_code == 204
    assert using.traces.get(reply["message_id"])["feedback"]["comment"] == "secret too"
    address = f"/conversations/{reply['conversation_id']}"
    assert (await client.delete(address)).status_code == 204
    assert (await client.get(address)).status_code == 404
    assert (await client.delete(address)).status_code == 404
    assert using.traces.page().total == 0
    assert (await client.post("/feedback", json=rating)).status_code == 404


async def test_what_was_deleted_is_not_in_the_database_file_either(
    client: httpx.AsyncClient, using: Services
) -> None:
    reply = (await client.post("/chat", json={"message": "canary-of-the-disk"})).json()
    assert "canary-of-the-disk" in _on_disk(using)
    await client.delete(f"/conversations/{reply['conversation_id']}")
    assert "canary-of-the-disk" not in _on_disk(using)


def _on_disk(using: Services) -> str:
    file = using.settings.data_dir / "candor.db"
    with closing(sqlite3.connect(file)) as other:
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return file.read_bytes().decode("latin-1")


async def test_a_conversation_deleted_during_a_turn_stays_deleted(
    using: Services, client: httpx.AsyncClient, chat: ScriptedChat
) -> None:
    started = (await client.post("/chat", json={"message": "one"})).json()["conversation_id"]
    chat.gate = asyncio.Event()
    chat.began.clear()
    turn = asyncio.create_task(client.post("/chat", json={"message": "two", "conversation_id": started}))
    await chat.began.wait()
    await client.delete(f"/conversations/{started}")
    chat.gate.set()
    assert (await turn).status_code == 404
    assert using.traces.page().total == 0


async def test_the_last_feedback_on_a_message_counts(client: httpx.AsyncClient, using: Services) -> None:
    message_id = (await client.post("/chat", json={"message": "hi"})).json()["message_id"]
    for rating in ("down", "up"):
        await client.post("/feedback", json={"message_id": message_id, "rating": rating})
    assert using.traces.get(message_id)["feedback"]["rating"] == "up"
    bad = await client.post("/feedback", json={"message_id": message_id, "rating": "sideways"})
    assert bad.status_code == 422


@pytest.mark.parametrize("error", [RetrievalFailed("index is gone"), ModelUnavailable("out of quota")])
async def test_an_outage_is_a_503_and_never_no_answer(tmp_path: Path, error: Exception) -> None:
    async with client_of(create_app(services(tmp_path, ScriptedChat(answered(), error=error)))) as client:
        response = await client.post("/chat", json={"message": "hi"})
    assert response.status_code == 503
    assert int(response.headers["Retry-After"]) > 0
    assert str(error) not in response.text


async def test_an_unforeseen_error_is_a_500_without_its_text(tmp_path: Path) -> None:
    chat = ScriptedChat(answered(), error=ZeroDivisionError("canary-4711"))
    async with client_of(create_app(services(tmp_path, chat))) as client:
        response = await client.post("/chat", json={"message": "hi"})
    assert response.status_code == 500
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["request_id"] == response.headers["X-Request-ID"]
    assert "canary" not in response.text


async def test_a_turn_past_its_deadline_is_a_504_and_is_cancelled(tmp_path: Path) -> None:
    chat = ScriptedChat(answered(), gate=asyncio.Event())
    using = services(tmp_path, chat, turn_deadline_s=0.5)
    async with client_of(create_app(using)) as client:
        response = await client.post("/chat", json={"message": "hi"})
    assert response.status_code == 504
    assert chat.cancelled == 1
    assert using.traces.page().total == 1


async def test_turns_beyond_the_limit_are_shed(tmp_path: Path) -> None:
    chat = ScriptedChat(answered(), gate=asyncio.Event())
    using = services(tmp_path, chat, max_concurrent_turns=1, max_waiting_turns=1)
    async with client_of(create_app(using)) as client:
        taken = [asyncio.create_task(client.post("/chat", json={"message": "hi"})) for _ in range(2)]
        await chat.began.wait()
        shed = await client.post("/chat", json={"message": "hi"})
        assert (shed.status_code, shed.headers["Retry-After"]) == (503, "1")
        assert chat.gate is not None
        chat.gate.set()
        assert [response.status_code for response in await asyncio.gather(*taken)] == [200, 200]
        metrics = (await client.get("/metrics")).text
    assert 'candor_shed_total{reason="busy"} 1.0' in metrics
    assert 'candor_turns_total{outcome="answered"} 2.0' in metrics
    assert "candor_turns_in_flight 0.0" in metrics


async def test_a_client_that_asks_too_fast_is_told_when_to_return(tmp_path: Path) -> None:
    async with client_of(create_app(services(tmp_path, rate_limit_per_minute=2))) as client:
        responses = [await client.post("/chat", json={"message": "hi"}) for _ in range(3)]
    assert [response.status_code for response in responses] == [200, 200, 429]
    assert 1 <= int(responses[2].headers["Retry-After"]) <= 60


async def test_a_new_conversation_whose_first_turn_fails_is_not_kept(
    client: httpx.AsyncClient, using: Services, chat: ScriptedChat
) -> None:
    chat.error = ModelUnavailable("down")
    assert (await client.post("/chat", json={"message": "hi"})).status_code == 503
    with Session(using.conversations._engine) as session:
        assert session.exec(select(ConversationRow)).all() == []
    (failed,) = using.traces.page().turns
    assert failed["conversation_id"] is None
    chat.error = None
    reply = (await client.post("/chat", json={"message": "hi"})).json()
    assert using.traces.get(reply["message_id"])["conversation_id"] == reply["conversation_id"]


async def test_a_trace_that_cannot_be_written_is_logged_without_what_was_said(
    client: httpx.AsyncClient, using: Services, caplog: pytest.LogCaptureFixture
) -> None:
    with using.traces._engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE turns RENAME COLUMN question TO asked")
    assert (await client.post("/chat", json={"message": "canary-said"})).status_code == 200
    assert "not kept" in caplog.text
    assert "canary" not in caplog.text
