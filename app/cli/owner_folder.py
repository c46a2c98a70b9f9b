"""`candor init`: a folder for a knowledge base of one's own."""

from __future__ import annotations

import os
import secrets
import shlex
import shutil
from collections.abc import Sequence
from pathlib import Path

import typer

from app.api.origins import origin_of
from app.cli.failures import Failed
from app.web.texts import FILE, OWNERS_TEMPLATE
from knowledge.shipped_seeds import SHIPPED_SEEDS

_DEMONSTRATION = (
    "kb",
    "gold",
    "practical",
    "practice",
)  # its entries, and what measures and trains with them
_TOKEN_BYTES = 24
_TOPICS = """\
# What your knowledge base is about, in the order in which replies name it ("I answer questions about …"): the
# topics of your entries, each with a label for people. A topic without a line here is named as it is written.
# - id: opening-hours
#   label: "Opening hours"
[]
"""
_ENV = """\
# Settings of this service; `candor settings` lists them all. Keep this file to yourself: it holds a secret.
CANDOR_DATA_DIR=var
CANDOR_SEEDS_DIR=seeds

# Opens /admin to whoever sends it as a bearer token.
CANDOR_ADMIN_TOKEN={token}

# Whom to ask instead, shown where there is no answer and to who wants a person: a page, an address, a number.
{contact}

# Origins of the pages that may talk to the service from a browser, comma-separated.
{origins}

# Said to somebody who may harm themselves, and first to somebody who needs help at once. Name the services of
# your country; a text that suits everywhere comes with the seeds (seeds/voice.yaml).
# CANDOR_CRISIS_TEXT=
# CANDOR_EMERGENCY_TEXT=

# How many days what users said is kept. Unset: for ever.
# CANDOR_RETENTION_DAYS=90
"""


def make_folder(folder: Path, contact: str, origins: Sequence[str]) -> None:
    """Fill `folder`, and print what to do next. Raises `Failed` where it holds something, where an origin is
    none, and where `contact` has several lines."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Failed(f"{folder} is not an empty folder: name a new one.")
    settings = _settings(contact, origins)
    folder.mkdir(parents=True, exist_ok=True)
    _copy_seeds(folder / "seeds")
    _write_secret(folder / ".env", settings)
    typer.echo(_next_steps(folder, bool(contact)))


def _copy_seeds(target: Path) -> None:
    shutil.copytree(
        SHIPPED_SEEDS,
        target,
        ignore=lambda at, _: _DEMONSTRATION if Path(at) == SHIPPED_SEEDS else (),
        copy_function=shutil.copyfile,  # the modes of an installed package are not those of a folder to edit
    )
    (target / "topics.yaml").write_text(_TOPICS, "utf-8")
    shutil.copyfile(OWNERS_TEMPLATE, target / FILE)


def _settings(contact: str, origins: Sequence[str]) -> str:
    if len(contact.splitlines()) > 1:
        raise Failed("--contact must be one line.")
    try:
        allowed = [origin_of(origin) for origin in origins]
    except ValueError as error:
        raise Failed(f"--origin: {error}") from None
    return _ENV.format(
        token=secrets.token_urlsafe(_TOKEN_BYTES),
        contact=_line("CANDOR_HANDOFF_CONTACT", contact),
        origins=_line("CANDOR_CORS_ORIGINS", ",".join(allowed)),
    )


def _line(name: str, value: str) -> str:
    """A line of `.env`, commented out where there is no value."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"{name}='{escaped}'" if value else f"# {name}="


def _write_secret(file: Path, text: str) -> None:
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
        out.write(text)


def _next_steps(folder: Path, has_contact: bool) -> str:
    contact = (
        "" if has_contact else "  Name a contact in .env: people are sent there where there is no answer.\n"
    )
    return (
        f"{folder} is yours: .env with a made admin token, seeds/ with voice and models.\n\n"
        f"  cd {shlex.quote(str(folder))}\n"
        "  candor template questions.xlsx            an empty table to fill; or take your own\n"
        "  candor import questions.xlsx --check      what would be taken in\n"
        "  candor import questions.xlsx --reindex    take it in, and build the first release\n"
        "  candor chat                               try it\n"
        "  candor serve                              http://127.0.0.1:8000\n\n"
        f"{contact}  What it says besides the entries is in seeds/voice.yaml, seeds/topics.yaml and\n"
        "  seeds/conversations/; `candor doctor` tells what it learned from them. What the chat widget\n"
        "  says is in seeds/widget.yaml."
    )
