"""The extras of the distribution: what is needed for more than serving, and how to get it."""

from __future__ import annotations

from importlib.util import find_spec

EXPORTING = ("torch", "onnx", "onnxscript", "sentence-transformers")
"""The packages that an encoder is exported with, once, unless it ships as an export already."""


def install(extra: str) -> str:
    """The command that adds an extra to an installed Candor."""
    return f"pip install 'candor-chat[{extra}]'"


def lacking_to_export() -> str:
    """Which of `EXPORTING` are missing and how to get them, in a clause; empty where all are there. Imports
    none of them."""
    missing = [name for name in EXPORTING if find_spec(name.replace("-", "_")) is None]
    verb = "is" if len(missing) == 1 else "are"
    return f"{', '.join(missing)} {verb} missing: {install('train')}" if missing else ""
