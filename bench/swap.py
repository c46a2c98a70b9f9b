"""Turns while the release is swapped: none may fail. `python -m bench.swap`"""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path

from bench.service import CLIENTS, messages, reindex, service
from knowledge.encoders.types import DEFAULT_ENCODER, load_encoder

SWAPS = 5


def main() -> None:
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
            for _ in range(SWAPS):
                reindex(client)
            done.set()
            for thread in threads:
                thread.join()
    failed = sum(status != 200 for status in statuses)
    print(f"{CLIENTS} clients during {SWAPS} reindexes: {len(statuses)} turns, {failed} failed")


if __name__ == "__main__":
    main()
