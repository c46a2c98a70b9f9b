"""What the service stands on: each part looked at without changing anything.

Only the standard library is imported here: a package that is missing is a finding, not a failure."""

from __future__ import annotations

import platform
import re
import shutil
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, requires

from app.diagnosis.findings import SETUP, Finding, State, version_of
from app.version import DISTRIBUTION, VERSION
from knowledge.extras import EXPORTING, install


def examine() -> Iterator[Finding]:
    """All findings, in the order in which a service would come to need the parts."""
    yield _python()
    packages = [*_packages()]
    yield from packages
    if all(finding.state is not State.FAILED for finding in packages):
        from app.diagnosis.inspection import inspect_service  # needs those packages

        yield from inspect_service()
    yield _chromium()


def _python() -> Finding:
    detail = f"{VERSION} on Python {platform.python_version()}, {platform.machine()}"
    return Finding("candor", State.OK, detail)


def _packages() -> Iterator[Finding]:
    try:
        required = [line for line in requires(DISTRIBUTION) or () if "extra ==" not in line]
    except PackageNotFoundError:
        yield Finding("packages", State.NOTE, "run from its folder: not known which it needs", SETUP)
        return
    serving = [re.split(r"[^\w.-]", line)[0] for line in required]
    yield _group("packages", serving, State.FAILED, SETUP)
    yield _group("to train, or export encoders", EXPORTING, State.NOTE, f"if you want to: {install('train')}")


def _group(title: str, names: Sequence[str], unless: State, remedy: str) -> Finding:
    """Of packages that are needed together; `unless` all are there."""
    found = {name: version_of(name) for name in names}
    there = ", ".join(f"{name} {release}" for name, release in found.items() if release)
    if missing := [name for name, release in found.items() if not release]:
        detail = f"missing: {', '.join(missing)}" + (f"; there: {there}" if there else "")
        return Finding(title, unless, detail, remedy)
    return Finding(title, State.OK, there)


def _chromium() -> Finding:
    """Only the browser tests need it."""
    if path := shutil.which("chromium"):
        return Finding("chromium, for tests", State.OK, path)
    return Finding("chromium, for tests", State.NOTE, "missing", "apt-get install chromium")
