"""A large knowledge base of made-up FAQs: every question its own, answers as long as public ones are."""

from __future__ import annotations

import json
import random

_BODIES = (
    "library", "tax office", "harbour authority", "student union", "water board", "housing association",
    "museum", "airport", "hospital", "registry", "bus company", "city archive", "job centre",
    "veterinary service", "swimming pool", "music school",
    "energy supplier", "insurance fund", "forestry office",
    "parking service",
)  # fmt: skip
_SUBJECTS = (
    "membership card", "annual fee", "late return", "group booking", "lost receipt", "change of address",
    "online account", "opening hours", "refund", "waiting list", "printed form", "identity check",
    "guest pass", "reduced rate", "direct debit",
    "complaint", "appointment", "delivery", "meter reading", "parking permit",
    "archive request", "language course", "safety inspection", "replacement key", "season ticket",
)  # fmt: skip
_FRAMES = (
    "How do I apply for a {subject} at the {body} of {place}?",
    "How long does a {subject} take at the {body} of {place}?",
    "What does a {subject} cost at the {body} of {place}?",
    "Who may ask the {body} of {place} for a {subject}?",
)
_PLACES = ("Arden", "Bellmoor", "Cinderford", "Dunmere", "Eastwick")
_SENTENCES = (
    "The {body} deals with a {subject} at counter {n} on weekdays between {a} and {b} o'clock.",
    "You need a valid identity document and the form numbered {n}.",
    "A {subject} is usually settled within {a} working days, and in {place} often sooner.",
    "Children below the age of {b} need the signature of a parent.",
    "If you cannot come yourself, somebody with a written authority may act for you.",
    "The fee is {n} crowns, or half of that for pensioners and students.",
    "Send the papers by post to the {body}, box {n}, {place}, or hand them in at the desk.",
    "Nothing has to be paid where the {body} made the mistake itself.",
    "Decisions about a {subject} are sent in writing, and can be appealed within {b} days.",
    "Further questions about it are answered by telephone under extension {n}.",
)


def faq_entries(count: int) -> str:
    """So many entries as JSON lines, the same ones each time; half of them with an alternate."""
    return "\n".join(json.dumps(_record(number)) for number in range(count))


def _record(number: int) -> dict[str, object]:
    draw = random.Random(number)  # noqa: S311
    frame, rest = number % len(_FRAMES), number // len(_FRAMES)
    subject, rest = _SUBJECTS[rest % len(_SUBJECTS)], rest // len(_SUBJECTS)
    body, rest = _BODIES[rest % len(_BODIES)], rest // len(_BODIES)
    place = _PLACES[rest % len(_PLACES)] + (f" {rest // len(_PLACES)}" if rest >= len(_PLACES) else "")
    words = {"subject": subject, "body": body, "place": place}
    said = [
        sentence.format(**words, n=draw.randint(2, 999), a=draw.randint(2, 9), b=draw.randint(10, 20))
        for sentence in draw.sample(_SENTENCES, draw.randint(3, 7))
    ]
    return {
        "id": f"faq-{number}",
        "topic": body.replace(" ", "-"),
        "question": _FRAMES[frame].format(**words),
        "answer": " ".join(said),
        "alternates": [f"{subject} {place} {body} {_FRAMES[frame].split()[1]}"] if number % 2 else [],
    }
