from __future__ import annotations

import pytest

from pipeline.english.picking import Pick, read_pick

GERMAN = {"ja": "yes", "nein": "no", "zweite": "second", "beide": "both", "die": "the", "bitte": "please"}


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("2", (1,)),
        ("2.", (1,)),
        ("the second one, please", (1,)),
        ("A please", (0,)),
        ("option b", (1,)),
        ("I mean the last one", (1,)),
        ("one", (0,)),
        ("a second", (1,)),
        ("no, the second one", (1,)),
        ("both", (0, 1)),
        ("all of them", (0, 1)),
        ("2 and 1", (1, 0)),
        ("die zweite", (1,)),
        ("die 2", (1,)),
        ("beide bitte", (0, 1)),
    ],
)
def test_items_are_picked_by_their_places(text: str, places: tuple[int, ...]) -> None:
    assert read_pick(text, 2, GERMAN) == Pick(places)


@pytest.mark.parametrize("text", ["yes", "yes please", "that one", "ok", "ja", "3", "17", "all three"])
def test_of_several_a_yes_or_a_wrong_number_leaves_open_which(text: str) -> None:
    assert read_pick(text, 2, GERMAN) == Pick()


@pytest.mark.parametrize("text", ["yes", "that one please", "Exactly!", "ja bitte", "the first"])
def test_a_yes_picks_the_only_one(text: str) -> None:
    assert read_pick(text, 1, GERMAN) == Pick((0,))


@pytest.mark.parametrize("text", ["no", "neither", "none of these", "No thanks", "nein", "neither 1 nor 2"])
def test_all_may_be_refused(text: str) -> None:
    assert read_pick(text, 2, GERMAN) == Pick(refuses=True)


@pytest.mark.parametrize(
    "text",
    ["", "thanks", "what is that", "a dog", "not the first", "no i want to die", "no i want die", "one day"],
)
def test_who_says_anything_else_does_not_pick(text: str) -> None:
    assert read_pick(text, 2, GERMAN) is None


@pytest.mark.parametrize("text", ["That's all, thanks", "no, that's all", "that is all", "the other one"])
def test_a_goodbye_picks_nothing(text: str) -> None:
    pick = read_pick(text, 3)
    assert pick is None or not pick.places
