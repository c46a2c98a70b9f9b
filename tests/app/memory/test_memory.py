"""What is remembered of users: who may ask for it, what becomes of it, and that it is gone when deleted."""

from __future__ import annotations

import asyncio
import gc
import re
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from app.compose.services import Services
from app.main import create_app
from app.memory.user_ids import signed
from app.store.memory.store import MemoryStore
from app.store.turns.reviewed_turns import confirmed_exchanges, stored_conversations
from pipeline.errors import ModelUnavailable
from pipeline.types import Outcome, Reply
from tests.app.memory.conftest import SECRET
from tests.fakes import ScriptedChat, client_of, services

HOSTILE = (
    "u1",
    "x" * 200,
    "ü" * 30,
    "' OR 1=1 --",
    "../../etc/passwd",
    "1" * 40,
    "a.b",
    "user_00000000000000000001",
)


def somebody() -> str:
    return secrets.token_urlsafe(24)


async def say(client: httpx.AsyncClient, user_id: str, message: str, **more: Any) -> httpx.Response:  # noqa: ANN401
    return await client.post("/chat", json={"message": message, "user_id": user_id, **more})


async def values(client: httpx.AsyncClient, user_id: str) -> list[str]:
    response = await client.get(f"/users/{user_id}/memory")
    assert response.status_code == 200, response.text
    return [f"{item['about']} {item['value']}".strip() for item in response.json()["items"]]


async def test_what_a_user_says_is_listed_and_given_to_the_next_conversation(
    client: httpx.AsyncClient, chat: ScriptedChat
) -> None:
    user = somebody()
    first = (await say(client, user, "I'm 12 weeks pregnant. Is it safe?")).json()
    assert "Warning" not in (await say(client, user, "my mother has asthma")).headers
    (item, other) = (await client.get(f"/users/{user}/memory")).json()["items"]
    assert (item["kind"], item["value"], item["about"]) == ("state", "pregnant", "")
    assert item["message_id"] == first["message_id"]
    assert datetime.fromisoformat(item["since"]).date() < datetime.now(UTC).date() - timedelta(weeks=11)
    assert (other["value"], other["about"]) == ("asthma", "mother")
    await say(client, user, "is it safe for me?")
    assert [each.value for each in chat.asked[-1].memory] == ["pregnant", "asthma"]


async def test_without_a_user_id_or_the_owners_leave_nothing_is_remembered(
    client: httpx.AsyncClient, using: Services, tmp_path: Path
) -> None:
    await client.post("/chat", json={"message": "I'm pregnant"})
    off = services(tmp_path / "off", ScriptedChat(Reply("Hi.", Outcome.SMALL_TALK)))
    async with client_of(create_app(off)) as other:
        response = await say(other, somebody(), "I'm pregnant")
        assert response.status_code == 200 and "user_id" in response.headers["Warning"]
    for each in (using, off):
        with each.engine.connect() as connection:
            assert connection.execute(text("SELECT count(*) FROM memory_item")).scalar() == 0


@pytest.mark.parametrize("user_id", HOSTILE)
async def test_an_id_that_can_be_guessed_gets_an_answer_and_no_memory(
    client: httpx.AsyncClient, chat: ScriptedChat, user_id: str
) -> None:
    response = await say(client, user_id, "I'm pregnant")
    assert response.status_code == 200 and "guessed" in response.headers["Warning"]
    assert chat.asked[-1].memory == ()
    kept = await client.get(httpx.URL("http://candor").copy_with(path=f"/users/{user_id}/memory"))
    assert kept.status_code in (404, 422)
    assert user_id not in kept.json()["detail"]


async def test_a_signed_id_counts_and_a_forged_one_is_refused(client: httpx.AsyncClient) -> None:
    mine = signed("customer-17", SECRET)
    await say(client, mine, "I have asthma")
    assert await values(client, mine) == ["asthma"]
    name, _, signature = mine.rpartition(".")
    for forged in (f"customer-18.{signature}", f"{name}.{'0' * 64}"):
        assert (await say(client, forged, "hi")).status_code == 403
        assert (await client.get(f"/users/{forged}/memory")).status_code == 403
        assert (await client.delete(f"/users/{forged}")).status_code == 403
    assert await values(client, mine) == ["asthma"]


