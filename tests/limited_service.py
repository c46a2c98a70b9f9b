"""`python -m tests.limited_service FOLDER FILES`: a scripted service that may have FILES files open.
It prints its port."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

from app.logs import configure_logging
from app.main import create_app
from app.server import Server, listen
from tests.fakes import services


def main(folder: Path, files: int) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    configure_logging("INFO")
    with listen("127.0.0.1", 0) as listener:
        print(listener.getsockname()[1], flush=True)
        Server(create_app(services(folder)), listener).run()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
