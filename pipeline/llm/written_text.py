"""The text of a stream, piece by piece, and whether it ended as it should."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from pipeline.errors import ModelOutputError
from pipeline.llm.completion import Choice, Completion, Usage, check_end
from pipeline.llm.reasoning import SpokenText
from pipeline.llm.retrying import AttemptFailed
from pipeline.llm.running_call import RunningCall

_AFTER_THE_END_S = 1.0  # for the usage, which comes last
_CHARACTERS_A_TOKEN = 16  # more than any language needs: beyond it the server ignores its limit


class WrittenText:
    """Reads one stream. `written` is all that the model wrote, thoughts included."""

    def __init__(self, chunks: AsyncGenerator[Completion, None], max_tokens: int, idle_s: float) -> None:
        self._chunks = chunks
        self._limit = max_tokens * _CHARACTERS_A_TOKEN
        self._idle_s = idle_s
        self._spoken = SpokenText()
        self._waiting: list[Completion] = []
        self._finished = False
        self._said = False
        self.usage: Usage | None = None
        self.written = ""

    async def begin(self) -> None:
        """Waits for the first chunk; up to there a request can be repeated unnoticed."""
        self._waiting.append(await anext(self._chunks, Completion(choices=[])))

    async def next(self, call: RunningCall) -> str | None:
        """The next piece to be shown; None at the end. Raises `AttemptFailed` where the stream breaks off,
        `ModelOutputError` where it is refused, cut off, endless or empty."""
        while (chunk := await self._chunk(call)) is not None:
            self.usage = chunk.usage or self.usage
            if chunk.choices and (piece := self._take(chunk.choices[0])):
                return piece
        if not self._finished:
            raise AttemptFailed("the stream broke off", again=True)
        rest = self._spoken.end()
        if not (self._said or rest.strip()):
            raise ModelOutputError("an empty answer")
        self._said = True
        return rest or None

    async def _chunk(self, call: RunningCall) -> Completion | None:
        if self._waiting:
            return self._waiting.pop()
        try:
            async with call.waiting(_AFTER_THE_END_S if self._finished else self._idle_s):
                return await anext(self._chunks, None)
        except AttemptFailed:
            if self._finished:
                return None
            raise

    def _take(self, choice: Choice) -> str:
        self.written += choice.delta.content or ""
        self._finished |= choice.finish_reason is not None
        check_end(choice)
        if len(self.written) > self._limit:
            raise ModelOutputError("the model does not stop writing")
        piece = self._spoken.feed(choice.delta.content or "")
        self._said |= bool(piece.strip())
        return piece

    async def close(self) -> None:
        await self._chunks.aclose()
