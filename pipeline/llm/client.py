"""Language models behind the OpenAI API: OpenAI itself, vLLM, Ollama, llama.cpp, or any other base URL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel

from pipeline.errors import ModelOutputError, ModelUnavailable
from pipeline.llm.breaker import BreakerState, CircuitBreaker
from pipeline.llm.completion import Completion, probability_of_yes, read_completion, text_of
from pipeline.llm.prompting import Prompt
from pipeline.llm.request import ChatRequest, Without
from pipeline.llm.retrying import RETRYABLE, AttemptFailed, Backoff, retry_after_s
from pipeline.llm.running_call import Prices, RunningCall
from pipeline.llm.structured_output import parse, repair_request
from pipeline.llm.usage import ModelCall, TurnBudget
from pipeline.llm.written_text import WrittenText
from pipeline.types import Message, Role

if TYPE_CHECKING:
    from openai import APIStatusError, AsyncOpenAI

Answer = TypeVar("Answer", bound=BaseModel)
_Got = TypeVar("_Got")
OPENAI = "https://api.openai.com/v1"
_CONNECT_S = 5.0
_REFUSED = frozenset({400, 413, 415, 422, 501})  # a status that tells about the request, not about the server


@dataclass(frozen=True, slots=True)
class ChatServer:
    """Where a model is, and how patient to be with it.

    `base_url` is asked before each request, and may raise `ModelUnavailable`. `timeout_s`: how long one call
    may wait for the server in all, retries included. `idle_s`: the longest silence of a stream, also before
    its first word. `proxies`: whether those that the environment names are used."""

    model: str
    base_url: Callable[[], str] = lambda: OPENAI
    api_key: str = "none"  # servers of one's own ask for none; the client insists on one
    timeout_s: float = 20.0
    idle_s: float = 10.0
    retries: int = 2
    concurrency: int = 8
    prices: Prices = field(default_factory=Prices)
    backoff: Backoff = field(default_factory=Backoff)
    proxies: bool = True


class RequestRefused(ModelOutputError):
    """The server will not have a request as it is; `complaint` says why, in its words."""

    def __init__(self, complaint: str) -> None:
        super().__init__(f"request refused: {complaint[:200]}")
        self.complaint = complaint


class OpenAIChatModel:
    """Implements `pipeline.ports.ChatModel`. Holds one pool of connections, for one event loop; `close` ends
    it. Each call is put on the account of its turn, and told to `observe`."""

    def __init__(
        self,
        server: ChatServer,
        breaker: CircuitBreaker | None = None,
        observe: Callable[[ModelCall], None] = lambda call: None,
    ) -> None:
        self._server = server
        self._breaker = breaker or CircuitBreaker()
        self._observe = observe
        self._without: Without = frozenset()  # what this server turned down so far
        self._slots = asyncio.Semaphore(server.concurrency)
        self._opening = asyncio.Lock()
        self._client: AsyncOpenAI | None = None

    @property
    def name(self) -> str:
        return self._server.model

    @property
    def state(self) -> BreakerState:
        return self._breaker.state

    @property
    def lacks(self) -> tuple[str, ...]:
        """What this server turned down so far, and is not asked for any more."""
        return tuple(sorted(feature.name.lower() for feature in self._without))

    def prepare(self) -> None:
        """Makes the client, whose import takes a second or more: for a thread, before the first call."""
        if self._client is None:
            self._client = self._open()

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()
            self._client = None

    async def answer(
        self, prompt: Prompt, shape: type[Answer], max_tokens: int, budget: TurnBudget | None = None
    ) -> Answer:
        """An answer of the given shape. One that cannot be read is asked for once more, and told why."""
        request = replace(self._request(prompt, max_tokens), shape=shape)
        async with self._call(prompt, budget) as call:
            text = text_of(await self._complete(call, request))
            try:
                return parse(text, shape)
            except ModelOutputError as error:
                wrong = (Message(Role.ASSISTANT, text), Message(Role.USER, repair_request(shape, error)))
            again = replace(request, messages=(*request.messages, *wrong))
            return parse(text_of(await self._complete(call, again)), shape)

    async def yes(self, prompt: Prompt, budget: TurnBudget | None = None) -> float:
        """The probability that the answer to a yes-or-no question is yes, by its first token; 0 or 1 from
        servers that tell no probabilities."""
        request = replace(self._request(prompt, max_tokens=1), logprobs=True)
        async with self._call(prompt, budget) as call:
            return probability_of_yes(await self._complete(call, request))

    async def write(
        self, prompt: Prompt, max_tokens: int, budget: TurnBudget | None = None
    ) -> AsyncIterator[str]:
        """Free text in pieces, without thoughts. Raises in the midst where the text breaks off or is cut."""
        request = replace(self._request(prompt, max_tokens), streamed=True)

        async def begun(client: AsyncOpenAI, arguments: Mapping[str, Any]) -> WrittenText:
            text = WrittenText(_chunks(client, arguments), max_tokens, self._server.idle_s)
            try:
                await text.begin()
            except BaseException:
                await text.close()
                raise
            return text

        async with self._call(prompt, budget) as call:
            text = await self._sent(call, request, begun)
            try:
                while (piece := await self._next(text, call)) is not None:
                    yield piece
            finally:
                await text.close()
                call.spend(request, text.usage, text.written)

    def _request(self, prompt: Prompt, max_tokens: int) -> ChatRequest:
        return ChatRequest(self.name, prompt.system, prompt.messages, max_tokens)

    @asynccontextmanager
    async def _call(self, prompt: Prompt, budget: TurnBudget | None) -> AsyncIterator[RunningCall]:
        """Takes a slot for a call, and accounts for it however it ends."""
        call, outcome = RunningCall(self._server.timeout_s), "left"
        try:
            async with call.waiting():
                await self._slots.acquire()
            try:
                yield call
                outcome = "ok"
            finally:
                self._slots.release()
        except ModelUnavailable:
            outcome = "unavailable"
            raise
        except ModelOutputError:
            outcome = "unusable"
            raise
        finally:
            if call.sent:
                ended = call.ended(prompt, self.name, self._server.prices, outcome)
                if budget is not None:
                    budget.unbooked.append(ended)
                self._observe(ended)

    async def _complete(self, call: RunningCall, request: ChatRequest) -> Completion:
        async def whole(client: AsyncOpenAI, arguments: Mapping[str, Any]) -> Completion:
            with _told_in_our_words():
                raw = await client.chat.completions.with_raw_response.create(**arguments)
            return read_completion(raw.content)

        completion = await self._sent(call, request, whole)
        written = completion.choices[0].message.content if completion.choices else ""
        call.spend(request, completion.usage, written or "")
        return completion

    async def _sent(
        self,
        call: RunningCall,
        request: ChatRequest,
        send: Callable[[AsyncOpenAI, Mapping[str, Any]], Awaitable[_Got]],
    ) -> _Got:
        """Sends a request until it is answered: without what the server turns down, which is remembered once
        that helped, and again after a pause where that may help."""
        without, silence = self._without, self._server.idle_s if request.streamed else float("inf")
        while True:
            client = await self._opened()
            try:
                with self._breaker.attempt():
                    async with call.waiting(silence):
                        call.sent = True
                        got = await send(client, request.arguments(without))
            except RequestRefused as error:
                if (dropped := request.concession(error.complaint, without)) is None:
                    raise
                without |= {dropped}
            except AttemptFailed as error:
                if not await self._paused(call, error):
                    raise
            else:
                self._without |= without
                return got

    async def _paused(self, call: RunningCall, error: AttemptFailed) -> bool:
        """Waits before the next attempt; False where there is to be none. It raises nothing: an error raised
        where it is an argument holds itself, and with it the generators of its stream."""
        pause_s = self._server.backoff.pause_s(call.retries, error)
        if not error.again or call.retries >= self._server.retries or pause_s >= call.left_s:
            return False
        call.retries += 1
        call.left_s -= pause_s
        await asyncio.sleep(pause_s)
        return True

    async def _next(self, text: WrittenText, call: RunningCall) -> str | None:
        try:
            return await text.next(call)
        except ModelUnavailable as error:
            self._breaker.failed(str(error))
            raise

    async def _opened(self) -> AsyncOpenAI:
        """The client, at the server's address of the moment."""
        address = self._server.base_url()
        async with self._opening:
            if self._client is None:
                self._client = await asyncio.to_thread(self._open)
        if str(self._client.base_url).rstrip("/") != address.rstrip("/"):
            self._client.base_url = address
        return self._client

    def _open(self) -> AsyncOpenAI:
        from openai import AsyncOpenAI, DefaultAsyncHttpxClient, Timeout

        return AsyncOpenAI(
            api_key=self._server.api_key,
            base_url=OPENAI,
            max_retries=0,
            timeout=Timeout(None, connect=_CONNECT_S),
            http_client=DefaultAsyncHttpxClient(trust_env=self._server.proxies),
        )


