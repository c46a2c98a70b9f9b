from __future__ import annotations

import pytest

from pipeline.english.parts import parts_of
from pipeline.stages.gate.topic_gate import says_nothing


@pytest.mark.parametrize(
    ("message", "parts"),
    [
        (
            "how much is a transcript and where can I park?",
            ("how much is a transcript", "where can I park?"),
        ),
        ("When is the pool open? Is there a sauna?", ("When is the pool open?", "Is there a sauna?")),
        ("how much is a boat? how much is a bike?", ("how much is a boat?", "how much is a bike?")),
        ("what's the toll, and also can i bring my dog", ("what's the toll", "can i bring my dog")),
        (
            "I have a yearly ticket. Can I pause the ticket? My dog is old. Are dogs allowed?",
            ("I have a yearly ticket. Can I pause the ticket?", "My dog is old. Are dogs allowed?"),
        ),
        ("when are you open, how much is it for kids", ("when are you open", "how much is it for kids")),
        ("where can I park, when I come by car?", ()),
        ("is it true, what they say", ()),
        ("do you have a pool, a gym and a sauna", ()),
        ("does the vaccine cause rash and fever?", ()),
        ("rash and fever", ()),
        ("I have fever and a rash, what should I do?", ()),
        ("when is the sauna open and is it free?", ()),
        ("what does bread and butter cost", ()),
        ("is it open? why?", ()),
        ("the toll is two euros and the bridge is old", ()),
        ("", ()),
    ],
)
def test_a_message_is_cut_where_another_question_begins(message: str, parts: tuple[str, ...]) -> None:
    assert parts_of(message, says_nothing) == parts
