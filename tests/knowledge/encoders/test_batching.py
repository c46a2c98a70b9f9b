from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from knowledge.encoders.batching import BatchedEncoder
from knowledge.encoders.types import EncoderFailed, EncoderInfo
from knowledge.types import FloatArray


class GatedEncoder:
    """Counts its calls; holds each until the gate is open."""

    dimension = 3
    fingerprint = "gated"
    info = EncoderInfo("gated", 3, "float32", 1.0, "gated", "", Path(), "")

    def __init__(self) -> None:
        self.calls: list[list[str]] = []
        self.called = threading.Event()
        self.gate = threading.Event()
        self.gate.set()
        self.error: Exception | None = None

    def encode(self, texts: Sequence[str]) -> FloatArray:
        self.calls.append(list(texts))
        self.called.set()
        assert self.gate.wait(10)
        if self.error is not None:
            raise self.error
        return np.array([[len(text), 1.0, 0.0] for text in texts], dtype=np.float32)


async def wait_for_call(encoder: GatedEncoder) -> None:
    assert await asyncio.to_thread(encoder.called.wait, 10)


async def test_rows_follow_the_texts_also_when_some_are_equal() -> None:
    encoder = GatedEncoder()
    batched = BatchedEncoder(encoder)

    vectors = await batched.encode(["aaa", "b", "aaa"])

    assert vectors[:, 0].tolist() == [3, 1, 3]
    assert encoder.calls == [["aaa", "b"]]
    assert (await batched.encode([])).shape == (0, 3)
    await batched.close()


async def test_a_text_asked_again_is_not_encoded_again() -> None:
    encoder = GatedEncoder()
    batched = BatchedEncoder(encoder)

    first = await batched.encode(["hello"])
    first[:] = 0  # the caller's own copy
    again = await batched.encode(["hello"])

    assert again[0, 0] == 5
    assert len(encoder.calls) == 1
    await batched.close()


async def test_the_least_recently_used_text_is_forgotten_first() -> None:
    encoder = GatedEncoder()
    batched = BatchedEncoder(encoder, cache_size=2)

    for text in ("a", "b", "a", "c", "a", "b"):
        await batched.encode([text])

    assert encoder.calls == [["a"], ["b"], ["c"], ["b"]]
    await batched.close()


async def test_what_arrives_while_the_model_is_busy_is_one_batch() -> None:
    encoder = GatedEncoder()
    encoder.gate.clear()
    batched = BatchedEncoder(encoder)

    turns = [asyncio.create_task(batched.encode(["first"]))]
    await wait_for_call(encoder)
    turns += [asyncio.create_task(batched.encode([text, "same"])) for text in ("x", "yy", "zzz")]
    await asyncio.sleep(0)
    encoder.gate.set()
    vectors = await asyncio.gather(*turns)

    assert encoder.calls == [["first"], ["x", "same", "yy", "zzz"]]
    assert [vector[0, 0] for vector in vectors] == [5, 1, 2, 3]
    await batched.close()


async def test_a_cancelled_turn_takes_no_other_with_it() -> None:
    encoder = GatedEncoder()
    encoder.gate.clear()
    batched = BatchedEncoder(encoder)

    cancelled = asyncio.create_task(batched.encode(["hello"]))
    waiting = asyncio.create_task(batched.encode(["hello"]))
    await wait_for_call(encoder)
    cancelled.cancel()
    with pytest.raises(asyncio.CancelledError):
        await cancelled
    encoder.gate.set()

    assert (await waiting)[0, 0] == 5
    await batched.close()


@pytest.mark.parametrize("text", ["hello", "other"])
async def test_a_failure_reaches_who_waits_and_is_not_kept(text: str) -> None:
    encoder = GatedEncoder()
    encoder.error = EncoderFailed("out of order")
    batched = BatchedEncoder(encoder)

    with pytest.raises(EncoderFailed, match="out of order"):
        await batched.encode(["hello"])
    encoder.error = None

    assert (await batched.encode([text])).shape == (1, 3)
    await batched.close()


async def test_nobody_waits_forever_when_the_worker_dies() -> None:
    encoder = GatedEncoder()
    encoder.gate.clear()
    encoder.error = ZeroDivisionError("a defect")
    batched = BatchedEncoder(encoder)
    reported: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context["message"]))

    busy = asyncio.create_task(batched.encode(["first"]))
    await wait_for_call(encoder)
    queued = asyncio.create_task(batched.encode(["second"]))
    await asyncio.sleep(0)
    encoder.gate.set()

    async with asyncio.timeout(5):
        for turn in (busy, queued):
            with pytest.raises(EncoderFailed, match="stopped"):
                await turn
    await batched.close()


async def test_a_closed_encoder_finishes_its_work_and_takes_no_more() -> None:
    encoder = GatedEncoder()
    batched = BatchedEncoder(encoder)

    under_way = asyncio.create_task(batched.encode(["hello"]))
    await asyncio.sleep(0)
    await batched.close()

    assert (await under_way).shape == (1, 3)
    with pytest.raises(EncoderFailed, match="closed"):
        await batched.encode(["hello"])


async def test_what_gives_way_is_overtaken_and_worked_on_in_small_batches() -> None:
    encoder = GatedEncoder()
    batched = BatchedEncoder(encoder)
    encoder.gate.clear()

    large = [f"large {number}" for number in range(20)]
    waiting = asyncio.create_task(batched.encode(large, gives_way=True))
    await wait_for_call(encoder)
    small = asyncio.create_task(batched.encode(["small"]))
    await asyncio.sleep(0)
    encoder.gate.set()

    assert (await small).shape == (1, 3)
    assert (await waiting).shape == (20, 3)
    assert [len(call) for call in encoder.calls] == [8, 1, 8, 4]
    assert encoder.calls[1] == ["small"]
    await batched.close()
