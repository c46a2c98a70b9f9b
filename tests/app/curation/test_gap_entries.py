"""One call from a gap to an entry: a draft, more wordings of one, or a draft that a language model writes."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, cast

import pytest

from app.compose.language_model import LanguageModel
from app.store.curators import Role
from knowledge.types import UNWRITTEN, EntryStatus
from pipeline.errors import ModelOutputError, ModelUnavailable
from tests.app.curation.conversing import Told, Users, users_of
from tests.app.curation.test_gaps import DOGS, PARKING
from tests.fakes import ScriptedModel, entry, snapshot

WRITTEN = json.dumps({"question": "May dogs come in?", "answer": "Dogs may come in.", "used": [1, 9, 1]})


async def gap_id_of(users: Users, *messages: str) -> str:
    for message in messages:
        await users.say(message)
    (gap,) = await users.gaps()
    return cast(str, gap["id"])


async def test_a_gap_becomes_a_draft_with_its_messages_as_alternates(users: Users) -> None:
    gap_id = await gap_id_of(users, *PARKING)
    made = await users.client.post(f"/admin/gaps/{gap_id}/entry")
    record = made.json()
    assert (made.status_code, made.headers["Location"]) == (201, f"/admin/entries/{record['id']}")
    assert (record["status"], record["answer"]) == ("draft", UNWRITTEN)
    assert {record["question"], *record["alternates"]} == set(PARKING)
    assert (await users.get(f"gaps/{gap_id}"))["entry_id"] == record["id"]
    again = await users.client.post(f"/admin/gaps/{gap_id}/entry")
    assert (again.status_code, again.json()["entry_id"]) == (409, record["id"])
    assert (await users.client.delete(f"/admin/entries/{record['id']}")).status_code == 204
    assert (await users.client.post(f"/admin/gaps/{gap_id}/entry")).status_code == 201


async def test_the_curators_words_come_first(users: Users) -> None:
    users.using.entries.create(entry("where-is-the-car-park"))
    gap_id = await gap_id_of(users, *PARKING)
    given = {"question": "Where is the car park?", "answer": "Behind the hall.", "topic": "visit"}
    record = (await users.client.post(f"/admin/gaps/{gap_id}/entry", json=given)).json()
    assert {name: record[name] for name in given} == given
    assert record["id"] == "where-is-the-car-park-2" and set(record["alternates"]) == set(PARKING)


async def test_a_draft_without_an_answer_cannot_be_approved(users: Users) -> None:
    gap_id = await gap_id_of(users, *PARKING)
    record = (await users.client.post(f"/admin/gaps/{gap_id}/entry")).json()
    address = f"/admin/entries/{record['id']}"
    refused = await users.client.put(address, json=record | {"status": "approved"})
    assert refused.status_code == 422 and "still to be written" in refused.json()["detail"]
    approving = await users.client.post(f"{address}/status", json={"status": "approved"})
    assert approving.status_code == 409 and "no answer yet" in approving.json()["detail"]
    by_mistake = replace(users.using.entries.get(record["id"]), status=EntryStatus.APPROVED)
    assert not by_mistake.is_servable(date.today())


async def test_messages_are_added_to_an_entry_that_there_is(users: Users) -> None:
    users.using.entries.create(entry("dna", alternates=(PARKING[1],)))
    gap_id = await gap_id_of(users, *PARKING)
    address = f"/admin/gaps/{gap_id}/alternates"
    chosen = (await users.get(f"gaps/{gap_id}"))["messages"][0]
    one = await users.client.post(address, json={"entry_id": "dna", "messages": [chosen["message_id"]]})
    assert one.json()["alternates"] == list(dict.fromkeys([PARKING[1], chosen["message"]]))
    everything = await users.client.post(address, json={"entry_id": "dna"})
    assert sorted(everything.json()["alternates"]) == sorted(PARKING)
    assert users.using.entries.get("dna").alternates == tuple(everything.json()["alternates"])
    assert (await users.get(f"gaps/{gap_id}"))["entry_id"] == "dna"


@pytest.mark.parametrize(
    ("call", "body", "status"),
    [
        ("alternates", {"entry_id": "dna", "messages": ["nope"]}, 422),
        ("alternates", {"entry_id": "dna", "messages": []}, 422),
        ("alternates", {"entry_id": "none"}, 404),
        ("alternates", {}, 422),
        ("alternates", {"entry_id": "dna", "colour": "blue"}, 422),
        ("entry", {"question": "x" * 501}, 422),
        ("entry", {"answer": 7}, 422),
        ("entry", {"id": "mine"}, 422),
    ],
)
async def test_wrong_calls_change_nothing(users: Users, call: str, body: dict[str, Any], status: int) -> None:
    users.using.entries.create(entry("dna"))
    gap_id = await gap_id_of(users, *PARKING)
    response = await users.client.post(f"/admin/gaps/{gap_id}/{call}", json=body)
    assert response.status_code == status, response.text
    assert [each.id for each in users.using.entries.all()] == ["dna"]
    assert users.using.entries.get("dna").alternates == ()


async def test_a_message_with_personal_data_cannot_be_chosen(users: Users) -> None:
    users.using.entries.create(entry("dna"))
    message = "mail me at zelda@example.org where to park"
    gap_id = await gap_id_of(users, message)
    (said,) = (await users.get(f"gaps/{gap_id}"))["messages"]
    body = {"entry_id": "dna", "messages": [said["message_id"]]}
    refused = await users.client.post(f"/admin/gaps/{gap_id}/alternates", json=body)
    assert refused.status_code == 422 and "personal data" in refused.json()["detail"]


class Model(ScriptedModel):
    async def close(self) -> None:
        """There is nothing to close."""


def written_by(*script: str | Exception) -> tuple[ScriptedModel, LanguageModel]:
    model = Model(*script)
    return model, LanguageModel(cast(Any, model))


async def test_a_language_model_drafts_from_the_nearest_entries(tmp_path: Path) -> None:
    model, llm = written_by(WRITTEN)
    async with users_of(tmp_path, Told(), llm=llm) as users:
        dogs = entry(
            "dogs", question="Are small dogs allowed?", answer="Small dogs may come in.", topic="pets"
        )
        users.using.live.swap(snapshot(dogs, entry("lamps", question="Who lights them?")))
        users.using.entries.create(
            entry("idea", question="Are cats allowed in the hall?", status=EntryStatus.DRAFT)
        )
        gap_id = await gap_id_of(users, *DOGS)
        made = await users.client.post(f"/admin/gaps/{gap_id}/draft")
        assert made.status_code == 201, made.text
        draft = made.json()
        assert (draft["model"], draft["based_on"]) == ("scripted", ["dogs"])
        record = draft["entry"]
        assert (record["status"], record["question"]) == ("draft", "May dogs come in?")
        assert (record["topic"], set(record["alternates"])) == ("pets", set(DOGS))
        assert [source["url"] for source in record["sources"]] == ["https://example.org/dogs"]
        assert users.using.entries.get(record["id"]).status is EntryStatus.DRAFT
        (sent,) = model.prompts
        assert "Small dogs may come in." in sent.messages[0].text and DOGS[0] in sent.messages[0].text
        assert "Are cats allowed in the hall?" in sent.messages[0].text  # drafts are evidence for a draft
        act = users.using.audit.page(act="gap.drafted").acts[0]
        assert act.detail == {"entry_id": record["id"], "model": "scripted", "based_on": ["dogs"]}


@pytest.mark.parametrize(
    ("answer", "status", "kind"),
    [
        (ModelUnavailable("down"), 503, "language-model"),
        (ModelOutputError("no JSON"), 503, "language-model"),
        (json.dumps({"question": "q", "answer": "", "used": []}), 409, "nothing-to-draft-from"),
        (json.dumps({"question": "q", "answer": "Made up.", "used": []}), 409, "nothing-to-draft-from"),
        (json.dumps({"question": "q", "answer": "Made up.", "used": [77]}), 409, "nothing-to-draft-from"),
    ],
)
async def test_a_model_that_fails_leaves_nothing(
    tmp_path: Path, answer: str | Exception, status: int, kind: str
) -> None:
    _, llm = written_by(answer)
    async with users_of(tmp_path, Told(), llm=llm) as users:
        gap_id = await gap_id_of(users, *DOGS)
        response = await users.client.post(f"/admin/gaps/{gap_id}/draft")
        assert (response.status_code, response.json()["type"]) == (status, f"urn:candor:problem:{kind}")
        assert ("Retry-After" in response.headers) is (status == 503)
        assert users.using.entries.count() == 0


async def test_without_a_model_there_is_no_draft(users: Users) -> None:
    gap_id = await gap_id_of(users, *DOGS)
    response = await users.client.post(f"/admin/gaps/{gap_id}/draft")
    assert (response.status_code, response.json()["type"]) == (409, "urn:candor:problem:no-language-model")
    assert "CANDOR_LLM_MODEL" in response.json()["detail"]


@pytest.mark.parametrize(
    ("method", "address", "needed"),
    [
        ("GET", "gaps", Role.VIEWER),
        ("GET", "gaps/x", Role.VIEWER),
        ("GET", "feedback", Role.VIEWER),
        ("GET", "suggestions", Role.VIEWER),
        ("POST", "gaps/x/entry", Role.EDITOR),
        ("POST", "gaps/x/draft", Role.EDITOR),
        ("POST", "gaps/x/alternates", Role.EDITOR),
        ("POST", "gaps/x/dismiss", Role.EDITOR),
        ("POST", "gaps/x/reopen", Role.EDITOR),
        ("POST", "suggestions/x/accept", Role.EDITOR),
        ("POST", "suggestions/x/dismiss", Role.EDITOR),
    ],
)
async def test_each_call_needs_its_role(users: Users, method: str, address: str, needed: Role) -> None:
    for role in Role:
        key = {"Authorization": f"Bearer {users.using.keys.create(f'{role}-key', role)[1]}"}
        given = await users.client.request(method, f"/admin/{address}", headers=key, json={})
        assert (given.status_code == 403) is not role.covers(needed), (role, given.text)
    nobody = await users.client.request(method, f"/admin/{address}", headers={"Authorization": ""}, json={})
    assert nobody.status_code == 401
