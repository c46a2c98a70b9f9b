"""Where the seeds lie that come with Candor: knowledge base, voice, examples, models."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).resolve().parent
_PACKED = _HERE / "seeds"  # in an installed wheel; a checkout has them beside its packages

SHIPPED_SEEDS = _PACKED if _PACKED.is_dir() else _HERE.parent / "seeds"
