"""Sentences a second and latency of an encoder, against all-MiniLM-L6-v2 in plain sentence-transformers, in
the same run.

python -m bench.encoder [--encoder seeds/models/retriever] [--data-dir var] [--threads 0]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from knowledge.encoders.model_store import find_source
from knowledge.encoders.probe_sentences import PROBE_SENTENCES
from knowledge.encoders.torch_encoder import encode_original, load_original
from knowledge.encoders.types import DEFAULT_ENCODER, TextEncoder, load_encoder
from knowledge.types import FloatArray

Encode = Callable[[Sequence[str]], FloatArray]


def short_queries(count: int) -> list[str]:
    """Distinct questions of about ten tokens."""
    plain = [text for text in PROBE_SENTENCES if text.isascii() and 15 < len(text) < 70]
    return [f"{plain[number % len(plain)]} ({number})" for number in range(count)]


def passages(count: int) -> list[str]:
    """Distinct passages of about ninety tokens: two paragraphs each."""
    long = [text for text in PROBE_SENTENCES if len(text) > 140]
    pairs = [f"{first} {second}" for first in long for second in long if first != second]
    return [f"{pairs[number % len(pairs)]} ({number})" for number in range(count)]


def rates(first: Encode, second: Encode, texts: Sequence[str], rounds: int = 5) -> tuple[float, float]:
    """Texts a second of each, in the best of some rounds: what else runs on the machine can only slow a round
    down, and taking turns lets it slow down both."""
    best = [float("inf"), float("inf")]
    for _ in range(rounds):
        for which, encode in enumerate((first, second)):
            start = time.perf_counter()
            encode(texts)
            best[which] = min(best[which], time.perf_counter() - start)
    return len(texts) / best[0], len(texts) / best[1]


def latencies_ms(encode: Encode, texts: Sequence[str]) -> tuple[float, float]:
    """Median and 99th percentile of one text at a time."""
    times = []
    for text in texts:
        start = time.perf_counter()
        encode([text])
        times.append((time.perf_counter() - start) * 1000)
    return float(np.percentile(times, 50)), float(np.percentile(times, 99))


def compare(ours: TextEncoder, plain: Encode) -> list[str]:
    """The report, a line a measurement."""
    lines = [f"encoder {ours.info.name}: {ours.info.precision}, mean cosine {ours.info.mean_cosine:.4f}"]
    for title, texts in (("short queries", short_queries(256)), ("passages", passages(96))):
        own, other = rates(ours.encode, plain, texts)
        lines.append(f"{title}: {own:.0f}/s, sentence-transformers {other:.0f}/s, ratio {own / other:.2f}")
    for title, encode in (("one short query", ours.encode), ("  sentence-transformers", plain)):
        middle, worst = latencies_ms(encode, short_queries(200))
        lines.append(f"{title}: p50 {middle:.2f} ms, p99 {worst:.2f} ms")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the encoder on this machine.")
    parser.add_argument("--encoder", default="seeds/models/retriever")
    parser.add_argument("--data-dir", type=Path, default=Path("var"))
    parser.add_argument("--threads", type=int, default=0)
    options = parser.parse_args()
    ours = load_encoder(options.encoder, options.data_dir, options.threads)
    original = load_original(find_source(DEFAULT_ENCODER, options.data_dir / "models"))
    for line in compare(ours, lambda texts: encode_original(original, texts)):
        print(line)


if __name__ == "__main__":
    main()
