"""The process that holds a local language model: `python -P local_llm_child.py`, started by
`app.compose.local_llm`.

Takes its order as one line of JSON on standard input, says `READY` with its address on standard output, and
ends when its standard input does: with the service, however that ends. Imports nothing of ours."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import threading
from typing import Any

READY = "candor-llm-ready "
_PR_SET_PDEATHSIG = 1


def main() -> None:
    _end_with_the_parent()
    order = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_standard_input, daemon=True).start()
    server = _serve(order)
    print(READY + server.listening_address, flush=True)
    threading.Event().wait()


def _end_with_the_parent() -> None:
    """Linux ends this process with the thread that started it. While a model is loaded no other thread runs
    here, which could notice the end of standard input."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _end_with_standard_input() -> None:
    sys.stdin.read()
    os._exit(0)


def _serve(order: dict[str, Any]) -> Any:  # noqa: ANN401 - xllamacpp has no types
    """Blocks until the model is loaded."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = order["model"]
    params.n_ctx = order["context"]  # shared by the slots
    params.n_parallel = order["slots"]
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = order["threads"] or os.cpu_count() or 1
    params.hostnames, params.port = ["127.0.0.1"], 0
    params.api_keys = [order["key"]]  # other users of this machine reach the loopback interface too
    params.ui = params.endpoint_slots = False
    return xllamacpp.Server(params)


if __name__ == "__main__":
    main()
