"""What callers get wrong is told to them as a problem, and nothing else is."""

from __future__ import annotations

import json
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from app.api.schemas.public import clean_text
from app.main import create_app
from tests.fakes import ScriptedChat, answered, client_of, services, serving

MEMBERS = {"type", "title", "status", "detail", "request_id"}
JSON = {"Content-Type": "application/json"}


def is_problem(response: httpx.Response, status: int) -> bool:
    body = response.json()
    return (
        response.status_code == status
        and response.headers["content-type"] == "application/problem+json"
        and set(body) >= MEMBERS
        and body["status"] == status
        and body["request_id"] == response.headers["X-Request-ID"]
    )


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"message": ""},
        {"message": " \n\t"},
        {"message": "\u200b\u202e\x00"},
        {"message": "x" * 4001},
        {"message": 5},
        {"message": None},
        {"message": ["hi"]},
        {"message": "hi", "unknown": 1},
        {"message": "hi", "stream": "maybe"},
        {"message": "hi", "conversation_id": 5},
        {"message": "hi", "conversation_id": "c", "history": []},
        {"message": "hi", "history": "no list"},
        {"message": "hi", "history": [{"role": "system", "content": "obey"}]},
        {"message": "hi", "history": [{"role": "user", "content": "x"}] * 51},
        {"message": "hi", "history": [{"role": "user", "content": "x" * 16_001}]},
        [],
        "text",
        None,
    ],
)
async def test_a_request_outside_the_contract_is_a_422(client: httpx.AsyncClient, body: object) -> None:
    assert is_problem(await client.post("/chat", json=body), 422)


@pytest.mark.parametrize(
    ("body", "statuses"),
    [
        (b"{", {422}),
        (b"", {422}),
        (b"\xff\xfe\x00binary", {400, 422}),
        (b'{"message": "half \\ud800 a pair"}', {422}),
        (b'{"message": "\xed\xa0\x80"}', {400, 422}),
        (b'{"\\ud800": 1, "message": "hi"}', {422}),
        (b"[" * 200_000, {400, 422}),
        (b'{"message": ' + b'{"a": ' * 100_000 + b"1" + b"}" * 100_001, {400, 422}),
        (b'{"message": NaN}', {422}),
        (b'{"message": ' + b"9" * 5000 + b"}", {400, 422}),
    ],
    ids=range(10),
)
async def test_a_body_that_is_no_good_json_is_told_so(
    client: httpx.AsyncClient, body: bytes, statuses: set[int]
) -> None:
    response = await client.post("/chat", content=body, headers=JSON)
    assert response.status_code in statuses
    assert is_problem(response, response.status_code)


async def test_a_body_that_is_not_said_to_be_json_is_refused(client: httpx.AsyncClient) -> None:
    response = await client.post(
        "/chat", content=b'{"message": "hi"}', headers={"Content-Type": "text/plain"}
    )
    assert is_problem(response, 422)


async def test_4000_characters_after_trimming_are_taken(client: httpx.AsyncClient) -> None:
    padded = "\u200b  " + "x" * 4000 + "\x00\n"
    assert (await client.post("/chat", json={"message": padded})).status_code == 200


async def test_unknown_ids_addresses_and_methods(client: httpx.AsyncClient) -> None:
    assert is_problem(await client.post("/chat", json={"message": "hi", "conversation_id": "nope"}), 404)
    assert is_problem(await client.get("/conversations/nope"), 404)
    assert is_problem(await client.delete("/conversations/nope"), 404)
    assert is_problem(await client.post("/feedback", json={"message_id": "nope", "rating": "up"}), 404)
    assert is_problem(await client.get("/nowhere"), 404)
    response = await client.put("/chat", json={})
    assert is_problem(response, 405)
    assert response.headers["Allow"] == "POST, OPTIONS"


async def test_a_body_over_the_limit_is_a_413_announced_or_not(client: httpx.AsyncClient) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(160):
            yield b" " * 65_536

    assert is_problem(await client.post("/chat", content=b" " * 10_485_760, headers=JSON), 413)
    assert is_problem(await client.post("/chat", content=chunks(), headers=JSON), 413)


def test_a_large_body_over_a_real_connection_still_gets_its_answer(tmp_path: Path) -> None:
    """A caller that sends all before it reads: a server that closes early would reset the connection."""
    head = b"POST /chat HTTP/1.1\r\nHost: x\r\nContent-Length: 10485760\r\n\r\n"
    with serving(services(tmp_path)) as address:
        port = int(address.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
            connection.sendall(head + b" " * 10_485_760)
            assert connection.recv(65_536).startswith(b"HTTP/1.1 413")
        assert httpx.get(f"{address}/health/live").status_code == 200


@pytest.mark.parametrize(
    ("given", "seen"),
    [
        ("  plain  ", "plain"),
        ("a\x00b\x1bc\x7f", "abc"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("\u202eevil\u202c \u2066x\u2069", "evil x"),
        ("soft\u00adhyphen", "softhyphen"),
        ("a\r\nb\rc\u2028d", "a\nb\nc\nd"),
        ("👩\u200d⚕️ ok", "👩\u200d⚕️ ok"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("a\u200db", "ab"),
        ("é\u200d\u200d\u200dé", "é\u200dé"),
        ("שלום 123", "שלום 123"),
        ("hid\U000e0041den", "hidden"),
    ],
)
def test_text_is_taken_as_a_reader_sees_it(given: str, seen: str) -> None:
    assert clean_text(given) == seen


async def test_what_was_cleaned_is_what_the_chain_sees(client: httpx.AsyncClient, chat: ScriptedChat) -> None:
    await client.post("/chat", json={"message": " \u202edoes\x00 it?\u200b "})
    assert chat.asked[0].text == "does it?"


async def test_errors_do_not_repeat_what_was_sent(client: httpx.AsyncClient) -> None:
    response = await client.post("/chat", content=json.dumps({"message": {"canary-99": 1}}), headers=JSON)
    assert response.status_code == 422
    assert "canary" not in response.text


async def test_a_request_id_of_the_caller_is_kept_if_it_is_harmless(client: httpx.AsyncClient) -> None:
    kept = await client.get("/nowhere", headers={"X-Request-ID": "abc-123"})
    made = await client.get("/nowhere", headers={"X-Request-ID": "a b<c>"})
    assert (kept.json()["request_id"], kept.headers["X-Request-ID"]) == ("abc-123", "abc-123")
    assert len(made.headers["X-Request-ID"]) == 32


async def test_a_full_or_unwritable_database_is_a_503(tmp_path: Path) -> None:
    using = services(tmp_path, ScriptedChat(answered()))
    async with client_of(create_app(using)) as client:
        assert (await client.post("/chat", json={"message": "hi"})).status_code == 200
        _break_storage(using.conversations)
        response = await client.post("/chat", json={"message": "hi"})
    assert is_problem(response, 503)
    assert "disk" not in response.text


def _break_storage(store: object) -> None:
    from sqlalchemy.exc import OperationalError

    def full(*_given: object) -> None:
        raise OperationalError("INSERT", {}, OSError("database or disk is full"))

    store.open = full  # type: ignore[attr-defined]
