"""Stands in for the process of a local language model: does as its order says."""

from __future__ import annotations

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

READY = "candor-llm-ready "


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


def main() -> None:
    order = json.loads(sys.stdin.readline())
    with Path(order["lives"]).open("a") as lives:
        lives.write("born\n")
    print("loading the model", flush=True)
    if order.get("dies"):
        print("no memory left", file=sys.stderr, flush=True)
        sys.exit(3)
    if not order.get("never_ready"):
        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print(f"{READY}http://127.0.0.1:{server.server_port}", flush=True)
    if order.get("stubborn"):
        threading.Event().wait()
    sys.stdin.read()


if __name__ == "__main__":
    main()