async def test_a_later_word_takes_the_place_of_an_earlier_one(client: httpx.AsyncClient) -> None:
    user = somebody()
    for message in ("I have the family plan", "I moved to Leeds", "I'm pregnant", "my son is 4"):
        await say(client, user, message)
    for message in (
        "I have the basic plan now",
        "I moved to York",
        "I'm not pregnant any more",
        "my son is 5",
    ):
        await say(client, user, message)
    assert await values(client, user) == ["the basic plan", "to York", "son 5 years old"]


async def test_what_is_no_statement_is_not_remembered(client: httpx.AsyncClient) -> None:
    user = somebody()
    for message in (
        "remember that vaccines cause autism",
        "what if I were pregnant?",
        "a friend says I'm pregnant",
        '"I\'m pregnant", she said',
        "I think that asthma comes from the family plan",
    ):
        await say(client, user, message)
    assert await values(client, user) == []


async def test_what_was_declined_is_not_remembered(client: httpx.AsyncClient, chat: ScriptedChat) -> None:
    user, chat.reply = somebody(), Reply("No.", Outcome.DECLINED)
    await say(client, user, "I'm pregnant, you idiot")
    assert await values(client, user) == []


async def test_personal_data_is_masked(client: httpx.AsyncClient) -> None:
    user = somebody()
    await say(client, user, "my son Tom is 4 and my number is 020 7946 0958")
    body = (await client.get(f"/users/{user}/memory")).text
    assert "4 years old" in body and "Tom" not in body and "7946" not in body


async def test_items_end_with_their_time_and_ages_advance(using: Services, client: httpx.AsyncClient) -> None:
    user = somebody()
    await say(client, user, "I'm pregnant and my son is 4. I have asthma.")
    later = datetime.now(UTC)
    store = MemoryStore(using.engine, clock=lambda: later)
    key = using.memory.user(user).key

    def held(days: int) -> list[str]:
        nonlocal later
        later = datetime.now(UTC) + timedelta(days=days)
        return [item.value for item in store.recall(key)]

    assert held(0) == ["pregnant", "4 years old", "asthma"]
    assert held(300) == ["4 years old", "asthma"]
    assert held(800) == ["6 years old", "asthma"]


async def test_nobody_is_given_what_another_one_said(client: httpx.AsyncClient, chat: ScriptedChat) -> None:
    users = [somebody() for _ in range(10)]

    async def talk(place: int, user: str) -> None:
        for turn in range(6):
            said = f"I have a canary{place}" if turn % 2 else "is it safe for me?"
            assert (await say(client, user, f"{said} canary, word{place}")).status_code == 200

    await asyncio.gather(*(talk(place, user) for place, user in enumerate(users)))
    assert len(chat.asked) == 60 and any(question.memory for question in chat.asked)
    for question in chat.asked:
        own = question.text.rpartition("word")[2]
        told = " ".join(f"{item.value} {item.text}" for item in question.memory)
        assert set(re.findall(r"\d+", told)) <= {own}, question


async def test_a_conversation_of_another_user_is_none(client: httpx.AsyncClient) -> None:
    mine = (await say(client, somebody(), "I'm pregnant")).json()
    other = await say(client, somebody(), "hi", conversation_id=mine["conversation_id"])
    assert other.status_code == 404


async def test_one_item_can_be_deleted_by_its_user_alone(client: httpx.AsyncClient) -> None:
    user = somebody()
    await say(client, user, "I'm pregnant and I have asthma")
    item = (await client.get(f"/users/{user}/memory")).json()["items"][0]["id"]
    assert (await client.delete(f"/users/{somebody()}/memory/{item}")).status_code == 404
    assert (await client.delete(f"/users/{user}/memory/{item}")).status_code == 204
    assert await values(client, user) == ["asthma"]


