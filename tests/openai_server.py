"""A scripted server that speaks the OpenAI chat API over real HTTP on the loopback interface, with faults on
demand.

    with serving_llm(says("yes"), rate_limited(after_s=1), cut_off("Half a sen")) as server:
        ...  # server.url, server.asked (the requests so far), server.left (how many clients went away)

A script is played in order and its last item repeats. Where the order of calls is not fixed, give one
function in its place: it takes a request (`Asked`) and returns what to do, for example by `asked.system`."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from tests.loopback import Asgi, Receive, Send, on_loopback

MODEL = "scripted-1"


@dataclass(frozen=True, slots=True)
class Asked:
    """One request to the server."""

    body: Mapping[str, Any]
    headers: Mapping[str, str]

    @property
    def system(self) -> str:
        return "\n".join(m["content"] for m in self.body["messages"] if m["role"] == "system")

    @property
    def user(self) -> str:
        """What the last message says."""
        return str(self.body["messages"][-1]["content"])

    @property
    def streamed(self) -> bool:
        return bool(self.body.get("stream"))

    @property
    def form(self) -> str:
        """The kind of `response_format` asked for."""
        return str(self.body.get("response_format", {}).get("type", "text"))


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What the server does with one request. `hang`: where it falls silent for good, "before" the headers,
    "after" them, or "midway" in its text. `cut`: the connection breaks after the text. `pace_s`: between two
    pieces. `body`: sent as it is, in place of a completion."""

    text: str = ""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None
    finish_reason: str | None = "stop"
    refusal: str | None = None
    hang: str = ""
    cut: bool = False
    forever: bool = False
    usage: bool = True
    pace_s: float = 0.0
    chances: Mapping[str, float] | None = None  # log probabilities of the first token


Respond = Callable[[Asked], "Behaviour | str"]


def says(text: str, **fields: Any) -> Behaviour:  # noqa: ANN401
    return Behaviour(text, **fields)


def says_json(**fields: Any) -> Behaviour:  # noqa: ANN401
    return Behaviour(json.dumps(fields))


def fails(status: int = 500, message: str = "scripted failure", **headers: str) -> Behaviour:
    body = json.dumps({"error": {"message": message, "type": "scripted", "param": None, "code": None}})
    return Behaviour(status=status, body=body, headers=headers)


def rate_limited(after_s: float | None = None) -> Behaviour:
    asked = {} if after_s is None else {"retry-after": f"{after_s:g}"}
    return fails(429, "slow down", **asked)


def hangs(where: str = "before", text: str = "Half a sentence and then") -> Behaviour:
    return Behaviour(text, hang=where)


def cut_off(text: str) -> Behaviour:
    """The connection breaks after this text."""
    return Behaviour(text, cut=True)


def thinks(thought: str, text: str) -> Behaviour:
    return Behaviour(f"<think>{thought}</think>\n\n{text}")


def refuses(reason: str = "I can't help with that.") -> Behaviour:
    return Behaviour(refusal=reason)


def stops_at_limit(text: str) -> Behaviour:
    return Behaviour(text, finish_reason="length")


def loops(word: str = "again and ") -> Behaviour:
    """Writes for as long as anybody listens, whatever the limit."""
    return Behaviour(word * 50, forever=True)


def echoes(asked: Asked) -> Behaviour:
    """A model that repeats its prompt."""
    return Behaviour(f"{asked.system}\n\n{asked.user}")


