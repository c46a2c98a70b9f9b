"""Ratings, listed with what was asked and said; and the same filters on turns."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from app.store.database.db import now
from tests.app.curation.conversing import YES, Users


async def rated(users: Users) -> dict[str, str]:
    """Three turns: answered and rated up, without an answer and rated down, not rated. By their messages."""
    users.chain.replies = {"is it safe": YES}
    ids = {
        message: (await users.say(message))["message_id"]
        for message in ("is it safe", "where do i park", "hm")
    }
    await users.rate(ids["is it safe"], "up")
    users.chain.release_id = "r2"
    ids["later"] = (await users.say("later"))["message_id"]
    await users.rate(ids["where do i park"], "down", "mail zelda@example.org, 100% useless")
    return ids


async def test_ratings_are_listed_with_what_was_asked_and_said(users: Users) -> None:
    ids = await rated(users)
    down, up = (await users.get("feedback"))["items"]
    assert (up["message_id"], up["rating"], up["comment"]) == (ids["is it safe"], "up", None)
    assert (up["message"], up["reply"], up["outcome"]) == ("is it safe", YES.text, "answered")
    assert (up["entry_ids"], up["release_id"]) == (["dna"], "r1")
    assert down["comment"] == "mail [email], 100% useless"
    trace = await users.client.get(down["trace"])
    assert trace.json()["feedback"]["rating"] == "down"


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({"rating": "up"}, ["is it safe"]),
        ({"outcome": "no_answer"}, ["where do i park"]),
        ({"entry": "dna"}, ["is it safe"]),
        ({"entry": "dn_"}, []),
        ({"release": "r2"}, []),
        ({"release": "r1", "rating": "down"}, ["where do i park"]),
        ({"text": "100%"}, ["where do i park"]),
        ({"text": "NUCLEUS%"}, []),
        ({"text": "SAFE"}, ["is it safe"]),
        ({"since": (now() + timedelta(days=2)).date().isoformat()}, []),
        ({"until": (now() - timedelta(days=2)).date().isoformat()}, []),
        ({"since": now().date().isoformat(), "until": (now() + timedelta(days=1)).isoformat()}, None),
        ({"limit": "1", "offset": "1"}, ["is it safe"]),
    ],
)
async def test_ratings_are_filtered(users: Users, params: dict[str, str], found: list[str] | None) -> None:
    await rated(users)
    items = (await users.get("feedback", **params))["items"]
    expected = ["where do i park", "is it safe"] if found is None else found
    assert [item["message"] for item in items] == expected


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({"rating": "down"}, ["where do i park"]),
        ({"entry": "dna"}, ["is it safe"]),
        ({"release": "r2"}, ["later"]),
        ({"text": "PARK"}, ["where do i park"]),
        ({"outcome": "answered", "rating": "down"}, []),
        ({"since": "2020-01-01", "until": "2020-01-02"}, []),
        ({"since": "2020-01-01"}, ["later", "hm", "where do i park", "is it safe"]),
    ],
)
async def test_turns_are_filtered(users: Users, params: dict[str, Any], found: list[str]) -> None:
    await rated(users)
    page = await users.get("turns", **params)
    assert ([turn["question"] for turn in page["items"]], page["total"]) == (found, len(found))


async def test_turns_tell_their_rating(users: Users) -> None:
    await rated(users)
    ratings = {turn["question"]: turn["rating"] for turn in (await users.get("turns"))["items"]}
    assert ratings == {"is it safe": "up", "where do i park": "down", "hm": None, "later": None}


@pytest.mark.parametrize("address", ["feedback", "turns"])
@pytest.mark.parametrize(
    "params", [{"rating": "meh"}, {"outcome": "odd"}, {"since": "soon"}, {"entry": ""}, {"limit": 501}]
)
async def test_wrong_filters_are_a_422(users: Users, address: str, params: dict[str, Any]) -> None:
    assert (await users.client.get(f"/admin/{address}", params=params)).status_code == 422
