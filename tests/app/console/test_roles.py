"""Each role, view by view: what it is shown, it may do."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from bs4 import BeautifulSoup, Tag

from app.compose.services import Services
from app.store.curators import Role
from knowledge.curation.lifecycle import Writing
from knowledge.types import UNWRITTEN, EntryStatus
from pipeline.types import Outcome, Reply
from tests.app.console.conftest import Signed, SignIn
from tests.fakes import ScriptedChat, entry

MOST_VIEWS = 120
NOT_FOLLOWED = ("/admin/static", "/admin/ui/exports/", "/admin/ui/import/template", "/admin/sign-")
ENDS = ("/sign-out", "/sign-out-everywhere", "/account/password")  # of the sign-in itself
BUILDS = "/admin/ui/releases"
EDITOR = Writing("someone", "session", approves=False)


@dataclass(frozen=True)
class Act:
    """A button of a form: where it leads, and with what."""

    view: str
    path: str
    fields: tuple[tuple[str, str], ...]


@pytest.fixture
async def filled(using: Services, chat: ScriptedChat, signed: SignIn) -> Services:
    """Entries in every state, and one of all else that views show."""
    store = using.entries
    for status in EntryStatus:
        store.create(entry(f"is-{status}", status=status))
    store.create(entry("empty", answer=UNWRITTEN, status=EntryStatus.DRAFT))
    store.create(entry("waits"))
    store.update(entry("waits", answer="It waits to be read."), EDITOR)
    store.create(entry("dna"))  # which is live
    store.create(entry("gone"))
    store.delete("gone")
    visitor = (await signed(Role.VIEWER)).client
    for outcome in (Outcome.NO_ANSWER, Outcome.OFF_TOPIC, Outcome.ANSWERED):
        chat.reply = Reply("Well.", outcome)
        said = await visitor.post("/chat", json={"message": f"about {outcome} and more"})
        body = {"message_id": said.json()["message_id"], "rating": "up"}
        await visitor.post("/feedback", json=body)
    return using


@pytest.mark.parametrize("role", Role)
async def test_nobody_is_shown_what_he_may_not_do(filled: Services, signed: SignIn, role: Role) -> None:
    sitting = await signed(role)
    views = await crawled(sitting)
    acts = [act for view, page in views.items() for act in acts_of(view, page)]
    assert len(views) > 20 and bool([act for act in acts if act.path not in ENDS]) is not (
        role is Role.VIEWER
    )
    saved = saved_of(filled)
    refused = set()
    for act in acts:
        if act.path.startswith(BUILDS):  # which would go on while the next is tried
            assert role.covers(Role.APPROVER), act
            continue
        given = await sitting.client.post(act.path, data={"csrf": sitting.csrf, **dict(act.fields)})
        if given.status_code == 403:
            refused.add((act, BeautifulSoup(given.text, "html.parser").main.get_text(" ", strip=True)))  # type: ignore[union-attr]
        restore(filled, saved)
    assert refused == set()


async def crawled(sitting: Signed) -> dict[str, str]:
    """Every view that can be come to by links: none of them is refused."""
    pages: dict[str, str] = {}
    due = ["/admin"]
    while due and len(pages) < MOST_VIEWS:
        path = due.pop(0)
        if path in pages:
            continue
        pages[path] = await sitting.seen(path)
        found = BeautifulSoup(pages[path], "html.parser").find_all("a", href=True)
        links = (urljoin(f"http://candor{path}", str(each["href"])) for each in found)
        for link in (urlsplit(each) for each in links):
            address = f"{link.path}?{link.query}" if link.query else link.path
            if link.netloc == "candor" and link.path.startswith("/admin") and "page=" not in link.query:
                due += [address] if not link.path.startswith(NOT_FOLLOWED) else []
    return pages


def acts_of(view: str, page: str) -> Iterator[Act]:
    """All that the forms of a view can do, each of their buttons by itself."""
    read = BeautifulSoup(page, "html.parser")
    for form in read.find_all("form", method="post"):
        inside = form.find_all(["input", "textarea", "button"])
        beside = read.find_all(["input", "button"], form=str(form["id"])) if form.get("id") else []
        parts = [*inside, *beside]
        fields = [
            (str(each["name"]), value_of(each))
            for each in parts
            if each.name != "button" and each.get("name")
        ]
        for button in (each for each in parts if each.name == "button"):
            path = str(button.get("formaction") or form.get("action") or view)
            own = [(str(button["name"]), str(button.get("value", "")))] if button.get("name") else []
            if not path.endswith(ENDS) and not button.has_attr("disabled"):
                yield Act(view, path, (*fields, *own))


def value_of(field: Tag) -> str:
    return field.get_text().removeprefix("\n") if field.name == "textarea" else str(field.get("value", ""))


def saved_of(using: Services) -> Path:
    """A copy of the database."""
    path = using.settings.data_dir / "saved.db"
    with (
        closing(sqlite3.connect(using.settings.data_dir / "candor.db")) as live,
        closing(sqlite3.connect(path)) as kept,
    ):
        live.backup(kept)
    return path


def restore(using: Services, saved: Path) -> None:
    with (
        closing(sqlite3.connect(saved)) as kept,
        closing(sqlite3.connect(using.settings.data_dir / "candor.db")) as live,
    ):
        kept.backup(live)