class ScriptedServer:
    """The ASGI application. `rejects`: parts of a request that are a 400, of "json_schema", "json_object",
    "stream_options", "temperature", "max_tokens", "logprobs", "system"; `names_them`: does it say which?"""

    def __init__(self, respond: Respond, rejects: Collection[str] = (), *, names_them: bool = True) -> None:
        self.respond = respond
        self.rejects = rejects
        self.names_them = names_them
        self.asked: list[Asked] = []
        self.left = 0
        self.connections: set[object] = set()
        self.url = ""
        self.closing = threading.Event()

    async def __call__(self, scope: Asgi, receive: Receive, send: Send) -> None:
        self.connections.add(tuple(scope["client"]))
        path, body = scope["path"], await _body(receive)
        if path.endswith("/models"):
            listed = json.dumps({"object": "list", "data": [{"id": MODEL, "object": "model"}]})
            return await _whole(send, Behaviour(body=listed))
        if not path.endswith("/chat/completions"):
            return await _whole(send, fails(404, f"no {path} here"))
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        asked = Asked(json.loads(body), headers)
        self.asked.append(asked)
        if (rejected := self._rejected(asked)) is not None:
            return await _whole(send, rejected)
        given = self.respond(asked)
        behaviour = Behaviour(given) if isinstance(given, str) else given
        gone = asyncio.ensure_future(_gone(receive))
        work = asyncio.ensure_future(self._play(send, asked, behaviour))
        await asyncio.wait({gone, work}, return_when=asyncio.FIRST_COMPLETED)
        self.left += not work.done()
        for task in (gone, work):
            task.cancel()
        await asyncio.gather(gone, return_exceptions=True)
        return await _unless_cancelled(work)

    def _rejected(self, asked: Asked) -> Behaviour | None:
        roles = {message["role"] for message in asked.body["messages"]}
        for part in self.rejects:
            if part in asked.body or part == asked.form or part in roles:
                named = {"system": "system role", "json_object": "response_format json_object"}.get(
                    part, part
                )
                return fails(400, f"{named} is not supported" if self.names_them else "bad request")
        return None

    async def _play(self, send: Send, asked: Asked, behaviour: Behaviour) -> None:
        if behaviour.hang == "before":
            await self._silence()
        if behaviour.body is not None or not asked.streamed:
            if behaviour.cut or behaviour.hang:
                await _start(send, behaviour, "application/json")
                await _more(send, _completion(behaviour)[:60])
                await self._silence(cut=behaviour.cut)
            if behaviour.forever:
                behaviour = replace(behaviour, finish_reason="length")
            return await _whole(send, replace(behaviour, body=behaviour.body or _completion(behaviour)))
        await _start(send, behaviour, "text/event-stream")
        if behaviour.hang == "after":
            await self._silence()
        async for chunk in self._chunks(asked, behaviour):
            await _more(send, f"data: {json.dumps(chunk)}\n\n")
            await asyncio.sleep(behaviour.pace_s)
        if behaviour.cut or behaviour.hang:
            await self._silence(cut=behaviour.cut)
        await _more(send, "data: [DONE]\n\n")
        await send({"type": "http.response.body", "body": b""})

    async def _silence(self, *, cut: bool = False) -> None:
        """Says nothing more: breaks the connection, or waits for the client or the test to end it."""
        while not (cut or self.closing.is_set()):  # noqa: ASYNC110 - set from another thread
            await asyncio.sleep(0.01)
        raise ConnectionAbortedError("scripted")

    async def _chunks(self, asked: Asked, behaviour: Behaviour) -> AsyncIterator[dict[str, Any]]:
        yield _chunk({"role": "assistant", "content": ""})
        while True:
            for piece in _pieces(behaviour.text):
                yield _chunk({"content": piece})
            if not behaviour.forever:
                break
            await asyncio.sleep(0.001)
        if behaviour.cut or behaviour.hang == "midway":
            return
        if behaviour.refusal:
            yield _chunk({"refusal": behaviour.refusal})
        yield _chunk({}, behaviour.finish_reason)
        if behaviour.usage and asked.body.get("stream_options", {}).get("include_usage"):
            yield {**_chunk({}), "choices": [], "usage": _usage(behaviour.text)}


def _pieces(text: str) -> Iterator[str]:
    """Cuts within words, as tokens do."""
    yield from (text[at : at + 3] for at in range(0, len(text), 3))


def _usage(text: str) -> dict[str, int]:
    return {"prompt_tokens": 100, "completion_tokens": len(text.split()), "total_tokens": 0}


def _chunk(delta: Mapping[str, str], finish_reason: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    return {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": MODEL, "choices": [choice]}


def _completion(behaviour: Behaviour) -> str:
    message = {"role": "assistant", "content": behaviour.text, "refusal": behaviour.refusal}
    choice: dict[str, Any] = {"index": 0, "message": message, "finish_reason": behaviour.finish_reason}
    if behaviour.chances is not None:
        top = [{"token": token, "logprob": chance} for token, chance in behaviour.chances.items()]
        choice["logprobs"] = {"content": [{**top[0], "top_logprobs": top}]}
    made = {"id": "c1", "object": "chat.completion", "created": 1, "model": MODEL, "choices": [choice]}
    return json.dumps({**made, **({"usage": _usage(behaviour.text)} if behaviour.usage else {})})


async def _body(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    return body


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _unless_cancelled(work: asyncio.Future[None]) -> None:
    if (await asyncio.wait({work})) and not work.cancelled():
        await work


async def _start(send: Send, behaviour: Behaviour, media_type: str) -> None:
    headers = [(b"content-type", media_type.encode())]
    headers += [(name.encode(), value.encode()) for name, value in behaviour.headers.items()]
    await send({"type": "http.response.start", "status": behaviour.status, "headers": headers})


async def _more(send: Send, text: str) -> None:
    await send({"type": "http.response.body", "body": text.encode(), "more_body": True})


async def _whole(send: Send, behaviour: Behaviour) -> None:
    await _start(send, behaviour, "application/json")
    await send({"type": "http.response.body", "body": (behaviour.body or "").encode()})


def in_order(*script: Behaviour | str) -> Respond:
    """Plays the items one after the other; the last one repeats."""
    left = list(script)
    return lambda asked: left.pop(0) if len(left) > 1 else left[0]


@contextmanager
def serving_llm(
    *script: Behaviour | str | Respond, rejects: Collection[str] = (), names_them: bool = True
) -> Iterator[ScriptedServer]:
    """The server on a free port; `url` is its base URL, with /v1."""
    respond = script[0] if len(script) == 1 and callable(script[0]) else in_order(*script)  # type: ignore[arg-type]
    server = ScriptedServer(respond, rejects, names_them=names_them)
    with on_loopback(server, lifespan="off") as address:
        server.url = f"{address}/v1"
        try:
            yield server
        finally:
            server.closing.set()
