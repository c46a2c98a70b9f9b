"""Memory that is free, given back to the operating system."""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress


def give_back() -> None:
    """To be called once a release is dropped: its arrays go back by themselves, the many small objects of its
    passages leave holes that glibc keeps for later. Takes some 10 ms, in which others go on; elsewhere than
    on glibc it does nothing."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # musl has no such call
            ctypes.CDLL(None).malloc_trim(0)
