"""Wordings that users' choices and ratings suggest: a curator takes each, or leaves it."""

from __future__ import annotations

from typing import Any

import pytest

from app.curation.suggestions import Decision
from pipeline.types import Citation, Outcome, Reply
from tests.app.api.test_admin import until
from tests.app.curation.conversing import YES, Users
from tests.fakes import entry, snapshot

DNA, FLU = entry("dna"), entry("flu")
WHICH = Reply("Which?", Outcome.CLARIFY, suggestions=(DNA.question, FLU.question))


async def offered(users: Users, message: str, chosen: str) -> None:
    users.chain.replies |= {message: WHICH, chosen: YES}
    begun = await users.say(message)
    await users.say(chosen, begun["conversation_id"])


async def suggestions(users: Users, **params: Any) -> list[dict[str, Any]]:  # noqa: ANN401
    items: list[dict[str, Any]] = (await users.get("suggestions", **params))["items"]
    return items


async def prepared(users: Users) -> None:
    users.using.entries.create(DNA)
    users.using.entries.create(FLU)
    users.using.live.swap(snapshot(DNA, FLU))


async def test_a_choice_suggests_a_wording_which_becomes_an_alternate(users: Users) -> None:
    await prepared(users)
    await offered(users, "genes and stuff", DNA.question)
    await offered(users, "Genes, and stuff?", DNA.question)
    (found,) = await suggestions(users, entry_id="dna")
    assert (found["chosen"], found["rated_up"], found["rivals"]) == (2, 0, [])
    assert len(found["message_ids"]) == 2 and await suggestions(users, entry_id="flu") == []
    taken = await users.client.post(f"/admin/suggestions/{found['id']}/accept")
    assert taken.json()["alternates"] == [found["text"]]
    assert users.using.entries.get("dna").alternates == (found["text"],)
    assert await suggestions(users) == []
    again = await users.client.post(f"/admin/suggestions/{found['id']}/accept")
    assert again.status_code == 404
    assert users.using.audit.page().acts[0].act == "suggestion.accepted"


async def test_a_choice_by_its_number_counts_as_one(users: Users) -> None:
    await prepared(users)
    users.chain.picks = {"1"}
    await offered(users, "genes and stuff", "1")
    (found,) = await suggestions(users)
    assert (found["entry_id"], found["text"], found["chosen"]) == ("dna", "genes and stuff", 1)
    assert await users.gaps() == []
    await offered(users, "other stuff", "is it safe")  # a new question, though one of the two answers it
    assert [each["text"] for each in await suggestions(users)] == ["genes and stuff"]


async def test_where_much_was_said_nobody_waits(users: Users, monkeypatch: pytest.MonkeyPatch) -> None:
    """A view shows what was found last, and what is decided is gone at once."""
    monkeypatch.setattr("app.curation.suggestions._AT_ONCE", 0)
    await prepared(users)
    await offered(users, "genes and stuff", DNA.question)
    found = users.using.suggestions
    assert found.at_hand() == []
    await until(lambda: [each.text for each in found.at_hand("dna")] == ["genes and stuff"])
    assert found.at_hand("flu") == []
    found.decide(found.at_hand()[0], Decision.DISMISSED, "somebody")
    assert found.at_hand() == []


async def test_what_was_dismissed_is_not_suggested_again(users: Users) -> None:
    await prepared(users)
    await offered(users, "genes and stuff", DNA.question)
    (found,) = await suggestions(users)
    assert (await users.client.post(f"/admin/suggestions/{found['id']}/dismiss")).status_code == 204
    await offered(users, "genes and stuff", DNA.question)
    assert await suggestions(users) == []


async def test_words_after_which_users_chose_otherwise_are_marked(users: Users) -> None:
    await prepared(users)
    for question in (DNA.question, FLU.question):
        await offered(users, "the shot thing", question)
    assert {(each["entry_id"], *each["rivals"]) for each in await suggestions(users)} == {
        ("dna", "flu"),
        ("flu", "dna"),
    }


async def test_answers_rated_up_suggest_theirs_of_one_entry(users: Users) -> None:
    await prepared(users)
    both = (*YES.citations, Citation(2, "flu", "t", None, 0, 2))
    users.chain.replies = {
        "does it alter me": YES,
        "both at once": Reply(YES.text, Outcome.ANSWERED, both),
        DNA.question.upper(): YES,
        "i am Bob Smith. is it in me": YES,
        "and for kids?": YES,
    }
    users.chain.queries = {"and for kids?": "does it alter kids"}
    begun = await users.say("hello there")
    for message in users.chain.replies:
        conversation = begun["conversation_id"] if message == "and for kids?" else None
        await users.rate((await users.say(message, conversation))["message_id"], "up")
    await users.rate((await users.say("never mind"))["message_id"], "up")
    assert {each["text"] for each in await suggestions(users)} == {"does it alter me", "does it alter kids"}


async def test_a_deleted_conversation_suggests_nothing(users: Users) -> None:
    await prepared(users)
    await offered(users, "genes and stuff", DNA.question)
    (found,) = await suggestions(users)
    trace = await users.get(f"turns/{found['message_ids'][0]}")
    await users.client.delete(f"/conversations/{trace['conversation_id']}")
    assert await suggestions(users) == []


async def test_what_is_not_there_is_a_404(users: Users) -> None:
    for call in ("accept", "dismiss"):
        assert (await users.client.post(f"/admin/suggestions/nope/{call}")).status_code == 404
