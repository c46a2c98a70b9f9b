"""The process in which the gate asks its questions, so that live turns share neither lock nor memory with it.
It gives way to everything else on the machine, and ends with the service, however that ends."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection

from app.compose.threads import one_thread_a_product
from app.release_gate.questions import Asked
from app.release_gate.verdicts import Answer
from app.settings import Settings
from knowledge.types import KnowledgeError

_NICE = 10
_LOOKED_EVERY_S = 0.5
_ENDS_WITHIN_S = 5.0
Told = Callable[[int], None]
"""Called with how many questions are answered; what it raises ends the asking."""


class ExaminationFailed(KnowledgeError):
    """The gate could not ask its questions."""


@dataclass(frozen=True, slots=True)
class Order:
    """What the process is to do."""

    settings: Settings
    before_id: str
    after_id: str
    questions: tuple[Asked, ...]


def ask_both(
    settings: Settings, before_id: str, after_id: str, questions: Sequence[Asked], told: Told
) -> list[tuple[Answer, Answer]]:
    """What the releases answer, in the order of the questions. Blocks. Raises `ExaminationFailed`, and what
    `told` raises: the process is ended then."""
    order = Order(settings, before_id, after_id, tuple(questions))
    answers: list[tuple[Answer, Answer]] = []
    with _child(order) as ours:
        while len(answers) < len(questions):
            told(len(answers))
            if not ours.poll(_LOOKED_EVERY_S):
                continue
            try:
                answers.append(ours.recv())
            except EOFError:
                raise ExaminationFailed(
                    "The gate's questions could not be asked: see the log for why its process ended."
                ) from None
    told(len(answers))
    return answers


@contextmanager
def _child(order: Order) -> Iterator[Connection]:
    """A process at work on the order, and the end of the pipe that it answers through. It is gone after."""
    context = multiprocessing.get_context("spawn")  # a fork would inherit threads' locks
    ours, theirs = context.Pipe()
    process = context.Process(target=work, args=(theirs,), name="candor-gate", daemon=True)
    try:
        process.start()
        theirs.close()
        with suppress(BrokenPipeError):
            ours.send(order)
        yield ours
    finally:
        ours.close()
        process.join(0 if process.is_alive() else _ENDS_WITHIN_S)
        if process.is_alive():
            process.kill()
            process.join(_ENDS_WITHIN_S)


def work(pipe: Connection) -> None:
    """The process's own part."""
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    with suppress(OSError):
        os.nice(_NICE)
    order: Order = pipe.recv()
    one_thread_a_product()
    asyncio.run(_answer(order, pipe))


async def _answer(order: Order, pipe: Connection) -> None:
    from app.release_gate.asking import Examiner
    from app.store.database.db import open_database
    from knowledge.encoders.types import load_encoder

    settings = order.settings
    engine = open_database(settings.database)
    encoder = load_encoder(settings.encoder, settings.data_dir, settings.encoder_threads)
    examiner = Examiner.of(settings, engine, encoder, order.before_id, order.after_id)
    try:
        async for pair in examiner.answers(order.questions):
            pipe.send(pair)
    finally:
        await examiner.close()
        engine.dispose()


def _end_with_the_parent() -> None:
    if (parent := multiprocessing.parent_process()) is not None:
        parent.join()
        os._exit(1)
