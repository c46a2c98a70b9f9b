"""All measurements that need nothing but this repository: `python -m bench`."""

from __future__ import annotations

import sys

from bench import encoder, gold, service, swap

for title, measure in (
    ("Encoder", encoder.main),
    ("Service", service.main),
    ("Swap", swap.main),
    ("Gold questions", gold.main),
):
    print(f"\n{title}", flush=True)
    sys.argv = [title]
    measure()
