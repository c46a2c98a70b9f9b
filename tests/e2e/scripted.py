"""Replies laid out as the chain lays them out, said piece by piece to the page."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from playwright.sync_api import Locator, Page, expect

from pipeline.errors import ModelUnavailable
from pipeline.types import Citation, Outcome, Question, Reply, TurnContext

Replies = Mapping[str, tuple[Reply, tuple[str, ...]]]
REPLY = "article.assistant"
ALARM = "Get help at once, and stay with them."
AT_ONCE = "down"
PAUSE_S = 0.15  # between two pieces
LONGEST_MS = 20_000  # of a reply in many pieces, on a busy machine


@dataclass(frozen=True, slots=True)
class Piece:
    """A block and the entry it is of, if any; `apart`: its mark stands on a line of its own."""

    text: str
    entry: str = ""
    apart: bool = False
    title: str = ""
    url: str | None = None


def reply(
    *pieces: Piece, outcome: Outcome = Outcome.ANSWERED, suggestions: tuple[str, ...] = ()
) -> tuple[Reply, tuple[str, ...]]:
    """The reply that these pieces make, and the texts that it is said in."""
    said: list[str] = []
    citations: list[Citation] = []
    numbers: dict[str, int] = {}
    for piece in pieces:
        start = len("".join(said)) + (2 if said else 0)
        mark = ""
        if piece.entry:
            number = numbers.setdefault(piece.entry, len(numbers) + 1)
            title = piece.title or f"About {piece.entry}"
            end = start + len(piece.text)
            citations.append(Citation(number, piece.entry, title, piece.url, start, end))
            mark = ("\n\n" if piece.apart else "") + f" [{number}]"
        said.append(("\n\n" if said else "") + piece.text + mark)
    return Reply("".join(said), outcome, tuple(citations), suggestions), tuple(said)


class Scripted:
    """Says what it has for a message, with a pause after each piece; on other messages it breaks off, at once
    where they say so."""

    def __init__(self, replies: Replies | None = None) -> None:
        self.replies: Replies = replies or {}
        self.cancelled = 0
        self.pause_s = PAUSE_S

    async def run(
        self, message_id: str, question: Question, say: object, context: TurnContext | None = None
    ) -> Reply:
        assert callable(say)
        if question.text == AT_ONCE:
            raise ModelUnavailable("canary")
        whole, pieces = self.replies.get(question.text, (None, ("So far",)))
        try:
            for piece in pieces:
                await say(piece)
                await asyncio.sleep(self.pause_s)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if whole is None:
            raise RuntimeError("canary")
        return whole


def ask(page: Page, message: str) -> Locator:
    """Asks, and gives the reply once it is settled."""
    before = page.locator(REPLY).count()
    page.get_by_label("Your message").fill(message)
    page.keyboard.press("Enter")
    return settled(page, before)


def settled(page: Page, before: int) -> Locator:
    """The reply that comes after `before` others."""
    item = page.locator(REPLY).nth(before)
    expect(item).not_to_have_attribute("aria-busy", "true", timeout=LONGEST_MS)
    return item


def beyond(page: Page, width: int) -> list[str]:
    """What reaches over the right edge, and does not scroll by itself."""
    return list(page.evaluate(_BEYOND, width))


_BEYOND = """(width) => [...document.querySelector("candor-chat").shadowRoot.querySelectorAll("*")]
  .filter((each) => !each.closest(".wide, pre, .unseen, svg")
  && (each.getBoundingClientRect().right > width + .5
  || each.getBoundingClientRect().left < -.5)).map((each) => each.outerHTML)"""
