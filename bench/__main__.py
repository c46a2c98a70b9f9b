"""All measurements that need nothing but this repository: `python -m bench`."""

from __future__ import annotations

import sys
from pathlib import Path

from app.cli.evaluation import evaluate
from bench import encoder, service, swap

GOLD = Path(__file__).parent.parent / "seeds" / "gold"

for title, measure in (
    ("Encoder", encoder.main),
    ("Service", service.main),
    ("Swap", swap.main),
    ("Gold questions", lambda: evaluate([GOLD], None, None, None, None)),
):
    print(f"\n{title}", flush=True)
    sys.argv = [title]
    measure()
