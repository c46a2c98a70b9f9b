"""Turns while the release is swapped: none may fail. `python -m bench.swap [--swaps 5]`"""

from __future__ import annotations

import argparse
import tempfile
import threading
from pathlib import Path

from bench.service import CLIENTS, messages, reindex, service
from knowledge.encoders.types import DEFAULT_ENCODER, load_encoder


def main() -> None:
    parser = argparse.ArgumentParser(description="Reindex under load; CANDOR_GATE=false leaves out the gate.")
    parser.add_argument("--swaps", type=int, default=5)
    swaps: int = parser.parse_args().swaps
    asked, statuses, done = messages(), list[int](), threading.Event()
    with tempfile.TemporaryDirectory() as folder:
        load_encoder(DEFAULT_ENCODER, Path(folder))
        with service(Path(folder)) as (client, _, _):

            def ask_on(first: int) -> None:
                number = first
                while not done.is_set():
                    reply = client.post("/chat", json={"message": asked[number % len(asked)]})
                    statuses.append(reply.status_code)
                    number += CLIENTS

            threads = [threading.Thread(target=ask_on, args=(first,)) for first in range(CLIENTS)]
            for thread in threads:
                thread.start()
            for _ in range(swaps):
                reindex(client)
            done.set()
            for thread in threads:
                thread.join()
    failed = sum(status != 200 for status in statuses)
    print(f"{CLIENTS} clients during {swaps} reindexes: {len(statuses)} turns, {failed} failed")


if __name__ == "__main__":
    main()
