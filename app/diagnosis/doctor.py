"""What the service stands on: each part looked at without changing anything.

Only the standard library is imported here: a package that is missing is a finding, not a failure."""

from __future__ import annotations

import platform
import re
import shutil
from collections.abc import Iterator
from importlib.metadata import requires, version

from app.diagnosis.findings import EXPORTING, SETUP, Finding, State, version_of


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
    detail = f"{version('candor')} on Python {platform.python_version()}, {platform.machine()}"
    return Finding("candor", State.OK, detail)


def _packages() -> Iterator[Finding]:
    needed = [re.split(r"[^\w.-]", line)[0] for line in requires("candor") or () if "extra ==" not in line]
    found = {name: version_of(name) for name in needed}
    serving = [name for name in needed if name not in EXPORTING]
    for title, names, state in (
        ("packages", serving, State.FAILED),
        ("for exporting encoders", EXPORTING, State.NOTE),
    ):
        there = ", ".join(f"{name} {found[name]}" for name in names if found.get(name))
        if missing := [name for name in names if not found.get(name)]:
            yield Finding(title, state, f"missing: {', '.join(missing)}; there: {there}", SETUP)
        else:
            yield Finding(title, State.OK, there)


def _chromium() -> Finding:
    """Only the browser tests need it."""
    if path := shutil.which("chromium"):
        return Finding("chromium, for tests", State.OK, path)
    return Finding("chromium, for tests", State.NOTE, "missing", "apt-get install chromium")
