"""The running service: start, turns, memory and reindexing, over HTTP on loopback.

python -m bench.service [--data-dir DIR] [--entries 10000]
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np
import psutil

from knowledge.encoders.types import DEFAULT_ENCODER, load_encoder
from knowledge.importing.paths import parse_path

SEEDS = Path(__file__).parent.parent / "seeds"
TOKEN = "only-for-this-bench"  # noqa: S105
CLIENTS = 16


def messages() -> list[str]:
    """What clients ask: the alternates of the seeds, dressed so that none is known by heart."""
    entries = parse_path(SEEDS / "kb").entries
    return [f"Tell me, {alternate}" for entry in entries for alternate in entry.alternates[:2]]


@contextmanager
def service(data_dir: Path) -> Iterator[tuple[httpx.Client, float, psutil.Process]]:
    """A service of its own process: a client for it, the seconds until it was ready, and the process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {
        "CANDOR_DATA_DIR": str(data_dir),
        "CANDOR_ADMIN_TOKEN": TOKEN,
        "CANDOR_RATE_LIMIT_PER_MINUTE": "1000000",
        "CANDOR_LOG_LEVEL": "ERROR",
    }
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "app.cli", "serve", "--port", str(port)], env=environment, cwd=SEEDS.parent
    )
    headers = {"authorization": f"Bearer {TOKEN}"}
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=600) as client:
            wait_ready(client)
            yield client, time.perf_counter() - started, psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(30)


def wait_ready(client: httpx.Client) -> None:
    for _ in range(60_000):
        try:
            if client.get("/health/ready").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.01)
    raise TimeoutError("the service did not become ready")


def ask(client: httpx.Client, message: str) -> float:
    """One turn's milliseconds."""
    started = time.perf_counter()
    client.post("/chat", json={"message": message}).raise_for_status()
    return (time.perf_counter() - started) * 1000


def reindex(client: httpx.Client) -> tuple[float, dict[str, int]]:
    """Seconds until the new release serves, and its counts."""
    started = time.perf_counter()
    job_id = client.post("/admin/reindex").raise_for_status().json()["job_id"]
    while (job := client.get(f"/admin/reindex/{job_id}").json())["status"] in ("queued", "running"):
        time.sleep(0.02)
    assert job["status"] == "succeeded", job
    return time.perf_counter() - started, job["counts"]


def many_entries(count: int) -> str:
    """A knowledge base of any size, as JSONL: each entry a question about a subject of its own."""
    rows = (
        {
            "id": f"bench-{number}",
            "topic": f"topic-{number % 40}",
            "question": f"What is known about procedure {number} in department {number % 97}?",
            "answer": f"Procedure {number} is carried out in room {number % 613}. It is brief.",
        }
        for number in range(count)
    )
    return "\n".join(json.dumps(row) for row in rows)


def report_turns(client: httpx.Client, process: psutil.Process) -> None:
    asked = messages()
    for message in asked[:20]:
        ask(client, message)
    alone = [ask(client, message) for message in asked[20:320]]
    print(f"one client: p50 {np.percentile(alone, 50):.1f} ms, p99 {np.percentile(alone, 99):.1f} ms a turn")
    started, before = time.perf_counter(), cpu_s(process)
    with ThreadPoolExecutor(CLIENTS) as pool:
        crowd = list(pool.map(lambda message: ask(client, message), asked[:480]))
    rate = len(crowd) / (time.perf_counter() - started)
    p50, p99 = np.percentile(crowd, [50, 99])
    spent = (cpu_s(process) - before) / len(crowd) * 1000
    print(f"{CLIENTS} clients: p50 {p50:.1f} ms, p99 {p99:.1f} ms a turn, {rate:.0f} turns/s")
    print(f"{CLIENTS} clients: {spent:.1f} ms of processor a turn ({2000 / spent:.0f} turns/s on two cores)")


def cpu_s(process: psutil.Process) -> float:
    """Seconds of processor that it has taken so far: what else runs on the machine does not change them."""
    times = process.cpu_times()
    return float(times.user + times.system)


def report_large_base(client: httpx.Client, count: int) -> None:
    body = many_entries(count)
    jsonl = {"content-type": "application/x-ndjson"}
    client.post("/admin/entries/import?mode=replace", content=body, headers=jsonl).raise_for_status()
    seconds, counts = reindex(client)
    print(f"reindex of {count:,} new entries: {seconds:.1f} s, {counts}")
    changed = json.loads(body.splitlines()[count // 2]) | {"answer": "It was moved to room 9."}
    client.post("/admin/entries/import", content=json.dumps(changed), headers=jsonl).raise_for_status()
    seconds, counts = reindex(client)
    print(f"reindex after one changed entry: {seconds:.1f} s, {counts}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure a running service on this machine.")
    parser.add_argument("--entries", type=int, default=10_000, help="size of the large knowledge base")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder)
        load_encoder(DEFAULT_ENCODER, data_dir)  # the export happens once a machine and is not a start
        with service(data_dir) as (client, seconds, _):
            print(f"first start, imports and indexes the seeds: ready in {seconds:.1f} s")
            print("reindex of the unchanged seeds: {:.1f} s, {}".format(*reindex(client)))
        with service(data_dir) as (client, seconds, process):
            first = ask(client, messages()[0])
            print(f"start: ready in {seconds:.2f} s, first answer after {seconds + first / 1000:.2f} s")
            report_turns(client, process)
            print(f"resident memory after these turns: {process.memory_info().rss / 2**20:.0f} MiB")
            report_large_base(client, options.entries)
            print(f"resident memory with the large base: {process.memory_info().rss / 2**20:.0f} MiB")


if __name__ == "__main__":
    main()