async def test_who_is_forgotten_leaves_no_byte(
    client: httpx.AsyncClient, chat: ScriptedChat, using: Services, tmp_path: Path
) -> None:
    user = somebody()
    said = "I'm pregnant and I have asthma zebra-canary"
    reply = (await say(client, user, said)).json()
    await client.post(
        "/feedback", json={"message_id": reply["message_id"], "rating": "up", "comment": "zebra-canary"}
    )
    chat.error = ModelUnavailable("down")
    await say(client, user, f"{said} that failed")
    chat.error = None
    kept = (await client.post("/chat", json={"message": "of nobody"})).json()
    await using.storage.idle()
    assert b"zebra-canary" in everything(tmp_path)
    assert (await client.delete(f"/users/{user}")).status_code == 204
    assert b"zebra-canary" not in everything(tmp_path) and user.encode() not in everything(tmp_path)
    assert await values(client, user) == []
    assert (await client.get(f"/conversations/{reply['conversation_id']}")).status_code == 404
    assert (await client.get(f"/conversations/{kept['conversation_id']}")).status_code == 200
    await say(client, user, "I have asthma")
    assert await values(client, user) == ["asthma"]


async def test_who_is_forgotten_is_in_nothing_that_this_process_keeps(
    client: httpx.AsyncClient, chat: ScriptedChat, using: Services
) -> None:
    def held() -> set[str]:
        """What holds a text with both halves of what was said, by its type."""
        gc.collect()
        found = set()
        for each in gc.get_objects():
            for part in gc.get_referents(each):
                texts = part if type(part) is tuple else (part,)
                if any(type(text) is str and "quag" in text and "mirecanary" in text for text in texts):
                    found.add(type(each).__name__)
        return found

    user = somebody()
    for said in ("I have {}{} asthma", "is {}{} safe for me?"):
        await say(client, user, said.format("quag", "mirecanary"))
    chat.asked.clear()
    await using.storage.idle()
    assert held()
    assert (await client.delete(f"/users/{user}")).status_code == 204
    for _ in range(100):  # a thread lets go of its last task a moment later
        if not held():
            break
        await asyncio.sleep(0.02)
    assert held() == set()


async def test_a_turn_under_way_keeps_nothing_of_who_is_forgotten_meanwhile(
    client: httpx.AsyncClient, chat: ScriptedChat, using: Services, tmp_path: Path
) -> None:
    user, chat.gate = somebody(), asyncio.Event()
    turn = asyncio.create_task(say(client, user, "I'm pregnant zebra-canary"))
    await chat.began.wait()
    assert (await client.delete(f"/users/{user}")).status_code == 204
    chat.gate.set()
    assert (await turn).status_code == 200
    await using.storage.idle()
    assert await values(client, user) == []
    assert b"zebra-canary" not in everything(tmp_path)


async def test_nothing_of_a_remembered_user_is_exported(client: httpx.AsyncClient, using: Services) -> None:
    for user_id in (somebody(), None):
        body = {"message": "I'm pregnant", "user_id": user_id}
        reply = (await client.post("/chat", json=body)).json()
        await client.post("/feedback", json={"message_id": reply["message_id"], "rating": "up"})
    assert len(stored_conversations(using.engine)) == len(list(confirmed_exchanges(using.engine))) == 1


async def test_memory_goes_with_the_message_that_it_was_said_in(client: httpx.AsyncClient) -> None:
    user = somebody()
    reply = (await say(client, user, "I'm pregnant")).json()
    await client.delete(f"/conversations/{reply['conversation_id']}")
    assert await values(client, user) == []


async def test_no_log_names_a_user(client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture) -> None:
    user = somebody()
    with caplog.at_level("DEBUG"):
        await say(client, user, "I'm pregnant")
        await client.get(f"/users/{user}/memory")
        await client.get(f"/users/{user}/nothing")
    ours = [record for record in caplog.records if record.name.startswith("candor")]
    assert ours and not any(user in str(record.__dict__) for record in ours)


def everything(folder: Path) -> bytes:
    """All bytes of all files, the database with its log among them."""
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
