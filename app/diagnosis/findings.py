"""What looking at the installation finds, and what is needed to look with the standard library alone."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version

SETUP = "install Candor again; in a checkout, run `make setup`"


class State(StrEnum):
    OK = "ok"
    NOTE = "note"  # the service runs, with less
    FAILED = "failed"  # the service could not run


@dataclass(frozen=True, slots=True)
class Finding:
    """One part of the installation. `remedy` says what to do about it, where there is anything to do."""

    name: str
    state: State
    detail: str
    remedy: str = ""


def version_of(name: str) -> str | None:
    """The installed version of a package; None where it is missing."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None