async def _chunks(client: AsyncOpenAI, arguments: Mapping[str, Any]) -> AsyncGenerator[Completion, None]:
    with _told_in_our_words():
        stream = await client.chat.completions.create(**arguments)
        try:
            async for chunk in stream:
                yield read_completion(chunk.to_dict(warnings=False))
        finally:
            await stream.close()
            await _end(getattr(stream, "_iterator", None))


async def _end(iterator: AsyncIterator[object] | None) -> None:
    """Ends the client's own iterator, which it leaves waiting where a stream is left early: it and its stream
    hold each other, so the garbage collector would end it from any thread, amidst the loop's work."""
    if isinstance(iterator, AsyncGenerator):
        await iterator.aclose()


@contextmanager
def _told_in_our_words() -> Iterator[None]:
    """Around what the client does. Raises `AttemptFailed` or `RequestRefused` in place of its errors."""
    import openai

    try:
        yield
    except openai.APIStatusError as error:
        raise _status_error(error) from error
    except openai.APITimeoutError as error:
        raise AttemptFailed("no connection in time", again=True) from error
    except openai.APIConnectionError as error:
        raise AttemptFailed(f"connection failed: {error.__cause__ or error}", again=True) from error
    except openai.APIError as error:
        raise AttemptFailed(f"an error within the stream: {error.message[:200]}", again=True) from error
    except ValueError as error:
        raise AttemptFailed("the reply is not JSON", again=True) from error


def _status_error(error: APIStatusError) -> AttemptFailed | RequestRefused:
    if error.status_code in _REFUSED:
        return RequestRefused(error.message)
    exhausted = error.code == "insufficient_quota" or error.response.headers.get("x-should-retry") == "false"
    again = error.status_code in RETRYABLE and not exhausted
    after_s = retry_after_s(error.response.headers)
    return AttemptFailed(f"HTTP {error.status_code}: {error.message[:200]}", again=again, after_s=after_s)
