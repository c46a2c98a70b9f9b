"""One turn on behalf of a caller: its place, its deadline, its conversation, and its way out."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Protocol, TypeVar
from uuid import uuid4

from sqlalchemy.exc import SQLAlchemyError

from app.api.errors import Problem, out_of_reach, problem_of, unavailable
from app.api.limits import TurnLimiter
from app.api.schemas.public import ChatRequest, ChatResponse
from app.api.sse import HEARTBEAT, event
from app.memory.remembering import Memory
from app.memory.user_ids import User
from app.metrics import Metrics
from app.store.database.db import now
from app.store.storage import Storage
from app.store.turns.conversations import ConversationNotFound, ConversationStore, Opened
from app.store.turns.traces import TraceStore
from pipeline.llm.usage import TurnBudget
from pipeline.memory.items import Item
from pipeline.ports import Say, unheard
from pipeline.types import Keeping, Outcome, Question, Reply, TurnContext

_Result = TypeVar("_Result")
_STOPPING = unavailable("The service is being restarted.", kind="stopping")
_log = logging.getLogger("candor.turns")
_MODELS_SHARE = 0.75  # of the deadline: the rest is for what takes over from a language model that is slow
_OPENING_S = 2.0  # for a conversation to be read before a turn; then it counts as out of reach
_AHEAD = 16  # sentences that may wait for a slow reader before the turn waits for him


class Chat(Protocol):
    """The chain, as the service sees it: `pipeline.chat_pipeline.ChatPipeline`, or a test's script."""

    async def run(
        self, message_id: str, question: Question, say: Say, context: TurnContext | None = None
    ) -> Reply: ...


class Ended(Protocol):
    """What a turn of any kind came to."""

    @property
    def outcome(self) -> Outcome: ...


_Ended = TypeVar("_Ended", bound=Ended)
Keep = Callable[[], Awaitable[None]]
"""Stores what has to be stored before a turn's reply is told."""
Turn = Callable[[TurnBudget], Awaitable[tuple[_Ended, Keep | None]]]
"""What it comes to within its budget, and what is to be stored. By then its place is free: where the database
is locked, turns that wait for it must not stand before an alarm."""


class TurnRunner:
    """Runs turns, each as a task of its own: a caller who leaves cancels his."""

    def __init__(
        self,
        chat: Chat,
        conversations: ConversationStore,
        traces: TraceStore,
        storage: Storage,
        limiter: TurnLimiter,
        metrics: Metrics,
        *,
        deadline_s: float,
        heartbeat_s: float,
        memory: Memory | None = None,
    ) -> None:
        self._memory = memory
        self._chat = chat
        self._conversations = conversations
        self._traces = traces
        self._storage = storage
        self._limiter = limiter
        self._metrics = metrics
        self._deadline_s = deadline_s
        self._heartbeat_s = heartbeat_s
        self._running: set[asyncio.Task[Any]] = set()

    def start(
        self, ask: ChatRequest, message_id: str = "", say: Say = unheard, user: User | None = None
    ) -> asyncio.Task[ChatResponse]:
        """Begins a turn, of a `user` whom it shall remember. The task raises a `Problem` where the turn
        cannot be had."""
        named = message_id or uuid4().hex
        return self.begin(lambda budget: self._converse(ask, say, named, user, budget), named)

    def begin(
        self, turn: Turn[_Ended], message_id: str, places: TurnLimiter | None = None
    ) -> asyncio.Task[_Ended]:
        """Begins a turn of any kind, which has to find a place, among those of conversations or in `places`,
        and to keep the deadline. The task raises a `Problem` that names the message otherwise."""
        task = asyncio.create_task(self._answerable(turn, message_id, places or self._limiter))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    def stream(self, ask: ChatRequest, form: Form, message_id: str = "", user: User | None = None) -> Stream:
        """Begins a turn whose sentences are to be read as they come."""
        said: asyncio.Queue[str] = asyncio.Queue(_AHEAD)
        return Stream(self.start(ask, message_id, said.put, user), said, form, self._heartbeat_s)

    async def close(self) -> None:
        """Cancels what still runs and waits for it."""
        for task in self._running:
            task.cancel()
        if self._running:
            await asyncio.wait(self._running)

    async def _answerable(self, turn: Turn[_Ended], message_id: str, places: TurnLimiter) -> _Ended:
        """A turn that fails leaves a trace and names it, so that it can be looked up and deleted."""
        try:
            return await self._timed(turn, places)
        except Exception as error:
            await self._traces.settled(message_id)
            raise problem_of(error).of_turn(message_id) from error

    async def _timed(self, turn: Turn[_Ended], places: TurnLimiter) -> _Ended:
        started, outcome = time.perf_counter(), "failed"
        try:
            ended = await self._within_deadline(turn, places)
            outcome = ended.outcome.value
            return ended
        except Problem as problem:
            outcome = problem.kind
            raise
        except asyncio.CancelledError:
            outcome = "cancelled"
            raise
        finally:
            if outcome == "busy":
                self._metrics.shed(outcome)
            else:
                self._metrics.turn(outcome, time.perf_counter() - started)

    async def _within_deadline(self, turn: Turn[_Ended], places: TurnLimiter) -> _Ended:
        budget = TurnBudget(asyncio.get_running_loop().time() + _MODELS_SHARE * self._deadline_s)
        try:
            async with asyncio.timeout(self._deadline_s):
                async with places.slot():
                    ended, keep = await turn(budget)
                if keep is not None:
                    await keep()
                return ended
        except TimeoutError:
            raise Problem(504, "deadline", "The answer took too long. Please try again.") from None
        except ConversationNotFound:
            raise Problem(404, "not-found", "There is no such conversation.") from None

    async def _converse(
        self, ask: ChatRequest, say: Say, message_id: str, user: User | None, budget: TurnBudget
    ) -> tuple[ChatResponse, Keep | None]:
        """An alarm's words leave whatever the database does. Where the conversation cannot be read, nothing
        is said before it is known that they are such words."""
        begun = now()
        found = await self._open(ask.conversation_id, user)
        opened = found or Opened(ask.conversation_id or "")
        keeping = Keeping(None if opened.is_new else opened.id, user.key if user else None, begun)
        history = opened.history or ask.past()
        remembered = await self._memory.recall(user) if self._memory and user else ()
        told = await self._memory.told(user) if self._memory and user else ()
        question, held = Question(ask.message, history, remembered, told=told), list[str]()

        async def hold(piece: str) -> None:
            held.append(piece)

        context = TurnContext(budget=budget, keeping=keeping)
        reply = await self._chat.run(message_id, question, say if found else hold, context)
        if not (found or reply.urgent):
            raise out_of_reach()
        for piece in held:
            await say(piece)
        keep = partial(self._keep, opened, message_id, ask.message, reply)
        if self._memory and user and not reply.urgent:
            said = await self._memory.read(ask.message, history, reply)
            keep = partial(self._keep_both, keep, self._memory, user, message_id, said, begun)
        if reply.urgent:
            self._storage.afterwards(keep())
        return ChatResponse.of(opened.id, message_id, reply), None if reply.urgent else keep

    async def _keep_both(
        self,
        exchange: Keep,
        memory: Memory,
        user: User,
        message_id: str,
        said: Sequence[Item],
        begun: datetime,
    ) -> None:
        """Stores an exchange, and what it said of the user."""
        await exchange()
        if said:
            await memory.keep(user, message_id, said, begun)

    async def _open(self, conversation_id: str | None, user: User | None) -> Opened | None:
        """None where the database does not give it. Raises `ConversationNotFound`."""
        key = user.key if user is not None else None
        if conversation_id is None:
            return self._conversations.open(None, key)
        opening = self._storage.run(self._conversations.open, conversation_id, key)
        try:
            return await asyncio.wait_for(opening, _OPENING_S)
        except (SQLAlchemyError, TimeoutError) as error:
            _log.error("a conversation cannot be read: %s", type(error).__name__)
            return None

    async def _keep(self, opened: Opened, message_id: str, message: str, reply: Reply) -> None:
        """Stores an exchange, behind its trace, which then belongs to the conversation."""
        await self._traces.settled(message_id)
        try:
            await self._storage.run(self._conversations.add, opened, message_id, message, reply)
        except SQLAlchemyError:
            self._storage.unstored("exchange")
            raise


