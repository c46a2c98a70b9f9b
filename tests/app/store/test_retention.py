"""What users said goes when it is old, when it is asked to, and where it is personal."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from app.compose.services import Services, prepared_database
from app.logs import JsonFormatter
from app.main import create_app
from app.store.database.db import now
from app.store.database.schema import backups_of
from app.store.retention import purge, shrink
from app.store.turns.choices import ChoiceRow
from learning.personal_data import masked
from pipeline.errors import ModelUnavailable
from pipeline.types import Outcome, Reply
from tests.app.api.test_admin import BEARER, until
from tests.fakes import ScriptedChat, answered, client_of, services, settings

CLARIFY = Reply("Which of these?", Outcome.CLARIFY, suggestions=("What about dna?",))
TABLES = ("conversations", "exchanges", "feedback", "turns", "choice")


def rows(engine: Engine) -> dict[str, int]:
    with engine.connect() as connection:
        count = "SELECT count(*) FROM {}"
        return {name: connection.exec_driver_sql(count.format(name)).scalar_one() for name in TABLES}


def age(engine: Engine, days: int) -> None:
    """Makes all that is there so much older."""
    with engine.begin() as connection:
        for table in TABLES:
            older = f"UPDATE {table} SET created_at = datetime(created_at, '-{days} days')"  # noqa: S608
            connection.exec_driver_sql(older)


async def talk(client: httpx.AsyncClient, chat: ScriptedChat, *, said: str = "hi") -> dict[str, Any]:
    """A turn that offers a choice, rated, and one that fails."""
    chat.reply, chat.error = CLARIFY, None
    reply: dict[str, Any] = (await client.post("/chat", json={"message": said})).json()
    await client.post("/feedback", json={"message_id": reply["message_id"], "rating": "up", "comment": said})
    chat.error = ModelUnavailable("down")
    await client.post("/chat", json={"message": said})
    chat.error = None
    return reply


async def test_a_service_deletes_what_is_too_old_and_keeps_the_rest(tmp_path: Path) -> None:
    chat = ScriptedChat(answered())
    using = services(tmp_path, chat, retention_days=30)
    async with client_of(create_app(using)) as client:
        old = await talk(client, chat, said="canary-of-old")
        age(using.engine, 40)
        await talk(client, chat)
        kept = {"conversations": 1, "exchanges": 1, "feedback": 1, "turns": 2, "choice": 1}
        assert rows(using.engine) == {name: 2 * count for name, count in kept.items()}
        using.purging.start()
        await until(lambda: b'candor_purged_total{what="traces"} 2.0' in using.metrics.text())
        await using.purging.stop()
        assert rows(using.engine) == kept
        assert (await client.get(f"/conversations/{old['conversation_id']}")).status_code == 404
    assert "canary-of-old" not in (tmp_path / "candor.db").read_bytes().decode("latin-1")


async def test_without_a_time_nothing_is_deleted(tmp_path: Path) -> None:
    chat = ScriptedChat(answered())
    using = services(tmp_path, chat)
    async with client_of(create_app(using), started=True) as client:
        await talk(client, chat)
        age(using.engine, 4000)
        assert using.purging._task is None
        assert rows(using.engine)["exchanges"] == 1


async def test_a_purge_that_meets_a_locked_database_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "app.store.database.sqlite_file._PRAGMAS", ("journal_mode=WAL", "foreign_keys=ON", "busy_timeout=1")
    )
    monkeypatch.setattr("app.store.retention._EVERY_S", 0.02)
    chat = ScriptedChat(answered())
    using = services(tmp_path, chat, retention_days=30)
    async with client_of(create_app(using)) as client:
        await talk(client, chat)
        age(using.engine, 40)
        with closing(sqlite3.connect(tmp_path / "candor.db")) as other:
            other.execute("BEGIN IMMEDIATE")
            using.purging.start()
            await until(lambda: b'unstored_total{what="purge"}' in using.metrics.text())
            assert rows(using.engine)["turns"] == 2
        await until(lambda: rows(using.engine)["turns"] == 0)
        await using.purging.stop()


def test_what_was_deleted_is_given_back_to_the_disk(tmp_path: Path) -> None:
    engine = prepared_database(settings(tmp_path))
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO turns (message_id, created_at, question, release_id, elapsed_ms, steps)"
            " SELECT i, '2020-01-01', hex(randomblob(2000)), 'r', 1, '[]' FROM (WITH RECURSIVE n(i) AS"
            " (SELECT 1 UNION ALL SELECT i+1 FROM n LIMIT 1200) SELECT i FROM n)"
        )
    shrink(engine)
    before = (tmp_path / "candor.db").stat().st_size
    assert purge(engine, now()).traces == 1200
    shrink(engine)
    assert (tmp_path / "candor.db").stat().st_size < before / 5
    assert (tmp_path / "candor.db-wal").stat().st_size == 0
    assert not purge(engine, now())
    engine.dispose()


def test_copies_from_before_an_upgrade_go_too(tmp_path: Path) -> None:
    engine = prepared_database(settings(tmp_path))
    for name in ("candor-before-20260101T000000.db", "candor-before-20261101T000000.db", "own-backup.db"):
        (tmp_path / name).write_bytes(b"")
    long_ago = (now() - timedelta(days=40)).timestamp()
    for name in ("candor-before-20260101T000000.db", "own-backup.db"):
        os.utime(tmp_path / name, (long_ago, long_ago))
    assert purge(engine, now() - timedelta(days=30)).backups == 1
    assert [file.name for file in backups_of(tmp_path / "candor.db")] == ["candor-before-20261101T000000.db"]
    assert (tmp_path / "own-backup.db").exists()
    engine.dispose()


@pytest.mark.parametrize("path", ["/chat", "/v1/chat/completions", "/v1/answers"])
async def test_a_turn_that_failed_names_itself_and_can_be_deleted(tmp_path: Path, path: str) -> None:
    using = services(tmp_path, ScriptedChat(answered(), error=ModelUnavailable("down")))
    ask = {
        "/chat": {"message": "canary-said"},
        "/v1/chat/completions": {"model": "candor", "messages": [{"role": "user", "content": "canary-said"}]},
        "/v1/answers": {"model": "candor", "question": "canary-said"},
    }[path]
    async with client_of(create_app(using), started=True) as client:
        client.headers.update(BEARER)
        await until(lambda: using.releases.recovered)
        failed = await client.post(path, json=ask)
        assert failed.status_code == 503
        body = failed.json()
        address = f"/admin/turns/{body.get('message_id') or body['error']['message_id']}"
        assert (await client.get(address)).json()["question"] == "canary-said"
        assert (await client.delete(address)).status_code == 204
        assert (await client.get(address)).status_code == 404
        assert (await client.delete(address)).status_code == 404


async def test_a_turn_past_its_deadline_names_itself(tmp_path: Path) -> None:
    chat = ScriptedChat(answered(), gate=asyncio.Event())
    using = services(tmp_path, chat, turn_deadline_s=0.2)
    async with client_of(create_app(using)) as client:
        problem = (await client.post("/chat", json={"message": "hi"})).json()
    assert problem["status"] == 504
    assert using.traces.get(problem["message_id"])["question"] == "hi"


async def test_deleting_a_turn_takes_all_that_is_kept_of_it(
    client: httpx.AsyncClient, using: Services, chat: ScriptedChat
) -> None:
    reply = await talk(client, chat)
    more = {"message": "and?", "conversation_id": reply["conversation_id"]}
    second = (await client.post("/chat", json=more)).json()
    for message_id, left in ((reply["message_id"], 1), (second["message_id"], 0)):
        assert (await client.delete(f"/admin/turns/{message_id}", headers=BEARER)).status_code == 204
        assert rows(using.engine)["exchanges"] == rows(using.engine)["conversations"] == left
    assert rows(using.engine) == {**dict.fromkeys(TABLES, 0), "turns": 1}  # the one that failed
    assert (await client.delete(f"/admin/turns/{reply['message_id']}")).status_code == 401


SAID = "I'm Jane. Call me on +44 20 7946 0958 or write to jane@example.org."


async def test_personal_data_is_masked_before_it_is_stored(tmp_path: Path) -> None:
    chat = ScriptedChat(answered())
    using = services(tmp_path, chat, mask_stored=True)
    async with client_of(create_app(using)) as client:
        reply = await talk(client, chat, said=SAID)
        more = {"message": "What about dna?", "conversation_id": reply["conversation_id"]}
        assert (await client.post("/chat", json=more)).status_code == 200
    assert chat.asked[0].text == SAID  # the chain reads what was said
    with closing(sqlite3.connect(tmp_path / "candor.db")) as other:
        text = "\n".join(other.iterdump())
    assert not [secret for secret in ("Jane", "7946", "jane@") if secret in text]
    assert (
        text.count("I''m [name]. Call me on [phone] or write to [email].") == 5
    )  # 2 traces, and one of each


async def test_without_the_setting_messages_are_kept_as_they_were(
    client: httpx.AsyncClient, using: Services, chat: ScriptedChat
) -> None:
    reply = await talk(client, chat, said=SAID)
    assert using.traces.get(reply["message_id"])["question"] == SAID


def test_masking_reaches_all_texts_of_a_trace() -> None:
    trace = {
        "question": "i'm Jane Doe.",
        "steps": [{"result": {"text": "does Jane's dna", "score": 0.5}}],
        "n": None,
    }
    assert masked(trace) == {
        "question": "i'm [name].",
        "steps": [{"result": {"text": "does [name]'s dna", "score": 0.5}}],
        "n": None,
    }


async def test_conversation_ids_are_not_logged(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    begun = (await client.post("/chat", json={"message": "hi"})).json()["conversation_id"]
    for method in ("GET", "PUT", "DELETE"):
        await client.request(method, f"/conversations/{begun}")
        await client.request(method, f"/conversations/{begun}/none")
    lines = [JsonFormatter().format(record) for record in caplog.records if record.name != "httpx"]
    assert not [line for line in lines if begun in line]
    paths = [json.loads(line).get("path") for line in lines]
    assert "/conversations/{conversation_id}" in paths and "/conversations/…" in paths


async def test_what_is_offered_and_chosen_is_kept(
    client: httpx.AsyncClient, using: Services, chat: ScriptedChat
) -> None:
    for said, chosen in (("what  about DNA", "dna"), ("something else", None)):
        reply = await talk(client, chat, said="my genes")
        more = {"message": said, "conversation_id": reply["conversation_id"]}
        await client.post("/chat", json=more)
        with Session(using.engine) as session:
            offer = session.get(ChoiceRow, reply["message_id"])
        assert offer is not None
        assert (offer.message, offer.offered, offer.chosen) == ("my genes", ["dna"], chosen)
    await client.delete(f"/conversations/{reply['conversation_id']}")
    with Session(using.engine) as session:
        assert session.get(ChoiceRow, reply["message_id"]) is None


async def test_only_what_was_offered_last_is_chosen(
    client: httpx.AsyncClient, using: Services, chat: ScriptedChat
) -> None:
    reply = await talk(client, chat)
    chat.reply = answered()
    for said in ("something else", "What about dna?"):
        await client.post("/chat", json={"message": said, "conversation_id": reply["conversation_id"]})
    with Session(using.engine) as session:
        offer = session.get(ChoiceRow, reply["message_id"])
    assert offer is not None and offer.chosen is None
