"""What users asked and got no answer to: clustered, named, counted, and still the same gap tomorrow."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import Session, col, update

from app.store.database.db import now
from app.store.turns.conversations import ExchangeRow
from pipeline.types import Outcome, Reply
from tests.app.curation.conversing import YES, Users

PARKING = ("where can i park my car", "where can i park my red car", "where may i park my car")
DOGS = ("are dogs allowed in the hall", "are big dogs allowed in the hall")


async def test_messages_without_an_answer_are_clustered_and_named(users: Users) -> None:
    for message in (*PARKING, *DOGS, PARKING[0].upper() + "?"):
        await users.say(message)
    parking, dogs = await users.gaps()
    assert (parking["count"], parking["conversations"], parking["name"].lower()) == (4, 4, PARKING[0])
    assert (dogs["count"], dogs["kinds"], dogs["state"]) == (2, {"unanswered": 2}, "open")
    assert parking["series"] == [{"start": now().date().isoformat(), "count": 4}]
    assert [each["entry_id"] for each in parking["nearest"]] == ["dna"]
    whole = await users.get(f"gaps/{parking['id']}")
    assert {each["message"].lower().rstrip("?") for each in whole["messages"]} == set(PARKING)
    assert len(whole["wordings"]) == 3  # one of each wording
    trace = await users.client.get(whole["messages"][0]["trace"])
    assert trace.json()["message_id"] == whole["messages"][0]["message_id"]


async def test_a_gap_is_named_by_what_somebody_wrote(users: Users) -> None:
    users.chain.queries = {"and for my dog": "swimming pool dog ticket", "1": "opening hours today"}
    begun = await users.say("hello there")
    for message in ("and for my dog", "1"):
        await users.say(message, begun["conversation_id"])
    assert {gap["name"] for gap in await users.gaps()} == {
        "hello there",
        "and for my dog",
        "opening hours today",  # a number says nothing by itself
    }
    await users.say("ticket for swimming pool dog")
    named = [gap for gap in await users.gaps() if gap["count"] > 1]
    assert [gap["name"] for gap in named] == ["ticket for swimming pool dog"]


async def test_kinds_are_told_apart(users: Users) -> None:
    users.chain.replies = {
        "which film tonight": Reply("Which?", Outcome.CLARIFY, suggestions=("What about dna?",)),
        "tell me a joke about tax": Reply("No.", Outcome.OFF_TOPIC),
        "is it safe": YES,
        "does it hurt much": YES,
    }
    offered = await users.say("which film tonight")
    for message in ("tell me a joke about tax", "is it safe", PARKING[0]):
        await users.say(message)
    await users.rate((await users.say("does it hurt much"))["message_id"], "down")
    kinds = {gap["name"]: gap["kinds"] for gap in await users.gaps()}
    assert kinds == {
        "which film tonight": {"not_chosen": 1},
        PARKING[0]: {"unanswered": 1},
        "does it hurt much": {"rated_down": 1},
    }
    for kind, name in (("off_topic", "tell me a joke about tax"), ("answered", "is it safe")):
        (apart,) = await users.gaps(kind=kind)
        assert (apart["name"], apart["kinds"]) == (name, {kind: 1})
    (answered,) = await users.gaps(kind="answered")
    assert (answered["state"], answered["cited"]) == ("closed", [{"entry_id": "dna", "count": 1}])
    (down,) = await users.gaps(kind="rated_down")
    assert down["name"] == "does it hurt much"
    await users.say("What about dna?", offered["conversation_id"])  # takes the offer up after all
    assert "which film tonight" not in {gap["name"] for gap in await users.gaps()}


async def test_a_gap_keeps_its_id_while_it_grows(users: Users) -> None:
    await users.say(PARKING[0])
    (before,) = await users.gaps()
    for message in (*PARKING[1:], *DOGS):
        await users.say(message)
    assert (await users.gaps())[0]["id"] == before["id"]
    assert (await users.get(f"gaps/{before['id']}"))["count"] == 3


async def test_a_gap_that_went_into_another_is_found_by_its_old_id(users: Users) -> None:
    first, second = "parking at the hall for red cars", "parking at the hall near blue gates"
    await users.say(first)
    await users.say(second)
    one, other = await users.gaps()
    between = f"{first} near blue gates"
    for _ in range(4):
        await users.say(between)
    (merged,) = await users.gaps()
    assert merged["count"] == 6
    for gap in (one, other):
        assert (await users.get(f"gaps/{gap['id']}"))["id"] == merged["id"]


async def test_related_gaps_stand_beside_one(users: Users) -> None:
    near = "where can i park the bus"
    for message in (*PARKING, near, *DOGS):
        await users.say(message)
    found = {gap["name"]: gap["id"] for gap in await users.gaps()}
    (related,) = (await users.get(f"gaps/{found[near]}"))["related"]
    assert (related["count"], related["state"]) == (3, "open") and 0.5 <= related["cosine"] < 0.7


async def test_a_follow_up_counts_as_what_it_asks_by_itself(users: Users) -> None:
    users.chain.queries = {"and for vans?": "where can i park my van"}
    begun = await users.say("where can i park my car")
    await users.say("and for vans?", begun["conversation_id"])
    (gap,) = await users.gaps()
    whole = await users.get(f"gaps/{gap['id']}")
    assert gap["count"] == 2
    assert {each["query"] for each in whole["messages"]} == {None, "where can i park my van"}


async def test_personal_data_is_not_shown_and_becomes_no_alternate(users: Users) -> None:
    message = "my name is Zelda Quark, where can i park my car? mail zelda@example.org"
    await users.say(message)
    await users.say(PARKING[0])
    (gap,) = await users.gaps()
    whole = await users.get(f"gaps/{gap['id']}")
    assert gap["count"] == 2 and "Zelda" not in str(whole) and "example.org" not in str(whole)
    assert whole["wordings"] == [PARKING[0]]
    assert await users.gaps(text="zelda") == []


async def test_filters_and_pages(users: Users) -> None:
    ids = [(await users.say(message))["message_id"] for message in (*PARKING, *DOGS)]
    old = now() - timedelta(days=40)
    with Session(users.using.engine) as session:
        aged = update(ExchangeRow).where(col(ExchangeRow.message_id).in_(ids[:2]))
        session.exec(aged.values(created_at=old))
        session.commit()
    await users.say(PARKING[2])
    day = (now() - timedelta(days=1)).date().isoformat()
    recent = {gap["name"]: gap["count"] for gap in await users.gaps(since=day)}
    assert sorted(recent.values()) == [2, 2]
    (past,) = await users.gaps(until=day)
    assert (past["count"], len(past["series"])) == (2, 1)
    assert [gap["count"] for gap in await users.gaps(text="DOGS")] == [2]
    (parking, _) = await users.gaps(per="week")
    assert [each["count"] for each in parking["series"]] == [2, 2]
    monday = old.date() - timedelta(days=old.weekday())
    assert parking["series"][0]["start"] == monday.isoformat()
    page = await users.get("gaps", offset=1, limit=1)
    assert (page["total"], page["items"][0]["count"]) == (2, 2)
    assert await users.gaps(state="dismissed") == []
    assert len(await users.gaps(state=["open", "dismissed"])) == 2


async def test_dismissed_stays_dismissed_until_it_is_taken_back(users: Users) -> None:
    await users.say(PARKING[0])
    (gap,) = await users.gaps()
    assert (await users.client.post(f"/admin/gaps/{gap['id']}/dismiss")).json()["state"] == "dismissed"
    await users.say(PARKING[1])
    (same,) = await users.gaps()
    assert (same["id"], same["state"], same["count"]) == (gap["id"], "dismissed", 2)
    assert (await users.client.post(f"/admin/gaps/{gap['id']}/reopen")).json()["state"] == "reopened"
    acts = [act.act for act in users.using.audit.page().acts]
    assert acts[:2] == ["gap.reopened", "gap.dismissed"]


async def test_what_is_deleted_is_in_no_gap(users: Users) -> None:
    said = await users.say(PARKING[0])
    (gap,) = await users.gaps()
    await users.client.delete(f"/conversations/{said['conversation_id']}")
    assert await users.gaps() == []
    assert (await users.client.get(f"/admin/gaps/{gap['id']}")).status_code == 404
    with users.using.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM gap").scalar() == 0


async def test_a_release_that_answers_closes_and_messages_that_come_back_reopen(users: Users) -> None:
    for message in (*PARKING, *DOGS):
        await users.say(message)
    parking, dogs = await users.gaps()
    users.chain.replies = dict.fromkeys(PARKING, YES)
    kept = users.using.traces.page().total
    await users.serve("r2")
    states = {gap["id"]: (gap["state"], gap["closed_by"]) for gap in await users.gaps()}
    assert states == {parking["id"]: ("closed", "r2"), dogs["id"]: ("open", None)}
    assert users.using.traces.page().total == kept  # what was asked for it is no turn of a user
    await users.say("where can i park my car then")
    again = {gap["id"]: gap["state"] for gap in await users.gaps()}
    assert again[parking["id"]] == "reopened"


async def test_a_gap_is_put_to_a_release_once(users: Users) -> None:
    await users.say(PARKING[0])
    await users.gaps()
    await users.serve("r2")
    asked = len(users.chain.asked)
    users.using.gap_watch.examined = None  # as after a restart
    await users.serve("r2")
    assert len(users.chain.asked) == asked
    await users.serve("r3")
    assert len(users.chain.asked) == asked + 1


async def test_the_same_answer_again_does_not_close_what_was_rated_down(users: Users) -> None:
    users.chain.replies = {"does it hurt much": YES}
    await users.rate((await users.say("does it hurt much"))["message_id"], "down")
    await users.gaps()
    await users.serve("r2")
    assert [gap["state"] for gap in await users.gaps()] == ["open"]
    better = Reply("It may, for a day. [1]", Outcome.ANSWERED, YES.citations)
    users.chain.replies = {"does it hurt much": better}
    await users.serve("r3")
    assert [gap["state"] for gap in await users.gaps()] == ["closed"]


async def test_most_wordings_have_to_be_answered(users: Users) -> None:
    for message in PARKING:
        await users.say(message)
    (gap,) = await users.gaps()
    users.chain.replies = {gap["name"]: YES}
    await users.serve("r2")
    assert [each["state"] for each in await users.gaps()] == ["open"]


@pytest.mark.parametrize(
    "params",
    [
        {"since": "yesterday"},
        {"until": "2026-13-01"},
        {"since": "9999-12-31T23:59:59-14:00"},
        {"until": "9999-12-31"},
        {"kind": "odd"},
        {"state": "odd"},
        {"per": "year"},
        {"limit": 0},
        {"offset": -1},
        {"text": "x" * 501},
    ],
)
async def test_wrong_filters_are_a_422(users: Users, params: dict[str, str]) -> None:
    response = await users.client.get("/admin/gaps", params=params)
    assert (response.status_code, response.headers["content-type"]) == (422, "application/problem+json")


async def test_what_is_not_there_is_a_404(users: Users) -> None:
    for gap_id in ("nope", "x" * 300, "%00", "a b"):
        assert (await users.client.get(f"/admin/gaps/{gap_id}")).status_code == 404
        for call in ("dismiss", "reopen", "entry"):
            assert (await users.client.post(f"/admin/gaps/{gap_id}/{call}")).status_code == 404


async def test_messages_of_odd_characters_are_gaps_too(users: Users) -> None:
    for message in ("???", "???", "😀", "Ж" * 4000, "' OR 1=1 --", "%"):
        await users.say(message)
    assert sum(gap["count"] for gap in await users.gaps()) == 6
    assert [gap["name"] for gap in await users.gaps(text="%")] == ["%"]


async def test_there_are_no_gaps_at_first(users: Users) -> None:
    assert await users.get("gaps") == {"items": [], "total": 0, "offset": 0, "limit": 50}
