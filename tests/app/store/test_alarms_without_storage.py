"""An alarm's words reach the user whatever the database does; everything else waits for it."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from app.compose.services import Services
from app.main import create_app
from app.store.turns.conversations import ConversationStore, Opened
from pipeline.types import Outcome, Reply
from tests.app.api.test_admin import until
from tests.fakes import ScriptedChat, answered, client_of, services

ALARM = Reply("Please call 988 now.", Outcome.DECLINED, urgent=True)
LOCKED = OperationalError("SELECT 1", {}, Exception("database is locked"))


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits long for a lock."""
    monkeypatch.setattr(
        "app.store.database.sqlite_file._PRAGMAS", ("journal_mode=WAL", "foreign_keys=ON", "busy_timeout=20")
    )


@contextmanager
def locked(using: Services) -> Iterator[None]:
    with closing(sqlite3.connect(using.settings.data_dir / "candor.db")) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


def full(using: Services) -> None:
    """As on a full disk: no page can be added any more, on any connection."""
    using.engine.dispose()

    def limit(connection: sqlite3.Connection, _record: object) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count={pages}")

    event.listen(using.engine, "connect", limit)


async def posted(client: httpx.AsyncClient, path: str, *, stream: bool, **more: Any) -> tuple[int, str]:  # noqa: ANN401
    said = "…" * 3900  # more bytes than a page takes
    ask: dict[str, Any] = {"message": said}
    if path != "/chat":
        ask = {"model": "candor", "messages": [{"role": "user", "content": said}]}
    response = await client.post(path, json={**ask, "stream": stream, **more})
    return response.status_code, response.text


@pytest.mark.usefixtures("brief")
@pytest.mark.parametrize("fault", ["locked", "full"])
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("path", ["/chat", "/v1/chat/completions"])
async def test_an_alarm_is_answered_and_what_cannot_be_kept_is_counted(
    tmp_path: Path, path: str, stream: bool, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    using = services(tmp_path, ScriptedChat(ALARM))
    async with client_of(create_app(using)) as client:
        if fault == "full":
            full(using)
            status, text = await posted(client, path, stream=stream)
            await until(lambda: "could not be kept" in caplog.text)
        else:
            with locked(using):
                status, text = await posted(client, path, stream=stream)
                await until(lambda: "could not be kept" in caplog.text)
        assert status == 200
        assert "call 988" in text
        assert "error" not in text
        metrics = (await client.get("/metrics")).text
    assert 'candor_unstored_total{what="exchange"} 1.0' in metrics
    assert 'candor_unstored_total{what="trace"} 1.0' in metrics


@pytest.mark.parametrize("stream", [False, True])
async def test_an_alarm_does_not_wait_to_be_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stream: bool
) -> None:
    kept, add = threading.Event(), ConversationStore.add

    def slow(*given: Any) -> None:  # noqa: ANN401
        assert kept.wait(10)
        add(*given)

    monkeypatch.setattr(ConversationStore, "add", slow)
    using = services(tmp_path, ScriptedChat(ALARM))
    async with client_of(create_app(using)) as client:
        _, text = await asyncio.wait_for(posted(client, "/chat", stream=stream), 5)
        assert "call 988" in text
        kept.set()
        await using.storage.idle()
        (turn,) = using.traces.page().turns
        stored = await client.get(f"/conversations/{turn['conversation_id']}")
    assert stored.json()["messages"][1]["content"] == ALARM.text


@pytest.mark.usefixtures("brief")
async def test_any_other_reply_waits_and_an_outage_is_told(tmp_path: Path) -> None:
    using = services(tmp_path, ScriptedChat(answered()))
    async with client_of(create_app(using)) as client:
        with locked(using):
            status, text = await posted(client, "/chat", stream=False)
    assert (status, json.loads(text)["type"]) == (503, "urn:candor:problem:storage")


async def test_turns_that_wait_for_the_database_leave_their_places_to_alarms(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, waiting = threading.Event(), threading.Event()

    def stuck(*_given: Any) -> None:  # noqa: ANN401
        waiting.set()
        assert kept.wait(10)

    monkeypatch.setattr(ConversationStore, "add", stuck)
    chat = ScriptedChat(answered())
    using = services(tmp_path, chat, max_concurrent_turns=1)
    async with client_of(create_app(using)) as client:
        others = [asyncio.create_task(posted(client, "/chat", stream=False)) for _ in range(12)]
        await until(waiting.is_set)
        await until(lambda: len(chat.asked) == 12)
        chat.reply = ALARM
        _, text = await asyncio.wait_for(posted(client, "/chat", stream=False), 5)
        assert "call 988" in text
        kept.set()
        assert {status for status, _ in await asyncio.gather(*others)} == {200}
        await using.storage.idle()


def out_of_reach(_store: object, _conversation_id: str, _user: str | None = None) -> Opened:
    raise LOCKED


async def test_a_conversation_that_cannot_be_read_does_not_stand_before_an_alarm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = ScriptedChat(answered())
    using = services(tmp_path, chat)
    async with client_of(create_app(using)) as client:
        begun = (await client.post("/chat", json={"message": "hi"})).json()["conversation_id"]
        monkeypatch.setattr(ConversationStore, "open", out_of_reach)
        for stream in (False, True):
            chat.reply = answered()
            status, text = await posted(client, "/chat", stream=stream, conversation_id=begun)
            assert (status, "It does not" in text) == (503, False)  # nothing of it was said
            chat.reply = ALARM
            status, text = await posted(client, "/chat", stream=stream, conversation_id=begun)
            assert (status, "call 988" in text, begun in text) == (200, True, True)
        await using.storage.idle()
        messages = (await client.get(f"/conversations/{begun}")).json()["messages"]
    assert [message["content"] for message in messages[3::2]] == [ALARM.text] * 2
    assert chat.asked[-1].history == ()


async def test_a_database_that_says_nothing_does_not_hold_an_alarm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = threading.Event()

    def hang(_store: object, conversation_id: str, _user: str | None = None) -> Opened:
        silent.wait(10)
        return Opened(conversation_id)

    monkeypatch.setattr(ConversationStore, "open", hang)
    monkeypatch.setattr("app.turns._OPENING_S", 0.05)
    async with client_of(create_app(services(tmp_path, ScriptedChat(ALARM)))) as client:
        status, _ = await posted(client, "/chat", stream=False, conversation_id="c")
        silent.set()
    assert status == 200


async def test_an_unknown_conversation_stays_unknown(tmp_path: Path) -> None:
    async with client_of(create_app(services(tmp_path, ScriptedChat(ALARM)))) as client:
        for stream in (False, True):
            assert (await posted(client, "/chat", stream=stream, conversation_id="none"))[0] == 404