class Form(Protocol):
    """How a streamed turn is written: `ChatEvents`, or chunks of a chat completion."""

    def opening(self) -> bytes:
        """What stands before the first sentence."""
        ...

    def sentence(self, text: str) -> bytes: ...

    def reply(self, response: ChatResponse) -> bytes: ...

    def error(self, problem: Problem, request_id: str) -> bytes: ...


class ChatEvents:
    """The events of POST /chat."""

    def opening(self) -> bytes:
        return b""

    def sentence(self, text: str) -> bytes:
        return event("sentence", {"text": text})

    def reply(self, response: ChatResponse) -> bytes:
        return event("reply", response.model_dump(mode="json"))

    def error(self, problem: Problem, request_id: str) -> bytes:
        return event("error", problem.body(request_id))


class Stream:
    """A turn as server-sent events. `first` is awaited before anything is promised to the caller."""

    def __init__(
        self,
        task: asyncio.Task[ChatResponse],
        said: asyncio.Queue[str],
        form: Form,
        heartbeat_s: float,
    ) -> None:
        self._task = task
        self._said = said
        self._form = form
        self._heartbeat_s = heartbeat_s
        self._ended = False

    async def first(self) -> bytes:
        """The first event. Raises what the turn raised if it failed before saying anything."""
        sentence = await self._next(None)
        self._ended = not sentence
        return self._form.opening() + (sentence or self._form.reply(result_of(self._task)))

    async def frames(self, first: bytes, request_id: str) -> AsyncIterator[bytes]:
        """All events, beginning with `first`, and heartbeats in between. Leaving early cancels the turn."""
        try:
            yield first
            if self._ended:
                return
            while frame := await self._next(self._heartbeat_s):
                yield frame
            yield self._ending(request_id)
        finally:
            self.cancel()

    def cancel(self) -> None:
        self._task.cancel()

    async def _next(self, patience_s: float | None) -> bytes | None:
        """The next sentence, a heartbeat if none comes in time, None once the turn has ended."""
        if self._said.empty():
            arrival = asyncio.ensure_future(self._said.get())
            ended = {arrival, self._task}
            try:
                await asyncio.wait(ended, timeout=patience_s, return_when=asyncio.FIRST_COMPLETED)
                if arrival.done():
                    return self._form.sentence(arrival.result())
            finally:
                arrival.cancel()
        if not self._said.empty():
            return self._form.sentence(self._said.get_nowait())
        return None if self._task.done() else HEARTBEAT

    def _ending(self, request_id: str) -> bytes:
        failure = _STOPPING if self._task.cancelled() else self._task.exception()
        if failure is None:
            return self._form.reply(self._task.result())
        return self._form.error(problem_of(failure), request_id)


def result_of(task: asyncio.Task[_Result]) -> _Result:
    """What a finished turn came to. Raises its error; a cancelled one counts as the service's stopping."""
    if task.cancelled():
        raise _STOPPING
    return task.result()
