"""POST /chat as a stream, on a real server: what is sent when, and what becomes of a caller who leaves."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from pipeline.errors import RetrievalFailed
from tests.fakes import ScriptedChat, answered, services, serving

ASK = {"message": "does it?", "stream": True}
PIECES = ("No. [1]", " It does\nnot. [1]")
REPLY = answered("".join(PIECES))


def events(lines: Iterator[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    name = ""
    for line in lines:
        if line.startswith("event: "):
            name = line[7:]
        elif line.startswith("data: "):
            yield name, json.loads(line[6:])


def read(address: str) -> list[tuple[str, dict[str, Any]]]:
    with httpx.stream("POST", f"{address}/chat", json=ASK) as response:
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        return list(events(response.iter_lines()))


def wait_for(condition: Any) -> None:  # noqa: ANN401
    until = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < until, "it did not happen within 5 s"
        time.sleep(0.01)


def test_sentences_come_first_and_then_the_whole_reply(tmp_path: Path) -> None:
    with serving(services(tmp_path, ScriptedChat(REPLY, PIECES))) as address:
        *sentences, (last, reply) = read(address)
        assert sentences == [("sentence", {"text": piece}) for piece in PIECES]
        assert last == "reply"
        plain = httpx.post(f"{address}/chat", json={"message": "does it?"}).json()
    changing = ("conversation_id", "message_id")
    assert {k: v for k, v in reply.items() if k not in changing} == {
        k: v for k, v in plain.items() if k not in changing
    }


def test_a_sentence_is_sent_before_the_turn_is_over_and_silence_is_filled(tmp_path: Path) -> None:
    chat = ScriptedChat(REPLY, PIECES, gate=asyncio.Event())
    with (
        serving(services(tmp_path, chat, heartbeat_s=0.05)) as address,
        httpx.stream("POST", f"{address}/chat", json=ASK) as response,
    ):
        lines = response.iter_lines()
        assert next(lines) == "event: sentence"
        assert next(line for line in lines if line.startswith(":"))


def test_a_failure_before_the_first_event_is_an_ordinary_error(tmp_path: Path) -> None:
    class Failing:
        async def run(self, *_given: object) -> Any:  # noqa: ANN401
            raise RetrievalFailed("gone")

    with serving(services(tmp_path, Failing())) as address:
        response = httpx.post(f"{address}/chat", json=ASK)
    assert response.status_code == 503
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("error", "status"), [(RetrievalFailed("canary-1"), 503), (ZeroDivisionError("canary-2"), 500)]
)
def test_a_failure_after_the_first_event_is_an_error_event(
    tmp_path: Path, error: Exception, status: int
) -> None:
    with serving(services(tmp_path, ScriptedChat(REPLY, PIECES, error=error))) as address:
        got = read(address)
    assert [name for name, _ in got] == ["sentence", "sentence", "error"]
    assert got[-1][1]["status"] == status
    assert set(got[-1][1]) == {"type", "title", "status", "detail", "request_id", "message_id"}
    assert "canary" not in json.dumps(got)


def test_a_deadline_within_a_stream_is_an_error_event(tmp_path: Path) -> None:
    chat = ScriptedChat(REPLY, PIECES, gate=asyncio.Event())
    with serving(services(tmp_path, chat, turn_deadline_s=0.5)) as address:
        name, problem = read(address)[-1]
    assert (name, problem["status"]) == ("error", 504)


@pytest.mark.parametrize("stream", [True, False])
def test_a_caller_who_leaves_cancels_the_turn_and_leaves_its_trace(tmp_path: Path, stream: bool) -> None:
    chat = ScriptedChat(REPLY, PIECES, gate=asyncio.Event())
    using = services(tmp_path, chat)
    with serving(using) as address:
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{address}/chat", json={"message": "does it?", "stream": stream}, timeout=0.5)
        wait_for(lambda: chat.cancelled == 1)
        wait_for(lambda: using.traces.page().total == 1)
        assert using.traces.page().turns[0]["conversation_id"] is None  # none was begun
        assert 'outcome="cancelled"} 1.0' in httpx.get(f"{address}/metrics").text


def test_a_reader_who_does_not_read_holds_the_turn_back(tmp_path: Path) -> None:
    """The queue between a turn and its reader is bounded: an endless turn cannot fill the memory."""
    full = threading.Event()

    class Endless:
        async def run(self, _id: str, _question: object, say: Any, context: object = None) -> Any:  # noqa: ANN401
            try:
                while True:
                    await asyncio.wait_for(say("x" * 65_536), 0.3)
            finally:
                full.set()

    with (
        serving(services(tmp_path, Endless())) as address,
        httpx.stream("POST", f"{address}/chat", json=ASK) as response,
    ):
        assert response.status_code == 200
        assert full.wait(20), "it is never told to wait"
