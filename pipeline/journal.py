"""Writes down what happens in a turn. The pipeline alone does so."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from itertools import pairwise
from typing import Protocol, TypeVar

from pipeline.errors import ModelOutputError, ModelUnavailable
from pipeline.turn import Degraded, Step, StepResult, Turn


class Engine(Protocol):
    @property
    def engine(self) -> str: ...


_Engine = TypeVar("_Engine", bound=Engine)
_Result = TypeVar("_Result", bound=StepResult)


class Journal:
    """The steps of one turn, each with the time that it took and its calls to language models."""

    def __init__(self, turn: Turn) -> None:
        self.turn = turn
        self._unbooked = turn.question.context.budget.unbooked

    async def step(self, engine: str, work: Awaitable[_Result]) -> _Result:
        """Awaits a stage and writes down its result."""
        before, started = len(self._unbooked), time.perf_counter()
        result = await work
        self._add(result, engine, (time.perf_counter() - started) * 1000, before)
        return result

    async def first_of(
        self, stage: str, engines: Sequence[_Engine], work: Callable[[_Engine], Awaitable[_Result]]
    ) -> _Result:
        """The result of the first engine that gives one. Raises what the last one raises."""
        for engine, spare in pairwise(engines):
            try:
                return await self.step(engine.engine, work(engine))
            except (ModelUnavailable, ModelOutputError) as error:
                self.note(stage, error, f"the {spare.engine} engine")
        return await self.step(engines[-1].engine, work(engines[-1]))

    def add(self, result: StepResult, engine: str, elapsed_ms: float = 0.0) -> None:
        """A step that was awaited elsewhere, with all calls that are on no other's account."""
        self._add(result, engine, elapsed_ms, 0)

    def note(self, stage: str, error: Exception, fallback: str) -> None:
        """That a stage did not do its work, and what was done instead."""
        self.add(Degraded(stage, f"{type(error).__name__}: {error}", fallback), "pipeline")

    def _add(self, result: StepResult, engine: str, elapsed_ms: float, first_call: int) -> None:
        calls = tuple(self._unbooked[first_call:])
        del self._unbooked[first_call:]
        self.turn.steps.append(Step(result, engine, elapsed_ms, calls))
