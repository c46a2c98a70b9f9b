"""How long work says how far it is."""

from __future__ import annotations

from collections.abc import Callable

Show = Callable[[float, str], None]
"""Called with the share of the work done, 0..1, and what is being done."""
